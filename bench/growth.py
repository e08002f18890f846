"""Memory of a live session, minute by minute: ``python -m bench.growth VIDEO [--minutes 60] [--repeat-faces]``.

A session as the server has it, but without network and as fast as this machine can: the video over and over, sound and
access units pushed, every picture decoded, tracked and scored, what belongs on disk drained and dropped. After each
minute of media it prints the resident memory and what the ring and the session's history hold. The stop rules are off.

``--repeat-faces`` tracks the video once and repeats what the networks saw, frame by frame, so that an hour takes
minutes; all else is real. ``--trace`` also prints where Python's memory has grown since the fifth minute.
"""

import argparse
import gc
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.behind import looped
from bench.machine import machine
from take5.client.cli.options import load_models
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.live.session import LiveSession
from take5.stream.server.malloc import share_arenas
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

WARM_MINUTES = 5
"""After this, Python's memory is compared with later."""


class Repeated:
    """A network's answers, remembered for the first ``count`` calls and repeated after them."""

    def __init__(self, count: int, ask: Callable[..., Any]) -> None:
        self._count, self._ask = count, ask
        self._answers: list[Any] = []
        self._calls = 0

    def __call__(self, *args: Any) -> Any:
        """Ask, or repeat."""
        place, self._calls = self._calls % self._count, self._calls + 1
        if len(self._answers) <= place:
            self._answers.append(self._ask(*args))
        return self._answers[place]


def repeating(models: Models, frames: int) -> Models:
    """Models whose tracker and counter repeat what they saw in the first ``frames``."""

    def tracker(region: Any) -> Any:
        real = models.tracker(region).__enter__()
        real.track = Repeated(frames, real.track)  # type: ignore[method-assign, assignment]
        return nullcontext(real)

    models.counter.count = Repeated(frames // 5, models.counter.count)  # type: ignore[method-assign, assignment]
    return replace(models, tracker=tracker)


def resident_mb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def drive(live: LiveSession, media: list[Received], minutes: int, *, trace: bool) -> list[dict[str, float]]:
    """Push media for as many minutes, analysing all that waits; return a row for each minute."""
    rows, began, before = list[dict[str, float]](), time.process_time(), None
    for item in looped(media, minutes * 60.0):
        while item.pts >= (len(rows) + 1) * 60 * FLICKS:
            rows.append(_row(len(rows) + 1, live, time.process_time() - began))
            print(" ".join(f"{name} {value:.1f}" for name, value in rows[-1].items()), flush=True)
            if trace and len(rows) == WARM_MINUTES:
                before = tracemalloc.take_snapshot()
        live.push(item)
        while live.work() is not None:
            pass
        live.unsaved()
    if before is not None:
        gc.collect()
        for change in tracemalloc.take_snapshot().compare_to(before, "lineno")[:15]:
            print(change)
    return rows


def _row(minute: int, live: LiveSession, cpu_s: float) -> dict[str, float]:
    ring = live._ring.size / 1e6  # noqa: SLF001 - what it keeps
    return {"minute": minute, "MB": resident_mb(), "ring MB": ring, "CPU s": cpu_s, "notes": len(live.notes)}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--repeat-faces", action="store_true")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    share_arenas()
    file, models = MediaFile(options.video), load_models("speech-embedding", None, "cpu")
    media: list[Received] = [item for item in file.media() if isinstance(item, AccessUnit | AudioBlock)]
    media = [replace(item, pts=item.pts - file.origin) for item in media]
    media.sort(key=lambda item: item.pts)
    if options.repeat_faces:
        models = repeating(models, round(media[-1].pts / FLICKS) * 25)
    if options.trace:
        tracemalloc.start()
    rules = StopRules(stop_at=0, share=0.0, gain=None, cap_s=1e6)
    live = LiveSession(models, Settings(), rules, file.unit_format)
    rows = drive(live, media, options.minutes, trace=options.trace)
    if options.out is not None:
        result = {"machine": machine(), "video": options.video.name, "repeat_faces": options.repeat_faces, "rows": rows}
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
