"""A platform on a server: what its programs, its sessions' secrets and its captures reach."""

import asyncio
from collections.abc import Callable

from starlette.routing import Route

from take5.stream.platform.access import SecretAccess
from take5.stream.platform.clock import SteadyClock
from take5.stream.platform.consent import Consents
from take5.stream.platform.database import Database
from take5.stream.platform.eraser import Eraser
from take5.stream.platform.export import Exports
from take5.stream.platform.failures import Failures
from take5.stream.platform.follower import FollowerSecrets
from take5.stream.platform.hooks.log import DeliveryLog
from take5.stream.platform.hooks.sender import HookSender
from take5.stream.platform.lookups import Lookups
from take5.stream.platform.person import PersonPages
from take5.stream.platform.records import Records
from take5.stream.platform.retention import Retention
from take5.stream.platform.spoken_consent import SpokenConsents
from take5.stream.platform.watch import RecordWatch
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.openings import Openings
from take5.stream.server.sessions import Sessions

KEEP = Retention()


class Platform:
    """What a server needs of a platform.

    Parameters
    ----------
    database : Database
        Open; whoever opened it closes it.
    failures : Failures, optional
        Limits failed authorisations.
    retention : Retention
        How long it keeps what is of sessions.
    clock : callable
        Makes the clock by which sessions are erased.

    Attributes
    ----------
    records : Records
        Of the sessions.
    work : DatabaseWork
        Runs what uses the database.
    lookups : Lookups
        Finds what keys and secrets open.
    access : SecretAccess
        Decides who may do what with sessions.
    watch : RecordWatch
        Keeps the records up to date with captures.
    consents : Consents
        What people agree to.
    spoken : SpokenConsents
        The recordings in which they say so.
    person : PersonPages
        What else a person's page reads.
    followers : FollowerSecrets
        Secrets for a sender's overlay.
    deliveries : DeliveryLog
        What was posted to sessions' hooks.
    exports : Exports
        Everything that is held about a session.
    retention : Retention
        The same.
    """

    def __init__(
        self,
        database: Database,
        failures: Failures | None = None,
        retention: Retention = KEEP,
        clock: Callable[[], SteadyClock] = SteadyClock,
    ) -> None:
        self.records, self.work = Records(database), DatabaseWork(database)
        self.lookups = Lookups(self.work, Failures() if failures is None else failures)
        self.access, self.watch = SecretAccess(self.lookups), RecordWatch(self.work, self._begin)
        self.consents, self.person = Consents(self.work), PersonPages(self.work, self.watch)
        self.spoken, self.followers = SpokenConsents(self.work), FollowerSecrets(self.work)
        self.deliveries, self._sender = DeliveryLog(database), HookSender(database)
        self.exports, self.retention = Exports(self.work), retention
        self._eraser = Eraser(self.work, retention, clock)
        self._server: tuple[Sessions, Openings] | None = None

    @property
    def routes(self) -> list[Route]:
        """Addresses of its sessions that other servers do not have."""
        parts = (self.consents, self.spoken, self.person, self.followers, self.exports)
        return [route for part in parts for route in part.routes]

    def start(self, sessions: Sessions, openings: Openings) -> None:
        """Begin to send to sessions' hooks, and, once the sessions recover, to erase; ``create_app`` does so."""
        self._sender.start()
        self._server = sessions, openings

    def _begin(self) -> None:
        """Begin to erase: the sessions have begun to recover, so there is an event loop."""
        if self._server is not None:
            self._eraser.start(*self._server)

    def listen(self, heard: Callable[[str], None]) -> None:
        """Let what becomes of deliveries be heard, after each attempt, in another thread."""
        self._sender.heard = heard

    async def check(self) -> None:
        """Ask the database something; raise an error if it does not answer."""
        await self.work.run(self.records.states)

    async def settle(self) -> None:
        """Wait until what captures have reported is recorded, and for a short time until hooks have it.

        For the end, after the sessions have been drained.
        """
        await self._eraser.close()
        await self.watch.settle()
        if self._sender.started:
            await asyncio.to_thread(self._sender.close)
