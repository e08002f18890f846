"""What one follower has not read yet: the newest of what is replaced, all of what must not be missed."""

from collections import deque
from dataclasses import dataclass

NEWEST_ONLY = frozenset({"progress", "best", "kept", "coach", "stream"})
"""Of these types a slow reader gets the newest, one for each length of windows."""

PASSING = frozenset({"scored", "warning"})
"""Of these the latest few."""

KEEP_PASSING = 50
LIMIT = 500
"""A reader with more unread than this is not reading."""


@dataclass(frozen=True)
class Message:
    """An event's type, JSON text, whether nothing comes after it, its capture's number and its length of windows."""

    kind: str
    text: str
    last: bool = False
    capture: int = 0
    window_s: float | None = None


class Mailbox:
    """Unread messages of one follower, in order."""

    def __init__(self) -> None:
        self._unread: deque[Message] = deque()
        self.skipped = 0

    def __len__(self) -> int:
        """How many messages are unread."""
        return len(self._unread)

    def put(self, message: Message) -> bool:
        """Add a message; False if the reader has stopped reading."""
        if message.kind in NEWEST_ONLY:
            self._drop_oldest(message, keep=0)
        elif message.kind in PASSING:
            self._drop_oldest(message, keep=KEEP_PASSING - 1)
        self._unread.append(message)
        return len(self._unread) <= LIMIT

    def drain(self) -> list[Message]:
        """Return what is unread; it counts as read from then on."""
        unread = list(self._unread)
        self._unread.clear()
        return unread

    def _drop_oldest(self, message: Message, keep: int) -> None:
        same = [one for one in self._unread if (one.kind, one.window_s) == (message.kind, message.window_s)]
        for one in same[: max(0, len(same) - keep)]:
            self._unread.remove(one)
            self.skipped += 1
