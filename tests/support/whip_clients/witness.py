"""How far apart a page's camera and microphone are themselves, told by the times that the browser gives its samples."""

from pathlib import Path
from time import monotonic

import numpy as np
from beep_flash import Pair, beginnings, begun, paired
from numpy.typing import NDArray
from playwright.sync_api import Page

SCRIPT = Path(__file__).with_name("witness.js").read_text(encoding="utf-8")
"""To be run in a page before its own."""

ASKED = 9
"""How often the page is asked for its time."""

SAME_MS = 15.0
"""Two times within so much are of the same picture."""


def captured(page: Page) -> list[Pair]:
    """Flashes and beeps as they were captured, in seconds of the page's clock."""
    seen = page.evaluate("window.witness")
    stamps = np.array(seen["stamps"])
    flashing = (np.array(begun(seen["corner"], seen["stamps"])) - _clocks_apart_ms(page, stamps, seen["shown"])) / 1000
    samples = np.concatenate([np.array(block, dtype=float) for _, block in seen["blocks"]]) / 32767
    start = seen["blocks"][0][0] / 1000
    beeping = start + beginnings(samples, seen["rate"])
    edge = start + 0.5, start + len(samples) / seen["rate"] - 0.5
    return paired([float(flash) for flash in flashing if edge[0] < flash < edge[1]], beeping, "what was captured")


def _clocks_apart_ms(page: Page, stamps: NDArray[np.float64], shown: list[float]) -> float:
    """The system's clock less the page's: about, by asking both; exactly, by pictures that have a time on each."""
    asked = []
    for _ in range(ASKED):
        before = monotonic()
        now = page.evaluate("performance.now()")
        after = monotonic()
        asked.append((after - before, (before + after) / 2 * 1000 - now))
    _, about = min(asked)  # the answer that came soonest
    apart = np.subtract.outer(stamps, np.array(shown)).ravel()
    return float(np.median(apart[np.abs(apart - about) < SAME_MS]))
