"""Free space for the clips of a server, measured beside its event loop: a network disk may not answer."""

import asyncio
from pathlib import Path

from take5.stream.output.free_space import free_space
from take5.stream.output.usable import is_usable

ANSWER_S = 2.0
"""Maximum time to wait for the disk; after that its free space counts as unknown, until it answers."""


class Space:
    """Free space of the output folder, and how much a capture needs.

    Parameters
    ----------
    folder : Path
        Gets the clips.
    least : int
        Free bytes below which no capture begins; 0 for no limit.

    Attributes
    ----------
    usable : bool
        Whether the folder could be written to when its free space was last measured.
    """

    def __init__(self, folder: Path, least: int) -> None:
        self.folder, self.least = folder, least
        self.usable = True
        self._measured: asyncio.Future[int | None] | None = None

    async def free(self) -> int | None:
        """Return the free bytes; None while they are unknown."""
        if self._measured is None or self._measured.done():
            self._measured = asyncio.ensure_future(asyncio.to_thread(self._measure))
        try:
            async with asyncio.timeout(ANSWER_S):  # wait_for would lose a cancellation that comes with the answer
                return await asyncio.shield(self._measured)
        except TimeoutError:
            return None

    def too_low(self, free: int | None) -> bool:
        """Whether captures are refused with so many free bytes."""
        return free is not None and free < self.least

    def _measure(self) -> int | None:
        try:
            self.usable = is_usable(self.folder)
            return free_space(self.folder)
        except OSError:
            return None
