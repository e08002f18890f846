"""A live capture: access units and sound in, events out, scored while it comes.

What arrives goes to the ring and to the sound's scoring at once (:meth:`LiveSession.push`); pictures are decoded and
looked at one by one (:meth:`LiveSession.work`). When looking falls behind, frames are passed over unseen, and only
windows whose sound would bring them into the pool are looked at, from the ring: the choice stays Algorithm 1's.

Nothing here waits, reads a clock or owns a thread: whoever drives it decides when.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace

from take5.scoring.idle import IdleState
from take5.scoring.parameters import FPS
from take5.scoring.stopping import Stop, Stopper, StopRules
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.events import ChunkNote, Coached, Event, Progress, Scored, Trouble, Warned
from take5.stream.ffmpeg.unit_decoder import UnitDecoder
from take5.stream.live.backlog import Backlog, SkippedFrames
from take5.stream.live.origin import OriginFinder
from take5.stream.live.scorer import StreamScorer
from take5.stream.live.second_look import SecondLook, second_look
from take5.stream.recording.from_ring import RingMedia, RingRecording
from take5.stream.recording.ring import Ring
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AnyFrame, AudioBlock, Received, UnitFormat, VideoFrame

KEYFRAMES_APART_FLICKS = seconds_to_flicks(4.0)
"""Keyframes further apart than this are worth a warning: the ring grows, and a loss spoils as much."""


SMALL_PIXELS = 480
"""Pictures with a shorter side than this are worth a warning."""


class LiveSession:
    """Scores a live stream.

    Parameters
    ----------
    models : Models
        What looks and listens.
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
        self.stop: Stop | None = None
        self._enough: Stop | None = None
        self.opening = OriginFinder()
        self.losses = 0
        self._models, self._settings, self._name, self._format = models, settings, name, unit_format
        self._ring = ring or Ring()
        self._rules = rules
        self._stopper = Stopper(rules, settings.parameters)
        self._session: StreamScorer | None = None
        self._open = ExitStack()
        self._faces = self._open.enter_context(Faces(models))
        self._units: deque[AccessUnit] = deque()
        self._decoder = UnitDecoder(unit_format)
        self._lag, self._passing = Backlog(), SkippedFrames()
        self._relook: Iterator[SecondLook | None] | None = None
        self._times: list[int] = []
        self._last_frame = 0
        self._keyframe: int | None = None
        self._size_known = False
        self._closed_at = 0

    @property
    def frame(self) -> int:
        """Session time in grid frames."""
        return self._closed_at if self._session is None else self._session.frames

    @property
    def begun(self) -> bool:
        """Whether both tracks have begun."""
        return self._session is not None

    def push(self, media: Received) -> list[Event]:
        """Add what arrived; return what it brought about."""
        if self._session is not None:
            return self._place(self._session, media)
        origin = self.opening.push(media)
        if origin is None:
            return []
        scanner = FrameScanner(self._faces)
        self._session = StreamScorer(self._models, scanner, self._settings, origin, self._ring)
        return [event for held in self.opening.held() for event in self._place(self._session, held)]

    def work(self) -> list[Event] | None:
        """Look at the next picture; None when there is none to look at."""
        session = self._session
        if session is None:
            return None
        if self._units and self._lag.falls(self._newest, self._units[0].pts):
            return self._notice(self._fall(session))
        if self._units:
            return self._notice(self._show(session, self._decoder.decode(self._units.popleft())))
        if self._relook is None and (window := session.next_unobserved()) is not None:
            self._relook = second_look(window, self._film(session), self._settings)
        return None if self._relook is None else self._notice(self._look_again(session, self._relook))

    def restart(self) -> None:
        """Let the gain rule forget the windows so far: the person speaks in another way from now on."""
        self._stopper.restart()

    def keep(self, media: Received) -> None:
        """Add what arrived after the stop: to the ring; nothing is scored any more."""
        if isinstance(media, AudioBlock):
            self._ring.push_sound(media)
            return
        self._ring.push_unit(media)
        self._times = sorted([*self._times[-FPS:], media.pts])
        if not self._lag.behind:
            self._units.append(media)

    def look_on(self) -> bool:
        """Look at the next picture of those after the best window; False when there is none to look at.

        They are a trainer's validation frames: the tracker that has seen the window goes on with them.
        """
        session = self._session
        if session is None or not self._units or self._lag.behind or session.seen_after_best:
            return False
        for frame in self._decoder.decode(self._units.popleft()):
            session.look(frame)
        return True

    def finish(self) -> list[Event]:
        """End the recording: look at everything that is left, and score the last windows."""
        if self._session is None:
            return []
        events = self._drain()
        left: list[AnyFrame] = [*self._decoder.decode(None), *self._passing.flush()]
        events += self._notice(self._show(self._session, left))
        events += self._notice(self._session.finish(self._last_frame + FRAME_FLICKS))
        events += self._drain()
        self.stop = self.stop or self._enough
        return events

    def close(self) -> None:
        """Free the trackers and what was kept; only :attr:`frame` is known from then on.

        Whoever has held the session, a connection's callbacks, say, may hold it for long.
        """
        self._open.close()
        self._closed_at = self.frame
        self._session = self._relook = None
        self._units.clear()
        self._ring, self.opening, self._decoder = Ring(), OriginFinder(), UnitDecoder(self._format)

    def take(self) -> tuple[Selection, RingRecording] | None:
        """Return the choice so far and what its clip is made of; None before both tracks have begun."""
        session = self._session
        if session is None or session.origin is None:
            return None
        selection = session.selection(self._name, self._rate)
        return selection, self._film(session)

    @property
    def notes(self) -> list[ChunkNote]:
        """What was seen and heard in each hop so far."""
        return [] if self._session is None else self._session.notes

    def complete(self) -> bool:
        """Whether the ring has the validation frames after the best window, or there is no best window."""
        session = self._session
        if session is None or session.selector.best is None:
            return True
        return self._newest >= session.span(session.selector.best)[1]

    @property
    def _newest(self) -> int:
        return self._times[-1]

    @property
    def _rate(self) -> float:
        """Source frames per second, by the median distance of the latest."""
        steps = sorted(b - a for a, b in zip(self._times, self._times[1:], strict=False) if b > a)
        return round(FLICKS / steps[len(steps) // 2], 3) if steps else float(FPS)

    def _place(self, session: StreamScorer, media: Received) -> list[Event]:
        events = session.push(media)
        if isinstance(media, AccessUnit):
            self._times = sorted([*self._times[-FPS:], media.pts])
            events += self._warnings(media)
            events += self._queue(session, media)
        return self._notice(events)

    def _queue(self, session: StreamScorer, unit: AccessUnit) -> list[Event]:
        """Let a unit wait to be looked at, or pass it over."""
        idle = self._relook is None and session.next_unobserved() is None
        events: list[Event] = []
        if unit.keyframe and idle and self._lag.recovers(unit.pts):
            events = [Warned(self.frame, Trouble.CAUGHT_UP), *self._show(session, self._passing.flush())]
            self._decoder = UnitDecoder(self._format)
        if self._lag.behind:
            return self._show(session, self._passing.push(unit.pts))
        self._units.append(unit)
        return events

    def _fall(self, session: StreamScorer) -> list[Event]:
        """Pass over what waits: looking will not catch up with it."""
        events: list[Event] = [Warned(self.frame, Trouble.BEHIND)]
        events += self._show(session, self._decoder.decode(None))
        while self._units:
            events += self._show(session, self._passing.push(self._units.popleft().pts))
        return events

    def _show(self, session: StreamScorer, frames: Iterable[AnyFrame]) -> list[Event]:
        events: list[Event] = []
        for frame in frames:
            self._last_frame = max(self._last_frame, frame.pts)
            events += [*self._size_warning(frame), *session.push(frame)]
        return events

    def _size_warning(self, frame: AnyFrame) -> Iterator[Event]:
        """Warn once of pictures that are too small for trainers."""
        if isinstance(frame, VideoFrame) and not self._size_known:
            self._size_known = True
            if min(frame.picture.size) < SMALL_PIXELS:
                yield Warned(self.frame, Trouble.LOW_RESOLUTION, list(frame.picture.size))

    def _film(self, session: StreamScorer) -> RingRecording:
        material = RingMedia(self._ring, self._format, session.origin or 0)
        return RingRecording(material, self._models, self._faces.region, session.looks)

    def _look_again(self, session: StreamScorer, looks: Iterator[SecondLook | None]) -> list[Event]:
        """Look at the next frame of a window that was passed over."""
        second = next(looks)
        if second is None:
            return []
        self._relook = None
        return session.resolve(*second)

    def _drain(self) -> list[Event]:
        events: list[Event] = []
        while (step := self.work()) is not None:
            events += step
        return events

    def _warnings(self, unit: AccessUnit) -> Iterator[Event]:
        """Warn of what the sender should know."""
        if unit.lost_before:
            self.losses += 1
            yield Warned(self.frame, Trouble.LOSS, self.losses)
        if unit.keyframe:
            apart = 0 if self._keyframe is None else unit.pts - self._keyframe
            self._keyframe = unit.pts
            if apart > KEYFRAMES_APART_FLICKS:
                yield Warned(self.frame, Trouble.KEYFRAMES_RARE, round(apart / FLICKS, 1))

    def _notice(self, events: list[Event]) -> list[Event]:
        """Let the stop rules see what was scored; progress says what they expect."""
        noticed = [self._noticed(event) for event in events]
        return noticed if self._enough is None or self.stop is not None else [*noticed, *self._second_stage()]

    def _second_stage(self) -> Iterator[Event]:
        """It is enough: ask for an idle stretch if one is wanted and was not found, or stop."""
        session, most = self._session, round(self._rules.idle_s * FPS)
        if session is None:
            return
        if most and session.idle_state is None and session.idle is None:
            yield session.ask_idle(most)
        elif session.idle_state is not IdleState.WAITING:
            self.stop = self._enough

    def _noticed(self, event: Event) -> Event:
        session = self._session
        if session is None or self._enough is not None:
            return event
        if isinstance(event, Progress):
            if event.window is not None:
                self._enough = self._stopper.push(event.window, event.best)
            return replace(event, gain=self._stopper.gain)
        if isinstance(event, Coached) and event.restarts:
            self.restart()
        if isinstance(event, Scored):
            self._enough = self._stopper.amend(event.window, session.selector.best)
        return event
