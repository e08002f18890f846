"""Looks up what a request shows, and limits how often that may fail."""

from collections.abc import Callable
from typing import TypeVar

from take5.stream.platform.credentials import Shown, read
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Attempt, Failures
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.admission import network_of
from take5.stream.server.auth import unauthorised

T = TypeVar("T")


class Lookups:
    """Finds what secrets and keys open.

    Parameters
    ----------
    work : DatabaseWork
        Asks the database.
    failures : Failures
        Counts what opens nothing.
    """

    def __init__(self, work: DatabaseWork, failures: Failures) -> None:
        self._work, self._failures = work, failures

    async def find(
        self, shown: str | None, address: str | None, look_up: Callable[[Database, Shown], T | None], wrong: str
    ) -> T:
        """Return what a request opens.

        Parameters
        ----------
        shown : str or None
            What it shows as ``Authorization: Bearer``.
        address : str or None
            The IP address that it comes from.
        look_up : callable
            Returns what is opened, None for nothing.
        wrong : str
            Why a request is refused that opens nothing.

        Raises
        ------
        Refused
            If it opens nothing, or address or secret have failed too often.
        """
        if shown is None:
            raise unauthorised(wrong)
        secret = read(shown)
        attempt = Attempt(network_of(address), "" if secret is None else secret.id)
        self._failures.admit(attempt)
        found = None if secret is None else await self._work.run(look_up, self._work.database, secret)
        if found is None:
            self._failures.failed(attempt)
            raise unauthorised(wrong)
        self._failures.passed(attempt)
        return found
