"""A shop with ``<take5-capture>`` in its page, and a visitor of it who records."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from embed_stage import LISTENING, all_ended, heard, state
from page_browser import OpenPage
from page_way import accessible
from platform_server import Json, Program, programs
from playwright.sync_api import Page, expect
from services import free_port
from serving import Served, served

from examples.shop.shop import shop as shop_at
from take5.client import Take5
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform

pytestmark = [pytest.mark.realtime, pytest.mark.long]


@contextmanager
def a_server(models: Models, database: Database, port: int, folder: Path) -> Iterator[Served]:
    """Serve a platform whose sessions may be recorded in the shop's page."""
    pages: dict[str, Any] = {"pages": PAGES, "prompts": PROMPTS, "platform": Platform(database)}
    origins = [f"http://localhost:{port}"]
    with served(
        models, folder, rules=StopRules(gain=None), network={"seconds": (10.0,)}, origins=origins, **pages
    ) as running:
        yield running


@contextmanager
def a_shop(server: Served, program: Program, port: int) -> Iterator[str]:
    """Run the example while the block lasts."""
    with Take5(server.address, program.key) as client, shop_at(server.address, client, port) as running:
        thread = threading.Thread(target=running.serve_forever, name="shop")
        thread.start()
        try:
            yield f"http://localhost:{port}/"
        finally:
            running.shutdown()
            thread.join(10)


def test_a_visitor_of_a_shop_records_and_uses_the_clip(models: Models, tmp_path: Path, talker_page: OpenPage) -> None:
    port, opened = free_port(), Database.open(f"sqlite:///{tmp_path / 'platform.db'}")
    with closing(opened) as database, a_server(models, database, port, tmp_path / "out") as server:
        program = programs(server.address, database)()
        with a_shop(server, program, port) as address:
            page = talker_page(address, LISTENING, friends=[server.address])
            opens_the_camera(page)
            records(page)
            page.get_by_role("button", name="Use this").click()
            state(page.locator("take5-capture"), "accepted")
            expect(page.get_by_text("Your presenter will be ready tomorrow.")).to_be_visible()
        (session,) = program.request("GET").json()["sessions"]
    assert session["state"] == "accepted"
    shows_what_was_documented(page, session)


def opens_the_camera(page: Page) -> None:
    place = page.locator("take5-capture")
    state(place, "idle")
    accessible(page)
    for part in ("ring", "guide", "preview", "clip", "level-group"):
        expect(place.locator(f"[part={part}]")).to_be_hidden()
    page.get_by_role("button", name="Open the camera").click()
    state(place, "ready")
    expect(place.locator("[part=guide]")).to_be_visible()
    start = page.get_by_role("button", name="Start")
    expect(start).to_be_focused()
    expect(start).to_have_css("text-transform", "uppercase")
    expect(start).to_have_css("background-color", "rgb(122, 46, 142)")
    expect(page.get_by_role("meter", name="Microphone level")).to_be_visible()
    accessible(page)


def records(page: Page) -> None:
    place = page.locator("take5-capture")
    page.get_by_role("button", name="Start").click()
    state(place, "recording")
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(page.get_by_text("Best so far at")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Stop and keep the best").click()
    state(place, "review")
    assert all_ended(page)
    expect(place.locator("[part=ring]")).to_be_hidden()
    expect(page.get_by_role("heading", name="The best five seconds")).to_be_focused()
    expect(place.locator("[part=clip]")).to_have_js_property("duration", 5)
    expect(place).to_have_css("border-color", "rgb(122, 46, 142)")
    accessible(page)


def shows_what_was_documented(page: Page, session: Json) -> None:
    (ready,) = heard(page, "ready")
    assert ready.keys() == {"width", "height", "frame_rate"}
    assert {"best", "window_s"} <= heard(page, "best")[0].keys() or heard(page, "best")[0]["best"]["I"] > 0
    progress = heard(page, "progress")[-1]
    assert 0 <= progress["share"] <= 1
    assert progress["text"]
    assert [stopped["rule"] for stopped in heard(page, "stopped")] == ["ended"]
    (clip,), (accepted,) = heard(page, "clip"), heard(page, "accepted")
    assert clip["files"]["clip.mp4"] == f"api/sessions/{session['id']}/clip.mp4"
    assert accepted["accepted"]
    assert accepted["start_s"] == clip["start_s"]
    assert heard(page, "error") == []
