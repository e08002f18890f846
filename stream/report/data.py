"""What a report is made of, for finished files and live captures alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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
        What was seen and heard in each hop; may be shorter than the recording.
    lips : ndarray float64 [F, 20, 2] or None
        Lip landmarks of the best window in square pixels; None without one.
    best_pictures : tuple of Thumbnail
        Of the best window, in order of time.
    pool_pictures : mapping of int to Thumbnail
        Of the pool's windows, by their first grid frame.
    hops : tuple of int
        Numbers of the hops of ``notes``; empty if they are 0, 1, 2 and so on. Those inside long holes are left out.
    """

    selection: Selection
    notes: tuple[ChunkNote, ...] = ()
    lips: NDArray[np.float64] | None = None
    best_pictures: tuple[Thumbnail, ...] = ()
    pool_pictures: Mapping[int, Thumbnail] = field(default_factory=dict)
    hops: tuple[int, ...] = ()

    @property
    def window_frames(self) -> int:
        """F, grid frames of a window."""
        return self.selection.settings.parameters.window_frames

    @property
    def hop_frames(self) -> int:
        """Grid frames of a hop."""
        return self.selection.settings.parameters.hop_frames


def report_data(
    selection: Selection, film: Recording, notes: Iterable[ChunkNote], hops: Iterable[int] = ()
) -> ReportData:
    """Gather a report: decode the thumbnails, and look up the lips of the best window.

    Parameters
    ----------
    selection : Selection
        What was found in the recording.
    film : Recording
        The recording; of a live one, only what the ring holds can be shown.
    notes : iterable of ChunkNote
        One a hop: :func:`film_notes` of a file, those of the Progress events of a capture.
    hops : iterable of int
        Numbers of these hops: :func:`film_hops` of a file; by default 0, 1, 2 and so on.
    """
    best, length = selection.best, selection.settings.parameters.window_frames
    lips: NDArray[np.float64] | None = None
    best_pictures: tuple[Thumbnail, ...] = ()
    if best is not None:
        lips = np.stack([look.lips for look in film.observations(best.start, best.start + length)])
        instants = [best.start + length * (2 * i + 1) // (2 * BEST_PICTURES) for i in range(BEST_PICTURES)]
        best_pictures = tuple(thumbnails(film, instants, LARGE))
    others = dict(_pool_pictures(selection, film, best_pictures))
    return ReportData(selection, tuple(notes), lips, best_pictures, others, tuple(hops))


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


def film_hops(film: FileRecording, hop_frames: int) -> Iterator[int]:
    """Number the hops of a finished file that are not inside long holes."""
    for first, last in film.rows.stretches:
        yield from range(first // hop_frames, -(-last // hop_frames))


def film_notes(film: FileRecording, hop_frames: int) -> Iterator[ChunkNote]:
    """What was seen and heard in each of :func:`film_hops`; no further frames are analysed."""
    for hop in film_hops(film, hop_frames):
        start, stop = hop * hop_frames, min((hop + 1) * hop_frames, film.frames)
        yield chunk_note(film.observed_in(start, stop), film.pcm(start, stop) / 32768.0)
