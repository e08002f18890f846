"""The page in real Chromium, against the real server: a person's way through it."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_browser import OpenPage, launch, pages
from page_media import fake_camera, fake_microphone
from page_talk import begun, is_followed, looks_right, problem, ready, scored, status, tell
from playwright.sync_api import Page, Playwright, expect
from serving import Served, eventually, served
from talker_choice import SHORT

from take5.client.pages import PAGES
from take5.scoring.gates.findings import Code
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import Failed, Failure, Trouble, Warned
from take5.stream.texts.languages import texts

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
FIRST = StopRules(stop_at=1.0, gain=None)
"""The first eligible window is good enough."""
GOAL = StopRules(stop_at=1120.0, gain=None)
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
SEVERAL_SIZES = """
window.asked = [];
Object.assign(MediaStreamTrack.prototype, {
  getCapabilities: () => ({ width: { max: 1080 }, height: { max: 1920 } }),
  getSettings: () => ({ width: 1080, height: 1920, resizeMode: 'none' }),
  applyConstraints: async (wishes) => { window.asked.push(wishes); },
});
"""
UPRIGHT = (288, 512)
LIMITED = """
const stats = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function () {
  const limited = new Map();
  for (const [id, report] of await stats.call(this))
    limited.set(id, { ...report, qualityLimitationReason: 'bandwidth' });
  return limited;
};
"""
INTERRUPT = """async () => {
  const [sender] = window.peers[0].getSenders().filter(({ track }) => track.kind === 'video');
  const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const scale = async (by) => {
    const parameters = sender.getParameters();
    parameters.encodings[0].scaleResolutionDownBy = by;
    await sender.setParameters(parameters);
  };
  const { track } = sender;
  await sender.replaceTrack(null);
  await wait(3);
  await sender.replaceTrack(track);
  await wait(1);
  await scale(1.5);
  await wait(1);
  await scale(1);
}"""
UNPLUG = "document.querySelector('#preview').srcObject.getTracks()[1].dispatchEvent(new Event('ended'))"
FAIL = """() => {
  Object.defineProperty(window.peers[0], 'connectionState', { get: () => 'failed' });
  window.peers[0].getStats = async () => new Map(); // nothing comes any more
  window.peers[0].dispatchEvent(new Event('connectionstatechange'));
}"""


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), rules=GOAL, pages=PAGES) as running:
        yield running


@pytest.mark.realtime
def test_talk_until_it_stops_by_itself_and_use_the_clip(models: Models, talker_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, rules=FIRST, pages=PAGES, deliverables=Deliverables(report=True)) as server:
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
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Why this was chosen").click()
        report = opened.value
        expect(report.locator("h1")).not_to_be_empty()
        assert report.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth)")
        expect(page.locator("#accepted")).to_be_visible()
        page.get_by_role("button", name="Again").click()
        ready(page)
        expect(page.locator("#start")).to_be_focused()


@pytest.mark.long
@pytest.mark.realtime
def test_the_person_chooses_the_length_or_a_clip_of_each(models: Models, talker_page: OpenPage, tmp_path: Path) -> None:
    cap = StopRules(stop_at=None, gain=None, cap_s=13.0)
    wanted, offered = Deliverables(wanted_for(["raw"], 256)), {"seconds": (10.0,)}
    with served(models, tmp_path, rules=cap, pages=PAGES, deliverables=wanted, network=offered) as server:
        page = talker_page(server.address + "/")
        ready(page)
        choice = page.get_by_label("Length of the clip")
        assert choice.locator("option").all_inner_texts() == ["five seconds", "10 seconds", "One clip of each length"]
        expect(choice).to_have_value("5")
        expect(page.locator("header p")).to_contain_text("five seconds")
        choice.select_option("10 seconds")
        expect(page.locator("header p")).to_contain_text("10 seconds")
        choice.select_option("One clip of each length")
        looks_right(page)
        with page.expect_request(re.compile("/whip/")) as offer:
            page.locator("#start").click()
        assert offer.value.url.endswith("?seconds=5&seconds=10&silence_s=45")
        expect(page.locator("#result-title")).to_have_text("The best five seconds")
        expect(page.locator("#clip")).to_have_js_property("duration", 5)
        page.get_by_role("button", name="10 seconds").click()
        expect(page.locator("#result-title")).to_have_text("The best 10 seconds")
        expect(page.locator("#clip")).to_have_js_property("duration", 10)
        looks_right(page)
        page.get_by_role("button", name="Use this").click()
        expect(page.locator("#bundles code")).to_have_count(2)
        names = set(page.locator("#files a").all_inner_texts())
        assert {"clip.mp4", "clip-10s.mp4", "clip-10s.wav", "source-10s.mp4"} <= names
        (report,) = (json.loads(path.read_text()) for path in tmp_path.glob("*/report.json"))
        assert [report["window_s"], *(other["window_s"] for other in report["lengths"])] == [5.0, 10.0]
        page.reload()
        ready(page)
        expect(choice).to_have_value("each")


@pytest.fixture(scope="module")
def upright_page(
    playwright: Playwright, rendered: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenPage]:
    """Pages in a browser with a talking head before a camera that stands on its side."""
    folder, video = tmp_path_factory.mktemp("upright"), rendered("upright", SHORT, UPRIGHT)
    camera, microphone = fake_camera(video, folder / "camera.y4m"), fake_microphone(video, folder / "microphone.wav")
    browser = launch(playwright, camera=camera, microphone=microphone)
    with pages(browser) as opened:
        yield opened
    browser.close()


def shape(page: Page, place: str) -> float:
    """Width over height."""
    box = page.locator(place).bounding_box()
    assert box is not None
    return box["width"] / box["height"]


@pytest.mark.long
@pytest.mark.realtime
def test_an_upright_camera_is_neither_cropped_nor_scaled(
    models: Models, upright_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, rules=FIRST, pages=PAGES) as server:
        page = upright_page(server.address + "/", REMEMBER_PEERS)
        ready(page)
        expect(page.locator("#camera-size")).to_contain_text(re.compile("This camera gives 288 . 512"))
        assert shape(page, "#guide") == pytest.approx(288 / 512, rel=0.01)
        looks_right(page)
        page.locator("#start").click()
        assert page.evaluate(FIRST_SENT)[:2] == [288, 512]
        expect(page.locator("#sent")).to_contain_text(re.compile("Sending 288 . 512"))
        expect(page.locator("#result-title")).to_be_focused()
        expect(page.locator("#clip")).to_have_js_property("videoWidth", 288)
        expect(page.locator("#clip")).to_have_js_property("videoHeight", 512)
        assert shape(page, "#clip") == pytest.approx(288 / 512, rel=0.01)
        looks_right(page)


@pytest.mark.long
@pytest.mark.waiting
def test_a_camera_with_several_upright_sizes_is_asked_by_its_shorter_side(
    server: Served, upright_page: OpenPage
) -> None:
    """The first size that is asked for is a wide one, to which the largest upright one comes nearest."""
    page = upright_page(server.address + "/", SEVERAL_SIZES)
    ready(page)
    assert page.evaluate("window.asked.map(({ width, height }) => [width.ideal, height.ideal])") == [[720, 1280]]
    assert page.evaluate("window.asked[0].resizeMode") == "none"


@pytest.mark.long
@pytest.mark.realtime
def test_stop_and_keep_the_best_behind_a_token_under_a_prefix(
    models: Models, talker_page: OpenPage, tmp_path: Path
) -> None:
    with served(
        models, tmp_path, rules=StopRules(stop_at=0, gain=None), under="/take5", pages=PAGES, token=TOKEN
    ) as server:
        page = talker_page(f"{server.address}/#token={TOKEN}")
        addresses = addresses_of(page)
        ready(page)
        with page.expect_request(re.compile("/take5/whip/")) as offer:
            page.locator("#start").click()
        name = offer.value.url.partition("?")[0].rpartition("/")[2]
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}", name)
        expect(page.locator("#best")).to_contain_text("Best so far: ")
        follower = talker_page(f"{server.address}/#token={TOKEN}&session={name}")
        expect(follower.locator("#best")).to_contain_text("Best so far: ")
        page.locator("#stop").click()
        for follows, why in ((page, "You stopped it."), (follower, "The sender ended.")):
            expect(follows.locator("#result-text")).to_contain_text(why)
            expect(follows.locator("#clip")).to_have_js_property("duration", 5)
        assert [address for address in addresses if "ticket=" in address]
        assert not [address for address in addresses if TOKEN in address]


def addresses_of(page: Page) -> list[str]:
    """The addresses of all requests and websockets of a page, from now on."""
    addresses: list[str] = []
    page.context.on("request", lambda asked: addresses.append(asked.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    return addresses


@pytest.mark.long
@pytest.mark.realtime
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
    expect(page.locator("#coach")).to_have_text(texts("en").coaching["no_face"])
    page.evaluate(UNPLUG)
    expect(page.locator("#result-text")).to_contain_text("That was too short")
    assert eventually(lambda: server.sessions.live == 0)
    page.get_by_role("button", name="Again").click()
    ready(page)


@pytest.mark.long
@pytest.mark.realtime
def test_a_camera_that_pauses_and_a_picture_that_shrinks_cost_the_seconds_around_them_and_no_more(
    models: Models, talker_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, rules=StopRules(stop_at=0, gain=None, cap_s=20.0), pages=PAGES) as server:
        page = talker_page(server.address + "/", REMEMBER_PEERS)
        ready(page)
        with page.expect_request(re.compile("/whip/")) as offer:
            page.locator("#start").click()
        name = offer.value.url.partition("?")[0].rpartition("/")[2]
        page.evaluate(FIRST_SENT)
        page.wait_for_timeout(2000)
        page.evaluate(INTERRUPT)
        expect(page.locator("#result-title")).to_be_focused()
        state = server.sessions.entry(name).feed.hello()
        assert state["clip"]["start_s"] > 7.0
        assert state["stopped"]["rule"] == "cap"
        report = json.loads((Path(state["clip"]["path"]) / "report.json").read_text())
        reasons = {window["start_s"]: {each["code"] for each in window["reasons"]} for window in report["windows"]}
        spoilt = [codes for start_s, codes in reasons.items() if start_s < 7.0]  # those that were analysed
        assert all(codes & {"frames_missing", "size_changed"} for codes in spoilt)


@pytest.mark.long
@pytest.mark.realtime
def test_a_server_may_ask_for_more_pixels_and_a_network_that_cannot_gets_fewer(
    models: Models, open_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, pages=PAGES, picture=1080) as server:
        page = open_page(server.address + "/", LIMITED)
        ready(page)
        expect(page.locator("#camera-size")).to_contain_text(re.compile("1920 . 1080"))
        page.locator("#start").click()
        expect(page.locator("#sent")).to_contain_text(re.compile("1920 . 1080"))
        expect(page.locator("#sent")).to_contain_text(re.compile("1280 . 720"))


@pytest.mark.long
@pytest.mark.realtime
def test_a_failed_connection_ends_the_capture(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", REMEMBER_PEERS)
    ready(page)
    page.locator("#start").click()
    status(page, "Keep talking")
    page.evaluate(FAIL)
    expect(page.locator("#result-title")).to_have_text("No clip this time")
    assert eventually(lambda: server.sessions.live == 0, 5)


@pytest.mark.long
@pytest.mark.realtime
def test_leaving_the_page_ends_the_capture(
    server: Served, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, end = threading.Event(), server.sessions.end

    def asked(name: str, take: str, rule: StopRule) -> None:
        told.set()
        end(name, take, rule)

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


@pytest.mark.long
@pytest.mark.waiting
def test_stopping_before_anything_has_arrived_leads_back(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    page.route("**/whip/*", lambda _: None)
    page.locator("#start").click()
    page.locator("#stop").click()
    expect(page.locator("#start")).to_be_focused()
    expect(page.locator("#problem")).to_be_hidden()


@pytest.mark.waiting
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


@pytest.mark.long
@pytest.mark.waiting
def test_the_page_speaks_the_language_of_the_browser(server: Served, open_page: OpenPage) -> None:
    for locale, language in (("en-GB", "en"), ("zh-CN", "zh-Hans"), ("fr-FR", "en")):
        page = open_page(server.address + "/", locale=locale)
        expect(page.locator("html")).to_have_attribute("lang", language)
        status(page, texts(language).status["setup"])
    assert page.request.get(f"{server.address}/api/config").json()["languages"] == ["en", "zh-Hans"]
    assert page.request.get(f"{server.address}/texts/languages.py").status == 404


@pytest.mark.long
@pytest.mark.waiting
def test_without_its_texts_the_page_says_that_the_server_does_not_answer(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    ready(page)
    page.route("**/texts/*", lambda route: route.abort())
    page.reload()
    problem(page, "The server does not answer", "Check that it is running")
    page.unroute("**/texts/*")
    page.get_by_role("button", name="Try again").click()
    ready(page)


@pytest.mark.parametrize(("page", "entry"), [("index", "app"), ("obs", "obs"), ("overlay", "overlay")])
def test_every_element_that_a_module_asks_for_is_there(page: str, entry: str) -> None:
    html = (PAGES / f"{page}.html").read_text()
    ids = re.findall(r'\bid="([\w-]+)"', html)
    assert len(ids) == len(set(ids))
    modules = imported(f"{entry}.js", set()) if page == "index" else {f"{entry}.js"}  # the others share some of its
    asked = {id_ for name in modules for id_ in re.findall(r"\$\('([\w-]+)'\)", (PAGES / name).read_text())}
    assert asked
    assert asked <= set(ids)
    assert not re.search(r"\bstyle=|<style|<script(?![^>]*\bsrc=)|\bon\w+=|https?://", html)


def imported(name: str, known: set[str]) -> set[str]:
    """A module, and those that it imports."""
    if name not in known:
        known.add(name)
        for other in re.findall(r"from '\./([\w]+\.js)'", (PAGES / name).read_text()):
            imported(other, known)
    return known


@pytest.mark.waiting
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
