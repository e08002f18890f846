"""Frame observations that are still needed: the latest, and those of windows that can win."""

from collections.abc import Iterable, Sequence

from take5.stream.analysis.frames import FrameObservation


class KeptObservations:
    """Observations by grid frame.

    Parameters
    ----------
    span : int
        Frames that the longest window needs: its own and those after it.
    """

    def __init__(self, span: int) -> None:
        self._span = span
        self._kept: dict[int, FrameObservation] = {}

    def get(self, frame: int) -> FrameObservation | None:
        """What was observed in a frame; None where nothing was, or it has been forgotten."""
        return self._kept.get(frame)

    def add(self, start: int, observed: Sequence[FrameObservation]) -> None:
        """Keep the observations of frames from ``start`` on."""
        self._kept |= dict(enumerate(observed, start))

    def forget(self, before: int, needed: Iterable[tuple[int, int]]) -> None:
        """Forget frames earlier than one span before ``before``, but for half-open stretches that are ``needed``."""
        stretches = list(needed)
        self._kept = {
            frame: observed
            for frame, observed in self._kept.items()
            if frame >= before - self._span or any(start <= frame < stop for start, stop in stretches)
        }
