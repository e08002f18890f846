"""``--webhook URL``: a signed POST, retried until it is answered or its time is over."""

import asyncio
import hashlib
import hmac
import math
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx

from take5.scoring.errors import ParameterError
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.retry import AGAIN, BACKOFF, Backoff, retry_after_s

CONNECT_S, ANSWER_S = 10.0, 30.0
"""Time limits of an attempt: to connect, and in total."""

SHORTEST_SECRET = 16
"""Bytes."""

LAST_PORT = 65_535


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
        self._url, self._secret, self._backoff, self._answer_s = _address(url), secret, backoff, answer_s
        try:
            self._tls = httpx.create_ssl_context()  # once: it takes longer than a post
            self._client()
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
        return f"{self._url.scheme}://{self._url.netloc.decode('ascii')}"

    async def attempts(self, notice: Notice, timeout_s: float, slots: asyncio.Semaphore) -> AsyncIterator[Attempt]:
        """Post until it is accepted, refused permanently, or ``timeout_s`` have passed; yield each attempt."""
        deadline, failures = math.inf, 0
        while True:
            async with slots:
                deadline = min(deadline, time.monotonic() + timeout_s)
                attempt, asked_s = await self._attempt(notice, min(timeout_s, self._answer_s))
            yield attempt
            failures += 1
            wait_s = self._backoff.wait_s(failures, random.random(), asked_s)  # noqa: S311 - no secret
            if not _passes(attempt) or time.monotonic() + wait_s >= deadline:
                return
            await asyncio.sleep(wait_s)

    async def _attempt(self, notice: Notice, limit_s: float) -> tuple[Attempt, float | None]:
        """Post once; return the attempt, and the receiver's Retry-After."""
        begun, since = datetime.now(UTC), time.monotonic()
        status, asked_s, trouble = None, None, None
        try:
            async with asyncio.timeout(limit_s), self._client() as client:
                request = self._request(client, notice, int(begun.timestamp()))
                answer = await client.send(request, stream=True)
                status = answer.status_code  # the rest of the answer does not matter
                asked_s = retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC))
                await answer.aclose()
        except (TimeoutError, httpx.TimeoutException):
            trouble = f"no answer within {time.monotonic() - since:.1f} s"
        except (httpx.HTTPError, OSError) as problem:
            trouble = f"cannot be reached ({problem or type(problem).__name__})"
        error = trouble if status is None else _refusal(status)
        return Attempt(begun, time.monotonic() - since, status, error), asked_s

    def _request(self, client: httpx.AsyncClient, notice: Notice, timestamp: int) -> httpx.Request:
        body = notice.body()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "take5",
            "Idempotency-Key": notice.id,
            "Take5-Timestamp": str(timestamp),
            "Take5-Signature": signature(self._secret, timestamp, body),
        }
        return client.build_request("POST", self._url, content=body, headers=headers)

    def _client(self) -> httpx.AsyncClient:
        timeout = httpx.Timeout(None, connect=CONNECT_S)
        return httpx.AsyncClient(verify=self._tls, follow_redirects=False, timeout=timeout)


def _address(text: str) -> httpx.URL:
    """Return the parsed address."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ParameterError(f"--webhook: not a valid address ({error})") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ParameterError("--webhook: an address begins with http:// or https:// and a host")
    if url.port is not None and url.port > LAST_PORT:
        raise ParameterError(f"--webhook: port {url.port} is out of range; the last is {LAST_PORT}")
    return url


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """Return ``v1=`` and HMAC-SHA256, in hexadecimal, of the timestamp in decimal, a full stop, and the body."""
    return "v1=" + hmac.new(secret, b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def _passes(attempt: Attempt) -> bool:
    """Whether a retry makes sense."""
    return attempt.error is not None and (attempt.code is None or attempt.code in AGAIN)


def _refusal(status: int) -> str | None:
    """Describe a status that is not 2xx."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"it answered {status}: it leads elsewhere, which is not followed; give the address that it leads to"
    return f"it answered {status} {httpx.codes.get_reason_phrase(status)}".rstrip()
