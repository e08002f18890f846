"""Which take of a name is accepted: in its folder, in the records, and for those who follow."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from take5.stream.events import Decided
from take5.stream.server.acceptance import is_accepted, withdraw_accepted, write_accepted
from take5.stream.server.errors import Refused
from take5.stream.server.registry import Registry

T = TypeVar("T")
log = logging.getLogger(__name__)


class Decisions:
    """Accepts takes and withdraws that, for each name one after the other.

    Folders come first, records second: a kill between the two leaves what the next start can tell.

    Parameters
    ----------
    registry : Registry
        The names.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def accept(self, name: str, take: Path) -> None:
        """Accept a take of a name, and no other; raise Refused if that cannot be written."""
        async with self._turn(name):
            was = await asyncio.to_thread(is_accepted, take)
            await asyncio.to_thread(write_accepted, take)
            try:
                others = await self._registry.watch.accept(name, take)
            except Refused:
                if not was:
                    await asyncio.to_thread(withdraw_accepted, take)
                raise
            for other in others:
                await _tried(withdraw_accepted, other)
            await self._registry.renew(name)
            self._mark(name, [take], accepted=True)
            self._announce(name, take.name)

    async def withdraw(
        self, name: str, takes: Callable[[], Awaitable[Collection[Path]]], record: Callable[[], Awaitable[T]]
    ) -> T:
        """Withdraw the acceptance of the takes of a name.

        Parameters
        ----------
        name : str
            The name.
        takes : callable
            Returns what is accepted.
        record : callable
            Records that it is so no more; its result is returned.

        Raises
        ------
        Refused
            If that cannot be written or recorded; then all is as before.
        """
        async with self._turn(name):
            accepted = [take for take in await takes() if await asyncio.to_thread(is_accepted, take)]
            try:
                for take in accepted:
                    await asyncio.to_thread(withdraw_accepted, take)
                done = await record()
            except Refused:
                for take in accepted:
                    await _tried(_mark_again, take)
                raise
            self._mark(name, accepted, accepted=False)
            if accepted:
                await self._registry.renew(name)
            self._announce(name, None)
            return done

    def _turn(self, name: str) -> asyncio.Lock:
        return self._turns.setdefault(name, asyncio.Lock())

    def _announce(self, name: str, accepted: str | None) -> None:
        """Tell those who follow a name which take is accepted."""
        entry = self._registry.names.get(name)
        if entry is not None:
            entry.feed.announce(Decided(0, accepted))

    def _mark(self, name: str, takes: Collection[Path], *, accepted: bool) -> None:
        """Let the state of a name say so."""
        entry = self._registry.names.get(name)
        if entry is not None and entry.folder in takes:
            entry.accept(accepted=accepted)


def _mark_again(take: Path) -> None:
    if not is_accepted(take):
        write_accepted(take)


async def _tried(change: Callable[[Path], None], take: Path) -> None:
    """Let a folder say what the records say; what cannot be done now, the next start does."""
    try:
        await asyncio.to_thread(change, take)
    except Refused as error:
        log.warning("%s", error)
