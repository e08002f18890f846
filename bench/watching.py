"""What a server in this process does with its captures: CPU time, delays, windows and memory."""

import asyncio
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME
from take5.scoring.stopping import StopRules
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.models import Models
from take5.stream.deliverables import Deliverables
from take5.stream.events import Bundled, ClipReady, Event, Failed, Progress, Scored, Stopped
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.ffmpeg.unit_decoder import UnitDecoder
from take5.stream.live import worker as capture
from take5.stream.live.session import LiveSession
from take5.stream.recording.ring import Ring
from take5.stream.server.app import create_app
from take5.stream.server.options import ServerOptions
from take5.stream.server.run import DrainingServer
from take5.stream.server.sessions import Sessions, sessions_for
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


class Windows:
    """How many windows of a capture were analysed live, later, ruled out by sound alone, and never analysed."""

    def __init__(self) -> None:
        self._starts, self._again = set[int](), set[int]()
        self.live = self.sounded = 0

    def note(self, event: Event) -> None:
        """Count what an event says."""
        if isinstance(event, Progress) and event.window is not None:
            self._starts.add(event.window.score.start)
            self.live += event.window.seen
            self.sounded += not event.window.seen and event.window.eligible is False
        elif isinstance(event, Scored):
            self._again.add(event.window.score.start)

    @property
    def later(self) -> int:
        """Windows that were analysed when there was time."""
        return len(self._again)

    @property
    def total(self) -> int:
        """All windows."""
        return len(self._starts)

    @property
    def never(self) -> int:
        """Windows that were not analysed."""
        return self.total - self.live - self.sounded - self.later


class Clock:
    """When the input of a score arrived, and when the score was available."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self.arrivals: dict[type[Received], deque[tuple[int, float]]] = defaultdict(lambda: deque(maxlen=LATEST))
        self.latencies: list[float] = []
        self.times: list[int] = []
        self.keyframes: list[int] = []
        self.bytes = self.losses = self.pictures = self.sounds = 0
        self.origin: int | None = None
        self.stopped = self.ready = 0.0
        self.over = threading.Event()
        self.windows = Windows()
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
        else:
            self.sounds += 1

    def said(self, event: Event) -> None:
        """Record an event."""
        now = time.monotonic()
        self.windows.note(event)
        if isinstance(event, Progress) and event.window is not None and event.window.seen and self.origin is not None:
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


def hook(begun: Callable[[], Clock], stages: Stages) -> None:
    """Watch every capture of this process: ``begun`` gives the clock of a new one."""
    put, init, begin = capture.LiveWorker.put, capture.LiveWorker.__init__, LiveSession.push
    clocks: dict[int, Clock] = {}

    def watched_put(self: capture.LiveWorker, media: Received) -> None:
        clocks[id(self)].arrived(media)
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
        clock = clocks[id(self)] = clocks[id(live)] = begun()

        def watched(event: Event) -> None:
            clock.said(event)
            emit(event)

        init(self, live, watched, finish, finish_within_s=finish_within_s, patience_s=patience_s, spool=spool)
        clock.ring = live._ring  # noqa: SLF001 - to see how much of the memory is what is kept

    def watched_push(self: LiveSession, media: Received) -> list[Event]:
        events, clock = begin(self, media), clocks[id(self)]
        if clock.origin is None and (taken := self.result()) is not None:
            clock.origin = taken[0].origin
        return events

    capture.LiveWorker.put, capture.LiveWorker.__init__ = watched_put, watched_init  # type: ignore[method-assign]
    LiveSession.push = watched_push  # type: ignore[method-assign]
    stages.time(UnitDecoder, "decode", "decode")
    stages.time(DecodedPicture, "rgb", "to RGB")
    stages.time(EmbeddingStream, "push", "audio encoder")
    stages.time(Faces, "track", "face, in the capture's thread")


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
    made: Callable[[Sessions], None] = lambda _: None,
    *,
    access_log: bool = False,
) -> None:
    """Run the server until it is asked to end; ``made`` gets its sessions before."""
    sessions = sessions_for(models, settings, rules, output, 8, ServerOptions(deliverables=deliverables))
    made(sessions)
    app = create_app(sessions, access_log=access_log)
    server = DrainingServer(uvicorn.Config(app, port=0, log_level="warning"), sessions)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    ready(f"http://127.0.0.1:{port}", lambda: server.handle_exit(0, None))
    await serving
