"""Sound and pictures of a file, scanned once and remembered."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.sound import SoundMeter
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.models.region import Framing
from take5.scoring.parameters import LEAD_IN_FRAMES, SAMPLES_PER_FRAME
from take5.stream.analysis.faces import SEEK_FRAMES, Faces
from take5.stream.analysis.frames import UNDECODABLE, FrameObservation, FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.recording.observation_file import ObservationFile
from take5.stream.recording.row_file import MeasureFile, RowFile
from take5.stream.sources.file import MediaFile
from take5.stream.sources.file_index import FileIndex
from take5.stream.timeline.holes import Frames, Rows
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.soundtrack import SoundTrack, silent_frames, to_pcm16

OnProgress = Callable[[str, int, int], None]
"""Called with the stage ("sound", "faces"), the amount done, and the total (0 if unknown)."""


@dataclass(frozen=True)
class Sound:
    """The sound of a recording on the session clock, a row for each grid frame; what is large is in temporary files.

    Attributes
    ----------
    pcm : RowFile of int16 [N, 640]
        At 16 kHz.
    embeddings : RowFile of float64 [N, E]
    silent, missing : ndarray bool [N]
    measures : MeasureFile
        N rows of :class:`take5.scoring.gates.sound.SoundMeasures`.
    """

    pcm: RowFile
    embeddings: RowFile
    silent: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    measures: MeasureFile

    def at(self, spans: Sequence[slice]) -> "Sound":
        """The sound of some of its rows."""

        def chosen(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
            return np.concatenate([rows[:0], *(rows[span] for span in spans)])

        return Sound(
            self.pcm.at(spans),
            self.embeddings.at(spans),
            chosen(self.silent),
            chosen(self.missing),
            self.measures.at(spans),
        )


class SoundScan:
    """Embeds the blocks of a file as they arrive; whole chunks of ``hop`` frames inside a hole are left out."""

    def __init__(self, origin: int, models: Models, on_progress: Callable[[int], None], hop: int) -> None:
        self._track = SoundTrack(origin, hop)
        self._stream = EmbeddingStream(models.encoder)
        self._meter = SoundMeter(models.speech())
        self._on_progress = on_progress
        self._pcm = RowFile(np.int16, (SAMPLES_PER_FRAME,))
        self._embeddings = RowFile(np.float32, (models.encoder.dimension,), given=np.float64)
        self._measures = MeasureFile()
        self._silent = bytearray()
        self._rest = np.zeros(0, np.float32)
        self._frames = 0

    def push(self, block: AudioBlock) -> None:
        """Add a block."""
        self._ingest(self._track.push(block))

    def finish(self, picture_frames: int, passed: Sequence[Frames]) -> tuple[Sound, Rows]:
        """End the sound; N is the shorter of its length and ``picture_frames``, ``passed`` is without picture."""
        self._ingest(self._track.finish())
        total = min(picture_frames, self._track.frames())
        heard, rows = Rows(total, self._track.left_out), Rows(total, [*self._track.left_out, *passed])
        frames = heard.count
        self._embeddings.append(self._stream.finish(frames))
        self._measures.append(self._meter.finish(frames))
        padding = -len(self._rest) % SAMPLES_PER_FRAME
        self._keep(np.pad(self._rest, (0, padding)))
        self._pcm.resize(frames)
        self._embeddings.resize(min(frames, len(self._embeddings)))
        self._measures.resize(min(frames, len(self._measures)))
        missing = [self._track.missing(start, stop) for start, stop in heard.stretches]
        sound = Sound(
            pcm=self._pcm,
            embeddings=self._embeddings,
            silent=np.frombuffer(self._silent, np.bool_)[:frames],
            missing=np.concatenate([np.zeros(0, dtype=np.bool_), *missing]),
            measures=self._measures,
        )
        return (sound if not passed else sound.at([heard.span(*stretch) for stretch in rows.stretches])), rows

    def _ingest(self, samples: NDArray[np.float32]) -> None:
        self._embeddings.append(self._stream.push(samples))
        self._measures.append(self._meter.push(samples))
        rest = np.concatenate([self._rest, samples])
        whole = len(rest) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
        self._keep(rest[:whole])
        self._rest = rest[whole:]
        self._frames += whole // SAMPLES_PER_FRAME
        self._on_progress(self._frames + sum(stop - start for start, stop in self._track.left_out))

    def _keep(self, samples: NDArray[np.float32]) -> None:
        """Keep whole grid frames of sound."""
        self._pcm.append(to_pcm16(samples).reshape(-1, SAMPLES_PER_FRAME))
        self._silent += silent_frames(samples).tobytes()


class PictureScan:
    """Analyses stretches of the grid, each frame once; each run begins a lead-in early.

    ``observed`` has a place for each of ``rows``. ``resized`` are the grid frames from which on pictures have another
    size, the first one among them.
    """

    def __init__(
        self,
        file: MediaFile,
        index: FileIndex,
        rows: Rows,
        hop: int,
        resized: Sequence[int],
        models: Models,
        on_progress: OnProgress,
    ) -> None:
        self._file, self._index, self._models, self._on_progress = file, index, models, on_progress
        self.rows, self._hop = rows, hop
        self.observed = ObservationFile(rows.count)
        self.tracked = 0
        self._resized = resized
        self._framings: dict[int, list[Framing]] = {}

    def again(self) -> "PictureScan":
        """A scan of the same pictures that has analysed none: its runs do not depend on those of this one."""
        scan = PictureScan(
            self._file, self._index, self.rows, self._hop, self._resized, self._models, self._on_progress
        )
        scan._framings = self._framings
        return scan

    def resized_within(self, start: int, stop: int) -> bool:
        """Whether pictures change their size at a grid frame of [start, stop), the recording's first one aside."""
        return bisect_left(self._resized, stop) > bisect_left(self._resized, max(1, start))

    def scan(self, spans: Iterable[tuple[int, int]]) -> None:
        """Analyse the frames in these half-open stretches that have no observation yet."""
        stretches = list(self._unseen(spans))
        wanted = self.tracked + sum(stop - start for start, stop in stretches)
        for start, stop in stretches:
            self._run(max(0, start - LEAD_IN_FRAMES), start, stop, wanted)

    def _unseen(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield stretches without observations, joining those with less than a lead-in between them."""
        wanted = np.zeros(len(self.observed) + 1, dtype=np.bool_)
        for start, stop in spans:
            wanted[self.rows.span(start, stop)] = True
        wanted[:-1] &= ~self.observed.known
        edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted]).astype(np.int8))).tolist()
        pairs = list(zip(edges[::2], edges[1::2], strict=True))
        joined: list[tuple[int, int]] = []
        for start, stop in pairs:
            if joined and start - joined[-1][1] <= LEAD_IN_FRAMES:
                joined[-1] = (joined[-1][0], stop)
            else:
                joined.append((start, stop))
        yield from ((self.rows.frame(start), self.rows.frame(stop - 1) + 1) for start, stop in joined)

    def _run(self, lead_in: int, start: int, stop: int, wanted: int) -> None:
        pictures = self._file.ready_frames(self._index, lead_in, stop, self._hop)
        with Faces(self._models, self._known(lead_in, stop)) as faces, closing(pictures) as frames:
            scanner = FrameScanner(faces)
            for frame in frames:
                observation = scanner.observe(frame)
                if frame.index >= start and self.rows.has(frame.index, frame.index + 1):
                    self._keep(self.rows.row(frame.index), observation)
                self._on_progress("faces", self.tracked, wanted)
        for missed in range(self.rows.row(start), self.rows.row(stop)):
            self._keep(missed, UNDECODABLE)

    def _known(self, start: int, stop: int) -> list[Framing]:
        """The regions in which to track the faces of grid frames [start, stop)."""
        first = bisect_right(self._resized, start) - 1
        last = bisect_left(self._resized, stop)
        return [framing for place in range(max(0, first), last) for framing in self._sought(place)]

    def _sought(self, place: int) -> list[Framing]:
        """Find the face's region as a stream does: in the first frames with a face, of pictures of one size."""
        start = self._resized[place]
        if start not in self._framings:
            stop = min([start + SEEK_FRAMES, self.rows.frames, *self._resized[place + 1 : place + 2]])
            with Faces(self._models) as faces:
                for frame in self._file.grid_frames(self._index, start, stop, self._hop):
                    if faces.seek(frame.shown.picture.rgb(), frame.index):
                        break
                self._framings[start] = faces.framings
        return self._framings[start]

    def _keep(self, row: int, observation: FrameObservation) -> None:
        if not self.observed.known[row]:
            self.observed[row] = observation
            self.tracked += observation is not UNDECODABLE
