"""One capture: media in, events out. Source -> aligner -> tracker and embedding -> chunk -> window -> selector.

Nothing here waits, reads a clock or owns a thread: whoever drives the session decides when.
"""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.models.audio import AudioEncoder, EmbeddingStream
from take5.scoring.parameters import LEAD_IN_FRAMES, SAMPLES_PER_FRAME, VALIDATION_FRAMES, Parameters
from take5.scoring.selector import Selector
from take5.scoring.window import ChunkFeatures, JudgedWindow, RollingWindow
from take5.stream.aligner import Aligned, Aligner
from take5.stream.clock import FRAME_TICKS
from take5.stream.events import BestChanged, Event, Progress
from take5.stream.grid import FrameCounts
from take5.stream.media import AccessUnit, AudioBlock, Media
from take5.stream.ring import Ring, Span
from take5.stream.scanner import FrameLook, FrameScanner, stack_looks
from take5.stream.soundtrack import silent_frames


class Session:
    """Scores a stream while it comes.

    Parameters
    ----------
    encoder : AudioEncoder
        What D is measured with.
    scanner : FrameScanner
        What looks at every grid frame.
    parameters : Parameters
        Of Algorithm 1.
    origin : int, optional
        Instant of grid frame 0 on the source's clock, where it is known beforehand.
    ring : Ring, optional
        Keeps what arrived of the latest seconds and of the pool.
    """

    def __init__(
        self,
        encoder: AudioEncoder,
        scanner: FrameScanner,
        parameters: Parameters,
        origin: int | None = None,
        ring: Ring | None = None,
    ) -> None:
        self.parameters = parameters
        self.selector = Selector(parameters.pool)
        self.windows: list[JudgedWindow] = []
        self.ring = ring or Ring()
        self._aligner = Aligner(origin)
        self._scanner = scanner
        self._rolling = RollingWindow(parameters)
        self._embedding = EmbeddingStream(encoder)
        self._looks: deque[FrameLook] = deque()
        self._embeddings = np.zeros((0, encoder.dimension))
        self._samples = np.zeros(0, np.float32)
        self._chunked = 0
        self.frames = 0

    @property
    def origin(self) -> int | None:
        """Instant of grid frame 0 on the source's clock in flicks, once both tracks have begun."""
        return self._aligner.origin

    @property
    def counts(self) -> FrameCounts:
        """Doubled, dropped and late source frames so far."""
        return self._aligner.counts

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
        self.frames = frames
        tail = np.zeros(max(0, frames * SAMPLES_PER_FRAME - self._heard), np.float32)
        self._samples = np.concatenate([self._samples, tail])
        self._embeddings = np.concatenate([self._embeddings, self._embedding.finish(frames)])
        return list(self._score())

    @property
    def _heard(self) -> int:
        return self._chunked * SAMPLES_PER_FRAME + len(self._samples)

    def _take(self, aligned: Aligned) -> None:
        self._looks.extend(self._scanner.look(frame) for frame in aligned.frames)
        for samples in aligned.samples:
            self._samples = np.concatenate([self._samples, samples])
            self._embeddings = np.concatenate([self._embeddings, self._embedding.push(samples)])

    def _score(self) -> Iterator[Event]:
        hop = self.parameters.hop_frames
        while min(len(self._looks), len(self._embeddings), len(self._samples) // SAMPLES_PER_FRAME) >= hop:
            judged = self._rolling.push(self._chunk(hop))
            self._chunked += hop
            if judged is not None:
                yield from self._judge(judged)

    def _chunk(self, hop: int) -> ChunkFeatures:
        looks = [self._looks.popleft() for _ in range(hop)]
        embeddings, self._embeddings = self._embeddings[:hop], self._embeddings[hop:]
        samples, self._samples = np.split(self._samples, [hop * SAMPLES_PER_FRAME])
        lips, pose, seen = stack_looks(looks)
        return ChunkFeatures(embeddings, lips, pose, self._timing(looks, samples), seen)

    def _timing(self, looks: list[FrameLook], samples: NDArray[np.float32]) -> Timing:
        return Timing(
            frames_missing=np.array([look.missing for look in looks]),
            sound_missing=self._aligner.sound_missing(self._chunked, self._chunked + len(looks)),
            silent=silent_frames(samples),
        )

    def _judge(self, judged: JudgedWindow) -> Iterator[Event]:
        self.windows.append(judged)
        before = self.selector.best
        if judged.eligible and self.selector.add(judged.score):
            self.ring.hold(self._kept_spans())
        best = self.selector.best
        yield Progress(self._chunked, judged, best)
        if best is not None and best != before:
            yield BestChanged(self._chunked, best)

    def _kept_spans(self) -> Iterator[Span]:
        """Spans of the pool, the best first, each with the tracker's lead-in and a trainer's validation frames."""
        length = self.parameters.window_frames
        origin = self.origin or 0
        for window in sorted(self.selector.pool, key=lambda window: window != self.selector.best):
            first, stop = window.start - LEAD_IN_FRAMES, window.start + length + VALIDATION_FRAMES
            yield origin + first * FRAME_TICKS, origin + stop * FRAME_TICKS
