"""``<take5-capture>`` in real Chromium, on pages of other websites."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from embed_stage import Sites, all_ended, element, heard, open_site, opened, sites, state
from page_browser import OpenPage
from page_talk import begun, is_followed, scored, tell, window
from page_way import accessible
from platform_server import Program, programs
from playwright.sync_api import Browser, expect
from serving import Served, eventually, served

from take5.client.pages import PAGES, PROMPTS
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady, Failed, Failure
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.service import Platform

pytestmark = pytest.mark.waiting

UNENDING = {"share": 0, "gain": 0, "cap_s": 120}


@pytest.fixture(scope="module")
def site() -> Iterator[Sites]:
    with sites() as running:
        yield running


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path_factory.mktemp('embed') / 'platform.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(
    models: Models, database: Database, site: Sites, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    platform = Platform(database, Failures(most=10_000))
    folder, rules = tmp_path_factory.mktemp("out"), StopRules(gain=None)
    pages: dict[str, Any] = {
        "pages": PAGES,
        "prompts": PROMPTS,
        "platform": platform,
        "origins": [site.friend, "https://shop.example"],
    }
    with served(models, folder, rules=rules, network={"seconds": (10.0,)}, **pages) as running:
        yield running


@pytest.fixture
def program(server: Served, database: Database) -> Program:
    return programs(server.address, database)()


def test_without_its_own_origin_being_allowed_it_says_so(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    page = open_site(open_page, site.foreign, site, server.address)
    place = element(page, server.address, **opened(program.create()))
    state(place, "error")
    expect(page.get_by_text("This website may not use the recording server")).to_be_visible()
    assert [error["code"] for error in heard(page, "error")] == ["foreign"]
    expect(page.get_by_role("button")).to_have_count(0)


def test_a_wrong_token_says_so_and_the_right_one_begins_again(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    page, session = open_site(open_page, site.friend, site, server.address), program.create()
    place = element(page, server.address, session=session["id"], token="wrong")  # noqa: S106 - it is wrong
    state(place, "error")
    expect(page.get_by_text("Recording is not possible here")).to_be_visible()
    (error,) = heard(page, "error")
    assert (error["code"], error["title"]) == ("unauthorized", "Recording is not possible here")
    place.evaluate("(one, token) => { one.token = token; }", session["secrets"]["person"])
    state(place, "idle")
    assert place.get_attribute("token") is None
    expect(page.get_by_text("Recording is not possible here")).to_be_hidden()


def test_a_server_that_does_not_answer(server: Served, site: Sites, open_page: OpenPage) -> None:
    page = open_site(open_page, site.friend, site, server.address)
    page.route("**/api/config", lambda route: route.abort())
    page.route("**/texts/*", lambda route: route.abort())
    place = element(page, server.address)
    state(place, "error")
    expect(page.get_by_text("The server does not answer")).to_be_visible()
    page.unroute("**/api/config")
    page.unroute("**/texts/*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Recording is not possible here")).to_be_visible()


def test_a_denied_camera_is_a_problem_that_can_be_tried_again(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    page = open_site(open_page, site.friend, site, server.address)
    page.evaluate("""() => {
        const open = navigator.mediaDevices.getUserMedia;
        const faults = ['NotAllowedError'];
        navigator.mediaDevices.getUserMedia = (wishes) => faults.length
            ? Promise.reject(new DOMException('', faults.shift())) : open(wishes);
    }""")
    place = element(page, server.address, **opened(program.create()))
    state(place, "idle")
    page.get_by_role("button", name="Open the camera").press("Enter")
    state(place, "error")
    expect(page.get_by_role("alert")).to_contain_text("The browser may not use camera and microphone")
    assert heard(page, "error")[0]["code"] == "NotAllowedError"
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    page.keyboard.press("Enter")
    state(place, "ready")
    expect(page.get_by_role("button", name="Start")).to_be_focused()


@pytest.mark.long
def test_what_is_removed_ends_its_capture_and_frees_the_camera(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    page, session = open_site(open_page, site.friend, site, server.address), program.create(stop=UNENDING)
    place = element(page, server.address, **opened(session), autostart="true")
    state(place, "recording")
    assert eventually(lambda: program.show(session["id"])["state"] == "live")
    assert eventually(lambda: bool(heard(page, "progress")))
    place.evaluate("(one) => one.remove()")
    assert all_ended(page)
    assert eventually(lambda: program.show(session["id"])["state"] != "live")
    assert eventually(lambda: not is_followed(server, session["id"]))


@pytest.mark.long
def test_two_on_a_page_are_two(server: Served, program: Program, site: Sites, open_page: OpenPage) -> None:
    first, second = program.create(language="zh-Hans"), program.create()
    markup = f'<take5-capture id="two" server="{server.address}" session="{second["id"]}" lang="en"></take5-capture>'
    page = open_site(open_page, site.friend, site, server.address, markup, locale="en-GB")
    one = element(page, server.address, "one", **opened(first))
    two = page.locator("#two")
    state(two, "error")
    two.evaluate("(two, token) => { two.token = token; }", second["secrets"]["person"])
    state(one, "idle")
    state(two, "idle")
    one.get_by_role("button", name="打开摄像头").click()
    two.get_by_role("button", name="Open the camera").click()
    state(one, "ready")
    state(two, "ready")
    assert len(heard(page, "ready", "one")) == len(heard(page, "ready", "two")) == 1
    one.evaluate("(one) => one.stop()")
    state(one, "idle")
    state(two, "ready")


def test_a_session_that_has_a_clip_shows_it_and_one_elsewhere_is_waited_for(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    session = program.create()
    open_page(session["links"]["follower"])
    assert eventually(lambda: is_followed(server, session["id"]))
    server.sessions.entry(session["id"]).capture_id = "captured"  # it is remembered
    tell(server, session["id"], *begun(), *scored(1200.0))
    page = open_site(open_page, site.friend, site, server.address)
    place = element(page, server.address, **opened(session))
    state(place, "following")
    expect(page.get_by_text("This session is being recorded on another device.")).to_be_visible()
    files = {"clip.mp4": f"api/sessions/{session['id']}/clip.mp4"}
    tell(server, session["id"], ClipReady(150, window(0, 1200.0).score, 125, "/out", files))
    state(place, "review")
    expect(page.get_by_role("button", name="Use this")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Record again").click()
    state(place, "ready")


def test_the_person_agrees_before_anything_is_recorded(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    session = program.create(consent_text="You are recorded.\n" * 40, consent_version="7")
    page = open_site(open_page, site.friend, site, server.address)
    place = element(page, server.address, **opened(session), autostart="true")
    state(place, "consent")
    expect(page.get_by_role("region", name="What you are asked to agree to")).to_contain_text("You are recorded.")
    expect(place.locator("[part=consent-version]")).to_have_text("Version 7")
    accessible(page)
    go_on = page.get_by_role("button", name="Continue")
    expect(go_on).to_be_disabled()
    page.get_by_role("button", name="I do not agree").click()
    state(place, "refused")
    expect(page.get_by_role("heading", name="Nothing is recorded")).to_be_focused()
    accessible(page)
    page.get_by_role("button", name="Back to the text").click()
    assert page.evaluate("streams.length") == 0
    assert program.show(session["id"])["consented"] is None
    page.get_by_label("Your name").fill("Ann Lee")
    page.get_by_label("I agree", exact=True).check()
    go_on.click()
    state(place, "recording")
    assert heard(page, "consented")[0]["name"] == "Ann Lee"
    assert heard(page, "refused") == [{}]
    assert program.show(session["id"])["consented"]["name"] == "Ann Lee"
    expect(place.locator("[part=prompter-text]")).not_to_be_empty()
    accessible(page)
    page.get_by_role("button", name="Stop and keep the best").click()


def test_a_text_that_has_changed_and_a_lost_network(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    session = program.create(consent_text="You are recorded.")
    page = open_site(open_page, site.friend, site, server.address)
    place = element(page, server.address, **opened(session))
    state(place, "consent")
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("I agree", exact=True).check()
    changed = {"code": "text_changed", "error": "told"}
    headers = {"Access-Control-Allow-Origin": site.friend}
    page.route("**/consent", lambda route: route.fulfill(status=409, json=changed, headers=headers), times=1)
    page.get_by_role("button", name="Continue").click()
    expect(place.locator("[part=status]")).to_have_text("The text has changed. Please read it again.")
    page.get_by_label("I agree", exact=True).check()
    page.context.set_offline(True)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    state(place, "consent")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    state(place, "idle")


def test_what_is_to_be_said_aloud_is_said_elsewhere(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    session = program.create(consent_text="You are recorded.", spoken_consent=True)
    page = open_site(open_page, site.friend, site, server.address)
    place = element(page, server.address, **opened(session))
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("I agree", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    state(place, "error")
    assert heard(page, "error")[0]["code"] == "spoken_consent"
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.long
def test_camera_microphone_length_and_sentences_are_chosen(
    server: Served, program: Program, site: Sites, open_page: OpenPage
) -> None:
    page = open_site(open_page, site.friend, site, server.address)
    place = element(page, server.address, **opened(program.create()))
    state(place, "idle")
    page.get_by_label("Length of the clip").select_option("10 seconds")
    expect(place.locator("[part=status]")).to_contain_text("The best 10 seconds are kept.")
    page.get_by_role("button", name="Open the camera").click()
    state(place, "ready")
    expect(place.locator("[part=prompter-text] p").first).not_to_be_empty()
    microphones = page.get_by_label("Microphone", exact=True)
    used = microphones.input_value()
    other = microphones.evaluate(
        "(select) => [...select.options].map(({ value }) => value).find((id) => id !== select.value)"
    )
    microphones.select_option(other)
    assert eventually(lambda: page.evaluate("streams.length") == 2)
    state(place, "ready")
    expect(microphones).to_have_value(other)
    assert used != other
    accessible(page)
    page.get_by_role("switch", name="Sentences to read").click()
    expect(place.locator("[part=prompter-text]")).to_be_hidden()
    with page.expect_request(lambda request: "/whip/" in request.url and request.method == "POST") as sent:
        page.get_by_role("button", name="Start").click()
    assert sent.value.url.endswith("?seconds=10&silence_s=45")
    page.get_by_role("switch", name="Sentences to read").click()
    expect(place.locator("[part=prompter-text] p").first).not_to_be_empty()


def test_no_clip_says_why(server: Served, program: Program, site: Sites, open_page: OpenPage) -> None:
    session = program.create()
    page = open_site(open_page, site.friend, site, server.address)
    place = element(page, server.address, **opened(session), autostart="true")
    state(place, "recording")
    assert eventually(lambda: is_followed(server, session["id"]))
    tell(server, session["id"], Failed(0, Failure.NOTHING_ELIGIBLE, "told", {}))
    state(place, "failed")
    expect(page.get_by_role("heading", name="No clip this time")).to_be_visible()
    assert [error["code"] for error in heard(page, "error")] == ["nothing_eligible"]


def test_the_page_itself_in_a_frame_of_an_allowed_origin_alone(
    server: Served, program: Program, site: Sites, open_page: OpenPage, browser: Browser
) -> None:
    link = program.create()["links"]["person"]
    markup = f'<iframe src="{link}" allow="camera; microphone" width="900" height="900"></iframe>'
    site.body, site.policy = f"<!doctype html><title>Shop</title>{markup}", f"frame-src {server.address}"
    page = open_page(site.friend, friends=[server.address])
    page.frame_locator("iframe").locator("#welcome-go").click()
    expect(page.frame_locator("iframe").locator("#start")).to_be_enabled()
    refused = browser.new_page()
    with refused.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-error:")):
        refused.goto(site.foreign)
    refused.close()
    policy = httpx.get(server.address).headers["content-security-policy"]
    assert re.search(rf"frame-ancestors 'self' {re.escape(site.friend)} https://shop.example$", policy)
