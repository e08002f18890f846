"""Cost of a live session: ``python bench/live.py VIDEO [--seconds 60] [--lengths 5 10] [--stop-at I] [--for TRAINER]``.

Runs a real server in this process, and ``take5 push`` in another. Prints CPU seconds per second of media by stage, the
latency of the scores, properties of the received media (size, bitrate, keyframes), memory, and the time from the stop
to the clip and to each bundle. It ends, with the sender, after its seconds, or earlier at a window that is good enough.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import uvicorn

from take5.client.cli.options import load_models
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME, Parameters
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import Bundled, ClipReady, Event, Failed, Progress, Stopped
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.ffmpeg.unit_decoder import UnitDecoder
from take5.stream.live import worker as capture
from take5.stream.live.session import LiveSession
from take5.stream.recording.ring import Ring
from take5.stream.server.app import create_app
from take5.stream.server.malloc import share_arenas
from take5.stream.server.options import ServerOptions
from take5.stream.server.run import DrainingServer
from take5.stream.server.sessions import sessions_for
from take5.stream.settings import Settings
from take5.stream.spool.writer import SpoolWriter
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

LATEST = 3000
"""Number of arrivals of a track to keep, a minute of sound, so that measuring does not add to the memory."""


class Stages:
    """CPU seconds spent by the calling thread in functions."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def time(self, owner: Any, name: str, stage: str) -> None:
        """Attribute the time of ``owner.name`` to ``stage``."""
        function = getattr(owner, name)

        def timed(*args: Any, **options: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*args, **options)
            finally:
                self.spent[stage] += time.thread_time() - began

        setattr(owner, name, timed)


class Clock:
    """When the input of a score arrived, and when the score was available."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self.arrivals: dict[type[Received], deque[tuple[int, float]]] = defaultdict(lambda: deque(maxlen=LATEST))
        self.latencies: list[float] = []
        self.times: list[int] = []
        self.keyframes: list[int] = []
        self.bytes = self.losses = self.pictures = 0
        self.origin: int | None = None
        self.stopped = self.ready = 0.0
        self.over = threading.Event()
        self.ring: Ring | None = None
        self.bundles: list[tuple[str, float]] = []

    def arrived(self, media: Received) -> None:
        """Record an arrival."""
        end = media.end if isinstance(media, AudioBlock) else media.pts
        self.arrivals[type(media)].append((end, time.monotonic()))
        if isinstance(media, AccessUnit):
            self.times = [*self.times[:1], media.pts]
            self.keyframes += [media.pts] * media.keyframe
            self.bytes += len(media.data)
            self.pictures += 1
            self.losses += media.lost_before

    def said(self, event: Event) -> None:
        """Record an event."""
        now = time.monotonic()
        if isinstance(event, Progress) and event.window is not None and self.origin is not None:
            needed = self._models.encoder.span(event.frame - 1)[1]
            sound = self.origin + needed * FLICKS // (SAMPLES_PER_FRAME * FPS)
            picture = self.origin + (event.frame - 1) * FRAME_FLICKS
            last = max(_first_at(self.arrivals[AudioBlock], sound), _first_at(self.arrivals[AccessUnit], picture))
            self.latencies.append(now - last)
        elif isinstance(event, Stopped):
            self.stopped = now
            self.over.set()
        elif isinstance(event, ClipReady | Failed):
            self.ready = now
        elif isinstance(event, Bundled):
            self.bundles.append((event.error or event.trainer, now))


def _first_at(arrivals: deque[tuple[int, float]], wanted: int) -> float:
    known = tuple(arrivals)  # another thread adds to them
    return next((at for end, at in known if end >= wanted), known[-1][1])


def hook(clock: Clock, stages: Stages) -> None:
    """Watch every capture of this process."""
    put, init, begin = capture.LiveWorker.put, capture.LiveWorker.__init__, LiveSession.push

    def watched_put(self: capture.LiveWorker, media: Received) -> None:
        clock.arrived(media)
        put(self, media)

    def watched_init(
        self: capture.LiveWorker,
        live: LiveSession,
        emit: Callable[[Event], None],
        finish: capture.Finish,
        *,
        finish_within_s: float = capture.FINISH_WITHIN_S,
        patience_s: float = 0.0,
        spool: SpoolWriter | None = None,
    ) -> None:
        def watched(event: Event) -> None:
            clock.said(event)
            emit(event)

        init(self, live, watched, finish, finish_within_s=finish_within_s, patience_s=patience_s, spool=spool)
        clock.ring = live._ring  # noqa: SLF001 - to see how much of the memory is what is kept

    def watched_push(self: LiveSession, media: Received) -> list[Event]:
        events = begin(self, media)
        if clock.origin is None and (taken := self.result()) is not None:
            clock.origin = taken[0].origin
        return events

    capture.LiveWorker.put, capture.LiveWorker.__init__ = watched_put, watched_init  # type: ignore[method-assign]
    LiveSession.push = watched_push  # type: ignore[method-assign]
    stages.time(UnitDecoder, "decode", "decode")
    stages.time(DecodedPicture, "rgb", "to RGB")
    stages.time(EmbeddingStream, "push", "audio encoder")


def thread_seconds() -> dict[str, float]:
    """CPU seconds of every thread of this process, by name."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    spent: dict[str, float] = defaultdict(float)
    for task in Path("/proc/self/task").iterdir():
        try:
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            name = names.get(int(task.name)) or (task / "comm").read_text().strip().split("/")[0]
        except OSError:
            continue
        spent[name] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def resident_mb() -> float:
    """Resident memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def serve(
    models: Models,
    settings: Settings,
    rules: StopRules,
    output: Path,
    deliverables: Deliverables,
    ready: Callable[[str, Callable[[], None]], None],
) -> None:
    """Run the server until it is asked to end."""
    sessions = sessions_for(models, settings, rules, output, 8, ServerOptions(deliverables=deliverables))
    server = DrainingServer(uvicorn.Config(create_app(sessions), port=0, log_level="warning"), sessions)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    ready(f"http://127.0.0.1:{port}", lambda: server.handle_exit(0, None))
    await serving


def measure(options: argparse.Namespace, models: Models) -> None:
    """Run, and print."""
    clock, stages = Clock(models), Stages()
    deliverables = Deliverables(wanted_for(options.trainers) if options.trainers else None)
    rules = StopRules(stop_at=options.stop_at, share=0.0, gain=None, cap_s=1e6)
    settings = Settings(Parameters(options.lengths[0]), also=tuple(options.lengths[1:]))
    hook(clock, stages)
    up = threading.Event()
    where: dict[str, Any] = {}

    def ready(address: str, end: Callable[[], None]) -> None:
        where.update(address=address, end=end)
        up.set()

    with tempfile.TemporaryDirectory() as folder:
        thread = threading.Thread(
            target=lambda: asyncio.run(serve(models, settings, rules, Path(folder), deliverables, ready)),
            name="event loop",
        )
        thread.start()
        up.wait()
        idle = resident_mb()
        sending = ["push", where["address"], str(options.video), "--json", "--loop"]
        push = [sys.executable, "-m", "take5.client.cli", *sending]
        with subprocess.Popen(push, stdout=subprocess.DEVNULL) as pushing:
            _settle(clock)
            before, began, memory = thread_seconds(), time.monotonic(), list[float]()
            kept: list[float] = []
            spent_before = dict(stages.spent)
            while time.monotonic() - began < options.seconds and not clock.over.wait(min(10.0, options.seconds)):
                memory.append(resident_mb())
                kept.append(clock.ring.size / 1e6 if clock.ring else 0.0)
            lasted = time.monotonic() - began
            after, spent = thread_seconds(), dict(stages.spent)
            _report(lasted, before, after, spent_before, spent)
            if not clock.over.is_set():
                pushing.terminate()
        while not clock.ready or len(clock.bundles) < len(options.trainers):
            time.sleep(0.1)
        _print_clock(clock)
        print(f"memory: {idle:.0f} MB before; while it ran, each 10 s: {' '.join(f'{mb:.0f}' for mb in memory)} MB")
        print(f"of it in the ring: {' '.join(f'{mb:.0f}' for mb in kept)} MB")
        where["end"]()
        thread.join()


def _settle(clock: Clock) -> None:
    while not clock.latencies:
        time.sleep(0.1)


def _report(
    lasted: float,
    before: dict[str, float],
    after: dict[str, float],
    spent_before: dict[str, float],
    spent: dict[str, float],
) -> None:
    print(f"CPU seconds per second over {lasted:.0f} s of media:")
    rows = {name: (after[name] - before.get(name, 0.0)) / lasted for name in after}
    for name, share in sorted(rows.items(), key=lambda row: -row[1]):
        if share > 0.002:
            print(f"  {share:6.3f}  {name}")
    print(f"  {sum(rows.values()):6.3f}  in all")
    print("of take5-capture:")
    for stage, seconds in spent.items():
        print(f"  {(seconds - spent_before.get(stage, 0.0)) / lasted:6.3f}  {stage}")


def _print_clock(clock: Clock) -> None:
    ordered = sorted(clock.latencies)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(f"score latency: median {middle * 1000:.0f} ms, p95 {late * 1000:.0f} ms, most {ordered[-1] * 1000:.0f} ms")
    seconds = (clock.times[-1] - clock.times[0]) / FLICKS
    bits = 8e-6 * clock.bytes / seconds
    widest = max((b - a) / FLICKS for a, b in pairwise(clock.keyframes))
    print(f"arrived: {clock.pictures} pictures in {seconds:.1f} s, {bits:.2f} Mbps, a keyframe each {widest:.2f} s")
    print(f"lost: {clock.losses}")
    print(f"stopped to clip on disk: {clock.ready - clock.stopped:.2f} s")
    for what, at in clock.bundles:
        print(f"stopped to bundle on disk: {at - clock.stopped:.2f} s  {what}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lengths", nargs="+", type=float, default=[5.0], metavar="SECONDS", help="of the windows")
    parser.add_argument("--stop-at", type=float, help="stop at a window with this I")
    parser.add_argument("--for", dest="trainers", action="append", default=[], help="also write bundles")
    share_arenas()
    measure(parser.parse_args(), load_models("speech-embedding", None, "cpu"))


if __name__ == "__main__":
    main()
