"""Media in, events out: arrived tracks -> chunk -> window -> selector -> stop rules.

Nothing here waits, reads a clock, owns a thread or keeps what was received: the driver decides when,
and keeps what :attr:`StreamScorer.kept_spans` asks for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from take5.scoring.coaching import Coach
from take5.scoring.idle import Idle, IdleFinder, idle_lengths
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.scoring.score import WindowScore
from take5.scoring.selector import Selector
from take5.scoring.stopping import Stop, StopRules
from take5.scoring.stretch import Stretch
from take5.stream.analysis.frames import FrameObservation, FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.events import BestChanged, ChunkNote, Coached, Event, LengthProgress, Progress, Scored
from take5.stream.live.arrived import ArrivedTracks
from take5.stream.live.ending import Ending
from take5.stream.live.kept import KeptObservations
from take5.stream.live.length import LengthScorer
from take5.stream.live.notes import Notes
from take5.stream.recording.ring import Span
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.media import AnyFrame, Timed


class StreamScorer:
    """Scores a stream as it arrives.

    Parameters
    ----------
    models : Models
        The networks.
    scanner : FrameScanner
        Analyses every grid frame.
    settings : Settings
        Parameters of Algorithm 1, and the gates.
    origin : int
        Instant of grid frame 0, in flicks on the source's clock.
    rules : StopRules, optional
        When it is enough; without them it never is.
    """

    def __init__(
        self,
        models: Models,
        scanner: FrameScanner,
        settings: Settings,
        origin: int,
        rules: StopRules | None = None,
    ) -> None:
        self.origin = origin
        self.parameters = settings.parameters
        self.lengths = tuple(map(LengthScorer, settings.lengths))
        self.notes = Notes()
        self._models, self._settings = models, settings
        self._arrived = ArrivedTracks(models, scanner, origin, self.parameters.hop_frames)
        self._chunked = self._seen_again = 0
        self._frames: int | None = None
        self._kept = KeptObservations(max(length.span for length in self.lengths))
        self._coach = Coach(settings.gates)
        self._idle = IdleFinder(settings.gates, lengths=idle_lengths(self.parameters.window_frames))
        self._ending = Ending(rules, settings)

    @property
    def first(self) -> LengthScorer:
        """The first length, by which the stop rules decide."""
        return self.lengths[0]

    @property
    def selector(self) -> Selector:
        """The first length's pool."""
        return self.first.selector

    @property
    def windows(self) -> list[JudgedWindow]:
        """Every window of the first length so far."""
        return self.first.windows

    @property
    def has_best(self) -> bool:
        """Whether a window of any length has been eligible."""
        return any(length.best is not None for length in self.lengths)

    @property
    def frames(self) -> int:
        """Grid frames of the recording; so far, those of its whole chunks."""
        return self._chunked if self._frames is None else self._frames

    @property
    def idle(self) -> Idle | None:
        """The best stretch so far in which the person sits still and silent."""
        return self._idle.best

    @property
    def stop(self) -> Stop | None:
        """The rule that has stopped the recording."""
        return self._ending.stop

    @property
    def stopped_at(self) -> int:
        """Session time of the stop, in grid frames."""
        return self._ending.at

    @property
    def sound_due(self) -> int:
        """How much sound is missing before that of the next chunk is complete, in flicks; 0 or less if it is."""
        return self._arrived.sound_due

    def push(self, media: Timed) -> list[Event]:
        """Add what arrived; return the events that result."""
        self._arrived.push(media)
        return [*self._score(), *self._settle()]

    def lost(self, pts: int) -> None:
        """Note that picture or sound before this time, in flicks on the source's clock, was lost on the way."""
        self._coach.lost((pts - self.origin) // FRAME_FLICKS)

    def finish(self, video_end: int) -> list[Event]:
        """End the recording, its picture at ``video_end``; return the events of its last chunks."""
        self._frames = self._arrived.finish(video_end)
        return [*self._score(), *self._settle()]

    def end(self) -> None:
        """Stop waiting for an idle stretch: the recording is over."""
        self._ending.over()

    def restart(self) -> None:
        """Let the stop rules forget the windows so far: from now on the person speaks in another way."""
        self._ending.restart()

    def selection(self, video: str, source_fps: float, warnings: Sequence[str] = ()) -> Selection:
        """The choice so far as it is reported, with the recording's ``warnings``."""
        first, *others = (self._selection(length, video, source_fps, warnings) for length in self.lengths)
        return replace(first, idle=self.idle, others=tuple(others))

    def _selection(self, length: LengthScorer, video: str, source_fps: float, warnings: Sequence[str]) -> Selection:
        encoder = self._models.encoder
        return Selection(
            video=video,
            encoder=encoder.name,
            encoder_version=encoder.version,
            tracker=self._models.tracker_name,
            source_fps=source_fps,
            origin=self.origin,
            frames=self.frames,
            tracked=self._arrived.tracked + self._seen_again,
            counts=self._arrived.counts,
            best=length.best,
            pool=length.selector.pool,
            verdicts=tuple(length.windows),
            settings=length.settings,
            warnings=(*warnings, *self._settings.shift.notes, *length.warnings),
            complete=length.complete,
        )

    def observations(self, start: int, stop: int) -> list[FrameObservation | None]:
        """What was seen in grid frames [start, stop) of a window of a pool; None where it is not known (any more)."""
        waiting = self._arrived.observed()
        return [waiting.get(frame) or self._kept.get(frame) for frame in range(start, stop)]

    def observe(self, frame: AnyFrame) -> None:
        """Analyse a frame after the recording's end: :meth:`observations` has it, nothing is scored."""
        self._arrived.push(frame)

    @property
    def seen_after_best(self) -> bool:
        """Whether the frames after the best window of each length have been analysed."""
        known = (self.observations(*length.after_best) for length in self.lengths if length.best is not None)
        return all(None not in frames for frames in known)

    def resolve(self, length: LengthScorer, judged: JudgedWindow, observed: Sequence[FrameObservation]) -> list[Event]:
        """Take the verdict on a window that was not analysed, and its observations: others share its frames."""
        before = length.best
        start, stop = judged.score.start, judged.score.start + len(observed)
        self._seen_again += sum(known is None or not known.seen for known in self.observations(start, stop))
        self._kept.add(start, observed)
        length.resolve(judged)
        if length is self.first:
            self._ending.amended(judged, length.best, self._chunked)
        scored = Scored(self._chunked, judged, length.checked, length.frames)
        return [scored, *self._changed(length, before), *self._settle()]

    @property
    def kept_spans(self) -> list[Span]:
        """Spans of the source that must be kept, the most valuable first: those that can win, unobserved windows."""
        waiting = [self.span(length, window) for length in self.lengths for window in length.waiting]
        return [*self.winning_spans, *map(self._settings.shift.widened, waiting)]

    @property
    def winning_spans(self) -> list[Span]:
        """Spans of the source from which the clips are made: the best windows, the idle stretch, the other windows."""
        pools = [[self.span(length, window) for window in length.winning] for length in self.lengths]
        spans = [span for pool in pools for span in pool[:1]]
        if self.idle is not None:
            first = max(0, self.idle.start - LEAD_IN_FRAMES)
            spans.append((self._instant(first), self._instant(self.idle.stop)))
        spans += [span for pool in pools for span in pool[1:]]
        return list(map(self._settings.shift.widened, spans))

    def span(self, length: LengthScorer, window: WindowScore) -> Span:
        """When a window is shown, with the tracker's lead-in and a trainer's validation frames, on the source's clock.

        In flicks, half-open.
        """
        return self._instant(max(0, window.start - LEAD_IN_FRAMES)), self._instant(window.start + length.span)

    def _instant(self, frame: int) -> int:
        return self.origin + frame * FRAME_FLICKS

    def _score(self) -> Iterator[Event]:
        while (chunk := self._arrived.next_chunk(self._skip)) is not None:
            needed = [span for length in self.lengths for span in length.needed]
            self._kept.add(self._chunked, chunk.observed)
            self._kept.forget(self._chunked, needed)
            self.notes.append(chunk.note)
            before = [length.best for length in self.lengths]
            windows = [length.push(chunk.features) for length in self.lengths]
            self._chunked += self.parameters.hop_frames
            yield self._progress(windows, chunk.note)
            for length, earlier in zip(self.lengths, before, strict=True):
                yield from self._changed(length, earlier)
            self._idle.push(chunk.features.stretch)
            yield from self._coached(chunk.features.stretch)

    def _progress(self, windows: Sequence[JudgedWindow | None], note: ChunkNote) -> Progress:
        """The event of a hop, given the window of each length that ends with it."""
        (first, window), *others = zip(self.lengths, windows, strict=True)
        gain = self._ending.scored(window, first.best, self._chunked)
        more = (LengthProgress(length.frames, other, length.best, length.checked) for length, other in others)
        return Progress(
            self._chunked,
            window,
            first.best,
            note,
            gain,
            first.checked,
            self._ending.standing,
            window_frames=first.frames,
            others=tuple(more),
        )

    def _skip(self, frames: int) -> None:
        """Pass over chunks of which nothing is known."""
        self.notes.skip(frames // self.parameters.hop_frames)
        for length in self.lengths:
            length.skip(frames)
        for follower in (self._coach, self._idle, self._ending):
            follower.skip(frames)
        self._chunked += frames

    def _settle(self) -> Iterator[Event]:
        """It is enough: stop, or ask for an idle stretch if one is wanted and was not found."""
        asked = self._ending.settle(self._chunked, idle_known=self.idle is not None)
        if asked is not None:
            yield Coached(self._chunked, asked)

    def _coached(self, stretch: Stretch) -> Iterator[Coached]:
        """What the speaker is asked to do from now on; to talk, only until the second stage begins."""
        if self._ending.idle is None:
            for said in self._coach.push(stretch):
                if said.restarts:
                    self.restart()
                yield Coached(said.frame, said.code, said.followed, said.restarts)
        elif (state := self._ending.watched(stretch)) is not None:
            yield Coached(self._chunked, state)

    def _changed(self, length: LengthScorer, before: WindowScore | None) -> Iterator[Event]:
        if length.best is not None and length.best != before:
            yield BestChanged(self._chunked, length.best, length.frames)
