"""Captures through coturn: a page and a server that reach each other by a relay alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from coturn import SECRET
from page_browser import OpenPage, launch, pages
from page_media import fake_camera, fake_microphone
from page_talk import ready
from playwright.sync_api import Page, Playwright, expect
from relay_page import PAIR, RELAY_ONLY
from services import Service
from serving import Served, eventually, served

from take5.client.pages import PAGES
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.sources.webrtc.ice import IceServer

pytestmark = pytest.mark.services

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
FIRST = StopRules(stop_at=1.0, gain=None)
NOWHERE = "2001:db8::9"
"""An address that nothing has, and of a family that coturn does not relay to here."""


@pytest.fixture
def talking(playwright: Playwright, short: Path, tmp_path: Path) -> Iterator[OpenPage]:
    """Pages with a talking head before their camera."""
    camera, microphone = fake_camera(short, tmp_path / "camera.y4m"), fake_microphone(short, tmp_path / "voice.wav")
    browser = launch(playwright, camera=camera, microphone=microphone)
    with pages(browser) as opened:
        yield opened
    browser.close()


@contextmanager
def captured(
    models: Models, open_page: OpenPage, port: int, folder: Path, transport: str = "udp", rules: StopRules = FIRST
) -> Iterator[tuple[Served, Page]]:
    """A capture that the page has begun, of a server whose own addresses lead nowhere."""
    turn = IceServer(f"turn:127.0.0.1:{port}?transport={transport}", secret=SECRET)
    network = {"ice_servers": (turn,), "public_addresses": (NOWHERE,)}
    with served(models, folder, rules=rules, pages=PAGES, token=TOKEN, network=network) as server:
        page = open_page(f"{server.address}/#token={TOKEN}", RELAY_ONLY)
        ready(page)
        page.locator("#start").click()
        page.wait_for_function("() => window.peers[0]?.connectionState === 'connected'")
        yield server, page


def clips(folder: Path) -> list[Path]:
    return list(folder.glob("*/clip.mp4"))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_capture_by_the_relay_alone(
    models: Models, coturn: Service, talking: OpenPage, turn_port: int, tmp_path: Path, transport: str
) -> None:
    out = tmp_path / "out"
    with captured(models, talking, turn_port, out, transport) as (_, page):
        pair = page.evaluate(PAIR)
        assert (pair["local"]["candidateType"], pair["local"]["relayProtocol"]) == ("relay", transport)
        assert pair["remote"]["candidateType"] == "relay"
        assert eventually(lambda: page.evaluate(PAIR)["sent"] > pair["sent"] + 100_000)
        expect(page.locator("#result-title")).to_be_focused()
        (clip,) = clips(out)
    with av.open(str(clip)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 125
    with av.open(str(clip)) as container:
        loudest = max(float(np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0))
    assert loudest > 0.05
    users = set(re.findall(r"user <(\d+:[0-9a-f]+)>", coturn.said))
    assert len(users) == 3, "the server's check at start, the page and the server, each with credentials of its own"


def test_a_relay_that_goes_away_ends_the_capture_with_its_best_clip(
    models: Models, coturn: Service, talking: OpenPage, turn_port: int, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with captured(models, talking, turn_port, out, rules=StopRules(stop_at=0, gain=None)) as (server, page):
        expect(page.locator("#best")).to_contain_text("Best so far")
        coturn.process.kill()
        assert eventually(lambda: bool(clips(out)))
        assert eventually(lambda: server.sessions.live == 0, 5.0)
