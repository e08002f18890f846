"""Frame observations that are still needed: the latest, and those of windows that can win."""

from collections.abc import Iterable, Sequence

from take5.scoring.score import WindowScore
from take5.stream.analysis.frames import FrameObservation


class KeptObservations:
    """Observations by grid frame.

    Parameters
    ----------
    span : int
        Frames that a window needs: its own and those after it.
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

    def forget(self, before: int, can_win: Iterable[WindowScore]) -> None:
        """Forget frames earlier than one span before ``before``, but for those of windows that can win."""
        starts = [window.start for window in can_win]
        self._kept = {
            frame: observed
            for frame, observed in self._kept.items()
            if frame >= before - self._span or any(start <= frame < start + self._span for start in starts)
        }
