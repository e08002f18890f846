"""The overlay in real Chromium: what it shows of a capture, one after another, and what it leaves behind."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_browser import OpenPage
from page_talk import begun, is_followed, scored, tell, window
from page_way import accessible
from PIL import Image
from platform_server import programs
from playwright.sync_api import CDPSession, Page, Route, ViewportSize, WebSocketRoute, expect
from serving import Served, eventually, served

from take5.client.pages import PAGES
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import (
    ChunkNote,
    ClipReady,
    Coached,
    Event,
    Failed,
    Failure,
    Kept,
    Progress,
    Reported,
    Stopped,
)
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform
from take5.stream.server.feed import Follower

pytestmark = pytest.mark.waiting

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
GOAL = StopRules(stop_at=1120.0, gain=None)
FULL_HD = ViewportSize(width=1920, height=1080)
IMPATIENT = "const later = setTimeout; window.setTimeout = (task, wait_ms) => later(task, wait_ms / 20);"
PATIENT = "const later = setTimeout; window.setTimeout = (task, wait_ms) => later(task, wait_ms < 2000 ? 1 : wait_ms);"
CAPTURES, WARM = 400, 150
GROWTH_BYTES = 200_000
"""Of the heap over all captures: a session kept for each of them would be twice as much."""


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), rules=GOAL, pages=PAGES) as running:
        yield running


def overlay(server: Served, open_page: OpenPage, name: str, options: str = "", *scripts: str) -> Page:
    page = open_page(f"{server.address}/overlay.html#session={name}{options}", *scripts, viewport=FULL_HD)
    assert eventually(lambda: is_followed(server, name))
    return page


def says(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#status")).to_have_text(text)


def shows(page: Page, what: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-show", what)


def done(*, report: bool = False) -> list[Event]:
    """A capture stops with a clip."""
    best = window(1, 1010.0).score
    return [Stopped(175, Stop(StopRule.THRESHOLD, 1.0, 0.5)), ClipReady(175, best, 125, "/clips", report=report)]


@pytest.mark.long
def test_one_capture_after_another_is_followed(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "day")
    says(page, "Waiting for the sender …")
    tell(server, "day", *begun(), *scored(800.0, 1010.0), Coached(175, Code.TOO_FAR))
    ring = page.get_by_role("progressbar", name="Progress")
    expect(ring).to_have_attribute("aria-valuetext", "90% of the goal")
    expect(page.locator("#coach")).to_have_text("Come a little closer.")
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06 overall 1010")
    tell(server, "day", *done())
    says(page, "Done: the best five seconds are kept.")
    shows(page, "done")
    expect(ring).to_be_hidden()
    assert eventually(lambda: not is_followed(server, "day"))
    assert eventually(lambda: is_followed(server, "day"))
    says(page, "Done: the best five seconds are kept.")  # also after the server has closed
    tell(server, "day", *begun(), *scored(620.0), fresh=True)
    expect(ring).to_have_attribute("aria-valuetext", "55% of the goal")
    tell(server, "day", Failed(150, Failure.NO_SOUND, "no sound"))
    says(page, "No sound reached the server")
    shows(page, "problem")
    accessible(page)


@pytest.mark.long
def test_what_is_in_the_way_is_named(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "way")
    tell(server, "way", *begun(), *scored(800.0))
    expect(page.locator("#aspects li:visible")).to_have_count(0)
    away = window(1, 700.0, Finding(Code.NO_FACE, 60, 70))
    tell(server, "way", Progress(175, away, window(0, 800.0).score, ChunkNote(0.2, 1, -20.0)))
    expect(page.locator("#aspects li:visible")).to_have_text(["Seendoes not count"])
    says(page, "This does not count: no face in the picture.")
    accessible(page)


def test_it_is_done_once_what_is_best_is_on_disk(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "disk")
    best = window(1, 1010.0).score
    tell(server, "disk", *begun(), *scored(800.0, 1010.0), Stopped(175, Stop(StopRule.THRESHOLD, 1.0, 0.5)))
    says(page, re.compile("Writing the clip"))
    tell(server, "disk", Kept(175, best))
    says(page, "Done: the best five seconds are kept.")


def test_the_outcome_gives_way_to_waiting(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "later", "", IMPATIENT)
    tell(server, "later", *begun(), *scored(800.0, 1010.0), *done())
    says(page, "Waiting for the sender …")
    shows(page, "waiting")


def test_a_capture_that_begins_before_the_report_is_followed(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "busy")
    tell(server, "busy", *begun(), *scored(800.0, 1010.0), *done(report=True))
    says(page, "Done: the best five seconds are kept.")
    tell(server, "busy", *begun(), *scored(900.0), fresh=True)
    expect(page.locator("#best")).to_have_text("Best so far: 0:00 to 0:05 overall 900")
    tell(server, "busy", *scored(800.0, 1010.0), *done(report=True), Reported(175, {}))
    says(page, "Done: the best five seconds are kept.")


@pytest.mark.long
def test_a_lost_connection_is_said_and_made_again(server: Served, open_page: OpenPage) -> None:
    page = open_page(f"{server.address}/healthz", IMPATIENT, viewport=FULL_HD)
    sockets: list[WebSocketRoute] = []

    def through(route: WebSocketRoute) -> None:
        sockets.append(route)
        if 1 < len(sockets) < 9:
            route.close(code=1012)
        else:
            route.connect_to_server()

    page.route_web_socket(re.compile("/events"), through)
    page.goto(f"{server.address}/overlay.html#session=lost")
    says(page, "Waiting for the sender …")
    tell(server, "lost", *begun(), *scored(800.0))
    expect(page.locator("#best")).to_contain_text("overall 800")
    page.evaluate(
        "() => new MutationObserver(() => { window.lost ||= document.body.dataset.show === 'problem' })"
        ".observe(document.body, { attributes: true })"
    )
    sockets[0].close(code=1012)
    page.wait_for_function("window.lost")
    tell(server, "lost", *scored(1010.0, first=1))
    expect(page.locator("#best")).to_contain_text("overall 1010")
    shows(page, "capture")
    assert len(sockets) == 9


@pytest.mark.long
def test_options_choose_layout_ground_and_language(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "options", "&layout=bar&background=solid&lang=zh")
    says(page, "正在等待发送端……")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(11, 18, 17)"
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    accessible(page)
    page.goto(f"{server.address}/overlay.html?layout=bar#session=options")
    expect(page.locator("body")).to_have_attribute("data-layout", "bar")
    page.goto(f"{server.address}/overlay.html")
    says(page, "The address names no session: add #session=NAME.")


@pytest.mark.long
def test_all_but_the_panel_is_transparent_and_it_is_large(server: Served, open_page: OpenPage) -> None:
    for layout in ("corner", "bar"):
        page = overlay(server, open_page, layout, f"&layout={layout}")
        tell(server, layout, *begun(), *scored(800.0, 1010.0), Coached(175, Code.TOO_FAR))
        expect(page.locator("#coach")).to_be_visible()
        shot = np.asarray(Image.open(io.BytesIO(page.screenshot(omit_background=True))))
        panel = page.locator("#overlay").bounding_box()
        assert panel
        top, left = round(panel["y"]), round(panel["x"])
        bottom, right = round(panel["y"] + panel["height"]), round(panel["x"] + panel["width"])
        clear = np.ones(shot.shape[:2], bool)
        clear[top - 1 : bottom + 1, max(left - 1, 0) : right + 1] = False
        assert not shot[clear, 3].any()
        assert (shot[(top + bottom) // 2, left + 5, 3]) > 200
        assert bottom - top < 0.35 * FULL_HD["height"]
        size = "parseFloat(getComputedStyle(document.querySelector('#coach')).fontSize)"
        assert page.evaluate(size) >= 54
        assert page.evaluate("document.documentElement.scrollWidth") <= FULL_HD["width"]


@pytest.mark.long
def test_no_secret_is_in_an_address_and_the_wrong_one_is_tried_again(
    models: Models, open_page: OpenPage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with served(models, tmp_path_factory.mktemp("locked"), pages=PAGES, token=TOKEN) as locked:
        page = open_page(f"{locked.address}/healthz", viewport=FULL_HD)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.goto(f"{locked.address}/overlay.html#token={TOKEN}&session=room")
        assert eventually(lambda: is_followed(locked, "room"))
        says(page, "Waiting for the sender …")
        assert any("ticket=" in address for address in asked)
        sent = [address.partition("#")[0] for address in asked]
        assert not any(TOKEN in address for address in sent)
        page.goto(f"{locked.address}/overlay.html#token=wrong&session=room")
        says(page, "That token is not right")


def test_a_platform_s_followers_and_senders_each_have_their_page(
    models: Models, open_page: OpenPage, tmp_path: Path
) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'platform.db'}")
    with served(models, tmp_path / "out", pages=PAGES, platform=Platform(database)) as running:
        session = programs(running.address, database)().create()
        name, secrets = session["id"], session["secrets"]
        page = open_page(f"{running.address}/overlay.html#token={secrets['follower']}&session={name}")
        assert eventually(lambda: is_followed(running, name))
        says(page, "Waiting for the sender …")
        page = open_page(f"{running.address}/obs.html#token={secrets['sender']}&session={name}")
        says(page, "Waiting for the sender …")
        expect(page.locator("#address")).to_have_value(f"{running.address}/whip/{name}")
        expect(page.locator("#bearer-token")).to_have_value(secrets["sender"])
        address = page.locator("#overlay-address").input_value()
        assert address.startswith(f"{running.address}/overlay.html#token=t5follower_")
        assert not any(secret in address for secret in secrets.values())
        shown = open_page(address)
        says(shown, "Waiting for the sender …")
        assert len(followers(running, name)) == 3
    database.close()


@pytest.mark.long
def test_it_waits_for_a_server_that_does_not_answer(server: Served, open_page: OpenPage) -> None:
    page = open_page(f"{server.address}/healthz", IMPATIENT)
    failing = ["texts", "config"]

    def answer(route: Route) -> None:
        if failing:
            failing.pop()
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("/texts/|/api/config"), answer)
    page.goto(f"{server.address}/overlay.html#session=late")
    says(page, "Waiting for the sender …")
    assert not failing


@pytest.mark.long
def test_hundreds_of_captures_leave_nothing(server: Served, open_page: OpenPage) -> None:
    page = overlay(server, open_page, "soak", "", PATIENT)
    measure = page.context.new_cdp_session(page)
    capture = [*begun(), *scored(800.0, 1010.0), Coached(175, Code.TOO_FAR), *done()]
    for number in range(WARM):
        follow_one(server, page, number, capture)
    before = left(measure)
    for number in range(CAPTURES):
        follow_one(server, page, number, capture)
    after = left(measure)
    assert after["heap"] - before["heap"] < GROWTH_BYTES, (before, after)
    assert after["nodes"] - before["nodes"] < 50, (before, after)
    assert after["listeners"] - before["listeners"] < 10, (before, after)


def follow_one(server: Served, page: Page, number: int, capture: list[Event]) -> None:
    """Let the overlay see a whole capture, and connect again."""
    assert eventually(lambda: is_followed(server, "soak"), every_s=0.005)
    before = followers(server, "soak")
    tell(server, "soak", *capture, fresh=True)
    assert eventually(lambda: is_followed(server, "soak") and not followers(server, "soak") & before, every_s=0.005)
    if number % 100 == 0:
        says(page, "Done: the best five seconds are kept.")


def followers(server: Served, name: str) -> set[Follower]:
    return set(server.sessions.entry(name).feed.followers)


def left(measure: CDPSession) -> dict[str, int]:
    """Bytes of the heap, nodes and listeners, after the garbage is gone."""
    measure.send("HeapProfiler.enable")
    measure.send("HeapProfiler.collectGarbage")
    counted = measure.send("Memory.getDOMCounters")
    used: float = measure.send("Runtime.getHeapUsage")["usedSize"]
    return {"heap": int(used), "nodes": counted["nodes"], "listeners": counted["jsEventListeners"]}
