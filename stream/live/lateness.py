"""How late a score is: from the arrival of the last sample and picture that it needs."""

from collections import deque

from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AudioBlock, Received

LATEST = 1500
"""Number of arrivals of a track to remember: half a minute of sound."""


class Lateness:
    """Remembers when media have arrived; one thread adds, another asks."""

    def __init__(self) -> None:
        self._sound = deque[tuple[int, float]](maxlen=LATEST)
        self._pictures = deque[tuple[int, float]](maxlen=LATEST)

    def take(self, media: Received, now_s: float) -> None:
        """Note an arrival, at a time of a steady clock."""
        if isinstance(media, AudioBlock):
            self._sound.append((media.end, now_s))
        else:
            self._pictures.append((media.pts, now_s))

    def of(self, frame: int, sample: int, origin: int, now_s: float) -> float | None:
        """Return how late the score of a chunk that ends with a frame is, in seconds; None if that is not known.

        Parameters
        ----------
        frame : int
            Grid frames so far.
        sample : int
            The first sample that the encoder does not need for them, at the rate of scoring.
        origin : int
            Time of the first grid frame, in flicks.
        now_s : float
            The time.
        """
        sound = _first_at(self._sound, origin + sample * FLICKS // (SAMPLES_PER_FRAME * FPS))
        picture = _first_at(self._pictures, origin + (frame - 1) * FRAME_FLICKS)
        return None if sound is None or picture is None else now_s - max(sound, picture)


def _first_at(arrivals: deque[tuple[int, float]], wanted: int) -> float | None:
    known = tuple(arrivals)  # another thread adds to them
    return next((at for end, at in known if end >= wanted), known[-1][1] if known else None)
