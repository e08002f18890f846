"""The page for OBS in real Chromium: where to send, and checks of what real senders send."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import OpenPage
from page_talk import begun, is_followed, looks_right, scored, status, tell, window
from page_way import accessible
from playwright.sync_api import Page, expect
from serving import Served, eventually, served
from whip_clients.node_sender import NodeSender
from whip_clients.packed import Encoding, pack

from take5.client.pages import PAGES
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import ChunkNote, ClipReady, Progress, Stopped, StreamMeasured
from take5.stream.timeline.stream_facts import PictureFacts, SoundFacts

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
NEVER = StopRules(stop_at=0, gain=None, cap_s=60.0)
SENT_S = 12
RIGHT = Encoding(size=(1280, 720))
WRONG = Encoding({"preset": "ultrafast", "g": "60", "bf": "2", "x264-params": "b-adapt=0:scenecut=0"}, (640, 360), 15)
CHECKS = {"codec", "profile", "keyframes", "b_frames", "fps", "size", "sound", "level", "reconnect"}
ALLOW = """
const writeText = async (text) => { window.copied = text; };
Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
"""
STOPPED = Stopped(175, Stop(StopRule.THRESHOLD, 1.0, 0.5))


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), rules=NEVER, pages=PAGES) as running:
        yield running


def checking(server: Served, open_page: OpenPage, name: str) -> Page:
    page = open_page(f"{server.address}/obs.html#session={name}")
    assert eventually(lambda: is_followed(server, name))
    return page


def with_verdict(page: Page, verdict: str) -> set[str]:
    found = page.locator(f"#checks [data-verdict={verdict}]").evaluate_all(
        "(all) => all.map((one) => one.dataset.check)"
    )
    return set(found)


def value(page: Page, check: str, text: str | re.Pattern[str]) -> None:
    expect(page.locator(f"[data-check={check}] .value")).to_have_text(text)


def verdict(page: Page, check: str, text: str) -> None:
    expect(page.locator(f"[data-check={check}]")).to_have_attribute("data-verdict", text)


def sent(server: Served, page: Page, name: str, packed: Path) -> tuple[set[str], set[str]]:
    """Which checks are good and which are bad after some seconds of a stream."""
    sender = NodeSender(f"{server.address}/whip/{name}", packed)
    try:
        for check in CHECKS - {"reconnect"}:
            expect(page.locator(f"[data-check={check}]")).not_to_have_attribute("data-verdict", "unknown")
        page.wait_for_timeout(2000)
        return with_verdict(page, "good"), with_verdict(page, "bad")
    finally:
        sender.leave()


@pytest.mark.long
@pytest.mark.realtime
def test_a_stream_as_recommended_is_good_in_everything(
    server: Served, open_page: OpenPage, short: Path, tmp_path: Path
) -> None:
    packed = pack(short, tmp_path / "right", SENT_S, RIGHT)
    page = checking(server, open_page, "right")
    assert with_verdict(page, "unknown") == CHECKS
    assert sent(server, page, "right", packed) == (CHECKS - {"reconnect"}, set())
    value(page, "codec", "H.264, good")
    value(page, "keyframes", "1 s, good")
    value(page, "fps", "25 per second, good")
    value(page, "size", re.compile("1280 . 720, good"))
    value(page, "sound", "Opus, 48 kHz, stereo, good")


@pytest.mark.long
@pytest.mark.realtime
def test_a_wrong_stream_shows_exactly_what_is_wrong(
    server: Served, open_page: OpenPage, short: Path, tmp_path: Path
) -> None:
    packed = pack(short, tmp_path / "wrong", SENT_S, WRONG)
    page = checking(server, open_page, "wrong")
    good, bad = sent(server, page, "wrong", packed)
    assert bad == {"keyframes", "b_frames", "fps", "size"}
    assert good == CHECKS - bad - {"reconnect"}
    value(page, "fps", "15 per second, change this")
    value(page, "size", re.compile("640 . 360, change this"))
    expect(page.locator("[data-check=keyframes] p")).to_contain_text("Keyframe Interval: 1 s")


@pytest.mark.long
@pytest.mark.waiting
def test_other_faults_are_seen_and_what_was_measured_stays(server: Served, open_page: OpenPage) -> None:
    page = checking(server, open_page, "faults")
    tell(server, "faults", *begun())
    picture = PictureFacts("H264", "High 4:4:4 Predictive", "4.1", 720, 1280, 75, 2.0, b_frames=False)
    tell(server, "faults", StreamMeasured(25, picture, SoundFacts(16_000, 1)))
    for second in range(1, 5):
        tell(server, "faults", Progress(25 * second, None, None, ChunkNote(1.0, 1, -70.0)))
        expect(page.locator("#status")).not_to_be_empty()
        page.wait_for_timeout(100)
    verdict(page, "level", "bad")
    assert with_verdict(page, "bad") == {"profile", "fps", "sound", "level"}
    value(page, "level", "quiet: say something, change this")
    value(page, "sound", "Opus, 16 kHz, mono, change this")
    clip = ClipReady(175, window(1, 1010.0).score, 125, "/clips")
    tell(server, "faults", *scored(800.0, 1010.0), STOPPED, clip)
    assert eventually(lambda: not is_followed(server, "faults"))
    assert eventually(lambda: is_followed(server, "faults"))
    value(page, "size", re.compile("720 . 1280, good"))
    accessible(page)
    looks_right(page)


@pytest.mark.long
@pytest.mark.waiting
@pytest.mark.parametrize(("wait_ms", "found"), [(3000, "bad"), (20_000, "good")])
def test_obs_that_begins_again_by_itself_is_noticed(
    server: Served, open_page: OpenPage, wait_ms: int, found: str
) -> None:
    page = checking(server, open_page, found)
    page.clock.install()
    tell(server, found, *begun(), *scored(800.0))
    expect(page.locator("#status")).to_contain_text("Best so far")
    tell(server, found, STOPPED)
    expect(page.locator("#status")).to_contain_text("It stopped by itself")
    page.clock.fast_forward(wait_ms)
    tell(server, found, *begun(), fresh=True)
    verdict(page, "reconnect", found)


@pytest.mark.long
@pytest.mark.waiting
def test_the_address_and_the_token_can_be_copied(
    models: Models, open_page: OpenPage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    output, offered = tmp_path_factory.mktemp("locked"), {"seconds": (10.0,)}
    with served(models, output, pages=PAGES, token=TOKEN, rules=NEVER, network=offered) as locked:
        page = open_page(f"{locked.address}/obs.html#session=studio", ALLOW)
        expect(page.locator("#problem-title")).to_have_text("An access token is needed")
        accessible(page)
        page.get_by_role("textbox", name="Access token").fill(TOKEN)
        page.get_by_role("button", name="Use", exact=True).click()
        assert eventually(lambda: is_followed(locked, "studio"))
        copies = {"#copy": f"{locked.address}/whip/studio", "#copy-token": TOKEN}
        copies["#copy-overlay"] = f"{locked.address}/overlay.html#token={TOKEN}&session=studio"
        for button, text in copies.items():
            page.locator(button).click()
            expect(page.locator(button)).to_have_text("Copied")
            assert page.evaluate("window.copied") == text
        for hidden in ("#bearer-token", "#overlay-address"):
            expect(page.locator(hidden)).to_have_attribute("type", "password")
        accessible(page)
        page.get_by_label("Length of the clip").select_option("10 seconds")
        expect(page.locator("#address")).to_have_value(f"{locked.address}/whip/studio?seconds=10")


@pytest.mark.waiting
def test_another_name_is_another_session(server: Served, open_page: OpenPage) -> None:
    page = checking(server, open_page, "first")
    page.get_by_label("Name of the session").fill("second")
    page.get_by_label("Name of the session").blur()
    assert eventually(lambda: is_followed(server, "second"))
    assert eventually(lambda: not is_followed(server, "first"))
    expect(page.locator("#overlay-address")).to_have_value(re.compile("session=second$"))
    status(page, "Waiting for the sender")
    page.get_by_label("Name of the session").fill("not a name")
    page.get_by_label("Name of the session").blur()
    assert eventually(lambda: not is_followed(server, "second"))


@pytest.mark.long
@pytest.mark.waiting
def test_the_page_s_second_tab_leads_here(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    page.get_by_role("tab", name="OBS").click()
    page.get_by_label("Name of the session").fill("desk")
    link = page.get_by_role("link", name="Check the settings of OBS")
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("#address")).to_have_value(f"{server.address}/whip/desk")
