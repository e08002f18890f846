"""One signed POST: every notice that goes to an address over HTTP is signed and sent here."""

import asyncio
import hashlib
import hmac
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx

from take5.scoring.errors import ParameterError
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.retry import AGAIN, retry_after_s

CONNECT_S, ANSWER_S = 10.0, 30.0
"""Time limits of an attempt: to connect, and in total."""

SHORTEST_SECRET = 16
"""Bytes."""

LAST_PORT = 65_535
CONNECTED = "connection.connect_tcp.complete"

Guard = Callable[[str], str | None]
"""Returns why an IP address must not be posted to; None if it may."""


@dataclass(frozen=True)
class Receiver:
    """The address to post to, and the secret to sign with.

    Attributes
    ----------
    url : httpx.URL
        Where.
    secret : bytes
        Shared with the receiver.
    """

    url: httpx.URL = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Scheme and host; the rest of the address may be secret."""
        return f"{self.url.scheme}://{self.url.netloc.decode('ascii')}"


class ForbiddenPeer(OSError):
    """A name leads to an IP address that must not be posted to."""


class Poster:
    """Posts to receivers.

    Parameters
    ----------
    guard : Guard, optional
        Applied to the IP address that a connection has reached, before anything is sent. Where a proxy is used, that
        address is the proxy's.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard

    def check(self) -> None:
        """Raise ValueError, OSError or ImportError if the environment's proxies or certificates cannot be used."""
        self._client()

    async def post(
        self, receiver: Receiver, notice_id: str, body: bytes, limit_s: float = ANSWER_S
    ) -> tuple[Attempt, float | None]:
        """Post once, for a limited time; return the attempt, and the receiver's Retry-After in seconds."""
        begun, since = datetime.now(UTC), time.monotonic()
        status, asked_s, trouble = None, None, None
        try:
            async with asyncio.timeout(limit_s), self._client() as client:
                request = self._request(client, receiver, notice_id, body, int(begun.timestamp()))
                answer = await client.send(request, stream=True)
                status = answer.status_code  # the rest of the answer does not matter
                asked_s = retry_after_s(answer.headers.get("Retry-After"), datetime.now(UTC))
                await answer.aclose()
        except (TimeoutError, httpx.TimeoutException):
            trouble = f"no answer within {time.monotonic() - since:.1f} s"
        except (httpx.HTTPError, OSError, ValueError, ImportError) as problem:  # the last two: names, proxies
            trouble = f"cannot be reached ({problem or type(problem).__name__})"
        error = trouble if status is None else _refusal(status)
        return Attempt(begun, time.monotonic() - since, status, error), asked_s

    def _request(
        self, client: httpx.AsyncClient, receiver: Receiver, notice_id: str, body: bytes, timestamp: int
    ) -> httpx.Request:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "take5",
            "Idempotency-Key": notice_id,
            "Take5-Timestamp": str(timestamp),
            "Take5-Signature": signature(receiver.secret, timestamp, body),
        }
        extensions = {} if self._guard is None else {"trace": self._watch}
        return client.build_request("POST", receiver.url, content=body, headers=headers, extensions=extensions)

    def _client(self) -> httpx.AsyncClient:
        timeout = httpx.Timeout(None, connect=CONNECT_S)
        return httpx.AsyncClient(verify=self._tls, follow_redirects=False, timeout=timeout)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()  # once: it takes longer than a post

    async def _watch(self, event: str, info: dict[str, Any]) -> None:
        """Close a connection to an address that must not be posted to, before anything is sent through it."""
        if event != CONNECTED or self._guard is None:
            return
        stream = info["return_value"]
        peer = stream.get_extra_info("server_addr")
        reason = self._guard(peer[0]) if peer else "its IP address is unknown"
        if reason is not None:
            await stream.aclose()
            raise ForbiddenPeer(reason)


def address_of(text: str) -> httpx.URL:
    """Return the parsed address; raise ParameterError unless it is one that can be posted to."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ParameterError(f"not a valid address ({error})") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ParameterError("an address begins with http:// or https:// and a host")
    if url.port is not None and url.port > LAST_PORT:
        raise ParameterError(f"port {url.port} is out of range; the last is {LAST_PORT}")
    return url


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """Return ``v1=`` and HMAC-SHA256, in hexadecimal, of the timestamp in decimal, a full stop, and the body."""
    return "v1=" + hmac.new(secret, b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def may_pass(attempt: Attempt) -> bool:
    """Whether a retry makes sense."""
    return attempt.error is not None and (attempt.code is None or attempt.code in AGAIN)


def _refusal(status: int) -> str | None:
    """Describe a status that is not 2xx."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"it answered {status}: it leads elsewhere, which is not followed; give the address that it leads to"
    return f"it answered {status} {httpx.codes.get_reason_phrase(status)}".rstrip()
