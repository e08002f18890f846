"""The sentence of consent that a person says aloud, in real Chromium with its fake camera."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import OpenPage
from page_talk import is_followed, looks_right, problem, ready
from page_way import TEXT, Studio, accessible, agree, at, go_on, studio_at
from platform_server import Json
from playwright.sync_api import Page, expect
from serving import eventually

from take5.stream.analysis.models import Models

pytestmark = pytest.mark.waiting

SENTENCE = "I, Ann Lee, agree that my face and my voice are recorded"
STREAMS = """
  window.streams = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    const stream = await open(wishes);
    streams.push(stream);
    return stream;
  };
"""
ENDED = "streams.every((stream) => stream.getTracks().every(({ readyState }) => readyState === 'ended'))"


@pytest.fixture(scope="module")
def studio(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio_at(models, tmp_path_factory.mktemp("spoken")) as running:
        yield running


@pytest.fixture
def asked(studio: Studio) -> Json:
    return studio.program.create(consent_text=TEXT, spoken_consent=True)


def to_sentence(page: Page) -> None:
    go_on(page)
    agree(page)
    expect(page.get_by_role("heading", name="Say it aloud")).to_be_visible()
    expect(page.locator("#steps [aria-current=step]")).to_have_attribute("data-step", "consent")


def record(page: Page, seconds: float = 2.5) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator("#spoken-stop")).to_be_focused()
    page.wait_for_timeout(seconds * 1000)
    page.get_by_role("button", name="Stop", exact=True).click()


def shot(page: Page, name: str) -> None:
    """Keep a picture where one is wanted."""
    if os.environ.get("TAKE5_SHOTS"):
        page.screenshot(path=Path(os.environ["TAKE5_SHOTS"]) / f"{name}.png", full_page=True)


@pytest.mark.long
def test_the_sentence_is_said_watched_recorded_again_and_sent(studio: Studio, asked: Json, open_page: OpenPage) -> None:
    page = open_page(asked["links"]["person"], STREAMS)
    to_sentence(page)
    expect(page.locator("#spoken-sentence")).to_contain_text(SENTENCE)
    expect(page.locator("#spoken-record")).to_be_focused()
    accessible(page)
    looks_right(page)
    page.reload()
    expect(page.locator("#spoken-record")).to_be_focused()
    expect(page.locator("#spoken-sentence")).to_contain_text(SENTENCE)
    record(page, 0.3)
    expect(page.locator("#spoken-status")).to_contain_text("too short")
    record(page)
    expect(page.locator("#spoken-send")).to_be_focused()
    assert page.evaluate(ENDED)
    page.get_by_role("button", name="Record again").click()
    record(page)
    accessible(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Send").click()
    problem(page, "No connection")
    assert studio.program.show(asked["id"])["consented"]["spoken"] is None
    page.context.set_offline(False)
    at(page, "devices")
    ready(page)
    spoken = studio.program.show(asked["id"])["consented"]["spoken"]
    assert spoken["sentence"].startswith(SENTENCE)
    assert 2 < spoken["seconds"] < 10
    kept = (studio.shop.output / asked["id"] / spoken["file"]).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == spoken["sha256"]
    assert len(kept) == spoken["bytes"] < 1_000_000
    page.reload()
    at(page, "devices")


@pytest.mark.long
def test_it_may_be_refused_and_a_withdrawn_link_closes_the_camera(
    studio: Studio, asked: Json, open_page: OpenPage
) -> None:
    page = open_page(asked["links"]["person"], STREAMS)
    to_sentence(page)
    expect(page.locator("#spoken-record")).to_be_visible()
    page.locator("#spoken-refuse").click()
    expect(page.locator("#refused-title")).to_be_focused()
    assert page.evaluate(ENDED)
    page.get_by_role("button", name="Back to the text").click()
    expect(page.locator("#spoken-record")).to_be_focused()
    assert not page.evaluate(ENDED)
    assert eventually(lambda: is_followed(studio.server, asked["id"]))
    assert studio.program.request("DELETE", f"/{asked['id']}/secrets/person").status_code == 204
    problem(page, "This link no longer works")
    assert page.evaluate(ENDED)


@pytest.mark.long
def test_it_is_said_in_chinese(studio: Studio, open_page: OpenPage) -> None:
    session = studio.program.create(consent_text=TEXT, spoken_consent=True, language="zh-Hans")
    page = open_page(session["links"]["person"])
    go_on(page)
    agree(page, "李安")
    expect(page.locator("#spoken-sentence")).to_contain_text("李安")
    page.locator("#spoken-record").click()
    page.wait_for_timeout(2000)
    page.locator("#spoken-stop").click()
    page.locator("#spoken-send").click()
    at(page, "devices")
    assert studio.program.show(session["id"])["consented"]["spoken"]["language"] == "zh-Hans"
