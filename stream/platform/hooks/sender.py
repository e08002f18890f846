"""Sends what is due to sessions' hooks, in a thread with an event loop of its own, so that no request waits for it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from take5.scoring.errors import DatabaseError
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.post import ANSWER_S, Poster, Receiver, address_of
from take5.stream.platform.database import Database
from take5.stream.platform.hooks.addresses import forbidden
from take5.stream.platform.hooks.kinds import DeliveryState
from take5.stream.platform.hooks.queue import Claim, claim_due, expire_sessions, record
from take5.stream.platform.tables import utc_now

POLL_S = 0.5
"""How often the database is asked what is due."""

SWEEP_S = 5.0
"""How often expired sessions are recorded, and SQLite's log is truncated again if readers have prevented it."""

AGAIN_S = 1.0
"""Time between attempts while the database cannot be used."""

CLOSE_S = 5.0
"""Maximum time to wait at the end for what is due; the rest is sent after the next start."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class HookSender:
    """Sends deliveries.

    Parameters
    ----------
    database : Database
        Where they are.
    clock : callable
        Returns the time.
    poll_s, answer_s : float
        How often the database is asked, and the time limit of an attempt.

    Attributes
    ----------
    heard : callable
        Called, in the sender's thread, with what has become of the delivery after each attempt; "lost" if another
        process has it.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = utc_now,
        poll_s: float = POLL_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._database, self._clock, self._poll_s, self._answer_s = database, clock, poll_s, answer_s
        self._poster = Poster(forbidden)
        self.heard: Callable[[str], None] = lambda _: None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._ending = False
        self._under_way: dict[asyncio.Task[None], Claim] = {}
        self._swept_at_s = -SWEEP_S
        self._troubled = False

    @property
    def started(self) -> bool:
        """Whether it has begun to send."""
        return self._thread is not None

    def start(self) -> None:
        """Begin to send; once is enough."""
        if self._thread is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._run, args=(self._loop,), name="take5-session-hooks", daemon=True
            )
            self._thread.start()

    def close(self, wait_s: float = CLOSE_S) -> None:
        """Send what is due, for a limited time; what is left stays pending."""
        if self._thread is None or self._loop is None:
            return
        self._ending = True
        for end in (self._wake.set, self._cancel):
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(end)
            self._thread.join(wait_s)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        with ThreadPoolExecutor(1, "take5-session-hooks-database") as threads:
            try:
                loop.run_until_complete(self._serve(threads))
            except asyncio.CancelledError:
                loop.run_until_complete(self._cancelled())
            finally:
                loop.close()

    def _cancel(self) -> None:
        for task in asyncio.all_tasks():
            task.cancel()

    async def _cancelled(self) -> None:
        """Wait until the attempts that were under way have ended."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _serve(self, threads: ThreadPoolExecutor) -> None:
        """Send until the end, and then what is due at that time."""
        while True:
            self._wake.clear()
            try:
                begun = await self._turn(threads)
            except DatabaseError as error:
                self._note_trouble(error)
                begun = False
                await self._pause(AGAIN_S)
            except Exception:
                log.exception("hooks cannot be sent")
                begun = False
                await self._pause(AGAIN_S)
            if self._ending and not (begun or self._under_way or self._wake.is_set()):
                return
            await self._pause(self._poll_s)

    async def _turn(self, threads: ThreadPoolExecutor) -> bool:
        """Begin to send what is due; return whether anything is."""
        run = partial(asyncio.get_running_loop().run_in_executor, threads)
        now = self._clock()
        if time.monotonic() - self._swept_at_s >= SWEEP_S:
            await run(expire_sessions, self._database, now)
            if self._database.log_to_truncate:
                await run(self._database.truncate_log)
            self._swept_at_s = time.monotonic()
        claims = await run(claim_due, self._database, now, list(self._under_way.values()))
        self._troubled = False
        for claim in claims:
            task = asyncio.create_task(self._send(claim, threads))
            self._under_way[task] = claim
            task.add_done_callback(self._sent)
        return bool(claims)

    def _sent(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._wake.set()  # the session's next may be due
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an attempt could not be recorded", exc_info=error)  # it is repeated when its claim is over

    async def _send(self, claim: Claim, threads: ThreadPoolExecutor) -> None:
        since = time.monotonic()
        try:
            receiver = Receiver(address_of(claim.hook.url), claim.hook.secret.encode())
            attempt, asked_s = await self._poster.post(receiver, claim.id, claim.body.encode(), self._answer_s)
        except Exception as error:
            log.exception("a hook failed")
            text = f"an internal error ended it: {type(error).__name__}"
            attempt, asked_s = Attempt(datetime.now(UTC), time.monotonic() - since, None, text), None
        state = await self._record(partial(record, self._database, claim, attempt, asked_s), threads)
        self.heard("lost" if state is None else state.value)
        if state is DeliveryState.FAILED:
            log.warning("hook %s of session %s: %s", claim.receiver, claim.session_id, attempt.error)

    async def _record(
        self, write: Callable[[datetime], DeliveryState | None], threads: ThreadPoolExecutor
    ) -> DeliveryState | None:
        """Record an attempt as soon as the database lets it."""
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(threads, write, self._clock())
            except DatabaseError as error:
                self._note_trouble(error)
                await asyncio.sleep(AGAIN_S)

    async def _pause(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait_s)

    def _note_trouble(self, error: DatabaseError) -> None:
        """Log that the database cannot be used, once until it can be again."""
        if not self._troubled:
            log.warning("hooks have to wait: %s", error)
        self._troubled = True
