"""When a sender has never come, has stalled, or has gone: by the times at which its tracks arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

CONNECT_S, STALLED_S, LOST_S = 15.0, 2.0, 10.0
PAUSE_S = 60.0
"""How long one track may be missing while the other goes on: a camera is covered, an app is in the background."""

TRACKS = ("picture", "sound")


class Turn(Enum):
    """What has changed since the last check."""

    NOTHING = auto()
    CONNECTED = auto()
    NEVER_CONNECTED = auto()
    STALLED = auto()
    RESUMED = auto()
    LOST = auto()


@dataclass
class Watchdog:
    """Watches arrival times; all times are seconds of any steady clock.

    The time of a track that has never come counts from the beginning. A sender is lost when nothing has arrived for
    ``lost_s`` (``LOST_S`` by default), or one track for ``pause_s``; a track that has never come is not waited for any
    longer than both.
    """

    begun: float
    pause_s: float = PAUSE_S
    lost_s: float | None = None
    stalled: str | None = None
    _connected: bool = False
    _over: bool = False

    def look(self, now: float, arrivals: Mapping[str, float]) -> Turn:
        """Say what has happened by ``now``."""
        if self._over:
            return Turn.NOTHING
        if not self._connected:
            return self._wait(now, arrivals)
        silent = {track: now - arrivals.get(track, self.begun) for track in TRACKS}
        if self._lost(silent, arrivals):
            self._over = True
            return Turn.LOST
        late = [track for track, seconds in silent.items() if seconds > STALLED_S]
        before, self.stalled = self.stalled, "both" if len(late) == len(TRACKS) else next(iter(late), None)
        if self.stalled is not None and before != self.stalled:
            return Turn.STALLED
        return Turn.RESUMED if before is not None and self.stalled is None else Turn.NOTHING

    def _lost(self, silent: Mapping[str, float], arrivals: Mapping[str, float]) -> bool:
        """Whether the sender has been silent for too long."""
        missing = max((seconds for track, seconds in silent.items() if track not in arrivals), default=0.0)
        lost = LOST_S if self.lost_s is None else self.lost_s
        pause = max(self.pause_s, STALLED_S, self.lost_s or 0.0)
        return min(silent.values()) > lost or missing > LOST_S or max(silent.values()) > pause

    def _wait(self, now: float, arrivals: Mapping[str, float]) -> Turn:
        if arrivals:
            self._connected = True
            return Turn.CONNECTED
        if now - self.begun > CONNECT_S:
            self._over = True
            return Turn.NEVER_CONNECTED
        return Turn.NOTHING
