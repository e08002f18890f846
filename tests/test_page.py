"""The page in real Chromium, against the real server: a person's way through it, and what goes wrong on it."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from page_browser import DESKTOP, PHONE, OpenPage, launch, pages
from page_media import fake_camera, fake_microphone
from playwright.sync_api import Browser, Page, Playwright, Route, WebSocketRoute, expect, sync_playwright
from serving import Served, eventually, offer_of, served

from demo.talker import DEFAULT, FILLER, Script, fitted
from take5.client.pages import PAGES
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.coaching_texts import coaching_texts
from take5.stream.events import (
    BestChanged,
    ChunkNote,
    Coached,
    Event,
    Failed,
    Failure,
    Progress,
    Resumed,
    Stalled,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
)
from take5.stream.scanner import Models
from take5.stream.server import sessions as sessions_module
from take5.stream.server.refusal import Refused

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
FIRST = StopRules(stop_at=1.0, gain=None)
"""The first eligible window is good enough."""
GOAL = StopRules(stop_at=1120.0, gain=None)
OFFER = offer_of()
READABLE_MS = 1500
"""So long a text stays at least, so that it can be read."""

REMEMBER_PEERS = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...told) { super(...told); window.peers.push(this); }
};
"""
FIRST_SENT = """async () => {
  for (;;) {
    for (const report of (await window.peers[0]?.getStats())?.values() ?? [])
      if (report.type === 'outbound-rtp' && report.kind === 'video' && report.framesEncoded)
        return [report.frameWidth, report.frameHeight, report.framesEncoded];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}"""


ALLOWED = """() => Object.fromEntries(window.peers[0].getSenders().map(
  (sender) => [sender.track.kind, sender.getParameters().encodings[0].maxBitrate]))"""
UNPLUG = "document.querySelector('#preview').srcObject.getTracks()[1].dispatchEvent(new Event('ended'))"
FAIL = """() => {
  Object.defineProperty(window.peers[0], 'connectionState', { get: () => 'failed' });
  window.peers[0].dispatchEvent(new Event('connectionstatechange'));
}"""
IMPATIENT = "const later = setTimeout; window.setTimeout = (task, wait_ms) => later(task, wait_ms / 20);"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def talking(
    playwright: Playwright, rendered: Callable[[str, Script], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser with a talking head before its camera."""
    folder, video = tmp_path_factory.mktemp("devices"), rendered("short", fitted(DEFAULT, 20, FILLER))
    camera, microphone = fake_camera(video, folder / "camera.y4m"), fake_microphone(video, folder / "microphone.wav")
    browser = launch(playwright, camera=camera, microphone=microphone)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser with Chromium's test picture before its camera."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def talker_page(talking: Browser) -> Iterator[OpenPage]:
    with pages(talking) as open_page:
        yield open_page


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    with pages(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), rules=GOAL, pages=PAGES) as running:
        yield running


def ready(page: Page) -> None:
    expect(page.locator("#start")).to_be_enabled()


def problem(page: Page, title: str, advice: str = "") -> None:
    expect(page.locator("#problem-title")).to_have_text(title)
    expect(page.locator("#problem-advice")).to_contain_text(advice)


def status(page: Page, text: str) -> None:
    expect(page.locator("#status")).to_contain_text(text)


# --- a person's way through it -------------------------------------------------------------------------------------


def test_talk_until_it_stops_by_itself_and_use_the_clip(models: Models, talker_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, rules=FIRST, pages=PAGES) as server:
        page = talker_page(server.address + "/")
        ready(page)
        expect(page.locator("#camera")).to_contain_text("camera.y4m")
        expect(page.locator("#camera-size")).to_contain_text(re.compile("This camera gives 450 . 360"))
        expect(page.locator("#level-word")).not_to_be_empty()
        page.locator("#start").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#live-title")).to_be_focused()
        expect(page.locator("#result-title")).to_be_focused()
        expect(page.locator("#result-text")).to_contain_text("It stopped by itself: this is good enough.")
        assert page.evaluate("document.querySelector('#preview').srcObject") is None
        expect(page.locator("#clip")).to_have_js_property("duration", 5)
        expect(page.locator("#clip")).to_have_js_property("paused", False)
        page.get_by_role("button", name="Use this").click()
        expect(page.locator("#accepted-path")).to_have_text(re.compile(re.escape(str(tmp_path))))
        links = page.locator("#files a")
        assert set(links.all_inner_texts()) == {"clip.mp4", "clip.wav", "source.mp4", "report.json"}
        clip = page.request.get(links.first.get_attribute("href") or "")
        assert clip.body() == next(tmp_path.glob("*/clip.mp4")).read_bytes()
        assert list(tmp_path.glob("*/accepted.json"))
        page.get_by_role("button", name="Again").click()
        ready(page)
        expect(page.locator("#start")).to_be_focused()


def test_stop_and_keep_the_best_behind_a_token_under_a_prefix(
    models: Models, talker_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, rules=StopRules(gain=None), under="/take5", pages=PAGES, token=TOKEN) as server:
        page = talker_page(f"{server.address}/#token={TOKEN}")
        ready(page)
        with page.expect_request(re.compile("/take5/whip/")) as offer:
            page.locator("#start").click()
        name = offer.value.url.rpartition("/")[2]
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}", name)
        expect(page.locator("#best")).to_contain_text("Best so far: ")
        follower = talker_page(f"{server.address}/#token={TOKEN}&session={name}")
        expect(follower.locator("#best")).to_contain_text("Best so far: ")
        page.locator("#stop").click()
        for follows, why in ((page, "You stopped it."), (follower, "The sender ended.")):
            expect(follows.locator("#result-text")).to_contain_text(why)
            expect(follows.locator("#clip")).to_have_js_property("duration", 5)


def test_the_picture_is_sent_in_full_size_until_the_camera_is_unplugged(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", REMEMBER_PEERS)
    ready(page)
    expect(page.locator("#camera-size")).to_contain_text(re.compile("1280 . 720"))
    page.locator("#start").click()
    expect(page.locator("#stop")).to_be_visible()
    width, height, encoded = page.evaluate(FIRST_SENT)
    assert (width, height) == (1280, 720)
    assert encoded < 10
    assert page.evaluate(ALLOWED) == {"audio": 128_000, "video": 8_000_000}
    sent = page.evaluate("window.peers[0].localDescription.sdp")
    first = re.search(r"m=video \d+ \S+ (\d+)", sent)
    assert first
    assert f"a=rtpmap:{first[1]} H264/" in sent
    expect(page.locator("#coach")).to_have_text(coaching_texts("en")["no_face"])
    page.evaluate(UNPLUG)
    expect(page.locator("#result-text")).to_contain_text("That was too short")
    assert eventually(lambda: server.sessions.live == 0)
    page.get_by_role("button", name="Again").click()
    ready(page)


def test_a_failed_connection_ends_the_capture(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", REMEMBER_PEERS)
    ready(page)
    page.locator("#start").click()
    status(page, "Keep talking")
    page.evaluate(FAIL)
    expect(page.locator("#result-title")).to_have_text("No clip this time")
    assert eventually(lambda: server.sessions.live == 0, 5)


def test_leaving_the_page_ends_the_capture(
    server: Served, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, end = threading.Event(), server.sessions.end

    def asked(name: str, take: str) -> None:
        told.set()
        end(name, take)

    page = open_page(server.address + "/")
    ready(page)
    with page.expect_response(re.compile("/whip/")):
        page.locator("#start").click()
    status(page, "Keep talking")
    assert server.sessions.live == 1
    monkeypatch.setattr(server.sessions, "end", asked)
    page.goto("about:blank")
    assert told.wait(5)
    assert eventually(lambda: server.sessions.live == 0, 5)


def test_stopping_before_anything_has_arrived_leads_back(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    page.route("**/whip/*", lambda _: None)
    page.locator("#start").click()
    page.locator("#stop").click()
    expect(page.locator("#start")).to_be_focused()
    expect(page.locator("#problem")).to_be_hidden()


# --- another sender ------------------------------------------------------------------------------------------------


def test_another_sender_is_told_where_to_send(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", permissions=["clipboard-read", "clipboard-write", "camera", "microphone"])
    page.get_by_role("tab", name="This camera").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("Name of the session").fill("studio one")
    expect(page.locator("#follow")).to_be_disabled()
    page.get_by_label("Name of the session").fill("studio-1")
    expect(page.locator("#address")).to_have_value(f"{server.address}/whip/studio-1")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.address}/whip/studio-1"
    expect(page.locator("#with-sender")).to_contain_text("keyframe interval")
    page.reload()
    page.get_by_role("tab", name="OBS").click()
    page.get_by_role("button", name="Wait for the sender").click()
    status(page, "Waiting for the sender")
    tell(server, "studio-1", *begun(), *scored(1000.0))
    expect(page.locator("#number-overall")).to_have_text("1000")
    page.get_by_role("button", name="Stop following").click()
    expect(page.locator("#follow")).to_be_focused()


# --- what the server says, and how it is shown ---------------------------------------------------------------------


def tell(server: Served, name: str, *events: Event) -> None:
    """Publish events in a session, as its capture would."""

    async def publish() -> None:
        entry, follower = server.sessions.follow(name)
        for event in events:
            entry.feed.publish(event)
        server.sessions.unfollow(entry, follower)

    asyncio.run_coroutine_threadsafe(publish(), server.loop).result(10)


def begun() -> list[Event]:
    return [StateChanged(0, State.CONNECTING), StateChanged(0, State.RECEIVING)]


def window(second: int, I: float, *reasons: Finding, seen: bool = True) -> JudgedWindow:  # noqa: E741 - the paper's name
    """A window with this I, and D and MC to go with it."""
    motion = Motion(146.0 / I, 146.0 / I, 0.2, mouth_moves=True) if seen else None
    return JudgedWindow(WindowScore(25 * second, 146.0, motion, 3 if seen else None), reasons, seen=seen)


def scored(*values: float, first: int = 0) -> list[Event]:
    """A second each, with a window of this I at its end; the highest is the best."""
    events: list[Event] = []
    for second, value in enumerate(values, first):
        latest = window(second, value)
        best = max((window(*each) for each in enumerate(values[: second - first + 1], first)), key=informative)
        note = ChunkNote(1.0, 1, -20.0)
        events += [BestChanged(25 * (second + 5), best.score), Progress(25 * (second + 5), latest, best.score, note)]
    return events


def informative(judged: JudgedWindow) -> float:
    return judged.score.I or 0.0


def following(server: Served, open_page: OpenPage, name: str) -> Page:
    page = open_page(f"{server.address}/#session={name}")
    assert eventually(lambda: is_followed(server, name))
    page.clock.install()
    return page


def is_followed(server: Served, name: str) -> bool:
    """Whether a page is connected: from now on it hears everything."""
    try:
        return bool(server.sessions.entry(name).feed.followers)
    except Refused:
        return False


def says(page: Page, text: str) -> None:
    """Let what is said now be read, then look for what is said next."""
    page.clock.fast_forward(READABLE_MS)
    status(page, text)


def test_meters_chart_and_ring_show_what_is_best_so_far(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "meters")
    tell(server, "meters", *begun())
    for event in scored(800.0, 1010.0, 900.0):
        tell(server, "meters", event)
        if isinstance(event, Progress) and event.window:
            expect(page.locator("#number-overall")).to_have_text(f"{event.window.score.I:.0f}")
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")
    expect(page.locator("#clock")).to_have_text("0:07")
    for name, text in (("overall", "900"), ("variety", "146"), ("calm", "0.162")):
        expect(page.locator(f"#number-{name}")).to_have_text(text)
    ring = page.get_by_role("progressbar", name="Progress")
    expect(ring).to_have_attribute("aria-valuenow", "90")
    expect(ring).to_have_attribute("aria-valuetext", "90 % of the goal")
    meter = page.get_by_role("meter", name="Overall")
    expect(meter).to_have_attribute("aria-valuetext", "900; the goal is 1120")
    expect(page.locator("#chart .point")).to_have_count(1)
    expect(page.locator("#chart .goal")).to_have_count(1)
    expect(page.locator("#chart-text")).to_have_text("3 windows scored. The best runs from 0:01 to 0:06, overall 1010.")
    late = open_page(f"{server.address}/#session=meters")
    expect(late.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")


def test_the_best_is_marked_even_if_its_second_was_skipped(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "skipped")
    latest, best = window(3, 900.0), window(1, 1010.0)
    tell(
        server,
        "skipped",
        *begun(),
        BestChanged(150, best.score),
        Progress(200, latest, best.score, ChunkNote(1.0, 1, -20.0)),
    )
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")
    expect(page.locator("#chart .point")).to_have_count(1)


def test_windows_that_do_not_count_or_were_not_scored_are_marked(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "marks")
    lost = window(1, 900.0, Finding(Code.FRAMES_MISSING, 30, 40), Finding(Code.NO_FACE, 30, 40))
    tell(server, "marks", *begun(), *scored(800.0), Progress(150, lost, None, ChunkNote(1.0, 1, -20.0)))
    says(page, "This does not count: pictures are missing, no face in the picture.")
    expect(page.locator("#verdict")).to_have_text("does not count")
    expect(page.locator("#chart .ineligible")).to_have_count(1)
    unseen = window(2, 900.0, seen=False)
    tell(server, "marks", Progress(175, unseen, None, ChunkNote(None, None, -20.0)))
    says(page, "The server is busy: these seconds are not scored.")
    expect(page.locator("#verdict")).to_have_text("not scored")
    expect(page.locator("#number-overall")).to_have_text(re.compile(r"^\W$"))
    expect(page.locator("#chart .unscored")).to_have_count(1)


def test_the_one_thing_to_change_is_said_on_the_picture(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "words")
    tell(server, "words", *begun(), Progress(25, None, None, ChunkNote(1.0, 1, -20.0)))
    says(page, "Keep talking: the first score needs five seconds.")
    texts = coaching_texts("en")
    for told, text in (
        (Coached(25, Code.NO_FACE), texts["no_face"]),
        (Coached(50, Code.TOO_QUIET), texts["too_quiet"]),
        (Coached(75, None, Code.TOO_QUIET), texts["good"]),
        (Coached(100, None), ""),
    ):
        tell(server, "words", told)
        expect(page.locator("#coach")).to_have_text(text)


def test_what_is_said_stays_long_enough_to_be_read(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "steady")
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    tell(server, "steady", *begun(), *scored(800.0))
    expect(page.locator("#clock")).to_have_text("0:05")
    says(page, "Best so far at 0:00")
    tell(server, "steady", Progress(150, window(1, 700.0, Finding(Code.NO_FACE, 60, 70)), None))
    expect(page.locator("#clock")).to_have_text("0:06")
    status(page, "Best so far at 0:00")
    says(page, "This does not count")


def test_stalls_warnings_and_the_stop_are_told(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "stalls")
    tell(server, "stalls", *begun(), *scored(800.0), Stalled(125, "picture"))
    says(page, "No picture arrives.")
    tell(server, "stalls", Resumed(125), Warned(125, Trouble.LOW_RESOLUTION, [640, 360]))
    says(page, "Best so far at 0:00. Keep talking.")
    expect(page.locator("#warning")).to_contain_text(re.compile("640 . 360"))
    tell(server, "stalls", Stopped(150, Stop(StopRule.GAIN, 0.005, 0.01)))
    says(page, "Stopping: going on would hardly bring anything better. Writing the clip")


def test_without_a_goal_the_ring_shows_the_time_and_the_gain_is_said(
    models: Models, open_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, rules=StopRules(cap_s=100.0), pages=PAGES) as server:
        page = following(server, open_page, "time")
        best = window(0, 1000.0)
        tell(server, "time", *begun(), Progress(625, best, best.score, ChunkNote(1.0, 1, -20.0), 0.0488))
        ring = page.get_by_role("progressbar")
        expect(ring).to_have_attribute("aria-valuetext", "0:25 of 1:40 at most")
        expect(ring).to_have_attribute("aria-valuenow", "25")
        expect(page.locator("#gain")).to_have_text("Another half minute may add 5 %; it stops at 1 %.")


def test_why_there_is_no_clip_and_what_to_do(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "failed")
    reasons = {"several_faces": 3, "still_mouth": 9}
    for failure, texts in (
        (Failure.NEVER_CONNECTED, ["A firewall may block UDP"]),
        (Failure.NO_SOUND, ["No sound reached the server"]),
        (Failure.NOTHING_ELIGIBLE, ["The mouth does not move", "9 windows", "Talk while it", "Only you may be in"]),
    ):
        tell(
            server,
            "failed",
            *begun(),
            Failed(0, failure, "told", reasons if failure is Failure.NOTHING_ELIGIBLE else {}),
        )
        expect(page.locator("#result-title")).to_be_focused()
        for text in texts:
            expect(page.locator("#result")).to_contain_text(re.compile(text, re.IGNORECASE))
        expect(page.locator("#use")).to_be_hidden()
        assert eventually(lambda: not is_followed(server, "failed"))
        page.get_by_role("button", name="Again").click()
        assert eventually(lambda: is_followed(server, "failed"))


def test_a_lost_connection_is_made_again_and_nothing_is_forgotten(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    sockets: list[WebSocketRoute] = []

    def through(route: WebSocketRoute) -> None:
        sockets.append(route)
        route.connect_to_server()

    page.route_web_socket(re.compile("/events"), through)
    page.get_by_role("tab", name="OBS").click()
    page.get_by_label("Name of the session").fill("again")
    page.get_by_role("button", name="Wait for the sender").click()
    status(page, "Waiting for the sender")
    tell(server, "again", *begun(), *scored(800.0))
    expect(page.locator("#number-overall")).to_have_text("800")
    sockets[0].close(code=1012)
    status(page, "The connection to the server is lost. Trying again")
    tell(server, "again", *scored(1010.0, first=1))
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")
    assert len(sockets) == 2


def test_a_server_that_is_gone_is_waited_for(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", IMPATIENT)
    gone, failed = True, 0

    def through(route: WebSocketRoute) -> None:
        nonlocal failed
        if gone:
            failed += 1
            route.close(code=1012)
        else:
            route.connect_to_server()

    page.route_web_socket(re.compile("/events"), through)
    page.get_by_role("tab", name="OBS").click()
    page.get_by_role("button", name="Wait for the sender").click()
    problem(page, "The server is gone", "goes on trying")
    assert failed >= 4
    gone = False
    status(page, "Waiting for the sender")
    expect(page.locator("#problem")).to_be_hidden()


# --- what goes wrong before it begins ------------------------------------------------------------------------------


def test_devices_that_cannot_be_opened(server: Served, open_page: OpenPage) -> None:
    faults = {
        "NotFoundError": ("No camera or no microphone found", "Plug it in"),
        "NotAllowedError": ("The browser may not use camera and microphone", "left of the address"),
        "NotReadableError": ("Camera or microphone is in use", "Close that program"),
    }
    broken = f"""
        const [open, names] = [navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices), {list(faults)}];
        navigator.mediaDevices.enumerateDevices = async () => [];
        navigator.mediaDevices.getUserMedia = (wishes) => names.length
            ? Promise.reject(new DOMException('', names.shift())) : open(wishes);
    """
    page = open_page(server.address + "/", broken)
    for title, advice in faults.values():
        problem(page, title, advice)
        expect(page.locator("#start")).to_be_disabled()
        page.get_by_role("button", name="Try again").click()
    ready(page)
    expect(page.locator("#problem")).to_be_hidden()


def test_an_insecure_page_says_so(server: Served, open_page: OpenPage) -> None:
    insecure = """
        Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
        Object.defineProperty(window, 'isSecureContext', { value: false });
    """
    problem(open_page(server.address + "/", insecure), "This page is not secure", "https")


def test_a_full_server_is_waited_for(
    models: Models, open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "RETRY_AFTER_S", 1)
    with served(models, tmp_path, capacity=1, pages=PAGES) as server:
        taken = server.post("/whip/taken", OFFER)
        page = open_page(server.address + "/")
        ready(page)
        page.locator("#start").click()
        problem(page, "The server is full", "wait a moment")
        expect(page.locator("#retry")).to_have_text("Try again in 1 s")
        expect(page.locator("#retry")).to_be_disabled()
        page.request.delete(server.address + taken.headers["location"])
        with page.expect_response(lambda answer: "/whip/" in answer.url and answer.status == 201):
            page.get_by_role("button", name="Try again", exact=True).click()
        expect(page.locator("#live-title")).to_be_visible()


def test_a_token_is_asked_for_until_it_is_right(models: Models, open_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, pages=PAGES, token=TOKEN) as server:
        page = open_page(server.address + "/")
        problem(page, "An access token is needed", "Enter it here")
        expect(page.locator("#token")).to_be_focused()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        ready(page)
        page.locator("#start").click()
        problem(page, "That token is not right")
        page.get_by_label("Access token").fill(TOKEN)
        with page.expect_response(lambda answer: "/whip/" in answer.url and answer.status == 201):
            page.locator("#token-form button").click()
        expect(page.locator("#live-title")).to_be_visible()


def test_refused_offers(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    answers = [
        (409, "busy", "Somebody is sending under this name"),
        (422, "unsupported_media", "The server cannot receive what this browser sends"),
        (400, "bad_sdp", "The server did not understand this browser"),
        (500, "internal", "Something went wrong on the server"),
    ]
    waiting = iter(answers)

    def refuse(route: Route) -> None:
        number, code, _ = next(waiting)
        route.fulfill(status=number, json={"code": code, "error": "told"})

    page.route("**/whip/*", refuse)
    for _, _, title in answers:
        page.locator("#start").click()
        problem(page, title)
        ready(page)


def test_a_server_that_does_not_answer(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    page.route("**/whip/*", lambda route: route.abort())
    page.locator("#start").click()
    problem(page, "The server does not answer", "Check that it is running")
    page.unroute("**/whip/*")
    with page.expect_response(re.compile("/whip/")):
        page.get_by_role("button", name="Try again").click()
    expect(page.locator("#live-title")).to_be_visible()


# --- words, and room for them --------------------------------------------------------------------------------------


def test_there_are_words_for_all_that_the_server_can_say(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    keys = """async (path) => {
      let known = (await import(new URL('texts.js', document.baseURI))).texts;
      for (const step of path.split('.')) known = known[step];
      return Object.keys(known);
    }"""
    said = {name: set(page.evaluate(keys, name)) for name in ("reasons", "advice", "problem", "stopped", "warning")}
    assert said["reasons"] == said["advice"] == set(Code)
    assert said["problem"] >= set(Failure)
    assert said["stopped"] == set(StopRule)
    assert said["warning"] == set(Trouble) - {Trouble.CAUGHT_UP}
    asked = set(re.findall(r'data-(?:text|label)="(\w+)"', (PAGES / "index.html").read_text()))
    assert asked <= set(page.evaluate(keys, "page"))


def test_every_element_that_a_module_asks_for_is_there() -> None:
    html = (PAGES / "index.html").read_text()
    ids = re.findall(r'\bid="([\w-]+)"', html)
    assert len(ids) == len(set(ids))
    asked = {id_ for module in PAGES.glob("*.js") for id_ in re.findall(r"\$\('([\w-]+)'\)", module.read_text())}
    assert asked
    assert asked <= set(ids)
    assert not re.search(r"\bstyle=|<style|<script(?![^>]*\bsrc=)|\bon\w+=|https?://", html)


def test_everything_has_room_and_contrast(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    looks_right(page)
    page.get_by_role("tab", name="OBS").click()
    looks_right(page)
    page.get_by_label("Name of the session").fill("room")
    page.get_by_role("button", name="Wait for the sender").click()
    assert eventually(lambda: is_followed(server, "room"))
    tell(server, "room", *begun(), *scored(800.0, 1010.0), Warned(150, Trouble.LOW_RESOLUTION, [640, 360]))
    expect(page.locator("#warning")).not_to_be_empty()
    looks_right(page)
    tell(server, "room", Failed(0, Failure.NOTHING_ELIGIBLE, "told", dict.fromkeys(Code, 2)))
    expect(page.locator("#why li")).to_have_count(len(Code))
    looks_right(page)


FAINT = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('main *, header *')].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
      && element.checkVisibility() && !element.closest('#frame, svg, :disabled, option, select, .unseen')
  ).map((element) => {
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.textContent.trim()];
  }).filter(([ratio]) => ratio < 4.5);
}"""


def looks_right(page: Page) -> None:
    """Nothing is wider than the screen, and all text has the contrast of WCAG AA, in light and in dark."""
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= room == size["width"]
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(FAINT) == []
