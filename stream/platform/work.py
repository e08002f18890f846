"""Work on the database for the event loop, which never waits for it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from take5.scoring.errors import DatabaseBusy, DatabaseError
from take5.stream.platform.database import Database
from take5.stream.server.errors import RETRY_AFTER_S, Refused

T = TypeVar("T")
THREADS = 8
"""Requests that use the database at a time; others wait, and captures have threads of their own."""

log = logging.getLogger(__name__)


class DatabaseWork:
    """Does what uses a database in threads.

    Parameters
    ----------
    database : Database
        Open; whoever opened it closes it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._threads = ThreadPoolExecutor(THREADS, "take5-database")

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Call what uses the database, in a thread; raise Refused if the database cannot be used."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args))
        except DatabaseError as error:
            log.warning("%s", error)
            code = "database_busy" if isinstance(error, DatabaseBusy) else "database_unreachable"
            text = f"the database cannot be used at the moment; try again in {RETRY_AFTER_S} s"
            raise Refused(503, code, text, {"Retry-After": str(RETRY_AFTER_S)}) from error
