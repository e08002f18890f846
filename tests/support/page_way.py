"""A person's way through the page: steps, sessions with a text to agree to, and takes that play."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from platform_server import Json, Program, programs
from platform_takes import Shop
from playwright.sync_api import Page, expect
from repository import ROOT
from serving import Served, served

from take5.client.pages import PAGES, PROMPTS
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.service import Platform

TEXT = "\n\n".join(
    f"Paragraph {number}: your face and your voice are recorded to make your avatar." for number in range(30)
)
AXE = ROOT / "tests" / "support" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
FOUND = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)])"""
HEADINGS = {
    "welcome": "welcome-title",
    "consent": "consent-title",
    "devices": "devices-title",
    "recording": "live-title",
    "review": "result-title",
    "done": "done-title",
}


@dataclass
class Studio:
    """A platform's server with the page."""

    server: Served
    program: Program
    shop: Shop

    def take(self, session: Json, name: str) -> Path:
        """Make a take of a session with a clip that plays."""
        folder = self.shop.take(session, name)
        write_clip(folder / "clip.mp4")
        return folder


@contextmanager
def studio_at(models: Models, folder: Path) -> Iterator[Studio]:
    """Run one in a folder."""
    database = Database.open(f"sqlite:///{folder / 'platform.db'}")
    platform = Platform(database, Failures(most=10_000))
    with served(
        models, folder / "out", rules=StopRules(gain=None), pages=PAGES, prompts=PROMPTS, platform=platform
    ) as server:
        program = programs(server.address, database)()
        yield Studio(server, program, Shop(server, program, folder / "out"))
    database.close()


def at(page: Page, step: str, *, focused: bool = True) -> None:
    """The page is at a step, says so, and its heading has the focus."""
    expect(page.locator("#steps [aria-current=step]")).to_have_attribute("data-step", step)
    heading = page.locator(f"#{HEADINGS[step]}")
    expect(heading).to_be_visible()
    if focused:
        expect(heading).to_be_focused()
    assert page.locator("main h2:visible").first.inner_text().strip()


def go_on(page: Page) -> None:
    """Leave the welcome."""
    expect(page.locator("#welcome-title")).to_be_visible()
    page.locator("#welcome-go").click()


def agree(page: Page, name: str = "Ann Lee") -> None:
    """Agree to the session's text."""
    page.locator("#consent-name").fill(name)
    page.locator("#consent-yes").check()
    page.locator("#consent-agree").click()


def accessible(page: Page) -> None:
    """Nothing that axe-core calls serious or critical is found, in light and in dark."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(FOUND) == []


def write_clip(path: Path) -> None:
    """Write five seconds of grey."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        grey = np.full((64, 64, 3), 128, np.uint8)
        for frame in [*(av.VideoFrame.from_ndarray(grey, "rgb24") for _ in range(125)), None]:
            container.mux(stream.encode(frame))
