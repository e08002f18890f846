"""A platform on a server: its database, and work on it that never holds up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from take5.stream.platform.database import Database
from take5.stream.platform.records import Records

T = TypeVar("T")
THREADS = 8
"""Requests that use the database at a time; others wait, and captures have threads of their own."""


class Platform:
    """What the sessions API works with.

    Parameters
    ----------
    database : Database
        Open; whoever opened it closes it.
    """

    def __init__(self, database: Database) -> None:
        self.database, self.records = database, Records(database)
        self._threads = ThreadPoolExecutor(THREADS, "take5-database")

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Call what uses the database, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args))
