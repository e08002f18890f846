"""A person's way through the page in real Chromium, step by step; nothing is recorded here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from page_browser import OpenPage
from page_talk import begun, is_followed, looks_right, problem, ready, scored, tell
from page_way import TEXT, Studio, accessible, agree, at, go_on, studio_at
from platform_server import Json
from playwright.sync_api import Page, expect
from serving import eventually

from take5.stream.analysis.models import Models

pytestmark = pytest.mark.waiting

GONE = "This link no longer works"
PHONE_SCREEN = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(scope="module")
def studio(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio_at(models, tmp_path_factory.mktemp("way")) as running:
        yield running


@pytest.fixture
def asked(studio: Studio) -> Json:
    """A session with a text to agree to."""
    return studio.program.create(consent_text=TEXT, consent_version="2030-1", stop={"cap_s": 120})


def test_from_the_welcome_through_consent_to_the_devices_and_the_same_after_each_reload(
    studio: Studio, asked: Json, open_page: OpenPage
) -> None:
    page = open_page(asked["links"]["person"])
    at(page, "welcome")
    expect(page.locator("#welcome-time")).to_have_text("The recording stops by itself, after 2 minutes at the latest.")
    expect(page.locator("#steps li:visible")).to_have_count(6)
    page.reload()
    at(page, "welcome")
    go_on(page)
    at(page, "consent")
    expect(page.locator("#consent-text")).to_contain_text("Paragraph 29")
    expect(page.locator("#consent-version")).to_have_text("Version 2030-1")
    page.reload()
    at(page, "consent")
    go = page.locator("#consent-agree")
    expect(go).to_be_disabled()
    page.get_by_label("I agree", exact=True).check()
    expect(go).to_be_disabled()
    page.get_by_label("Your name").fill("   ")
    expect(go).to_be_disabled()
    page.get_by_label("Your name").fill("Ann Lee")
    go.click()
    at(page, "devices")
    ready(page)
    assert studio.program.show(asked["id"])["consented"]["name"] == "Ann Lee"
    page.reload()
    at(page, "devices")
    ready(page)
    other = open_page(asked["links"]["person"])
    at(other, "devices")


@pytest.mark.long
def test_who_does_not_agree_is_told_what_that_means_and_nothing_is_recorded(
    studio: Studio, asked: Json, open_page: OpenPage
) -> None:
    page = open_page(asked["links"]["person"])
    go_on(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.method))
    page.get_by_role("button", name="I do not agree").click()
    expect(page.locator("#refused-title")).to_be_focused()
    expect(page.locator("#refused")).to_contain_text("Nothing has been recorded")
    accessible(page)
    assert "POST" not in requests
    assert studio.program.show(asked["id"])["consented"] is None
    page.get_by_role("button", name="Back to the text").click()
    at(page, "consent")


@pytest.mark.long
def test_a_text_that_has_changed_is_to_be_read_again(asked: Json, open_page: OpenPage) -> None:
    page = open_page(asked["links"]["person"])
    go_on(page)
    page.route(
        "**/consent",
        lambda route: (
            route.fulfill(status=409, json={"code": "text_changed", "error": "told"})
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    agree(page)
    expect(page.locator("#consent-note")).to_have_text("The text has changed. Please read it again.")
    expect(page.locator("#consent-yes")).not_to_be_checked()
    page.unroute("**/consent")
    page.locator("#consent-yes").check()
    page.locator("#consent-agree").click()
    at(page, "devices")


@pytest.mark.long
def test_a_lost_network_leaves_the_person_at_the_step(studio: Studio, asked: Json, open_page: OpenPage) -> None:
    page = open_page(asked["links"]["person"])
    go_on(page)
    with offline(page):
        agree(page)
        problem(page, "No connection", "As soon as it is back, the page goes on by itself.")
        at(page, "consent", focused=False)
        expect(page.locator("#consent-name")).to_have_value("Ann Lee")
        expect(page.locator("#consent-yes")).to_be_checked()
    at(page, "devices")
    ready(page)
    with offline(page):
        page.locator("#start").click()
        problem(page, "No connection")
    at(page, "devices")
    ready(page)
    studio.take(asked, "")
    page.reload()
    at(page, "review")
    with offline(page):
        page.get_by_role("button", name="Use this").click()
        problem(page, "No connection")
    at(page, "review")
    page.get_by_role("button", name="Use this").click()
    at(page, "done")


@contextmanager
def offline(page: Page) -> Iterator[None]:
    """Take the network away while the block lasts; the page goes on without being asked to."""
    page.context.set_offline(True)
    yield
    expect(page.locator("#problem-title")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#problem")).to_be_hidden()


BROKEN = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  let broken = true;
  navigator.mediaDevices.getUserMedia = (wishes) => broken ? Promise.reject(%s) : open(wishes);
  addEventListener('mend', () => { broken = false; });
"""
NO_MICROPHONE = """
  const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  navigator.mediaDevices.enumerateDevices = async () => (await list()).filter(({ kind }) => kind !== 'audioinput');
"""
COUNT = """
  window.heard = 0;
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      this.addEventListener('message', () => { window.heard += 1; });
    }
  };
"""
PLAIN = "Object.defineProperty(navigator, 'userAgentData', { value: undefined });"
SILENT = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    const stream = await open(wishes);
    const context = new AudioContext();
    const [silent] = context.createMediaStreamDestination().stream.getAudioTracks();
    return new MediaStream([...stream.getVideoTracks(), silent]);
  };
"""


def test_a_denied_camera_is_mended_as_this_browser_lets_it(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.program.create()["links"]["person"], BROKEN % "new DOMException('', 'NotAllowedError')")
    go_on(page)
    problem(page, "The browser may not use camera and microphone", "Click the icon to the left of the address")
    at(page, "devices", focused=False)
    expect(page.locator("#start")).to_be_disabled()
    accessible(page)
    page.evaluate("dispatchEvent(new Event('mend'))")
    page.get_by_role("button", name="Try again").click()
    ready(page)


@pytest.mark.long
def test_what_else_is_wrong_with_the_devices(studio: Studio, open_page: OpenPage) -> None:
    link = studio.program.create()["links"]["person"]
    faults = [
        (BROKEN % "new DOMException('Permission denied by system', 'NotAllowedError')", "The system blocks it"),
        (BROKEN % "new DOMException('', 'NotReadableError')", "Close the program that uses it"),
        (NO_MICROPHONE + BROKEN % "new DOMException('', 'NotFoundError')", "Plug in a microphone or a headset"),
        (
            NO_MICROPHONE.replace("audio", "video") + BROKEN % "new DOMException('', 'NotFoundError')",
            "Plug in a camera",
        ),
    ]
    for script, advice in faults:
        page = open_page(link, script)
        go_on(page)
        expect(page.locator("#problem-advice")).to_contain_text(advice)
    phone = open_page(link, PLAIN + faults[0][0].replace("by system", ""), user_agent=IPHONE)
    go_on(phone)
    expect(phone.locator("#problem-advice")).to_contain_text("Website Settings")


@pytest.mark.long
def test_a_silent_microphone_is_noticed(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.program.create()["links"]["person"], SILENT)
    go_on(page)
    ready(page)
    expect(page.locator("#microphone-advice")).to_contain_text("Your microphone is silent.")


@pytest.mark.long
def test_an_earlier_take_is_watched_and_used(studio: Studio, open_page: OpenPage) -> None:
    session = studio.program.create()
    first, _ = studio.take(session, ""), studio.take(session, "-2")
    page = open_page(session["links"]["person"])
    at(page, "review")
    expect(page.locator("#chosen")).to_contain_text("your speech is most varied here")
    expect(page.locator("#takes button")).to_have_count(2)
    expect(page.locator("#takes button[aria-pressed=true]")).to_contain_text("Recording 2")
    accessible(page)
    looks_right(page)
    page.locator("#takes button").first.click()
    assert eventually(lambda: f"take={first.name}" in (page.locator("#clip").get_attribute("src") or ""), 10)
    expect(page.locator("#clip")).to_have_js_property("duration", 5)
    page.get_by_role("button", name="Use this").click()
    at(page, "done")
    assert studio.program.show(session["id"])["accepted"] == first.name
    assert str(first.parent) not in page.content()
    accessible(page)
    looks_right(page)
    page.reload()
    at(page, "done")
    assert studio.program.request("POST", f"/{session['id']}/retake").status_code == 200
    page.reload()
    at(page, "review")


@pytest.mark.long
def test_another_recording_is_wanted_also_after_a_reload(studio: Studio, open_page: OpenPage) -> None:
    session = studio.program.create()
    studio.take(session, "")
    page = open_page(session["links"]["person"])
    at(page, "review")
    expect(page.locator("#takes")).to_be_hidden()
    page.get_by_role("button", name="Record again").click()
    at(page, "devices")
    ready(page)
    page.reload()
    at(page, "devices")
    page.get_by_role("button", name="Back to your recordings").click()
    at(page, "review")
    page.reload()
    at(page, "review")
    page.get_by_role("button", name="Record again").click()
    at(page, "devices")
    studio.take(session, "-2")
    page.reload()
    at(page, "review")
    expect(page.locator("#takes button")).to_have_count(2)


@pytest.mark.long
def test_another_device_takes_over_and_this_page_says_so(studio: Studio, open_page: OpenPage) -> None:
    session = studio.program.create()
    page = open_page(session["links"]["person"], COUNT)
    assert eventually(lambda: page.evaluate("window.heard") == 1)
    go_on(page)
    assert eventually(lambda: page.evaluate("window.heard") == 2)
    studio.server.sessions.entry(session["id"]).capture_id = "captured"  # it is remembered
    tell(studio.server, session["id"], *begun(), *scored(800.0))
    at(page, "recording")
    expect(page.locator("#live-title")).to_have_text("Another device is recording. This page follows it.")
    expect(page.locator("#phone-instead")).to_be_hidden()
    assert page.evaluate("document.querySelector('#preview').srcObject") is None
    accessible(page)
    page.reload()
    at(page, "recording")


def to_welcome(page: Page) -> None:
    at(page, "welcome")


def to_consent(page: Page) -> None:
    go_on(page)
    at(page, "consent")


def to_refusal(page: Page) -> None:
    to_consent(page)
    page.locator("#consent-refuse").click()


def to_devices(page: Page) -> None:
    to_consent(page)
    agree(page)
    ready(page)


@pytest.mark.parametrize("go", [to_welcome, to_consent, to_refusal, to_devices])
def test_a_link_that_is_withdrawn_at_a_step(
    studio: Studio, asked: Json, open_page: OpenPage, go: Callable[[Page], None]
) -> None:
    page = open_page(asked["links"]["person"])
    go(page)
    assert eventually(lambda: is_followed(studio.server, asked["id"]))
    withdraw(studio, asked, page)


@pytest.mark.long
@pytest.mark.parametrize("used", [False, True])
def test_a_link_that_is_withdrawn_at_the_end(studio: Studio, open_page: OpenPage, *, used: bool) -> None:
    session = studio.program.create()
    studio.take(session, "")
    page = open_page(session["links"]["person"])
    at(page, "review")
    if used:
        page.get_by_role("button", name="Use this").click()
        at(page, "done")
    assert eventually(lambda: is_followed(studio.server, session["id"]))
    withdraw(studio, session, page)


def withdraw(studio: Studio, session: Json, page: Page) -> None:
    assert studio.program.request("DELETE", f"/{session['id']}/secrets/person").status_code == 204
    problem(page, GONE)
    expect(page.locator("#steps")).to_be_hidden()
    expect(page.locator("main h2:visible")).to_have_count(1)
    page.reload()
    problem(page, GONE)


@pytest.mark.long
def test_the_code_for_a_phone_is_the_persons_link_and_no_address_has_the_secret(
    studio: Studio, open_page: OpenPage
) -> None:
    session = studio.program.create()
    asked: list[str] = []
    page = open_page(session["links"]["person"])
    page.on("request", lambda request: asked.append(request.url))
    go_on(page)
    ready(page)
    page.get_by_role("button", name="Use your phone's camera instead").click()
    code = page.get_by_role("img", name="QR code of your link")
    expect(code).to_be_visible()
    assert eventually(lambda: bool(page.evaluate("document.querySelector('#phone-code').naturalWidth")), 10)
    assert any(url.endswith("/qr.svg") for url in asked)
    assert not any(session["secrets"]["person"] in url for url in asked)
    accessible(page)
    looks_right(page)
    page.get_by_role("button", name="Use your phone's camera instead").click()
    expect(code).to_be_hidden()


@pytest.mark.long
def test_a_phone_goes_the_same_way_by_touch(asked: Json, open_page: OpenPage) -> None:
    page = open_page(asked["links"]["person"], user_agent=IPHONE, **PHONE_SCREEN)
    page.locator("#welcome-go").tap()
    at(page, "consent")
    page.locator("#consent-name").tap()
    page.keyboard.type("Ann")
    page.locator("label.check").tap()
    page.locator("#consent-agree").tap()
    at(page, "devices")
    ready(page)
    expect(page.locator("#phone-offer")).to_be_hidden()
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room


def test_the_keyboard_alone_leads_through(asked: Json, open_page: OpenPage) -> None:
    page = open_page(asked["links"]["person"])
    at(page, "welcome")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, "consent")
    page.keyboard.press("Tab")
    expect(page.locator("#consent-text")).to_be_focused()
    before = page.evaluate("document.querySelector('#consent-text').scrollTop")
    page.keyboard.press("End")
    assert eventually(lambda: page.evaluate("document.querySelector('#consent-text').scrollTop") > before, 10)
    page.keyboard.press("Tab")
    page.keyboard.type("Ann")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, "devices")


def test_the_way_in_chinese(studio: Studio, open_page: OpenPage) -> None:
    session = studio.program.create(language="zh-Hans", consent_text="同意书", consent_version="1")
    page = open_page(session["links"]["person"], locale="en-GB")
    expect(page.locator("#welcome-title")).to_have_text("将为您录制几分钟")
    go_on(page)
    expect(page.locator("#consent-text")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#consent-version")).to_have_text("版本 1")
    looks_right(page)
    agree(page, "李安")
    at(page, "devices")
    expect(page.locator("#devices-title")).to_have_text("检查摄像头和麦克风")
    assert studio.program.show(session["id"])["consented"]["name"] == "李安"
    looks_right(page)


@pytest.mark.long
def test_every_step_before_the_recording_is_accessible(asked: Json, open_page: OpenPage) -> None:
    page = open_page(asked["links"]["person"])
    at(page, "welcome")
    accessible(page)
    looks_right(page)
    go_on(page)
    at(page, "consent")
    accessible(page)
    looks_right(page)
    agree(page)
    ready(page)
    accessible(page)
    looks_right(page)
