"""``--webhook URL``: a signed POST, retried until it is answered or its time is over."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator

from take5.scoring.errors import ParameterError
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.post import ANSWER_S, SHORTEST_SECRET, Poster, Receiver, address_of, may_pass
from take5.stream.hooks.retry import BACKOFF, Backoff


class Webhook:
    """The address to post to, and the secret to sign with.

    Parameters
    ----------
    url : str
        Address of the receiver, http or https.
    secret : bytes
        Shared with the receiver, 16 bytes or more.
    backoff : Backoff
        When to retry.
    answer_s : float
        Time limit of an attempt.

    Raises
    ------
    ParameterError
        If the address or the secret is invalid, or the environment's proxies or certificates cannot be used.
    """

    def __init__(self, url: str, secret: bytes, backoff: Backoff = BACKOFF, answer_s: float = ANSWER_S) -> None:
        if len(secret) < SHORTEST_SECRET:
            text = f"the webhook's secret has {len(secret)} bytes; it needs {SHORTEST_SECRET} or more"
            raise ParameterError(f"{text}, as `openssl rand -hex 32` makes")
        try:
            self._receiver = Receiver(address_of(url), secret)
        except ParameterError as error:
            raise ParameterError(f"--webhook: {error}") from error
        self._backoff, self._answer_s = backoff, answer_s
        self._poster = Poster()
        try:
            self._poster.check()
        except (ValueError, OSError, ImportError) as error:  # ImportError: a SOCKS proxy needs another package
            text = f"--webhook: the environment's proxies or certificates cannot be used ({error}); see HTTPS_PROXY"
            raise ParameterError(f"{text}, NO_PROXY and SSL_CERT_FILE") from error

    @property
    def way(self) -> str:
        """Name in deliveries."""
        return "webhook"

    @property
    def receiver(self) -> str:
        """Scheme and host; the rest of the address may be secret."""
        return self._receiver.name

    async def attempts(self, notice: Notice, timeout_s: float, slots: asyncio.Semaphore) -> AsyncIterator[Attempt]:
        """Post until it is accepted, refused permanently, or ``timeout_s`` have passed; yield each attempt."""
        deadline, failures = math.inf, 0
        while True:
            async with slots:
                deadline = min(deadline, time.monotonic() + timeout_s)
                limit_s = min(timeout_s, self._answer_s)
                attempt, asked_s = await self._poster.post(self._receiver, notice.id, notice.body(), limit_s)
            yield attempt
            failures += 1
            wait_s = self._backoff.wait_s(failures, random.random(), asked_s)  # noqa: S311 - no secret
            if not may_pass(attempt) or time.monotonic() + wait_s >= deadline:
                return
            await asyncio.sleep(wait_s)
