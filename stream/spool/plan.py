"""What of the ring belongs on disk: the media of the windows that can win, each unit and block once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from take5.stream.recording.ring import MARGIN_FLICKS, Group, Ring, Span
from take5.stream.spool.records import State
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AudioBlock, Received

Numbered = tuple[int, Received]
"""A unit or a block, after the number of those of its kind that were received before it."""


@dataclass(frozen=True)
class Changes:
    """What has changed since the last time.

    Attributes
    ----------
    media : dict of int to list of Numbered
        What is added, by segment: a group of pictures belongs to the second of its keyframe, a block to its own.
    needed : frozenset of int
        Every segment that is needed.
    state : State, optional
        The choice so far; its best window is among what was handed out.
    """

    media: dict[int, list[Numbered]]
    needed: frozenset[int]
    state: State | None = None


class SpoolPlan:
    """Hands out what a list of spans needs of a ring, as it arrives.

    Parameters
    ----------
    limit_bytes : int
        Bound on the bytes that are needed; the best windows are always included.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._spans: list[Span] = []
        self._complete = False
        self._units: dict[int, int] = {}
        self._blocks: set[int] = set()

    def follow(self, ring: Ring, spans: Sequence[Span], state: State | None = None, least: int = 1) -> Changes | None:
        """Return what is new for these spans, most valuable first; None if nothing is.

        The first ``least`` are included whatever the limit.
        """
        if state is None and self._complete and list(spans) == self._spans:
            return None
        groups, blocks = self._within_limit(ring, spans, least)
        media: dict[int, list[Numbered]] = {}
        for segment, numbered in (*self._new_units(groups), *self._new_blocks(blocks)):
            media.setdefault(segment, []).append(numbered)
        self._units = {number: len(group.units) for number, group in groups.items()}
        self._blocks = set(blocks)
        self._spans = list(spans)
        self._complete = min(ring.end) >= max((stop for _, stop in spans), default=0) + 2 * MARGIN_FLICKS
        if state is None and not media:
            return None
        needed = {_segment(group.start) for group in groups.values()} | {_segment(b.pts) for b in blocks.values()}
        return Changes(media, frozenset(needed), state)

    def _within_limit(
        self, ring: Ring, spans: Sequence[Span], least: int
    ) -> tuple[dict[int, Group], dict[int, AudioBlock]]:
        """Groups and blocks of as many spans as the limit allows, by number."""
        groups: dict[int, Group] = {}
        blocks: dict[int, AudioBlock] = {}
        for place, (begin, end) in enumerate(spans):
            start, stop = begin - MARGIN_FLICKS, end + MARGIN_FLICKS
            found = ring.groups(start, stop) or ring.groups(begin, stop)
            heard = ring.numbered_sound(min([start, *(group.start for group in found)]), stop)
            more_groups = groups | {group.number: group for group in found}
            more_blocks = blocks | dict(heard)
            size = sum(group.size for group in more_groups.values())
            size += sum(block.audible.nbytes for block in more_blocks.values())
            if place >= least and size > self._limit:
                break
            groups, blocks = more_groups, more_blocks
        return groups, blocks

    def _new_units(self, groups: dict[int, Group]) -> Iterator[tuple[int, Numbered]]:
        for number, group in groups.items():
            known = self._units.get(number, 0)
            for place, unit in enumerate(group.units[known:], known):
                yield _segment(group.start), (number + place, unit)

    def _new_blocks(self, blocks: dict[int, AudioBlock]) -> Iterator[tuple[int, Numbered]]:
        for number, block in blocks.items():
            if number not in self._blocks:
                yield _segment(block.pts), (number, block)


def _segment(pts: int) -> int:
    return pts // FLICKS
