"""The opening of a live capture: what arrives is held until both tracks have begun."""

from take5.stream.clock import seconds_to_ticks
from take5.stream.media import AccessUnit, AudioBlock, Received

HOLD_TICKS = seconds_to_ticks(2.0)
"""So much is held of the track that has begun; of pictures, from the keyframe before it."""


class Opening:
    """Finds the origin of a live capture: the first picture at which decodable picture and sound have both begun.

    A picture's own time, so that the grid does not stand between the pictures of a camera at 25 fps.
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
            self._blocks = [block for block in self._blocks if block.end > media.end - HOLD_TICKS]
        elif self._units or media.keyframe:
            self._units.append(media)
            self._trim(media.pts - HOLD_TICKS)
        if not (self._units and self._blocks):
            return None
        begun = max(self._units[0].pts, self._blocks[0].pts)
        return min((unit.pts for unit in self._units if unit.pts >= begun), default=None)

    def held(self) -> list[Received]:
        """What arrived and was held, sound first; each track in order."""
        return [*self._blocks, *self._units]

    def _trim(self, until: int) -> None:
        """Drop units before the last keyframe at or before ``until``."""
        old = [i for i, unit in enumerate(self._units) if unit.keyframe and unit.pts <= until]
        del self._units[: max(old, default=0)]
