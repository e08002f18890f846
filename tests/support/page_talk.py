"""The page in real Chromium: what the server tells it, and whether what it shows is right."""

import asyncio

from page_browser import DESKTOP, PHONE, OpenPage
from playwright.sync_api import Page, expect
from serving import Served, eventually

from take5.scoring.gates.findings import Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.stream.events import BestChanged, ChunkNote, Event, Progress, State, StateChanged
from take5.stream.server.errors import Refused

READABLE_MS = 1500
"""So long a text stays at least, so that it can be read."""


def ready(page: Page) -> None:
    expect(page.locator("#start")).to_be_enabled()


def problem(page: Page, title: str, advice: str = "") -> None:
    expect(page.locator("#problem-title")).to_have_text(title)
    expect(page.locator("#problem-advice")).to_contain_text(advice)


def status(page: Page, text: str) -> None:
    expect(page.locator("#status")).to_contain_text(text)


def tell(server: Served, name: str, *events: Event, fresh: bool = False) -> None:
    """Publish events in a session, as its capture would; as another one if ``fresh``."""

    async def publish() -> None:
        entry, follower = await server.sessions.follow(name)
        if fresh:
            entry.feed.restart()
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
