"""One capture: media in, events out. Source -> aligner -> tracker and embedding -> chunk -> window -> selector.

Nothing here waits, reads a clock or owns a thread: whoever drives the session decides when.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from take5.scoring.coaching import Coach
from take5.scoring.eligibility import Timing
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.scoring.idle import Idle, IdleFinder, IdleStage, IdleState
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.parameters import LEAD_IN_FRAMES, SAMPLES_PER_FRAME, VALIDATION_FRAMES
from take5.scoring.score import WindowScore
from take5.scoring.selector import Selector
from take5.scoring.stretch import Stretch
from take5.scoring.window import ChunkFeatures, RollingWindow
from take5.stream.analysis.frames import FrameObservation, FrameScanner, stack_looks
from take5.stream.analysis.levels import chunk_note
from take5.stream.analysis.models import Models
from take5.stream.events import BestChanged, ChunkNote, Coached, Event, Progress, Scored
from take5.stream.recording.ring import Ring, Span
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.timeline.aligner import Aligned, Aligner
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.media import AccessUnit, AnyFrame, AudioBlock, Media
from take5.stream.timeline.soundtrack import silent_frames


class StreamScorer:
    """Scores a stream while it comes.

    Parameters
    ----------
    models : Models
        What listens.
    scanner : FrameScanner
        What looks at every grid frame.
    settings : Settings
        Parameters of Algorithm 1, and the gates.
    origin : int, optional
        Instant of grid frame 0 on the source's clock, where it is known beforehand.
    ring : Ring, optional
        Keeps what arrived of the latest seconds and of the pool.
    """

    def __init__(
        self,
        models: Models,
        scanner: FrameScanner,
        settings: Settings,
        origin: int | None = None,
        ring: Ring | None = None,
    ) -> None:
        parameters = self.parameters = settings.parameters
        self.selector = Selector(parameters.pool)
        self.windows: list[JudgedWindow] = []
        self.notes: list[ChunkNote] = []
        self.ring = ring or Ring()
        self._models, self._settings = models, settings
        self._aligner = Aligner(origin)
        self._scanner = scanner
        self._rolling = RollingWindow(parameters, settings.gates)
        self._embedding = EmbeddingStream(models.encoder)
        self._meter = SoundMeter(models.speech())
        self._sound = SoundMeter().finish(0)
        self._looks: deque[FrameObservation] = deque()
        self._embeddings = np.zeros((0, models.encoder.dimension))
        self._samples = np.zeros(0, np.float32)
        self._chunked = 0
        self._frames: int | None = None
        self._unlooked: list[JudgedWindow] = []
        self._kept_looks: dict[int, FrameObservation] = {}
        self._coach = Coach(settings.gates)
        self._idle = IdleFinder(settings.gates)
        self._stage: IdleStage | None = None
        self.looked = 0

    @property
    def origin(self) -> int | None:
        """Instant of grid frame 0 on the source's clock in flicks, once both tracks have begun."""
        return self._aligner.origin

    @property
    def counts(self) -> FrameCounts:
        """Doubled, dropped and late source frames so far."""
        return self._aligner.counts

    @property
    def frames(self) -> int:
        """Grid frames of the recording; so far, those of its whole chunks."""
        return self._chunked if self._frames is None else self._frames

    def push(self, media: Media) -> list[Event]:
        """Add what arrived; return what it brought about."""
        if isinstance(media, AccessUnit):
            self.ring.push_unit(media)
            return []
        if isinstance(media, AudioBlock):
            self.ring.push_sound(media)
        self._take(self._aligner.push(media))
        return list(self._score())

    def finish(self, video_end: int) -> list[Event]:
        """End the recording, its picture at ``video_end``; return what its last chunks bring about."""
        aligned, frames = self._aligner.finish(video_end)
        self._take(aligned)
        self._frames = frames
        tail = np.zeros(max(0, frames * SAMPLES_PER_FRAME - self._heard), np.float32)
        self._samples = np.concatenate([self._samples, tail])
        self._embeddings = np.concatenate([self._embeddings, self._embedding.finish(frames)])
        self._sound = SoundMeasures.concatenate([self._sound, self._meter.finish(frames)])
        return list(self._score())

    @property
    def idle(self) -> Idle | None:
        """The best stretch so far in which the person sits still and silent."""
        return self._idle.best

    def selection(self, video: str, source_fps: float, warnings: Sequence[str] = ()) -> Selection:
        """The choice so far, as it is reported, with what else there is to say of the recording."""
        encoder = self._models.encoder
        return Selection(
            video=video,
            encoder=encoder.name,
            encoder_version=encoder.version,
            source_fps=source_fps,
            origin=self.origin or 0,
            frames=self.frames,
            tracked=self.looked,
            counts=self.counts,
            best=self.selector.best,
            pool=self.selector.pool,
            verdicts=tuple(self.windows),
            settings=self._settings,
            warnings=(*warnings, *self._rolling.watch.warnings),
            idle=self.idle,
        )

    @property
    def idle_state(self) -> IdleState | None:
        """How far the second stage is; None before it was asked for."""
        return None if self._stage is None else self._stage.state

    def ask_idle(self, most: int) -> Coached:
        """Begin the second stage, of at most so many frames: from now on the person is still and silent, or should be.

        Nobody is coached to talk any more.
        """
        self._stage = IdleStage(self._chunked, self._settings.gates, most)
        return Coached(self._chunked, self._stage.state)

    def looks(self, start: int, stop: int) -> list[FrameObservation | None]:
        """What was seen in grid frames [start, stop) of a window of the pool; None where nobody looked, or any more."""
        waiting = dict(enumerate(self._looks, self._chunked))
        return [waiting.get(frame) or self._kept_looks.get(frame) for frame in range(start, stop)]

    def look(self, frame: AnyFrame) -> None:
        """Look at a frame after the recording's end: :meth:`looks` knows of it, nothing is scored."""
        self._take(self._aligner.push(frame))

    @property
    def seen_after_best(self) -> bool:
        """Whether the best window's frames after it have been looked at, or there is no best window."""
        best = self.selector.best
        if best is None:
            return True
        stop = best.start + self.parameters.window_frames
        return None not in self.looks(stop, stop + VALIDATION_FRAMES)

    def next_unobserved(self) -> JudgedWindow | None:
        """The window of highest D that nobody has looked at and that would enter the pool if it were eligible."""
        self._unlooked = [w for w in self._unlooked if self.selector.would_enter(w.score)]
        return max(self._unlooked, key=lambda w: w.score.D, default=None)

    def resolve(self, judged: JudgedWindow, seen: Sequence[FrameObservation]) -> list[Event]:
        """Take the verdict on a window of :meth:`next_unobserved`, and what was seen in it: others share its frames."""
        before = self.selector.best
        start, stop = judged.score.start, judged.score.start + len(seen)
        self.looked += sum(look is None or not look.seen for look in self.looks(start, stop))
        self._kept_looks |= dict(enumerate(seen, start))
        index = next(i for i, window in enumerate(self.windows) if window.score.start == start)
        self.windows[index] = judged
        self._unlooked = [w for w in self._unlooked if w.score.start != start]
        self._offer(judged)
        return [Scored(self._chunked, judged), *self._changed(before)]

    @property
    def _heard(self) -> int:
        return self._chunked * SAMPLES_PER_FRAME + len(self._samples)

    def _take(self, aligned: Aligned) -> None:
        for frame in aligned.frames:
            look = self._scanner.look(frame)
            self._looks.append(look)
            self.looked += look.seen
        for samples in aligned.samples:
            self._samples = np.concatenate([self._samples, samples])
            self._embeddings = np.concatenate([self._embeddings, self._embedding.push(samples)])
            self._sound = SoundMeasures.concatenate([self._sound, self._meter.push(samples)])

    def _score(self) -> Iterator[Event]:
        hop = self.parameters.hop_frames
        while self._complete >= hop:
            features, note = self._chunk(hop)
            self.notes.append(note)
            judged = self._rolling.push(features)
            self._chunked += hop
            before = self.selector.best
            told = None if judged is None else replace(judged, sound=None)  # 53 kB, which followers need not remember
            if judged is not None and told is not None:
                self.windows.append(told)
                self._offer(judged)
            yield Progress(self._chunked, told, self.selector.best, note)
            yield from self._changed(before)
            if self._idle.push(features.stretch):
                self.ring.hold(self._kept_spans())
            yield from self._told(features.stretch)

    def _told(self, stretch: Stretch) -> Iterator[Coached]:
        """What the speaker is told from now on."""
        if self._stage is None:
            for told in self._coach.push(stretch):
                yield Coached(told.frame, told.code, told.followed, told.restarts)
        elif self._stage.state is IdleState.WAITING and (state := self._stage.push(stretch)) is not IdleState.WAITING:
            yield Coached(self._chunked, state)

    @property
    def _complete(self) -> int:
        """Grid frames of which everything is known, beyond the last chunk."""
        heard = min(len(self._embeddings), len(self._sound), len(self._samples) // SAMPLES_PER_FRAME)
        return min(len(self._looks), heard)

    def _chunk(self, hop: int) -> tuple[ChunkFeatures, ChunkNote]:
        looks = [self._looks.popleft() for _ in range(hop)]
        self._keep(looks)
        embeddings, self._embeddings = self._embeddings[:hop], self._embeddings[hop:]
        samples, self._samples = np.split(self._samples, [hop * SAMPLES_PER_FRAME])
        sound, self._sound = self._sound[:hop], self._sound[hop:]
        stacked = stack_looks(looks)
        stretch = stacked.with_sound(self._timing(looks, samples), sound)
        features = ChunkFeatures(embeddings, stacked.pose, stretch)
        return features, chunk_note(looks, samples)

    def _keep(self, looks: list[FrameObservation]) -> None:
        """Remember the latest looks, and those at windows that can win with the frames after them."""
        self._kept_looks |= dict(enumerate(looks, self._chunked))
        span = self.parameters.window_frames + VALIDATION_FRAMES
        can_win = [window.start for window in (*self.selector.pool, *(judged.score for judged in self._unlooked))]
        latest = self._chunked - span
        self._kept_looks = {
            frame: look
            for frame, look in self._kept_looks.items()
            if frame >= latest or any(start <= frame < start + span for start in can_win)
        }

    def _timing(self, looks: list[FrameObservation], samples: NDArray[np.float32]) -> Timing:
        return Timing(
            frames_missing=np.array([look.missing for look in looks]),
            sound_missing=self._aligner.sound_missing(self._chunked, self._chunked + len(looks)),
            silent=silent_frames(samples),
        )

    def _offer(self, judged: JudgedWindow) -> None:
        """Let a window into the pool, or remember that it would have to be looked at first."""
        if judged.eligible is False:
            return
        if judged.eligible is None:
            if self.selector.would_enter(judged.score):
                self._unlooked.append(judged)
        elif not self.selector.add(judged.score):
            return
        self.ring.hold(self._kept_spans())

    def _changed(self, before: WindowScore | None) -> Iterator[Event]:
        best = self.selector.best
        if best is not None and best != before:
            yield BestChanged(self._chunked, best)

    def _kept_spans(self) -> Iterator[Span]:
        """Spans that must not be forgotten, the best first: pool, idle stretch, and what has to be looked at."""
        pool = sorted(self.selector.pool, key=lambda window: window != self.selector.best)
        waiting = sorted((window.score for window in self._unlooked), key=lambda score: -score.D)
        spans = [self.span(window) for window in (*pool, *waiting)]
        yield from spans[:1]
        if self.idle is not None:
            origin = self.origin or 0
            first = self.idle.start - LEAD_IN_FRAMES
            yield origin + first * FRAME_FLICKS, origin + self.idle.stop * FRAME_FLICKS
        yield from spans[1:]

    def span(self, window: WindowScore) -> Span:
        """When a window is shown, with the tracker's lead-in and a trainer's validation frames, on the source's clock.

        In flicks, half-open.
        """
        first = window.start - LEAD_IN_FRAMES
        stop = window.start + self.parameters.window_frames + VALIDATION_FRAMES
        origin = self.origin or 0
        return origin + first * FRAME_FLICKS, origin + stop * FRAME_FLICKS
