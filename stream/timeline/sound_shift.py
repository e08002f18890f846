"""Moving the sound of a recording against its picture, by a known delay."""

from dataclasses import dataclass, replace
from typing import TypeVar

from take5.scoring.errors import ParameterError
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock

MOST_MS = 1000
"""Largest delay either way."""

Media = TypeVar("Media", AudioBlock, AccessUnit, AudioBlock | AccessUnit)


@dataclass(frozen=True)
class SoundShift:
    """How much earlier the sound is moved.

    Attributes
    ----------
    ms : int
        Milliseconds by which the sound comes late, negative where it comes early; -1000 to 1000.
    windows : int
        How many windows agree on it; 0 where it was given.
    """

    ms: int = 0
    windows: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.ms, bool) or not isinstance(self.ms, int) or abs(self.ms) > MOST_MS:
            raise ParameterError(f"av_offset={self.ms!r} must be -{MOST_MS} to {MOST_MS} ms, a whole number")

    @property
    def flicks(self) -> int:
        """How much earlier, in flicks."""
        return self.ms * FLICKS // 1000

    def moved(self, media: Media) -> Media:
        """Return a block at its moved time; a picture stays."""
        return replace(media, pts=media.pts - self.flicks) if isinstance(media, AudioBlock) and self.ms else media

    def received(self, block: AudioBlock) -> AudioBlock:
        """Return a moved block at the time at which it was received."""
        return replace(block, pts=block.pts + self.flicks) if self.ms else block

    def origin(self, picture: int, sound: int) -> int:
        """Instant of grid frame 0 in flicks, where the tracks begin at these, the sound as moved.

        Sound that was moved begins at no instant of its own, so the grid keeps the beat of the pictures.
        """
        if not self.ms or sound <= picture:
            return max(picture, sound)
        return picture - (picture - sound) // FRAME_FLICKS * FRAME_FLICKS

    def widened(self, span: tuple[int, int]) -> tuple[int, int]:
        """A span, in flicks, with the sound that was received in it, wherever it has been moved."""
        return span[0] - max(0, self.flicks), span[1] + max(0, -self.flicks)

    @property
    def wait_s(self) -> float:
        """How much longer to wait for the sound of a picture, in seconds."""
        return max(0, self.ms) / 1000

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done and why, for reports; nothing where the sound stays."""
        if not self.ms:
            return ()
        side, why = "earlier" if self.ms > 0 else "later", "as given"
        if self.windows:
            why = f"{self.windows} windows agree that it comes {'late' if self.ms > 0 else 'early'}"
        return (f"the sound was moved {abs(self.ms)} ms {side} ({why})",)


UNMOVED = SoundShift()
