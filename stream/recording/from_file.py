"""A finished file under analysis: all of its sound, and pictures on demand, each tracked once."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.errors import TooShort
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.stream.analysis.file_scans import OnProgress, PictureScan, Sound, SoundScan
from take5.stream.analysis.frames import FrameObservation
from take5.stream.analysis.models import Models
from take5.stream.settings import Settings
from take5.stream.sources.file import FileIndex, MediaFile
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import FrameCounts, GridFrame, holes
from take5.stream.timeline.holes import SOUND_FRAMES, Frames, passed_over
from take5.stream.timeline.media import Picture


@dataclass(frozen=True)
class FileRecording:
    """A finished file on the session clock, from which clips, bundles and features are made."""

    file: MediaFile
    index: FileIndex
    counts: FrameCounts
    heard: Sound
    timing: Timing
    scan: PictureScan

    @property
    def frames(self) -> int:
        """Number of grid frames with both picture and sound."""
        return len(self.heard.embeddings)

    @property
    def observed(self) -> list[FrameObservation | None]:
        """Observation of each grid frame; None if not analysed."""
        return self.scan.observed

    def passed_over(self, hop: int) -> list[Frames]:
        """What a stream does not score either: whole chunks of ``hop`` frames inside long holes."""
        pictures = [passed_over(hole, hop) for hole in holes(self.index.pts, self.file.origin)]
        return [*pictures, *(passed_over(hole, hop, SOUND_FRAMES) for hole in self.heard.holes)]

    def observations(self, start: int, stop: int) -> list[FrameObservation]:
        """Observations of grid frames [start, stop); frames not analysed yet are analysed on demand."""
        self.scan.scan([(start, stop)])
        return [one for one in self.observed[start:stop] if one is not None]

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in grid frames [start, stop)."""
        return self.timing[start:stop]

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return (frame.shown.picture for frame in self.file.grid_frames(self.index, start, stop))

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Sound of grid frames [start, stop): float32 [C, n], and samples per second."""
        origin = self.file.origin
        return self.file.sound(origin + start * FRAME_FLICKS, origin + stop * FRAME_FLICKS)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """Scored sound of grid frames [start, stop): 16 kHz, int16."""
        return self.heard.pcm[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME]


def open_recording(file: MediaFile, models: Models, on_progress: OnProgress) -> FileRecording:
    """Analyse a file's sound and lay its timestamps on the grid; no picture is decoded."""
    sounds = SoundScan(file.origin, models, lambda frames: on_progress("sound", frames, file.stated_frames))
    index = file.scan(sounds.push)
    grid, counts = file.grid(index)
    sound = sounds.finish(len(grid))
    frames = len(sound.embeddings)
    scan = PictureScan(file, index, frames, _resized(grid[:frames], index), models, on_progress)
    return FileRecording(file, index, counts, sound, _timing(grid[:frames], sound), scan)


def _resized(grid: list[GridFrame[int]], index: FileIndex) -> list[int]:
    """Grid frames from which on pictures have another size than before; the first one begins."""
    found = (bisect_left(grid, pts, key=lambda frame: frame.shown) for pts in index.resized)
    return sorted({0, *(frame for frame in found if frame < len(grid))})


def _timing(grid: list[GridFrame[int]], sound: Sound) -> Timing:
    return Timing(np.array([frame.missing for frame in grid], dtype=np.bool_), sound.missing, sound.silent)


def long_enough(file: MediaFile, frames: int, settings: Settings) -> None:
    """Raise TooShort if a recording of this many grid frames is shorter than a window."""
    if frames < settings.parameters.window_frames:
        raise TooShort(
            f"{file.path}: picture and sound together last {frames / 25:.2f} s; "
            f"one window is {settings.parameters.seconds} s: record longer, or choose shorter --seconds"
            + "".join(f" ({warning})" for warning in file.warnings)
        )
