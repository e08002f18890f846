"""Access units and sound in, events out, scored as they arrive.

What arrives goes to the ring at once, and sound to the scorer (:meth:`LiveSession.push`); pictures are decoded and
analysed one by one (:meth:`LiveSession.work`). When analysis falls behind, frames are skipped, and only windows whose
sound would bring them into the pool are analysed, from the ring: once all of these are, the choice is Algorithm 1's.

Nothing here waits, reads a clock or owns a thread: the driver decides when.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack

from take5.scoring.parameters import FPS
from take5.scoring.stopping import Stop, StopRules
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.events import ChunkNote, Event, Trouble, Warned
from take5.stream.ffmpeg.unit_decoder import UnitDecoder
from take5.stream.live.backlog import Backlog, SkippedFrames
from take5.stream.live.joining import SoundJoiner
from take5.stream.live.origin import OriginFinder
from take5.stream.live.scorer import StreamScorer
from take5.stream.live.second_look import SecondLooks
from take5.stream.live.spooling import Spooling
from take5.stream.recording.from_ring import RingMedia, RingRecording
from take5.stream.recording.ring import Ring
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.spool.plan import Changes
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AnyFrame, AudioBlock, Received, UnitFormat, VideoFrame

KEYFRAMES_APART_FLICKS = seconds_to_flicks(4.0)
"""Distance of keyframes that is worth a warning: the ring holds whole groups, and a loss spoils the rest of one."""

APART_FLICKS = seconds_to_flicks(0.5)
"""Longest distance between two pictures that counts as backlog, or towards the next keyframe: a pause does not."""

SMALL_PIXELS = 480
"""Shorter side of a picture below which a warning is given."""


class LiveSession:
    """Scores a live stream.

    Parameters
    ----------
    models : Models
        The networks.
    settings : Settings
        Parameters of Algorithm 1.
    rules : StopRules
        When it is enough.
    unit_format : UnitFormat
        Of the access units.
    name : str
        What the report calls the recording.
    ring : Ring, optional
        Keeps what arrived.
    """

    def __init__(
        self,
        models: Models,
        settings: Settings,
        rules: StopRules,
        unit_format: UnitFormat,
        name: str = "live",
        ring: Ring | None = None,
    ) -> None:
        self.losses = self.undecoded = 0
        self.models, self.settings, self.unit_format = models, settings, unit_format
        self._rules, self._name = rules, name
        self._ring, self._spooling = ring or Ring.around(max(settings.seconds)), Spooling()
        self._origin, self._joiner = OriginFinder(), SoundJoiner()
        self._scorer: StreamScorer | None = None
        self._open = ExitStack()
        self._faces = self._open.enter_context(Faces(models))
        self._units: deque[AccessUnit] = deque()
        self._decoder = UnitDecoder(unit_format)
        self._backlog, self._skipped = Backlog(), SkippedFrames()
        self._second_looks: SecondLooks | None = None
        self._times: list[int] = []
        self._last_frame = 0
        self._since_keyframe = 0
        self._small = False
        self._closed_at = 0

    @property
    def frame(self) -> int:
        """Session time in grid frames."""
        return self._closed_at if self._scorer is None else self._scorer.frames

    @property
    def stop(self) -> Stop | None:
        """The rule that has stopped the recording."""
        return None if self._scorer is None else self._scorer.stop

    @property
    def longest_s(self) -> float:
        """How long a recording lasts at most by its rules, in seconds."""
        return self._rules.cap_s + self._rules.idle_s

    @property
    def begun(self) -> bool:
        """Whether both tracks have begun."""
        return self._scorer is not None

    @property
    def has_picture(self) -> bool:
        """Whether a picture has arrived that decoding can begin with."""
        return self.begun or self._origin.has_picture

    @property
    def has_sound(self) -> bool:
        """Whether sound has arrived."""
        return self.begun or self._origin.has_sound

    def push(self, media: Received) -> list[Event]:
        """Add what arrived; return the events that result."""
        media = self.settings.shift.moved(media)
        if (scorer := self._scorer) is not None:
            joined = self._joiner.push(media, scorer.sound_due) if isinstance(media, AudioBlock) else [media]
            return [event for each in joined for event in self._ingest(scorer, each)]
        origin = self._origin.push(media)
        if origin is None:
            return []
        scanner = FrameScanner(self._faces)
        scorer = self._scorer = StreamScorer(self.models, scanner, self.settings, origin, self._rules)
        self._second_looks = SecondLooks(scorer)
        held, self._origin = self._origin.held(), OriginFinder()
        return [event for media in held for event in self._ingest(scorer, media)]

    def work(self) -> list[Event] | None:
        """Analyse the next picture; None when there is none to analyse."""
        scorer = self._scorer
        if scorer is None:
            return None
        return self._next_picture(scorer) if self._units else self._look_again(scorer)

    def restart(self) -> None:
        """Let the gain rule forget the windows so far: from now on the person speaks in another way."""
        if self._scorer is not None:
            self._scorer.restart()

    def keep(self, media: Received) -> None:
        """Add what arrived after the stop: to the ring; nothing is scored any more."""
        self._keep_pending()
        self._receive(self.settings.shift.moved(media))
        if isinstance(media, AccessUnit) and not self._backlog.behind:
            self._units.append(media)

    def observe_after_best(self) -> bool:
        """Analyse the next picture of those after the best windows; False when there is none to analyse.

        They are a trainer's validation frames: the tracker that has seen the window goes on with them.
        """
        scorer = self._scorer
        if scorer is None or not self._units or self._backlog.behind or scorer.seen_after_best:
            return False
        for frame in self._decoder.decode(self._units.popleft()):
            scorer.observe(frame)
        return True

    @property
    def behind(self) -> bool:
        """Whether frames are being skipped."""
        return self._backlog.behind

    @property
    def pending(self) -> bool:
        """Whether windows were skipped that could still win."""
        return self._second_looks is not None and self._second_looks.due

    def end(self) -> None:
        """Stop waiting for an idle stretch: the recording is over."""
        if self._scorer is not None:
            self._scorer.end()

    def finish(self, in_time: Callable[[], bool] = lambda: True) -> Iterator[Event]:
        """End the recording: analyse what is left, score the last windows, and yield the events.

        It is over when the last event has been taken. Frames are analysed while it is ``in_time``.
        """
        scorer = self._scorer
        if scorer is None:
            return
        for block in self._joiner.flush():
            yield from self._ingest(scorer, block)
        while self._units and in_time():
            yield from self._next_picture(scorer)
        yield from self._show(scorer, self._decoder.decode(None))
        while self._units:
            yield from self._show(scorer, self._skipped.push(self._units.popleft().pts))
        yield from self._show(scorer, self._skipped.flush())
        yield from self._held(scorer, scorer.finish(self._last_frame + FRAME_FLICKS))
        yield from self.look_back(in_time)
        scorer.end()

    def look_back(self, in_time: Callable[[], bool]) -> Iterator[Event]:
        """Analyse the windows that were skipped and could win, while it is ``in_time``; yield the events."""
        if (scorer := self._scorer) is None:
            return
        while in_time() and (events := self._look_again(scorer)) is not None:
            yield from events

    def close(self) -> None:
        """Free the trackers and what was kept; only :attr:`frame` is known from then on.

        A connection's callbacks may hold on to a session for long.
        """
        if self._second_looks is not None:
            self._second_looks.close()
        self._open.close()
        self._closed_at = self.frame
        self._scorer = self._second_looks = None
        self._units.clear()
        self._ring, self._origin, self._joiner = Ring(), OriginFinder(), SoundJoiner()
        self._decoder = UnitDecoder(self.unit_format)

    @property
    def grid_origin(self) -> int | None:
        """Time of the first grid frame, in flicks; None before the grid has begun."""
        return None if self._scorer is None else self._scorer.origin

    def result(self) -> tuple[Selection, RingRecording] | None:
        """Return the choice so far and what its clip is made of; None before both tracks have begun."""
        scorer = self._scorer
        if scorer is None:
            return None
        self._keep_pending()
        return scorer.selection(self._name, self._source_fps()), self._recording(scorer)

    def unsaved(self) -> Changes | None:
        """Return what belongs on disk and has not been returned before; None if nothing does."""
        scorer = self._scorer
        if scorer is None:
            return None
        return self._spooling.changes(scorer, self._ring, self._source_fps, self._faces.framings)

    @property
    def has_best(self) -> bool:
        """Whether a window has been eligible."""
        return self._scorer is not None and self._scorer.has_best

    @property
    def notes(self) -> Sequence[ChunkNote]:
        """What was seen and heard in each hop so far."""
        return [] if self._scorer is None else self._scorer.notes

    def complete(self) -> bool:
        """Whether the ring has the validation frames after the best window of each length that has one."""
        scorer = self._scorer
        if scorer is None or not scorer.has_best:
            return True
        best = [(length, length.best) for length in scorer.lengths if length.best is not None]
        stop = max(scorer.span(length, window)[1] for length, window in best)
        return self._newest >= stop and (not self.settings.shift.wait_s or self._ring.end[1] >= stop)

    @property
    def _newest(self) -> int:
        return self._times[-1]

    def _source_fps(self) -> float:
        """Source frames per second, by the median distance of the latest."""
        steps = sorted(b - a for a, b in zip(self._times, self._times[1:], strict=False) if b > a)
        return round(FLICKS / steps[len(steps) // 2], 3) if steps else float(FPS)

    def _keep_pending(self) -> None:
        """Let the ring have the sound that waits to be joined: the recording is over."""
        for block in self._joiner.flush():
            self._receive(block)

    def _receive(self, media: Received) -> None:
        self._ring.push(media)
        if isinstance(media, AccessUnit):
            self._times = sorted([*self._times[-FPS:], media.pts])

    def _ingest(self, scorer: StreamScorer, media: Received) -> list[Event]:
        self._receive(media)
        if media.lost_before:
            scorer.lost(media.pts)
        if isinstance(media, AccessUnit):
            return [*self._warnings(media), *self._queue(scorer, media)]
        return self._held(scorer, scorer.push(media))

    def _held(self, scorer: StreamScorer, events: list[Event]) -> list[Event]:
        """Let the ring hold what the scorer needs, after the events of a push."""
        if events:
            self._ring.hold(scorer.kept_spans)
            self._spooling.due()
        return events

    def _queue(self, scorer: StreamScorer, unit: AccessUnit) -> list[Event]:
        """Let a unit wait to be analysed, or skip it."""
        idle = self._second_looks is None or not self._second_looks.due
        events: list[Event] = []
        if unit.keyframe and self._backlog.recovers(unit.pts, idle=idle):
            events = [Warned(self.frame, Trouble.CAUGHT_UP), *self._show(scorer, self._skipped.flush())]
            self._decoder = UnitDecoder(self.unit_format)
        if self._backlog.behind:
            return self._show(scorer, self._skipped.push(unit.pts))
        self._units.append(unit)
        return events

    def _next_picture(self, scorer: StreamScorer) -> list[Event]:
        """Analyse the picture that has waited longest, or skip all that wait if there are too many."""
        oldest = max(self._units[0].pts, self._newest - len(self._units) * APART_FLICKS)
        if self._backlog.falls(self._newest, oldest):
            return self._fall(scorer)
        frames = self._decoder.decode(self._units.popleft())
        self.undecoded = 0 if frames else self.undecoded + 1
        return self._show(scorer, frames)

    def _fall(self, scorer: StreamScorer) -> list[Event]:
        """Skip what waits: analysis will not catch up with it."""
        events: list[Event] = [Warned(self.frame, Trouble.BEHIND)]
        events += self._show(scorer, self._decoder.decode(None))
        while self._units:
            events += self._show(scorer, self._skipped.push(self._units.popleft().pts))
        return events

    def _show(self, scorer: StreamScorer, frames: Iterable[AnyFrame]) -> list[Event]:
        events: list[Event] = []
        for frame in frames:
            self._last_frame = max(self._last_frame, frame.pts)
            events += [*self._size_warning(frame), *self._held(scorer, scorer.push(frame))]
        return events

    def _size_warning(self, frame: AnyFrame) -> Iterator[Event]:
        """Warn once of pictures that are too small for trainers."""
        if isinstance(frame, VideoFrame) and not self._small and min(frame.picture.size) < SMALL_PIXELS:
            self._small = True
            yield Warned(self.frame, Trouble.LOW_RESOLUTION, list(frame.picture.size))

    def _recording(self, scorer: StreamScorer) -> RingRecording:
        media = RingMedia(self._ring, self.unit_format, scorer.origin, self.settings.shift)
        return RingRecording(media, self.models, tuple(self._faces.framings), scorer.observations)

    def _look_again(self, scorer: StreamScorer) -> list[Event] | None:
        """Analyse the next frame of a window that was skipped; None when none is left that could win."""
        if self._second_looks is None or not self._second_looks.due:
            return None
        events = self._second_looks.step(lambda: self._recording(scorer))
        if not events:
            self._backlog.looked(self._newest)
        return self._held(scorer, events)

    def _warnings(self, unit: AccessUnit) -> Iterator[Event]:
        """Warn of what the sender should know."""
        if unit.lost_before:
            self.losses += 1
            yield Warned(self.frame, Trouble.LOSS, self.losses)
        if unit.pts == self._newest:
            self._since_keyframe += min(self._newest - self._times[-2:][0], APART_FLICKS)
        if unit.keyframe:
            apart, self._since_keyframe = self._since_keyframe, 0
            if apart > KEYFRAMES_APART_FLICKS:
                yield Warned(self.frame, Trouble.KEYFRAMES_RARE, round(apart / FLICKS, 1))
