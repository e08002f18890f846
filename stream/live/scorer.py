"""Media in, events out: aligner -> scanner and embedding -> chunk -> window -> selector -> stop rules.

Nothing here waits, reads a clock, owns a thread or keeps what was received: the driver decides when,
and keeps what :attr:`StreamScorer.kept_spans` asks for.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from take5.scoring.coaching import Coach
from take5.scoring.eligibility import Timing
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.scoring.idle import Idle, IdleFinder
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.parameters import LEAD_IN_FRAMES, SAMPLES_PER_FRAME
from take5.scoring.score import WindowScore
from take5.scoring.selector import Selector
from take5.scoring.stopping import Stop, StopRules
from take5.scoring.stretch import Stretch
from take5.scoring.window import ChunkFeatures, RollingWindow
from take5.stream.analysis.frames import FrameObservation, FrameScanner, stretch_of
from take5.stream.analysis.levels import chunk_note
from take5.stream.analysis.models import Models
from take5.stream.events import BestChanged, ChunkNote, Coached, Event, Progress, Scored
from take5.stream.live.ending import Ending
from take5.stream.live.kept import KeptObservations
from take5.stream.live.notes import Notes
from take5.stream.recording.ring import Span
from take5.stream.selection import Checked, Selection, checked
from take5.stream.settings import Settings
from take5.stream.timeline.aligner import Aligned, Aligner
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.holes import Frames
from take5.stream.timeline.media import AnyFrame, Timed
from take5.stream.timeline.soundtrack import silent_frames


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
        parameters = self.parameters = settings.parameters
        self.origin = origin
        self.selector = Selector(parameters.pool)
        self.windows: list[JudgedWindow] = []
        self.notes = Notes()
        self.tracked = 0
        self._models, self._settings = models, settings
        self._aligner = Aligner(origin, parameters.hop_frames)
        self._scanner = scanner
        self._rolling = RollingWindow(parameters, settings.gates, settings.shift.ms)
        self._embedding = EmbeddingStream(models.encoder)
        self._meter = SoundMeter(models.speech())
        self._sound = SoundMeter().finish(0)
        self._observed: deque[tuple[int, FrameObservation]] = deque()
        self._pictured = self._heard = self._known_left_out = 0
        self._left_out: tuple[deque[Frames], deque[Frames]] = deque(), deque()
        self._embeddings = np.zeros((0, models.encoder.dimension))
        self._samples = np.zeros(0, np.float32)
        self._chunked = 0
        self._frames: int | None = None
        self._unobserved: list[JudgedWindow] = []
        self._given_up: list[JudgedWindow] = []
        self._kept = KeptObservations(parameters.window_frames + parameters.frames_after)
        self._coach = Coach(settings.gates)
        self._idle = IdleFinder(settings.gates)
        self._ending = Ending(rules, settings)

    @property
    def counts(self) -> FrameCounts:
        """Doubled, dropped and late source frames so far."""
        return self._aligner.counts

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

    def push(self, media: Timed) -> list[Event]:
        """Add what arrived; return the events that result."""
        self._ingest(self._aligner.push(media))
        return [*self._score(), *self._settle()]

    def lost(self, pts: int) -> None:
        """Note that picture or sound before this time, in flicks on the source's clock, was lost on the way."""
        self._coach.lost((pts - self.origin) // FRAME_FLICKS)

    def finish(self, video_end: int) -> list[Event]:
        """End the recording, its picture at ``video_end``; return the events of its last chunks."""
        aligned, frames = self._aligner.finish(video_end)
        self._ingest(aligned)
        self._frames = frames
        left_out = self._aligner.sound_left_out
        frames -= sum(min(stop, frames) - min(first, frames) for first, stop in left_out)
        tail = np.zeros(max(0, frames * SAMPLES_PER_FRAME - self._heard), np.float32)
        self._samples = np.concatenate([self._samples, tail])
        self._embeddings = np.concatenate([self._embeddings, self._embedding.finish(frames)])
        self._sound = SoundMeasures.concatenate([self._sound, self._meter.finish(frames)])
        return [*self._score(), *self._settle()]

    def end(self) -> None:
        """Stop waiting for an idle stretch: the recording is over."""
        self._ending.over()

    def restart(self) -> None:
        """Let the stop rules forget the windows so far: from now on the person speaks in another way."""
        self._ending.restart()

    def selection(self, video: str, source_fps: float, warnings: Sequence[str] = ()) -> Selection:
        """The choice so far as it is reported, with the recording's ``warnings``."""
        encoder, best = self._models.encoder, self.selector.best
        return Selection(
            video=video,
            encoder=encoder.name,
            encoder_version=encoder.version,
            source_fps=source_fps,
            origin=self.origin,
            frames=self.frames,
            tracked=self.tracked,
            counts=self.counts,
            best=best,
            pool=self.selector.pool,
            verdicts=tuple(self.windows),
            settings=self._settings,
            warnings=(
                *warnings,
                *self._settings.shift.notes,
                *self._rolling.watch.warnings_with(None if best is None else best.start),
            ),
            idle=self.idle,
            complete=self.complete,
        )

    def observations(self, start: int, stop: int) -> list[FrameObservation | None]:
        """What was seen in grid frames [start, stop) of a window of the pool; None where it is not known (any more)."""
        waiting = dict(self._observed)
        return [waiting.get(frame) or self._kept.get(frame) for frame in range(start, stop)]

    def observe(self, frame: AnyFrame) -> None:
        """Analyse a frame after the recording's end: :meth:`observations` has it, nothing is scored."""
        self._ingest(self._aligner.push(frame))

    @property
    def seen_after_best(self) -> bool:
        """Whether the frames after the best window have been analysed, or there is no best window."""
        best = self.selector.best
        if best is None:
            return True
        stop = best.start + self.parameters.window_frames
        return None not in self.observations(stop, stop + self.parameters.frames_after)

    def next_unobserved(self) -> JudgedWindow | None:
        """The window of highest D whose pictures were skipped and that would enter the pool if it were eligible."""
        self._unobserved = [w for w in self._unobserved if self.selector.would_enter(w.score)]
        return max(self._unobserved, key=lambda w: w.score.D, default=None)

    def resolve(self, judged: JudgedWindow, observed: Sequence[FrameObservation]) -> list[Event]:
        """Take the verdict on a window of :meth:`next_unobserved`, and its observations: others share its frames."""
        before = self.selector.best
        start, stop = judged.score.start, judged.score.start + len(observed)
        self.tracked += sum(known is None or not known.seen for known in self.observations(start, stop))
        self._kept.add(start, observed)
        index = next(i for i, window in enumerate(self.windows) if window.score.start == start)
        self.windows[index] = judged
        self._unobserved = [w for w in self._unobserved if w.score.start != start]
        self._offer(judged)
        self._ending.amended(judged, self.selector.best, self._chunked)
        return [Scored(self._chunked, judged, self.checked), *self._changed(before), *self._settle()]

    def synced(self, window: JudgedWindow, stretch: Stretch) -> JudgedWindow:
        """Judge the sync of a window of :meth:`next_unobserved` by the windows before it."""
        return self._rolling.watch.synced(window, stretch)

    def give_up(self, window: JudgedWindow) -> None:
        """Leave a window of :meth:`next_unobserved` without a verdict."""
        self._unobserved = [w for w in self._unobserved if w.score.start != window.score.start]
        self._given_up.append(window)

    @property
    def complete(self) -> bool:
        """Whether every window that could win has been analysed, so that the choice is Algorithm 1's."""
        open_windows = [*self._unobserved, *self._given_up]
        return not any(self.selector.would_enter(window.score) for window in open_windows)

    @property
    def checked(self) -> Checked:
        """How many of the windows so far have a verdict."""
        return checked(self.windows, complete=self.complete)

    @property
    def kept_spans(self) -> list[Span]:
        """Spans of the source that must be kept, the most valuable first: those that can win, unobserved windows."""
        waiting = sorted((window.score for window in self._unobserved), key=lambda score: -score.D)
        return [*self.winning_spans, *map(self._settings.shift.widened, map(self.span, waiting))]

    @property
    def winning_spans(self) -> list[Span]:
        """Spans of the source from which the clips are made: the best window, the idle stretch, the other windows."""
        pool = sorted(self.selector.pool, key=lambda window: window != self.selector.best)
        spans = [self.span(window) for window in pool]
        if self.idle is not None:
            first = max(0, self.idle.start - LEAD_IN_FRAMES)
            spans.insert(1, (self._instant(first), self._instant(self.idle.stop)))
        return list(map(self._settings.shift.widened, spans))

    def span(self, window: WindowScore) -> Span:
        """When a window is shown, with the tracker's lead-in and a trainer's validation frames, on the source's clock.

        In flicks, half-open.
        """
        stop = window.start + self.parameters.window_frames + self.parameters.frames_after
        return self._instant(max(0, window.start - LEAD_IN_FRAMES)), self._instant(stop)

    def _instant(self, frame: int) -> int:
        return self.origin + frame * FRAME_FLICKS

    def _ingest(self, aligned: Aligned) -> None:
        pictures, sound = self._left_out
        for frame in aligned.frames:
            if frame.index > self._pictured:
                pictures.append((self._pictured, frame.index))
            self._pictured = frame.index + 1
            observed = self._scanner.observe(frame)
            self._observed.append((frame.index, observed))
            self.tracked += observed.seen
        sound += self._aligner.sound_left_out[self._known_left_out :]
        self._known_left_out = len(self._aligner.sound_left_out)
        for samples in aligned.samples:
            self._heard += len(samples)
            self._samples = np.concatenate([self._samples, samples])
            self._embeddings = np.concatenate([self._embeddings, self._embedding.push(samples)])
            self._sound = SoundMeasures.concatenate([self._sound, self._meter.push(samples)])

    def _score(self) -> Iterator[Event]:
        hop = self.parameters.hop_frames
        while self._clear_of_holes() and self._complete >= hop:
            features, note = self._chunk(hop)
            self.notes.append(note)
            judged = self._rolling.push(features)
            self._chunked += hop
            before = self.selector.best
            reported = None if judged is None else replace(judged, sound=None)  # 53 kB that followers do not need
            if judged is not None and reported is not None:
                self.windows.append(reported)
                self._offer(judged)
            gain = self._ending.scored(reported, self.selector.best, self._chunked)
            best, standing = self.selector.best, self._ending.standing
            yield Progress(self._chunked, reported, best, note, gain, self.checked, standing)
            yield from self._changed(before)
            self._idle.push(features.stretch)
            yield from self._coached(features.stretch)

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

    @property
    def _complete(self) -> int:
        """Grid frames of which everything is known, beyond the last chunk."""
        return min(len(self._observed), self._heard_frames)

    @property
    def _heard_frames(self) -> int:
        return min(len(self._embeddings), len(self._sound), len(self._samples) // SAMPLES_PER_FRAME)

    def _clear_of_holes(self) -> bool:
        """Pass over chunks that are left out of a long hole; False while the other track has yet to get there."""
        hop = self.parameters.hop_frames
        while True:
            picture, sound = (_stop_of(left_out, self._chunked) for left_out in self._left_out)
            if picture is None and sound is None:
                return True
            if picture is not None and sound is not None:
                self._pass_over(min(picture, sound))
            elif (self._heard_frames if sound is None else len(self._observed)) < hop:
                return False
            else:
                if sound is None:
                    self._take_sound(hop)
                else:
                    self._take_observed(hop)
                self._pass_over(self._chunked + hop)

    def _pass_over(self, stop: int) -> None:
        """Go on with the chunk that begins at ``stop``; nothing is known of those before it."""
        frames = stop - self._chunked
        self.notes.skip(frames // self.parameters.hop_frames)
        for follower in (self._rolling, self._coach, self._idle, self._ending):
            follower.skip(frames)
        self._chunked = stop

    def _take_observed(self, hop: int) -> list[FrameObservation]:
        return [self._observed.popleft()[1] for _ in range(hop)]

    def _take_sound(self, hop: int) -> tuple[NDArray[np.float64], NDArray[np.float32], SoundMeasures]:
        """Take the next embeddings, samples and measures."""
        embeddings, self._embeddings = self._embeddings[:hop], self._embeddings[hop:]
        samples, self._samples = np.split(self._samples, [hop * SAMPLES_PER_FRAME])
        sound, self._sound = self._sound[:hop], self._sound[hop:]
        return embeddings, samples, sound

    def _chunk(self, hop: int) -> tuple[ChunkFeatures, ChunkNote]:
        observed = self._take_observed(hop)
        self._kept.add(self._chunked, observed)
        self._kept.forget(self._chunked, [*self.selector.pool, *(judged.score for judged in self._unobserved)])
        embeddings, samples, sound = self._take_sound(hop)
        stretch = stretch_of(observed, self._timing(observed, samples), sound)
        return ChunkFeatures(embeddings, stretch), chunk_note(observed, samples)

    def _timing(self, observed: list[FrameObservation], samples: NDArray[np.float32]) -> Timing:
        return Timing(
            frames_missing=np.array([frame.missing for frame in observed]),
            sound_missing=self._aligner.sound_missing(self._chunked, self._chunked + len(observed)),
            silent=silent_frames(samples),
        )

    def _offer(self, judged: JudgedWindow) -> None:
        """Let a window into the pool, or remember that its pictures would have to be analysed first."""
        if judged.eligible:
            self.selector.add(judged.score)
        elif judged.eligible is None and self.selector.would_enter(judged.score):
            self._unobserved.append(judged)

    def _changed(self, before: WindowScore | None) -> Iterator[Event]:
        best = self.selector.best
        if best is not None and best != before:
            yield BestChanged(self._chunked, best)


def _stop_of(left_out: deque[Frames], frame: int) -> int | None:
    """Where what is left out at a frame ends; None if nothing is."""
    while left_out and left_out[0][1] <= frame:
        left_out.popleft()
    return left_out[0][1] if left_out and left_out[0][0] <= frame else None
