"""What has arrived of both tracks and is in no chunk yet: frames observed, sound embedded and measured."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.parameters import SAMPLE_RATE, SAMPLES_PER_FRAME
from take5.scoring.window import ChunkFeatures
from take5.stream.analysis.frames import FrameObservation, FrameScanner, stretch_of
from take5.stream.analysis.levels import chunk_note
from take5.stream.analysis.models import Models
from take5.stream.events import ChunkNote
from take5.stream.timeline.aligner import Aligned, Aligner
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.holes import Frames
from take5.stream.timeline.media import Timed
from take5.stream.timeline.soundtrack import silent_frames


@dataclass(frozen=True)
class Chunk:
    """One hop: what was observed in each of its frames, what is scored of it, and what people are told of it."""

    observed: list[FrameObservation]
    features: ChunkFeatures
    note: ChunkNote


class ArrivedTracks:
    """Media in, chunks out.

    Parameters
    ----------
    models : Models
        The networks.
    scanner : FrameScanner
        Analyses every grid frame.
    origin : int
        Instant of grid frame 0, in flicks on the source's clock.
    hop : int
        Grid frames of a chunk.

    Attributes
    ----------
    tracked : int
        Frames with a face so far.
    at : int
        First grid frame of the next chunk.
    """

    def __init__(self, models: Models, scanner: FrameScanner, origin: int, hop: int) -> None:
        self.tracked = self.at = 0
        self._hop, self._scanner, self._aligner = hop, scanner, Aligner(origin, hop)
        self._embedding = EmbeddingStream(models.encoder)
        self._meter = SoundMeter(models.speech())
        self._sound = SoundMeter().finish(0)
        self._observed: deque[tuple[int, FrameObservation]] = deque()
        self._pictured = self._heard = self._sound_taken = self._known_left_out = 0
        self._left_out: tuple[deque[Frames], deque[Frames]] = deque(), deque()
        self._embeddings = np.zeros((0, models.encoder.dimension))
        self._samples = np.zeros(0, np.float32)

    @property
    def counts(self) -> FrameCounts:
        """Doubled, dropped and late source frames so far."""
        return self._aligner.counts

    def push(self, media: Timed) -> None:
        """Add what arrived."""
        self._ingest(self._aligner.push(media))

    def finish(self, video_end: int) -> int:
        """End both tracks, the picture at ``video_end``; return the number of grid frames of the recording."""
        aligned, recorded = self._aligner.finish(video_end)
        self._ingest(aligned)
        left_out = self._aligner.sound_left_out
        frames = recorded - sum(min(stop, recorded) - min(first, recorded) for first, stop in left_out)
        tail = np.zeros(max(0, frames * SAMPLES_PER_FRAME - self._heard), np.float32)
        self._samples = np.concatenate([self._samples, tail])
        self._embeddings = np.concatenate([self._embeddings, self._embedding.finish(frames)])
        self._sound = SoundMeasures.concatenate([self._sound, self._meter.finish(frames)])
        return recorded

    @property
    def sound_due(self) -> int:
        """How much sound is missing before that of the next chunk is complete, in flicks; 0 or less if it is."""
        frames = self._sound_taken + self._hop
        needed = max(self._embedding.samples_for(frames), self._meter.samples_for(frames))
        return (needed - self._heard) * FLICKS // SAMPLE_RATE

    def observed(self) -> dict[int, FrameObservation]:
        """What was seen in frames that are in no chunk yet."""
        return dict(self._observed)

    def next_chunk(self, skip: Callable[[int], None]) -> Chunk | None:
        """Return the next chunk; None while something of it is missing.

        Chunks that are left out of a long hole are passed over: ``skip`` is called with the number of their frames.
        """
        if not self._clear_of_holes(skip) or min(len(self._observed), self._heard_frames) < self._hop:
            return None
        observed = self._take_observed()
        embeddings, samples, sound = self._take_sound()
        timing = Timing(
            frames_missing=np.array([frame.missing for frame in observed]),
            sound_missing=self._aligner.sound_missing(self.at, self.at + self._hop),
            silent=silent_frames(samples),
        )
        self.at += self._hop
        features = ChunkFeatures(embeddings, stretch_of(observed, timing, sound))
        return Chunk(observed, features, chunk_note(observed, samples))

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

    @property
    def _heard_frames(self) -> int:
        return min(len(self._embeddings), len(self._sound), len(self._samples) // SAMPLES_PER_FRAME)

    def _clear_of_holes(self, skip: Callable[[int], None]) -> bool:
        """Pass over chunks that are left out of a long hole; False while the other track has yet to get there."""
        while True:
            picture, sound = (_stop_of(left_out, self.at) for left_out in self._left_out)
            if picture is None and sound is None:
                return True
            if picture is not None and sound is not None:
                stop = min(picture, sound)
            elif (self._heard_frames if sound is None else len(self._observed)) < self._hop:
                return False
            else:
                if sound is None:
                    self._take_sound()
                else:
                    self._take_observed()
                stop = self.at + self._hop
            skip(stop - self.at)
            self.at = stop

    def _take_observed(self) -> list[FrameObservation]:
        return [self._observed.popleft()[1] for _ in range(self._hop)]

    def _take_sound(self) -> tuple[NDArray[np.float64], NDArray[np.float32], SoundMeasures]:
        """Take the next embeddings, samples and measures."""
        self._sound_taken += self._hop
        embeddings, self._embeddings = self._embeddings[: self._hop], self._embeddings[self._hop :]
        samples, self._samples = np.split(self._samples, [self._hop * SAMPLES_PER_FRAME])
        sound, self._sound = self._sound[: self._hop], self._sound[self._hop :]
        return embeddings, samples, sound


def _stop_of(left_out: deque[Frames], frame: int) -> int | None:
    """Where what is left out at a frame ends; None if nothing is."""
    while left_out and left_out[0][1] <= frame:
        left_out.popleft()
    return left_out[0][1] if left_out and left_out[0][0] <= frame else None
