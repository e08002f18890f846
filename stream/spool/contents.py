"""What a spool holds, read from whatever a killed process, or a damaged disk, has left of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from take5.scoring.errors import SpoolDamaged, UnreadableMedia
from take5.scoring.idle import Idle
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore, best
from take5.stream.events import ChunkNote
from take5.stream.recording.ring import Ring, Span
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.spool.folder import SpoolFolder
from take5.stream.spool.records import (
    SPOOL_VERSION,
    Begun,
    JournalRecord,
    LengthState,
    MediaRecord,
    Notified,
    State,
    journal_decoder,
    media_decoder,
    received,
    records,
)
from take5.stream.timeline.clock import FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AudioBlock

HOLE_FLICKS, APART_FLICKS = seconds_to_flicks(0.02), seconds_to_flicks(0.1)
"""Largest hole in the sound of an eligible window, and distance of its pictures."""

EVERYTHING = 2**62

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Track:
    """What is there of one track, by its number in the order of arrival: times [pts, end) in flicks."""

    times: dict[int, Span]

    def reach(self, start: int, stop: int, tolerance: int) -> int:
        """How far a span is covered without a medium missing, from ``start`` on; ``start`` where it is not."""
        numbers = sorted(number for number, (begin, end) in self.times.items() if begin < stop and end > start)
        if not numbers or self.times[numbers[0]][0] > start + tolerance:
            return start
        last = numbers[0]
        while last + 1 in self.times:
            last += 1
        covered = [self.times[number][1] for number in range(numbers[0], last + 1)]
        return min(stop, max(covered))


@dataclass(frozen=True)
class Contents:
    """What a spool holds.

    Attributes
    ----------
    begun : Begun
        What was captured, and what is to be made of it.
    state : State or None
        The last choice; None if no window was kept.
    windows : sequence of sequences
        Every window of each length, in order of time.
    notes : sequence of ChunkNote
        What was seen and heard in each hop.
    notified : frozenset of str
        The suffixes of the lengths whose notice the hooks have got.
    journal_bytes : int
        Length of the journal up to what is damaged.
    units, blocks : dict
        The media, by number.
    """

    begun: Begun
    state: State | None
    windows: Sequence[Sequence[JudgedWindow]]
    notes: Sequence[ChunkNote]
    notified: frozenset[str]
    journal_bytes: int
    units: dict[int, AccessUnit] = field(repr=False)
    blocks: dict[int, AudioBlock] = field(repr=False)

    @property
    def best(self) -> WindowScore | None:
        """The best window of the first length whose media are there."""
        return self.bests[0]

    @property
    def bests(self) -> list[WindowScore | None]:
        """The best window of each length whose media are there; None for a length of which no window was kept.

        Raises
        ------
        SpoolDamaged
            If a window was kept, and none of any length is there whole.
        """
        if self.state is None:
            return [None] * len(self.begun.settings.seconds)
        frames = [settings.parameters.window_frames for settings in self.begun.settings.lengths]
        found = [self._best_of(*each) for each in zip(self.state.lengths, frames, strict=True)]
        if not any(found):
            raise SpoolDamaged("the media of its windows are damaged or missing")
        return found

    def _best_of(self, state: State | LengthState, length: int) -> WindowScore | None:
        whole = [window for window in state.pool if self.frames_from(window.start, length) >= length]
        return state.best if state.best in whole else best(whole)

    def frames_from(self, start: int, most: int) -> int:
        """How many of ``most`` grid frames from ``start`` on have their picture and their sound."""
        assert self.state is not None  # noqa: S101 - without a choice there is no grid
        begin = self.state.origin + start * FRAME_FLICKS
        stop = begin + most * FRAME_FLICKS
        pictures, sound = self._tracks
        shown = (pictures.reach(begin, stop, APART_FLICKS) - begin) // FRAME_FLICKS + 1
        heard = (sound.reach(begin, stop, HOLE_FLICKS) + HOLE_FLICKS - begin) // FRAME_FLICKS
        return max(0, min(shown, heard, most))

    @cached_property
    def _tracks(self) -> tuple[Track, Track]:
        """Pictures that can be decoded, and sound."""
        pictures = Track({number: (unit.pts, unit.pts + 1) for number, unit in self._decodable().items()})
        return pictures, Track({number: (block.pts, block.end) for number, block in self.blocks.items()})

    def _decodable(self) -> dict[int, AccessUnit]:
        """Units from each keyframe on, up to the first that is missing."""
        kept: dict[int, AccessUnit] = {}
        for number in sorted(self.units):
            if self.units[number].keyframe or number - 1 in kept:
                kept[number] = self.units[number]
        return kept

    def ring(self) -> Ring:
        """The media, as a ring that forgets nothing."""
        ring = Ring(EVERYTHING, EVERYTHING)
        for unit in self._decodable().values():
            ring.push(unit)
        for number in sorted(self.blocks):
            ring.push(self.blocks[number])
        return ring

    def selection(self, bests: Sequence[WindowScore | None]) -> Selection:
        """The choice so far, as it is reported, with these windows, one for each length."""
        assert self.state is not None  # noqa: S101 - asked for by callers
        parts = zip(self.state.lengths, self.begun.settings.lengths, self.windows, bests, strict=True)
        first, *others = (self._selection(*part) for part in parts)
        return replace(first, idle=self._idle(), others=tuple(others))

    def _idle(self) -> Idle | None:
        """The idle stretch, if its media are there."""
        idle = None if self.state is None else self.state.idle
        if idle is None:
            return None
        frames = idle.stop - idle.start
        return idle if self.frames_from(idle.start, frames) >= frames else None

    def _selection(
        self,
        length: State | LengthState,
        settings: Settings,
        windows: Sequence[JudgedWindow],
        chosen: WindowScore | None,
    ) -> Selection:
        state, begun = self.state, self.begun
        assert state is not None  # noqa: S101 - asked for by callers
        return Selection(
            video=begun.session,
            encoder=begun.encoder,
            encoder_version=begun.encoder_version,
            tracker=begun.tracker,
            source_fps=state.source_fps,
            origin=state.origin,
            frames=state.frames,
            tracked=state.tracked,
            counts=state.counts,
            best=chosen,
            pool=length.pool,
            verdicts=tuple(windows),
            settings=settings,
            warnings=(*length.warnings, f"the capture was cut off after {state.frames / FPS:.1f} s"),
            complete=length.complete,
        )


def read_begun(folder: SpoolFolder) -> Begun:
    """Read what was captured.

    Raises
    ------
    SpoolDamaged
        If it does not say so.
    UnreadableMedia
        If it cannot be read.
    """
    return _read_journal(folder)[1]


def read_spool(folder: SpoolFolder) -> Contents:
    """Read a spool.

    Raises
    ------
    SpoolDamaged
        If it does not say what was captured.
    UnreadableMedia
        If it cannot be read.
    """
    journal, begun, journal_bytes = _read_journal(folder)
    media = [record for path in folder.segments() for record in _read_media(path)]
    states = [record for record in journal if isinstance(record, State)]
    windows = [_windows(length) for length in zip(*(state.lengths for state in states), strict=True)]
    numbered = [(record.number, received(record)) for record in media]
    return Contents(
        begun,
        states[-1] if states else None,
        windows,
        [note for state in states for note in state.notes],
        frozenset(record.suffix for record in journal if isinstance(record, Notified)),
        journal_bytes,
        {number: item for number, item in numbered if isinstance(item, AccessUnit)},
        {number: item for number, item in numbered if isinstance(item, AudioBlock)},
    )


def _windows(states: Sequence[State | LengthState]) -> list[JudgedWindow]:
    """Every window of one length, given its states in order of time."""
    windows = {judged.score.start: judged.window for state in states for judged in state.windows}
    return [windows[start] for start in sorted(windows)]


def _read_media(path: Path) -> list[MediaRecord]:
    """The records of a second; none of one that cannot be read."""
    try:
        return records(path.read_bytes(), media_decoder)[0]
    except OSError as error:
        log.warning("%s is left out: it cannot be read (%s)", path, error.strerror or error)
        return []


def _read_journal(folder: SpoolFolder) -> tuple[list[JournalRecord], Begun, int]:
    try:
        journal, size = records(folder.journal.read_bytes(), journal_decoder)
    except FileNotFoundError as error:
        raise SpoolDamaged(f"{folder.path}: it has no journal") from error
    except OSError as error:
        raise UnreadableMedia(f"{folder.journal}: cannot be read ({error.strerror or error})") from error
    if not journal or not isinstance(begun := journal[0], Begun):
        raise SpoolDamaged(f"{folder.path}: its journal is damaged")
    if begun.version != SPOOL_VERSION:
        raise SpoolDamaged(f"{folder.path}: is of another version of take5 ({begun.version})")
    return journal, begun, size
