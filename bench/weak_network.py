"""What the page says and keeps on a bad network.

``sudo env PYTHONPATH=tests/support python -m bench.weak_network VIDEO [--only NAME]``: a person's way in real Chromium,
with a talking head before its camera, in a network namespace whose only way out is made bad: picture and sound,
requests and websocket all suffer. Prints what the page said and when, counted from the onset, and what was kept.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bad_network import FAIR, HERE, Network, Weather, bad_network, possible
from killing import serving
from page_browser import FAKE_DEVICES, chromium
from page_media import fake_camera, fake_microphone
from platform_server import Json, Program, programs
from playwright.sync_api import BrowserContext, Page, sync_playwright

from take5.stream.platform.database import Database

ONSET_S = 15.0
CAP_S = 120
RULES = ("--stop-at", "0", "--stop-gain", "0", "--stop-cap", str(CAP_S), "--strictness", "loose")
PATIENCE_MS = 240_000  # another recording may go on for CAP_S after the network is back
WEAK = Weather(loss=0.05, delay_s=0.1)
GONE = Weather(gone=True)
STEPS = ("welcome", "consent", "devices", "recording", "review", "done")
SAVING = "Another device is recording. This page follows it."
FRAMES = ("frames_missing", "sound_missing", "picture_damaged", "frames_skipped", "frames_doubled", "size_changed")
"""Findings that a network causes."""

WATCH = """() => {
  const places = ['problem-title', 'status', 'warning', 'live-title', 'result-title', 'result-text'];
  const said = {};
  window.said = [];
  const look = () => {
    for (const id of ['', ...places]) {
      const element = id ? document.getElementById(id) : document.body;
      const text = id ? (element?.checkVisibility() ? element.textContent : '') : document.body?.dataset.stage;
      if (text === said[id]) continue;
      said[id] = text;
      window.said.push([Date.now(), id || 'stage', text ?? '']);
    }
  };
  setInterval(look, 100);
}"""


@dataclass(frozen=True)
class Scenario:
    """A bad network: from ``ONSET_S`` after the first media for a while, or from before the recording on."""

    name: str
    weather: Weather
    seconds: float | None = None
    cap_s: int = 45


SCENARIOS = (
    Scenario("fair", FAIR, 0.0),
    Scenario("loss", WEAK),
    Scenario("gone-10", GONE, 10.0),
    Scenario("gone-25", GONE, 25.0, 60),
    Scenario("gone-60", GONE, 60.0, 120),
    Scenario("slow-15", Weather(bits_s=400_000), 15.0),
    Scenario("slow", Weather(bits_s=150_000)),
)


@dataclass
class Stage:
    """A server, a network and a browser in it."""

    program: Program
    network: Network
    context: BrowserContext


@dataclass
class Seen:
    """What a scenario has shown."""

    said: list[tuple[float, str, str]] = field(default_factory=list)
    takes: list[Json] = field(default_factory=list)
    windows: Counter[str] = field(default_factory=Counter)
    stages: list[str] = field(default_factory=list)


@contextmanager
def stage_at(video: Path, folder: Path) -> Iterator[Stage]:
    """Set everything up."""
    camera = fake_camera(video, folder / "camera.y4m")
    microphone = fake_microphone(video, folder / "microphone.wav")
    address = f"sqlite:///{folder / 'platform.db'}"
    with (
        bad_network(f"take5-{os.getpid() % 10_000}") as network,
        serving(folder / "out", "--host", HERE, "--database", address, *RULES) as server,
        sync_playwright() as playwright,
    ):
        origin = f"http://{HERE}:{urlsplit(server.address).port}"
        inside = folder / "chromium"
        inside.write_text(f'#!/bin/sh\nexec {" ".join(network.command)} {chromium()} "$@"\n')
        inside.chmod(0o755)
        media = [
            f"--use-file-for-fake-video-capture={camera}",
            f"--use-file-for-fake-audio-capture={microphone}",
            f"--unsafely-treat-insecure-origin-as-secure={origin}",
        ]
        browser = playwright.chromium.launch(executable_path=inside, args=["--no-sandbox", *FAKE_DEVICES, *media])
        database = Database.open(address)
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        yield Stage(programs(origin, database)(), network, context)
        browser.close()
        database.close()


def measure(stage: Stage, scenario: Scenario) -> Seen:
    """Go a person's way through it."""
    session = stage.program.create(stop={"cap_s": scenario.cap_s})
    page = stage.context.new_page()
    page.on("console", lambda said: print("  console:", said.text) if said.type == "error" else None)
    page.add_init_script(f"({WATCH})()")
    windows: dict[str, Json] = {}
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: _note(windows, text)))
    stage.network.become(FAIR if scenario.seconds is not None else scenario.weather)
    page.goto(session["links"]["person"])
    page.locator("#welcome-go").click(timeout=PATIENCE_MS)
    page.locator("#start:enabled").click(timeout=PATIENCE_MS)
    page.locator("body[data-state=receiving]").wait_for(timeout=PATIENCE_MS)
    if scenario.seconds is not None:
        page.wait_for_timeout(ONSET_S * 1000)
    onset = time.time()
    stage.network.become(scenario.weather)
    if scenario.seconds:
        page.wait_for_timeout(scenario.seconds * 1000)
        stage.network.become(FAIR)
    page.locator("body:is([data-stage=result], [data-stage=closed])").wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(2000)
    return _seen(stage, session, page, onset, windows)


def _note(windows: dict[str, Json], text: Any) -> None:
    event = json.loads(text)
    found = [event.get("window"), *event.get("windows", [])]
    windows.update({each["start_s"]: each for each in found if each})


def _seen(stage: Stage, session: Json, page: Page, onset: float, windows: dict[str, Json]) -> Seen:
    stage.network.become(FAIR)
    said = [(at / 1000 - onset, place, text) for at, place, text in page.evaluate("window.said")]
    page.close()
    takes = stage.program.request("GET", f"/{session['id']}/takes").json()["takes"]
    counts = Counter(_kind(each) for each in windows.values())
    return Seen(said, takes, counts)


def _kind(window: Json) -> str:
    if window.get("eligible") is False:
        codes = {reason["code"] for reason in window["reasons"]}
        return "damaged" if codes & set(FRAMES) else "ineligible"
    return "not scored" if window.get("I") is None else "scored"


def steps(stage: Stage, wanted: Sequence[str] = STEPS) -> None:
    """Print where a reload, a closed tab and a network that is away for ten seconds lead from each step."""
    session = stage.program.create(consent_text="May we record you?", stop={"cap_s": 60})
    way = Way(stage, session["links"]["person"])
    for step in wanted:
        for name, event in (("reload", way.reload), ("closed tab", way.close), ("network away for 10 s", way.lose)):
            way.go(step)
            before = way.takes(session)
            event()
            after = way.step()
            print(f"{step:10} {name:22} -> {after}; clips before {before}, after {way.takes(session)}", flush=True)
    way.page.close()


class Way:
    """A person on the way, who may lose the page."""

    def __init__(self, stage: Stage, link: str) -> None:
        self.stage, self.link = stage, link
        self._open()

    def go(self, wanted: str) -> None:
        """Go on until a step."""
        for _ in range(12):
            step = self.step()
            if step == wanted:
                break
            self._leave(step, wanted)
        if wanted == "consent":
            self.page.locator("#consent-name").fill("Ann")
        if wanted == "recording":
            self.page.locator("#best", has_text="0:").wait_for(timeout=PATIENCE_MS)

    def step(self) -> str:
        """The step at which the page is, once it is there."""
        self.page.wait_for_timeout(1500)
        current = self.page.locator("#steps [aria-current=step]")
        current.wait_for(timeout=PATIENCE_MS)
        if current.get_attribute("data-step") == "recording" and self._ending():
            self.page.locator("body[data-stage=result]").wait_for(timeout=PATIENCE_MS)
        return current.get_attribute("data-step") or ""

    def _ending(self) -> bool:
        """Whether a recording is only being saved."""
        return self.page.locator("#stop").is_disabled() or self.page.locator("#live-title").inner_text() == SAVING

    def reload(self) -> None:
        """Reload the page."""
        self.page.reload()

    def close(self) -> None:
        """Close the page, and open the link again."""
        self.page.close(run_before_unload=False)
        self._open()

    def lose(self) -> None:
        """Lose the network for ten seconds, and try to go on meanwhile."""
        self.stage.network.become(GONE)
        if self.step() in ("consent", "review"):
            self.page.locator("#consent-yes:visible, #use:visible, #again:visible").first.click()
        self.page.wait_for_timeout(10_000)
        self.stage.network.become(FAIR)
        self.page.locator("#problem").wait_for(state="hidden", timeout=PATIENCE_MS)
        self.page.wait_for_timeout(5000)

    def takes(self, session: Json) -> int:
        """How many clips there are."""
        found = self.stage.program.request("GET", f"/{session['id']}/takes").json()["takes"]
        return sum(1 for each in found if each["clip"])

    def _leave(self, step: str, wanted: str) -> None:
        buttons = {"welcome": "#welcome-go", "consent": "#consent-agree", "devices": "#start", "recording": "#stop"}
        if step == "consent":
            self.page.locator("#consent-name").fill("Ann")
            self.page.locator("#consent-yes").check()
        button = buttons.get(step) or ("#use" if wanted == "done" else "#again")
        self.page.locator(f"{button}:enabled").click(timeout=PATIENCE_MS)

    def _open(self) -> None:
        self.page = self.stage.context.new_page()
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(self.link)


def report(seen: Seen) -> None:
    """Print what the page said, and what was kept."""
    for at, place, text in seen.said:
        if at > -2 and text:
            print(f"{at:7.1f} s  {place}: {text}")
    kept = [(take["state"], "clip" if take["clip"] else take["failure"]) for take in seen.takes]
    print("windows:", dict(seen.windows), "takes:", kept, flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--only")
    asked = parser.parse_args()
    if not possible():
        parser.error("this needs root and /dev/net/tun")
    with tempfile.TemporaryDirectory() as name, stage_at(asked.video, Path(name)) as stage:
        if asked.only in (None, "steps"):
            steps(stage)
        for scenario in SCENARIOS:
            if asked.only not in (None, scenario.name):
                continue
            print(f"\n== {scenario.name}", flush=True)
            report(measure(stage, scenario))


if __name__ == "__main__":
    main()
