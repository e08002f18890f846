"""What follows an answer that is not the wanted one: another attempt after a pause, or an error."""

import random
from typing import Any

import httpx
import msgspec

from take5.scoring.errors import RequestRefused, ServerError, ServerUnreachable

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""A server that wants a longer pause is not asked again."""

NOT_DONE = frozenset({429, 503})
"""Statuses after which any request may be sent again: the server has done nothing."""

PERHAPS_DONE = frozenset({502, 504})
"""Statuses of a proxy that does not know what the server has done."""

NO_ROUTE, PROBLEM = (404, 405), "application/problem+json"
"""A take5 server without a database has no sessions API, and says so in another form."""

UNKNOWN_CODE = "unknown"
"""The code of an answer that is not the sessions API's."""


class Attempts:
    """The attempts at one request.

    Parameters
    ----------
    request : str
        What is requested, for messages: without secrets.
    retries : int
        How many attempts may follow the first.
    repeatable : bool
        Whether the request may be sent again when it is not known whether the server has received it.
    """

    def __init__(self, request: str, retries: int, *, repeatable: bool) -> None:
        self._request, self._left, self._repeatable = request, retries, repeatable
        self._wait_s = FIRST_WAIT_S

    def lost(self, error: httpx.RequestError) -> float:
        """Return the seconds to wait after an attempt without a complete answer; raise if it was the last one."""
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        if self._left and (unsent or self._repeatable) and not isinstance(error, httpx.UnsupportedProtocol):
            return self._pause()
        reason = str(error) or type(error).__name__
        raise ServerUnreachable(f"{self._request}: no answer ({reason}); is the server running?") from error

    def refused(self, response: httpx.Response) -> float:
        """Return the seconds to wait after a refusal, whose body is read; raise if another attempt is of no use."""
        error = refusal(response, self._request)
        again = error.status in NOT_DONE or (error.status in PERHAPS_DONE and self._repeatable)
        if self._left and again and (error.retry_after or 0) <= LONGEST_RETRY_AFTER_S:
            return max(self._pause(), error.retry_after or 0)
        raise error

    def _pause(self) -> float:
        wait_s = self._wait_s * random.uniform(0.75, 1)  # noqa: S311 - spreads clients
        self._left, self._wait_s = self._left - 1, min(2 * self._wait_s, LONGEST_WAIT_S)
        return wait_s


def refusal(response: httpx.Response, request: str) -> RequestRefused:
    """Return what a refused request raises."""
    status, headers = response.status_code, response.headers
    problem = _problem(response.content)
    if problem is not None and (status not in NO_ROUTE or headers.get("content-type", "").startswith(PROBLEM)):
        return RequestRefused(status, problem["code"], problem["error"], _seconds(headers.get("retry-after")))
    if response.is_redirect:
        text = f"{request}: the server redirects to {headers.get('location')}; give the address of the server itself"
    else:
        answer = f"{status} {response.reason_phrase}".rstrip()
        text = f"{request}: {answer}, not from the sessions API; is it a take5 server with a database?"
    return RequestRefused(status, UNKNOWN_CODE, text, _seconds(headers.get("retry-after")))


def unreadable(request: str, error: Exception) -> ServerError:
    """Return the error for an answer that is not what the sessions API returns."""
    return ServerError(f"{request}: the answer cannot be read ({error}); is it a take5 server of this version?")


def _problem(body: bytes) -> dict[str, Any] | None:
    """The object of an error of the server; None for what something else has sent."""
    try:
        problem = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    known = isinstance(problem, dict) and all(isinstance(problem.get(name), str) for name in ("code", "error"))
    return problem if known else None


def _seconds(header: str | None) -> float | None:
    """``Retry-After`` in seconds; a date counts as none."""
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        return None
