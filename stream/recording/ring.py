"""The ring: media as received, for the last window and five seconds more, and for every kept window.

It holds access units and PCM, never decoded pictures, and nothing is re-encoded. Units are kept in groups that begin
with a keyframe, so everything kept can be decoded; a second shared by several windows is held once. A few keyframes,
spread over all that was received, are kept beyond that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from take5.stream.recording.spread import Spread
from take5.stream.timeline.clock import seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

KEEP_FLICKS = seconds_to_flicks(10.0)
BEYOND_S = 5.0
"""How much more than a window is kept of the latest media: the tracker's lead-in, and what waits for analysis."""

LIMIT_BYTES = 100 * 2**20

LARGEST_SPREAD = 2**20
"""Largest keyframe, in bytes, that is kept of the rest of the recording: these do not count towards the limit."""

MARGIN_FLICKS = seconds_to_flicks(0.2)
"""How much neighbouring media a clip needs, for the nearest frame and the resampler's filter."""

Span = tuple[int, int]
"""Half-open, in flicks on the source's clock."""


@dataclass
class Group:
    """A keyframe and the units after it, in order of decoding; ``number`` counts the units before them."""

    number: int
    units: list[AccessUnit] = field(default_factory=list)
    size: int = 0

    def add(self, unit: AccessUnit) -> None:
        """Add the next unit."""
        self.units.append(unit)
        self.size += len(unit.data)

    @property
    def start(self) -> int:
        """Time of the keyframe, in flicks."""
        return self.units[0].pts

    @property
    def stop(self) -> int:
        """Time of the latest picture, in flicks."""
        return max(unit.pts for unit in self.units)


class Ring:
    """Keeps access units and sound.

    When it exceeds ``limit_bytes`` it drops the oldest group outside the held spans, then the held span named last, and
    counts what it dropped too early.

    Parameters
    ----------
    keep_flicks : int
        How much of the latest media to keep, in flicks, extended back to the preceding keyframe.
    limit_bytes : int
        Bound on the bytes of units and sound.
    """

    def __init__(self, keep_flicks: int = KEEP_FLICKS, limit_bytes: int = LIMIT_BYTES) -> None:
        self._keep_flicks, self._limit = keep_flicks, limit_bytes
        self._groups: list[Group] = []
        self._sound: list[tuple[int, AudioBlock]] = []
        self._spread = Spread[AccessUnit]()
        self._received = [0, 0]
        self._wanted: list[Span] = []
        self._held: list[Span] = []
        self._latest = 0
        self.size = 0
        self.shortened = 0
        self.released = 0

    @classmethod
    def around(cls, window_s: float, limit_bytes: int = LIMIT_BYTES) -> "Ring":
        """A ring that still has a window of this many seconds when it has been scored."""
        return cls(seconds_to_flicks(window_s + BEYOND_S), limit_bytes)

    def push(self, media: Received) -> None:
        """Add a unit or a block as it was received."""
        if isinstance(media, AudioBlock):
            self.push_sound(media)
        else:
            self.push_unit(media)

    def push_unit(self, unit: AccessUnit) -> None:
        """Add the next unit in order of decoding; those before the first keyframe cannot be decoded and are ignored."""
        if unit.keyframe:
            self._groups.append(Group(self._received[0]))
            if len(unit.data) <= LARGEST_SPREAD:
                self._spread.add(unit)
        self._received[0] += 1
        if not self._groups:
            return
        self._groups[-1].add(unit)
        self.size += len(unit.data)
        if unit.keyframe:
            self._advance(unit.pts)

    def push_sound(self, block: AudioBlock) -> None:
        """Add the next block."""
        self._sound.append((self._received[1], block))
        self._received[1] += 1
        self.size += block.audible.nbytes
        if block.pts >= self._latest + seconds_to_flicks(1.0):
            self._advance(block.pts)

    def hold(self, spans: Iterable[Span]) -> None:
        """Hold these spans beyond the latest seconds, and no others; most valuable first."""
        if (wanted := list(spans)) == self._wanted:
            return
        self._wanted, self._held = wanted, list(wanted)
        self._advance(self._latest)

    def units(self, start: int, stop: int) -> list[AccessUnit]:
        """Units that decode to the pictures of a span, from the keyframe at or before it; empty if that is gone."""
        return [unit for group in self.groups(start, stop) for unit in group.units]

    def groups(self, start: int, stop: int) -> list[Group]:
        """Groups with the pictures of a span, from the one at or before it; empty if that is gone."""
        first = max((i for i, group in enumerate(self._groups) if group.start <= start), default=None)
        return [] if first is None else [group for group in self._groups[first:] if group.start < stop]

    def keyframes_outside(self, start: int, stop: int) -> list[AccessUnit]:
        """A few keyframes that are spread over all that was received but [start, stop), in flicks."""
        return self._spread.outside(start, stop)

    @property
    def limit_bytes(self) -> int:
        """Bound on the bytes of units and sound."""
        return self._limit

    @property
    def end(self) -> Span:
        """Time of the latest picture, and the end of the sound, in flicks; 0 for what has not arrived."""
        picture = max((group.stop for group in self._groups), default=0)
        return picture, max((block.end for _, block in self._sound), default=0)

    def sound(self, start: int, stop: int) -> list[AudioBlock]:
        """Blocks that touch a span."""
        return [block for _, block in self.numbered_sound(start, stop)]

    def numbered_sound(self, start: int, stop: int) -> list[tuple[int, AudioBlock]]:
        """Blocks that touch a span, each after the number of blocks that were received before it."""
        return [(number, block) for number, block in self._sound if block.pts < stop and block.end > start]

    def _advance(self, latest: int) -> None:
        self._latest = max(self._latest, latest)
        self._forget([(self._latest - self._keep_flicks, self._latest + self._keep_flicks), *self._held])
        while self.size > self._limit and len(self._groups) > 1:
            if not self._shorten():
                if not self._held:
                    return
                self._held.pop()
                self.released += 1

    def _forget(self, needed: Sequence[Span]) -> None:
        """Drop what no span needs. A group covers the time up to the next one's keyframe."""
        starts = [group.start for group in self._groups]
        stops = [*starts[1:], self._latest + self._keep_flicks][: len(starts)]
        kept = [
            group
            for group, start, stop in zip(self._groups, starts, stops, strict=True)
            if any(start < end and begin < stop for begin, end in needed)
        ]
        self._groups = kept
        spans = _joined(needed)
        self._sound = [(number, block) for number, block in self._sound if _touches(block.pts, block.end, spans)]
        self._measure()

    def _shorten(self) -> bool:
        """Drop the oldest group, and its sound, that no held span needs; False if there is none but the newest."""
        for group, after in zip(self._groups, self._groups[1:], strict=False):
            if not any(group.start < end and begin < after.start for begin, end in self._held):
                self._groups.remove(group)
                self._sound = [
                    (number, b)
                    for number, b in self._sound
                    if b.pts >= after.start or any(b.pts < e and s < b.end for s, e in self._held)
                ]
                self.shortened += 1
                self._measure()
                return True
        return False

    def _measure(self) -> None:
        self.size = sum(group.size for group in self._groups) + sum(block.audible.nbytes for _, block in self._sound)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same instants in as few spans as possible."""
    joined: list[Span] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return joined


def _touches(begin: int, end: int, spans: Sequence[Span]) -> bool:
    for start, stop in spans:  # noqa: SIM110 - a generator costs three times as much, and every block is asked
        if begin < stop and start < end:
            return True
    return False
