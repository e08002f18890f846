"""The opening of a live capture: what arrives is held until both tracks have begun and the camera's beat is known."""

from collections.abc import Sequence
from statistics import quantiles

from take5.stream.timeline.clock import FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

HOLD_FLICKS = seconds_to_flicks(2.0)
"""How much of the earlier track to keep, extended back to a keyframe."""

BEAT_FLICKS = seconds_to_flicks(0.4)
"""Length of picture from which the camera's beat is taken."""

STEADY_FLICKS = seconds_to_flicks(0.006)
"""Interquartile range of picture times below which a camera runs at 25 fps, and has a beat on the grid."""


class OriginFinder:
    """Finds the origin of a live capture: when decodable picture and sound have both begun, on the camera's beat.

    So the grid does not stand between the pictures of a camera at 25 fps, where each of them would be early or late for
    its instant, and the wobble of their times would show some twice and some not at all. The first picture alone does
    not show it: cameras often deliver it out of step.
    """

    def __init__(self) -> None:
        self._units: list[AccessUnit] = []
        self._blocks: list[AudioBlock] = []

    @property
    def has_picture(self) -> bool:
        """Whether a keyframe has arrived."""
        return bool(self._units)

    @property
    def has_sound(self) -> bool:
        """Whether sound has arrived."""
        return bool(self._blocks)

    def push(self, media: Received) -> int | None:
        """Add what arrived; return the origin in flicks on the source's clock once it is known."""
        if isinstance(media, AudioBlock):
            self._blocks.append(media)
            self._blocks = [block for block in self._blocks if block.end > media.end - HOLD_FLICKS]
        elif self._units or media.keyframe:
            self._units.append(media)
            self._trim(media.pts - HOLD_FLICKS)
        if not (self._units and self._blocks):
            return None
        begun = max(self._units[0].pts, self._blocks[0].pts)
        times = [unit.pts for unit in self._units if unit.pts >= begun]
        if not times or max(times) - min(times) < BEAT_FLICKS:
            return None
        return on_beat(begun, times)

    def held(self) -> list[Received]:
        """What arrived and was held, sound first; each track in order."""
        return [*self._blocks, *self._units]

    def _trim(self, until: int) -> None:
        """Drop units before the last keyframe at or before ``until``."""
        old = [i for i, unit in enumerate(self._units) if unit.keyframe and unit.pts <= until]
        del self._units[: max(old, default=0)]


def on_beat(begun: int, times: Sequence[int]) -> int:
    """The first instant from ``begun`` on at which a camera takes its pictures; all in flicks.

    ``times`` are two pictures or more. Without a beat on the grid it is the time of the first.
    """
    first = min(times)
    phases = [(time - first + FRAME_FLICKS // 2) % FRAME_FLICKS - FRAME_FLICKS // 2 for time in times]
    low, middle, high = quantiles(phases, n=4, method="inclusive")
    if high - low > STEADY_FLICKS:
        return first
    origin = first + round(middle)
    return origin if origin >= begun else origin + FRAME_FLICKS
