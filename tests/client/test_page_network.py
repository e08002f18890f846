"""A person's whole way in real Chromium: on a network that goes away, and on two devices."""

import re
from collections.abc import Callable, Iterator

import pytest
from cut_network import CutNetwork, cut_network
from page_browser import OpenPage
from page_language import sentences_of
from page_talk import ready, status
from page_way import Studio, at, studio_at
from platform_server import Json
from playwright.sync_api import Page, expect

from take5.stream.analysis.models import Models

pytestmark = [pytest.mark.realtime, pytest.mark.long]

TEXT = "Ada agrees. 同意。"
PHONE_SCREEN = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
AWAY_MS = 10_000
FAILED_MS = 22_000
"""After this long Chromium has given its connection up."""

ELSEWHERE = "另一台设备正在录制，本页面跟随显示。"  # noqa: RUF001 - a Chinese comma
STOP = {"stop_at": 1e9, "gain": None, "share": None, "cap_s": 100}


@pytest.fixture(scope="module")
def studio(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio_at(models, tmp_path_factory.mktemp("network")) as running:
        yield running


@pytest.fixture
def network(studio: Studio) -> Iterator[CutNetwork]:
    with cut_network(studio.server.address) as running:
        yield running


def by_keyboard(page: Page, wanted: str, key: str = "Enter") -> None:
    """Reach an element by the Tab key, and press a key on it."""
    expect(page.locator(f"{wanted}:enabled")).to_be_visible()
    for _ in range(40):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", wanted):
            return page.keyboard.press(key)
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def to_recording(page: Page, only: Callable[[], None]) -> None:
    """Go from the welcome to the recording by the keyboard alone."""
    at(page, "welcome")
    only()
    by_keyboard(page, "#welcome-go")
    at(page, "consent")
    only()
    by_keyboard(page, "#consent-name", "A")
    by_keyboard(page, "#consent-yes", "Space")
    by_keyboard(page, "#consent-agree")
    at(page, "devices")
    ready(page)
    only()
    by_keyboard(page, "#start")
    at(page, "recording")
    expect(page.locator("#best")).to_contain_text("0:0")
    only()


def test_a_network_that_goes_away_ends_nothing(studio: Studio, network: CutNetwork, talker_page: OpenPage) -> None:
    session = studio.program.create(language="en", consent_text=TEXT, stop=STOP)
    link = session["links"]["person"].replace(studio.server.address, network.address)
    page = talker_page(link, before=network.carry)

    def only() -> None:
        assert sentences_of(page, "zh-Hans", "en") == []

    to_recording(page, only)
    for number in ("#meters", "#history", "#gain", "#sent"):
        expect(page.locator(number)).to_be_hidden()
    network.cut()
    status(page, "Your connection is interrupted. What is good so far is kept")
    only()
    page.wait_for_timeout(AWAY_MS)
    network.mend()
    expect(page.locator("#status")).not_to_contain_text("interrupted")
    at(page, "recording", focused=False)
    network.cut()
    page.wait_for_timeout(FAILED_MS)
    at(page, "recording", focused=False)
    network.mend()
    expect(page.locator("#live-title")).to_contain_text("Recording goes on: the connection was lost")
    only()
    expect(page.locator("#clock")).to_have_text(re.compile("0:0[1-9]"))
    network.cut()
    status(page, "Your connection is interrupted")
    by_keyboard(page, "#stop")
    status(page, "The recording ends as soon as it is back.")
    network.mend()
    at(page, "review")
    expect(page.locator("#takes button[aria-pressed=true]")).to_be_visible()
    first, second = takes(studio, session)
    assert first["state"] == "done"
    assert second["started"] > first["started"]
    only()
    by_keyboard(page, "#use")
    at(page, "done")
    only()


def takes(studio: Studio, session: Json) -> list[Json]:
    found: list[Json] = studio.program.request("GET", f"/{session['id']}/takes").json()["takes"]
    return found


def test_a_phone_takes_over_and_both_go_on_in_chinese(studio: Studio, talker_page: OpenPage) -> None:
    session = studio.program.create(consent_text=TEXT, stop=STOP)
    link = session["links"]["person"]
    errors: list[str] = []
    desk = talker_page(link, locale="zh-CN", before=lambda page: listen(page, errors))

    def only(page: Page = desk) -> None:
        assert sentences_of(page, "en", "zh-Hans") == []

    to_recording(desk, only)
    phone = talker_page(link, locale="zh-CN", before=lambda page: listen(page, errors), **PHONE_SCREEN)
    at(phone, "recording")
    expect(phone.locator("#live-title")).to_have_text(ELSEWHERE)
    only(phone)
    phone.get_by_role("button", name="改在这里录制").tap()
    at(phone, "devices")
    ready(phone)
    at(desk, "review")
    expect(desk.locator("#result-text")).to_contain_text("录制已在另一台设备或另一个窗口中结束。")
    only()
    phone.locator("#start").tap()
    at(phone, "recording")
    at(desk, "recording")
    expect(desk.locator("#live-title")).to_have_text(ELSEWHERE)
    expect(phone.locator("#best")).to_contain_text("0:0")
    only(phone)
    phone.locator("#stop").tap()
    at(phone, "review")
    at(desk, "review")
    only(phone)
    phone.locator("#use").tap()
    at(phone, "done")
    at(desk, "done")
    only(phone)
    only()
    assert studio.program.request("POST", f"/{session['id']}/retake").status_code == 200
    at(desk, "review")
    at(phone, "review")
    assert studio.program.request("POST", f"/{session['id']}/accept").status_code == 200
    at(desk, "done")
    at(phone, "done")
    assert errors == []


def listen(page: Page, errors: list[str]) -> None:
    """Note what the browser's console calls an error."""
    page.on("console", lambda said: errors.append(f"{said.text} {said.location}") if said.type == "error" else None)
