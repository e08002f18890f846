"""The page in real Chromium as a platform's session: what its link lets it do, in which language, and for how long."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import OpenPage
from page_talk import begun, is_followed, looks_right, problem, ready, scored, status, tell, window
from page_way import TEXT, accessible, agree, at, go_on
from platform_server import Json, Program, programs
from playwright.sync_api import Dialog, Page, expect
from serving import Served, eventually, served

from take5.client.pages import PAGES, PROMPTS
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.service import Platform
from take5.stream.texts.languages import texts

ONE_IS_ENOUGH = {"stop_at": 1.0, "gain": 0, "cap_s": 60}
"""Stop rules: the first eligible window is good enough."""
GONE = ("This link no longer works", "Ask whoever sent it to you for a new one.")
GONE_IN_CHINESE = ("此链接已失效", "请向发送链接的人索取新链接")
CLIP_TEXT = "The best five seconds"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path_factory.mktemp('link') / 'platform.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(models: Models, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    platform = Platform(database, Failures(most=10_000))
    folder, rules = tmp_path_factory.mktemp("out"), StopRules(gain=None)
    with served(models, folder, rules=rules, pages=PAGES, prompts=PROMPTS, platform=platform) as running:
        yield running


@pytest.fixture
def shop(server: Served, database: Database) -> Program:
    return programs(server.address, database)()


def records(page: Page, session: Json) -> None:
    """Let a page record as a session until it has a clip."""
    ready(page)
    with page.expect_request(re.compile("/whip/")) as offer:
        page.locator("#start").click()
    assert offer.value.url.partition("?")[0].endswith(f"/whip/{session['id']}")
    expect(page.locator("#result-title")).to_be_focused()
    expect(page.locator("#clip")).to_have_js_property("duration", 5)


def begin(server: Served, session: Json, score: float) -> None:
    """Let another sender's capture begin, with a first window of this score."""
    tell(server, session["id"], *begun(), *scored(score))


def show_clip(server: Served, session: Json) -> None:
    """Let a session that is followed have a clip of another sender's capture."""
    server.sessions.entry(session["id"]).capture_id = "captured"  # it is remembered
    files = {"clip.mp4": f"api/sessions/{session['id']}/clip.mp4"}
    tell(server, session["id"], *begun(), *scored(1200.0), ClipReady(150, window(0, 1200.0).score, 125, "/out", files))


def gone(page: Page, said: tuple[str, str] = GONE) -> None:
    """The page says that the link no longer works, and nothing else."""
    problem(page, *said)
    for other in ("#stage", "#setup", "#live", "#result", "#token-form", "#retry"):
        expect(page.locator(other)).to_be_hidden()
    assert not re.search(r"[{}]|40\d|unauthorized|Bearer", page.inner_text("main"))


@pytest.mark.realtime
def test_a_persons_link_records_its_session_and_the_clip_is_used(shop: Program, talker_page: OpenPage) -> None:
    session = shop.create(stop=ONE_IS_ENOUGH, trainers=["raw"], consent_text=TEXT)
    page = talker_page(session["links"]["person"])
    go_on(page)
    agree(page)
    at(page, "devices")
    records(page, session)
    expect(page.locator("#result-text")).to_contain_text("It stopped by itself: this is good enough.")
    assert eventually(lambda: shop.show(session["id"])["state"] == "done")
    page.get_by_role("button", name="Use this").click()
    at(page, "done")
    assert shop.show(session["id"])["state"] == "accepted"
    page.reload()
    at(page, "done")
    looks_right(page)
    assert shop.request("POST", f"/{session['id']}/retake").status_code == 200
    page.reload()
    expect(page.locator("#clip")).to_have_js_property("duration", 5)
    page.get_by_role("button", name="Record again").click()
    ready(page)


@pytest.mark.long
@pytest.mark.realtime
def test_a_page_that_is_reloaded_while_it_records_comes_back_to_its_session(
    shop: Program, talker_page: OpenPage
) -> None:
    session = shop.create(stop={"share": 0, "gain": 0})
    page = talker_page(session["links"]["person"])
    go_on(page)
    ready(page)
    page.locator("#start").click()
    expect(page.locator("#best")).to_contain_text("Best so far: ")
    at(page, "recording")
    accessible(page)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.once("dialog", leave)
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.locator("#result-title")).to_have_text(CLIP_TEXT)
    page.get_by_role("button", name="Record again").click()
    ready(page)
    page.reload()
    at(page, "devices")
    ready(page)
    page.locator("#start").click()
    expect(page.locator("#best")).to_contain_text("Best so far: ")
    page.get_by_role("button", name="Use your phone's camera instead").click()
    at(page, "devices", focused=False)
    expect(page.locator("#phone-code")).to_be_visible()
    ready(page)
    phone = talker_page(session["links"]["person"])
    at(phone, "review")
    expect(phone.locator("#takes button")).to_have_count(2)
    phone.get_by_role("button", name="Record again").click()
    ready(phone)
    phone.locator("#start").click()
    at(page, "recording")
    expect(page.locator("#live-title")).to_have_text("Another device is recording. This page follows it.")


@pytest.mark.long
@pytest.mark.realtime
def test_a_chinese_session_is_chinese_until_the_person_chooses_another_language(
    shop: Program, talker_page: OpenPage
) -> None:
    session = shop.create(stop=ONE_IS_ENOUGH, language="zh-Hans", strictness="loose")
    page = talker_page(session["links"]["person"], locale="en-GB")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    go_on(page)
    expect(page.locator("#prompter-language")).to_have_value("zh-Hans")
    status(page, texts("zh-Hans").status["setup"])
    looks_right(page)
    records(page, session)
    page.get_by_label("语言", exact=True).select_option("English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#result-title")).to_have_text(CLIP_TEXT)
    page.get_by_label("Language", exact=True).select_option("简体中文")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    shop.request("DELETE", f"/{session['id']}/secrets/person")
    page.reload()
    gone(page, GONE_IN_CHINESE)


@pytest.mark.long
@pytest.mark.waiting
def test_a_followers_link_only_follows_and_goes_on_to_the_next_capture(
    server: Served, shop: Program, open_page: OpenPage
) -> None:
    session = shop.create(stop={"cap_s": 33, "share": 0, "gain": 0})
    page = open_page(session["links"]["follower"])
    assert eventually(lambda: is_followed(server, session["id"]))
    status(page, "Waiting for the sender")
    expect(page.locator("#stop")).to_be_hidden()
    begin(server, session, 800.0)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "0:05 of 0:33 at most")
    show_clip(server, session)
    expect(page.locator("#result-title")).to_have_text(CLIP_TEXT)
    for button in ("#use", "#again"):
        expect(page.locator(button)).to_be_hidden()
    server.loop.call_soon_threadsafe(server.sessions.entry(session["id"]).feed.restart)
    assert eventually(lambda: is_followed(server, session["id"]))
    begin(server, session, 900.0)
    expect(page.locator("#number-overall")).to_have_text("900")


@pytest.mark.waiting
def test_a_senders_link_sends_and_does_not_decide(server: Served, shop: Program, open_page: OpenPage) -> None:
    session = shop.create()
    page = open_page(session["links"]["person"].replace(session["secrets"]["person"], session["secrets"]["sender"]))
    ready(page)
    assert eventually(lambda: is_followed(server, session["id"]))
    show_clip(server, session)
    expect(page.locator("#result-title")).to_have_text(CLIP_TEXT)
    expect(page.locator("#use")).to_be_hidden()
    page.get_by_role("button", name="Again").click()
    ready(page)
    with page.expect_request(re.compile(f"/whip/{session['id']}")):
        page.locator("#start").click()


@pytest.mark.long
@pytest.mark.waiting
def test_a_person_whose_session_another_sender_records_follows_and_decides(
    server: Served, shop: Program, open_page: OpenPage
) -> None:
    session = shop.create()
    page = open_page(session["links"]["person"])
    go_on(page)
    ready(page)
    expect(page.get_by_role("tab")).to_have_count(0)
    assert eventually(lambda: is_followed(server, session["id"]))
    begin(server, session, 800.0)
    expect(page.locator("#live-title")).to_have_text("Another device is recording. This page follows it.")
    assert page.evaluate("document.querySelector('#preview').srcObject") is None
    looks_right(page)
    show_clip(server, session)
    expect(page.get_by_role("button", name="Record again")).to_be_visible()
    server.loop.call_soon_threadsafe(server.sessions.entry(session["id"]).feed.restart)
    assert eventually(lambda: is_followed(server, session["id"]))
    begin(server, session, 900.0)
    expect(page.locator("#result-title")).to_have_text(CLIP_TEXT)
    page.get_by_role("button", name="Use this").click()
    expect(page.locator("#number-overall")).to_have_text("900")


@pytest.mark.long
@pytest.mark.waiting
@pytest.mark.parametrize("how", ["POST /secrets/person", "DELETE /secrets/person", "POST /cancel", "DELETE "])
def test_a_link_that_is_withdrawn_while_it_is_open(
    server: Served, shop: Program, open_page: OpenPage, how: str
) -> None:
    session = shop.create()
    page = open_page(session["links"]["person"])
    go_on(page)
    ready(page)
    assert eventually(lambda: is_followed(server, session["id"]))
    method, _, path = how.partition(" ")
    assert shop.request(method, f"/{session['id']}{path}").is_success
    gone(page)
    assert page.evaluate("document.querySelector('#preview').srcObject") is None
    looks_right(page)
    page.reload()
    gone(page)


@pytest.mark.long
@pytest.mark.realtime
def test_a_link_that_is_withdrawn_while_it_records(shop: Program, talker_page: OpenPage) -> None:
    session = shop.create(stop={"share": 0, "gain": 0})
    page, follower = talker_page(session["links"]["person"]), talker_page(session["links"]["follower"])
    go_on(page)
    ready(page)
    page.locator("#start").click()
    expect(page.locator("#best")).to_contain_text("Best so far: ")
    made = shop.new_secret(session, "person")
    gone(page)
    expect(follower.locator("#result-title")).to_have_text(CLIP_TEXT)
    again = talker_page(made["link"])
    expect(again.get_by_role("button", name="Use this")).to_be_visible()
    shop.request("DELETE", f"/{session['id']}/secrets/person")
    gone(again)
    expect(follower.locator("#result-title")).to_be_visible()


@pytest.mark.waiting
def test_a_session_that_is_being_recorded_elsewhere_says_so(shop: Program, open_page: OpenPage) -> None:
    page = open_page(shop.create()["links"]["person"])
    go_on(page)
    ready(page)
    page.route("**/whip/*", lambda route: route.fulfill(status=409, json={"code": "busy", "error": "told"}))
    page.locator("#start").click()
    problem(page, "This session is being recorded elsewhere")
    expect(page.locator("#retry")).to_be_visible()


@pytest.mark.waiting
@pytest.mark.parametrize("path", ["/", "/#session=abc"])
def test_without_a_link_the_page_asks_for_one(server: Served, open_page: OpenPage, path: str) -> None:
    page = open_page(server.address + path)
    problem(page, "A link is needed", "Open this page with the link that you were sent.")
    expect(page.locator("#stage")).to_be_hidden()
    expect(page.locator("#token-form")).to_be_hidden()
    looks_right(page)


@pytest.mark.waiting
def test_a_person_who_has_tried_too_often_is_asked_to_wait(
    models: Models, database: Database, open_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, pages=PAGES, platform=Platform(database, Failures(most=1, per_s=5))) as server:
        shop = programs(server.address, database)()
        link = shop.create()["links"]["person"]
        page = open_page(link[:-1] + "x")
        problem(page, "Too many attempts", "Wait a moment")
        expect(page.locator("#retry")).to_contain_text("Try again in")
