"""A finished file under analysis: all of its sound, and pictures on demand, each tracked once."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.errors import TooShort
from take5.scoring.gates.sound import SoundMeasures
from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME
from take5.stream.analysis.channels import best_channel
from take5.stream.analysis.file_scans import OnProgress, PictureScan, Sound, SoundScan
from take5.stream.analysis.frames import FrameObservation, unseen
from take5.stream.analysis.models import Models
from take5.stream.recording.spread import Spread
from take5.stream.settings import Settings
from take5.stream.sources.channel import AUTO
from take5.stream.sources.file import MediaFile
from take5.stream.sources.file_index import FileIndex
from take5.stream.sources.speech_tracks import with_most_speech
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import FrameCounts, GridFrame
from take5.stream.timeline.holes import Frames, Rows
from take5.stream.timeline.media import Picture


@dataclass(frozen=True)
class FileRecording:
    """A finished file on the session clock, from which clips, bundles and features are made.

    Attributes
    ----------
    rows : Rows
        Grid frames with a row in ``heard``, ``timing`` and ``observed``: all but what a stream does not score either,
        whole chunks inside long holes.
    """

    file: MediaFile
    index: FileIndex
    counts: FrameCounts
    rows: Rows
    heard: Sound
    timing: Timing
    scan: PictureScan

    def again(self) -> "FileRecording":
        """The same recording, with no picture analysed."""
        return replace(self, scan=self.scan.again())

    @property
    def frames(self) -> int:
        """Number of grid frames with both picture and sound."""
        return self.rows.frames

    @property
    def observed(self) -> list[FrameObservation | None]:
        """Observation of each row; None if not analysed."""
        return self.scan.observed[:]

    def observed_in(self, start: int, stop: int) -> list[FrameObservation | None]:
        """Observations of grid frames [start, stop) with rows; None if not analysed."""
        return self.scan.observed[self.rows.span(start, stop)]

    def heard_in(self, start: int, stop: int) -> tuple[Timing, SoundMeasures]:
        """Timing and sound of grid frames [start, stop) with rows."""
        span = self.rows.span(start, stop)
        return self.timing[span], self.heard.measures[span]

    def observations(self, start: int, stop: int) -> list[FrameObservation]:
        """Observations of grid frames [start, stop); frames not analysed yet are analysed on demand."""
        self.scan.scan([(start, stop)])
        found = [unseen(missing=True)] * (stop - start)
        for first, last in self.rows.within(start, stop):
            found[first - start : last - start] = [one for one in self.observed_in(first, last) if one is not None]
        return found

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in grid frames [start, stop)."""
        everything = Timing(*(np.ones(stop - start, dtype=np.bool_) for _ in range(3)))
        for first, last in self.rows.within(start, stop):
            span = self.rows.span(first, last)
            for whole, part in zip(vars(everything).values(), vars(self.timing).values(), strict=True):
                whole[first - start : last - start] = part[span]
        return everything

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return (frame.shown.picture for frame in self.file.grid_frames(self.index, start, stop))

    def spread(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode a few pictures that are spread over the recording, without grid frames [start, stop)."""
        origin = self.file.origin
        span = origin + start * FRAME_FLICKS, origin + stop * FRAME_FLICKS
        found = map(self.file.still, Spread(self.index.keyframes).outside(*span))
        return (frame.picture for frame in found if frame is not None)

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Sound of grid frames [start, stop): float32 [C, n], and samples per second."""
        origin = self.file.origin
        return self.file.sound(origin + start * FRAME_FLICKS, origin + stop * FRAME_FLICKS)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """Scored sound of grid frames [start, stop): 16 kHz, int16."""
        pcm = np.zeros((stop - start, SAMPLES_PER_FRAME), np.int16)
        for first, last in self.rows.within(start, stop):
            pcm[first - start : last - start] = self.heard.pcm[self.rows.span(first, last)]
        return pcm.reshape(-1)


def choose_channel(file: MediaFile, models: Models) -> None:
    """Choose the channel of a file that leaves it open: the mix, unless the speech of one is clearly better."""
    if file.channel == AUTO:
        with closing(file.sounds()) as blocks:
            channel = best_channel(blocks, models.speech)
        file.use_channel(channel)


def open_recording(file: MediaFile, models: Models, on_progress: OnProgress, hop: int = FPS) -> FileRecording:
    """Analyse a file's sound and lay its timestamps on the grid; no picture is decoded.

    Of several audio tracks, unless one was asked for, the recording has the one with the most speech; of its channels,
    the mix, unless one is clearly better. Whole chunks of ``hop`` frames inside long holes are passed over
    (:mod:`take5.stream.timeline.holes`).
    """
    file = with_most_speech(file, models.speech)
    choose_channel(file, models)
    sounds = SoundScan(file.origin, models, lambda frames: on_progress("sound", frames, file.stated_frames), hop)
    index = file.scan(sounds.push)
    frames, counts = file.laid(index, hop)
    grid = _Laid.of(frames)
    sound, rows = sounds.finish(grid.index[-1] + 1 if grid.index else 0, list(_unlaid(grid)))
    file.note_silence(sound.silent)
    scan = PictureScan(file, index, rows, hop, _resized(grid, index, rows.frames), models, on_progress)
    return FileRecording(file, index, counts, rows, sound, _timing(grid, sound, rows), scan)


@dataclass(frozen=True)
class _Laid:
    """The columns of a recording's grid frames: ``index``, ``shown`` in flicks, and ``missing``."""

    index: "array[int]"
    shown: list[int]
    missing: bytearray

    @classmethod
    def of(cls, frames: Iterable[GridFrame[int]]) -> "_Laid":
        laid = cls(array("q"), [], bytearray())
        for frame in frames:
            laid.index.append(frame.index)
            laid.shown.append(frame.shown)
            laid.missing.append(frame.missing)
        return laid


def _unlaid(grid: _Laid) -> Iterator[Frames]:
    """Yield the grid frames that were left out."""
    for before, after in pairwise(chain([-1], grid.index)):
        if after > before + 1:
            yield before + 1, after


def _resized(grid: _Laid, index: FileIndex, frames: int) -> list[int]:
    """Grid frames from which on pictures have another size than before; the first one begins."""
    places = (bisect_left(grid.shown, pts) for pts in index.resized)
    found = (grid.index[place] for place in places if place < len(grid.index))
    return sorted({0, *(frame for frame in found if frame < frames)})


def _timing(grid: _Laid, sound: Sound, rows: Rows) -> Timing:
    missing = bytearray(
        absent for index, absent in zip(grid.index, grid.missing, strict=True) if rows.has(index, index + 1)
    )
    return Timing(np.frombuffer(missing, np.bool_), sound.missing, sound.silent)


def long_enough(file: MediaFile, frames: int, settings: Settings) -> None:
    """Raise TooShort if a recording of this many grid frames is shorter than a window."""
    if frames < settings.parameters.window_frames:
        raise TooShort(
            f"{file.path}: picture and sound together last {frames / 25:.2f} s; "
            f"one window is {settings.parameters.seconds} s: record longer, or choose shorter --seconds"
            + "".join(f" ({warning})" for warning in file.warnings)
        )
