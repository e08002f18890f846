"""What was seen and heard in each hop of a capture; hops inside long holes take no memory."""

from collections.abc import Sequence
from typing import overload

from take5.stream.events import ChunkNote

NOTHING = ChunkNote(None, None, None)


class Notes(Sequence[ChunkNote]):
    """One note per hop, from grid frame 0 on."""

    def __init__(self) -> None:
        self._known: dict[int, ChunkNote] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return the number of hops so far."""
        return self._count

    @overload
    def __getitem__(self, place: int) -> ChunkNote: ...

    @overload
    def __getitem__(self, place: slice) -> list[ChunkNote]: ...

    def __getitem__(self, place: int | slice) -> ChunkNote | list[ChunkNote]:
        """Return the note of a hop, or those of several."""
        hops = range(self._count)[place]
        return self._known.get(hops, NOTHING) if isinstance(hops, int) else [self[hop] for hop in hops]

    def append(self, note: ChunkNote) -> None:
        """Add the next hop's."""
        self._known[self._count] = note
        self._count += 1

    def skip(self, hops: int) -> None:
        """Pass over hops of which nothing is known."""
        self._count += hops
