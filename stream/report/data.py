"""What a report is made of, for finished files and live captures alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.stream.analysis.levels import chunk_note
from take5.stream.events import ChunkNote
from take5.stream.recording.base import Recording
from take5.stream.recording.from_file import FileRecording
from take5.stream.report.thumbnails import LARGE, SMALL, Thumbnail, thumbnails
from take5.stream.selection import Selection

BEST_PICTURES = 5
"""Thumbnails of the best window."""

POOL_PICTURES = 20
"""Maximum number of pool windows with a thumbnail, best by I."""


@dataclass(frozen=True)
class ReportData:
    """A recording's choice and what the report shows of it.

    Attributes
    ----------
    selection : Selection
        The choice, the pool, and the verdict on every window.
    notes : tuple of ChunkNote
        What was seen and heard in each hop from frame 0 on; may be shorter than the recording.
    lips : ndarray float64 [F, 20, 2] or None
        Lip landmarks of the best window in square pixels; None without one.
    best_pictures : tuple of Thumbnail
        Of the best window, in order of time.
    pool_pictures : mapping of int to Thumbnail
        Of the pool's windows, by their first grid frame.
    """

    selection: Selection
    notes: tuple[ChunkNote, ...] = ()
    lips: NDArray[np.float64] | None = None
    best_pictures: tuple[Thumbnail, ...] = ()
    pool_pictures: Mapping[int, Thumbnail] = field(default_factory=dict)

    @property
    def window_frames(self) -> int:
        """F, grid frames of a window."""
        return self.selection.settings.parameters.window_frames

    @property
    def hop_frames(self) -> int:
        """Grid frames of a hop."""
        return self.selection.settings.parameters.hop_frames


def report_data(selection: Selection, film: Recording, notes: Iterable[ChunkNote]) -> ReportData:
    """Gather a report: decode the thumbnails, and look up the lips of the best window.

    Parameters
    ----------
    selection : Selection
        What was found in the recording.
    film : Recording
        The recording; of a live one, only what the ring holds can be shown.
    notes : iterable of ChunkNote
        One a hop from frame 0 on: :func:`film_notes` of a file, those of the Progress events of a capture.
    """
    best, length = selection.best, selection.settings.parameters.window_frames
    lips: NDArray[np.float64] | None = None
    best_pictures: tuple[Thumbnail, ...] = ()
    if best is not None:
        lips = np.stack([look.lips for look in film.observations(best.start, best.start + length)])
        instants = [best.start + length * (2 * i + 1) // (2 * BEST_PICTURES) for i in range(BEST_PICTURES)]
        best_pictures = tuple(thumbnails(film, instants, LARGE))
    others = dict(_pool_pictures(selection, film, best_pictures))
    return ReportData(selection, tuple(notes), lips, best_pictures, others)


def _pool_pictures(
    selection: Selection, film: Recording, best_pictures: Sequence[Thumbnail]
) -> Iterator[tuple[int, Thumbnail]]:
    """The middle of each window of the pool."""
    ranked = sorted(selection.pool, key=lambda window: (-(window.I or 0.0), window.start))
    for window in ranked[:POOL_PICTURES]:
        if window == selection.best and best_pictures:
            yield window.start, best_pictures[len(best_pictures) // 2]
            continue
        middle = window.start + selection.settings.parameters.window_frames // 2
        for picture in thumbnails(film, [middle], SMALL):
            yield window.start, picture


def film_notes(film: FileRecording, hop_frames: int) -> Iterator[ChunkNote]:
    """What was seen and heard in each hop of a finished file; no further frames are analysed."""
    for start in range(0, film.frames, hop_frames):
        stop = min(start + hop_frames, film.frames)
        pcm = film.heard.pcm[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME]
        yield chunk_note(film.observed[start:stop], pcm / 32768.0)
