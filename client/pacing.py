"""Pacing in real time."""

from collections.abc import Callable

from take5.stream.sources.replayed import Pace


def paced(now: Callable[[], float], wait: Callable[[float], None]) -> Pace:
    """Wait until as much time has passed since the first call as the recording has delivered."""
    began: list[float] = []

    def pace(delivered_s: float) -> None:
        began[:] = began or [now() - delivered_s]
        ahead = delivered_s - (now() - began[0])
        if ahead > 0:
            wait(ahead)

    return pace
