"""The sentences to read, on the page in real Chromium against the real server."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from page_browser import DESKTOP, PHONE, OpenPage
from page_talk import begun, is_followed, looks_right, ready, tell
from playwright.sync_api import Page, Request, expect
from serving import Served, eventually, served

from take5.client.pages import PAGES, PROMPTS
from take5.scoring.idle import IdleState
from take5.scoring.prompting import plan
from take5.stream.analysis.models import Models
from take5.stream.events import ChunkNote, Coached, Progress, Stalled
from take5.stream.texts.prompts import PromptList, read_folder

pytestmark = pytest.mark.waiting

SPOKEN, SILENT = ChunkNote(1.0, 1, -20.0), ChunkNote(1.0, 1, -60.0)


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), pages=PAGES, prompts=PROMPTS) as running:
        yield running


@pytest.fixture(scope="module")
def lists() -> dict[str, PromptList]:
    return read_folder(PROMPTS)


def texts(told: PromptList, count: int) -> list[str]:
    return [told.prompts[index].text for index in plan(told.prompts, [], [], count)]


def recording(server: Served, open_page: OpenPage, name: str) -> Page:
    """A page that follows a capture, whose time passes only when the test says so."""
    page = open_page(f"{server.address}/#session={name}")
    page.clock.install()
    page.reload()
    assert eventually(lambda: is_followed(server, name))
    expect(page.locator("#prompter-after")).not_to_be_empty()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    tell(server, name, *begun())
    expect(page.locator("body")).to_have_attribute("data-state", "receiving")
    return page


def hear(page: Page, server: Served, name: str, second: int, note: ChunkNote) -> None:
    """A second of the recording has been heard, and the page knows it."""
    tell(server, name, Progress(25 * second, None, None, note))
    expect(page.locator("#clock")).to_have_text(f"0:{second:02d}")


def shows(page: Page, now: str, after: str = "") -> None:
    expect(page.locator("#prompter-now")).to_have_text(now)
    if after:
        expect(page.locator("#prompter-after")).to_have_text(after)


def pass_s(page: Page, seconds: float) -> None:
    page.clock.run_for(round(1000 * seconds))


@pytest.mark.long
def test_the_next_sentence_comes_once_this_one_was_read(
    server: Served, open_page: OpenPage, lists: dict[str, PromptList]
) -> None:
    first, second, third = texts(lists["en"], 3)
    seconds = next(each.seconds for each in lists["en"].prompts if each.text == first)
    page = recording(server, open_page, "read")
    shows(page, first, second)
    hear(page, server, "read", 1, SPOKEN)
    pass_s(page, seconds - 0.3)
    shows(page, first, second)
    pass_s(page, 0.5)
    shows(page, second, third)


def test_it_waits_while_nobody_speaks(server: Served, open_page: OpenPage, lists: dict[str, PromptList]) -> None:
    first, second = texts(lists["en"], 2)
    page = recording(server, open_page, "silence")
    pass_s(page, 30)
    shows(page, first, second)
    hear(page, server, "silence", 1, SILENT)
    pass_s(page, 30)
    shows(page, first, second)
    hear(page, server, "silence", 2, SPOKEN)
    pass_s(page, 1)
    tell(server, "silence", Stalled(75, "sound"))
    expect(page.locator("#status")).to_contain_text(re.compile("No sound is arriving|Keep talking"))
    hear(page, server, "silence", 3, ChunkNote(1.0, 1, None))
    pass_s(page, 30)
    shows(page, first, second)
    hear(page, server, "silence", 4, SPOKEN)
    pass_s(page, 6)
    expect(page.locator("#prompter-now")).not_to_have_text(first)


def test_keys_clicks_and_taps_move_on(server: Served, open_page: OpenPage, lists: dict[str, PromptList]) -> None:
    prompts = lists["en"].prompts
    chosen = plan(prompts, [], [], 6)
    page = recording(server, open_page, "keys")
    hear(page, server, "keys", 1, SPOKEN)
    ways: list[Callable[[], None]] = [
        lambda: page.keyboard.press("ArrowRight"),
        lambda: page.keyboard.press("PageDown"),
        lambda: page.keyboard.press(" "),
        lambda: page.locator("#prompter-text").click(),
        lambda: page.locator("#prompter-next").press(" "),
    ]
    for way, index in zip(ways, chosen, strict=False):
        shows(page, prompts[index].text)
        pass_s(page, 0.7 * prompts[index].seconds)
        way()
    shows(page, prompts[chosen[5]].text)


@pytest.mark.long
def test_a_sentence_that_was_not_read_is_passed_over(
    server: Served, open_page: OpenPage, lists: dict[str, PromptList]
) -> None:
    prompts = lists["en"].prompts
    first, second, *_ = plan(prompts, [], [], 2)
    page = recording(server, open_page, "passed")
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/api/prompts/" in request.url else None)
    page.keyboard.press("ArrowRight")
    hear(page, server, "passed", 1, SPOKEN)
    pass_s(page, prompts[second].seconds + 0.2)
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('#prompter-after').textContent")
        if asked:
            break
    query = parse_qs(urlsplit(asked[0].url).query)
    assert query["passed"][0].split(",")[0] == str(first)
    assert query["heard"][0].split(",")[0] == str(second)


@pytest.mark.long
def test_on_and_off_and_the_language_are_remembered(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    switch = page.get_by_role("switch", name="Sentences to read")
    expect(switch).to_be_checked()
    page.get_by_label("Language of the sentences").select_option("zh-Hans")
    expect(page.locator("#prompter-now")).to_have_text(re.compile("[\u4e00-\u9fff]"))
    page.reload()
    expect(page.locator("#prompter-language")).to_have_value("zh-Hans")
    expect(page.locator("#prompter-text")).to_have_attribute("lang", "zh-Hans")
    switch.click()
    expect(page.locator("#prompter-now")).to_be_hidden()
    page.reload()
    ready(page)
    expect(switch).not_to_be_checked()
    expect(page.locator("#prompter-language")).to_be_hidden()


@pytest.mark.long
@pytest.mark.parametrize(("locale", "language"), [("zh-CN", "zh-Hans"), ("en-GB", "en"), ("fr-FR", "en")])
def test_the_language_is_the_browsers_if_there_is_a_list_in_it(
    server: Served, open_page: OpenPage, locale: str, language: str
) -> None:
    page = open_page(server.address + "/", locale=locale)
    expect(page.locator("#prompter-language")).to_have_value(language)


def test_it_is_large_near_the_camera_and_beside_the_face(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    expect(page.locator("#prompter-now")).not_to_be_empty()
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        prompter, frame = page.locator("#prompter").bounding_box(), page.locator("#frame").bounding_box()
        assert prompter
        assert frame
        assert abs(prompter["y"] + prompter["height"] - frame["y"]) < 1
        assert prompter["y"] < size["height"] / 5
        assert frame["y"] + frame["height"] < size["height"]
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('#prompter-now')).fontSize)") > 20
    looks_right(page)


@pytest.mark.long
def test_on_a_phone_it_and_the_face_are_in_sight_while_recording(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    page.set_viewport_size(PHONE)
    ready(page)
    page.click("#start")  # which is below them
    expect(page.locator("body")).to_have_attribute("data-stage", "live")
    for element in ("#prompter", "#frame"):
        expect(page.locator(element)).to_be_in_viewport(ratio=1)
    page.click("#stop")
    expect(page.locator("body")).not_to_have_attribute("data-stage", "live")


def test_readers_of_the_screen_hear_the_sentence_in_its_language(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", locale="zh-CN")
    now = page.locator("#prompter-now")
    expect(now).to_have_attribute("aria-live", "polite")
    expect(page.locator("#prompter-text")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("group", name="供朗读的句子")).to_be_visible()


def test_a_server_without_lists_shows_none(models: Models, open_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, pages=PAGES) as server:
        page = open_page(server.address + "/")
        ready(page)
        expect(page.locator("#prompter")).to_be_hidden()
        expect(page.locator("body")).to_have_attribute("data-prompter", "off")


@pytest.mark.long
def test_there_is_nothing_to_read_while_the_person_is_asked_to_be_silent(
    server: Served, open_page: OpenPage, lists: dict[str, PromptList]
) -> None:
    first, second = texts(lists["en"], 2)
    page = recording(server, open_page, "hush")
    shows(page, first, second)
    tell(server, "hush", Coached(150, IdleState.WAITING))
    expect(page.locator("#prompter-now")).to_be_empty()
    expect(page.locator("#prompter-after")).to_be_empty()
    pass_s(page, 30)
    tell(server, "hush", Coached(300, IdleState.FOUND))
    shows(page, first, second)
