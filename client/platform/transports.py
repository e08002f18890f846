"""The two ways to send a request: one that blocks, one that awaits."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from take5.client.platform import KEY, SERVER
from take5.client.platform.attempts import Attempts, unreadable
from take5.client.platform.requests import Call, Download, Listing, Query
from take5.scoring.errors import OutputExists, ParameterError
from take5.stream.output.atomic import new_file

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Which server, with which key, and how patiently."""

    server: str
    key: str = field(repr=False)
    timeout: float
    retries: int

    @classmethod
    def of(cls, server: str | None, key: str | None, timeout: float, retries: int) -> "Settings":
        """Check what a program gives; the environment has what it leaves out."""
        server = os.environ.get(SERVER, "") if server is None else server
        key = os.environ.get(KEY, "") if key is None else key
        if "@" in server:
            raise ParameterError("the server's address must not have a user name or a password")
        if not _is_address(server):
            raise ParameterError(f"server={server!r} must be like https://HOST; give it, or set {SERVER}")
        if not key or not (key.isascii() and key.isprintable()) or " " in key:
            raise ParameterError(f"the API key must be one that take5 keys create has printed; give it, or set {KEY}")
        return cls(server.rstrip("/"), key, timeout, retries)

    def request(self, method: str, path: str, query: Query) -> dict[str, Any]:
        """Return arguments of httpx."""
        return {
            "method": method,
            "url": f"{self.server}/api/v1{path}",
            "params": {name: value for name, value in query.items() if value is not None},
            "timeout": self.timeout,
            "follow_redirects": False,
        }

    def call(self, call: Call[T]) -> dict[str, Any]:
        """Return arguments of httpx for a call."""
        headers = {**self._authorization(), **call.headers}
        return {**self.request(call.method, call.path, call.query), "headers": headers, "json": call.body}

    def download(self, download: Download) -> dict[str, Any]:
        """Return arguments of httpx for a download."""
        return {**self.request("GET", download.path, download.query), "headers": self._authorization()}

    def attempts(self, method: str, path: str, *, repeatable: bool = True) -> Attempts:
        """Return the attempts at a request."""
        return Attempts(f"{method} {self.server}/api/v1{path}", self.retries, repeatable=repeatable)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def _is_address(server: str) -> bool:
    try:
        url = httpx.URL(server)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host) and not (url.query or url.fragment)


class Transport:
    """Sends requests and waits for the answers.

    Parameters
    ----------
    settings : Settings
        Where to, and as whom.
    http : httpx.Client, optional
        What to send with; stays open.
    """

    def __init__(self, settings: Settings, http: httpx.Client | None) -> None:
        self.settings, self._own = settings, http is None
        self._http = http or httpx.Client()

    def send(self, call: Call[T]) -> T:
        """Send a call and return its result."""
        attempts = self.settings.attempts(call.method, call.path, repeatable=call.repeatable)
        while True:
            try:
                response = self._http.request(**self.settings.call(call))
            except httpx.RequestError as error:
                pause_s = attempts.lost(error)
            else:
                if response.is_success:
                    return result(call, response)
                pause_s = attempts.refused(response)
            time.sleep(pause_s)

    def iterate(self, listing: Listing[T]) -> Iterator[T]:
        """Yield the entries of a list, page by page."""
        page = self.send(listing.first)
        yield from page.items
        while page.next is not None:
            page = self.send(listing.after(page.next))
            yield from page.items

    def fetch(self, download: Download) -> Path:
        """Fetch a file; return its path."""
        target, attempts = free_target(download), self.settings.attempts("GET", download.path)
        while True:
            try:
                with self._http.stream(**self.settings.download(download)) as response:
                    if response.is_success:
                        with new_file(target) as partial, partial.open("wb") as file:
                            for chunk in response.iter_bytes():
                                file.write(chunk)
                        return target
                    response.read()
                pause_s = attempts.refused(response)
            except httpx.RequestError as error:
                pause_s = attempts.lost(error)
            time.sleep(pause_s)

    def close(self) -> None:
        """Close the connections."""
        if self._own:
            self._http.close()


class AsyncTransport:
    """Sends requests and awaits the answers; otherwise as :class:`Transport`."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient | None) -> None:
        self.settings, self._own = settings, http is None
        self._http = http or httpx.AsyncClient()

    async def send(self, call: Call[T]) -> T:
        """Send a call and return its result."""
        attempts = self.settings.attempts(call.method, call.path, repeatable=call.repeatable)
        while True:
            try:
                response = await self._http.request(**self.settings.call(call))
            except httpx.RequestError as error:
                pause_s = attempts.lost(error)
            else:
                if response.is_success:
                    return result(call, response)
                pause_s = attempts.refused(response)
            await asyncio.sleep(pause_s)

    async def iterate(self, listing: Listing[T]) -> AsyncIterator[T]:
        """Yield the entries of a list, page by page."""
        page = await self.send(listing.first)
        for item in page.items:
            yield item
        while page.next is not None:
            page = await self.send(listing.after(page.next))
            for item in page.items:
                yield item

    async def fetch(self, download: Download) -> Path:
        """Fetch a file; return its path."""
        target, attempts = free_target(download), self.settings.attempts("GET", download.path)
        while True:
            try:
                async with self._http.stream(**self.settings.download(download)) as response:
                    if response.is_success:
                        with new_file(target) as partial, partial.open("wb") as file:
                            async for chunk in response.aiter_bytes():
                                file.write(chunk)
                        return target
                    await response.aread()
                pause_s = attempts.refused(response)
            except httpx.RequestError as error:
                pause_s = attempts.lost(error)
            await asyncio.sleep(pause_s)

    async def close(self) -> None:
        """Close the connections."""
        if self._own:
            await self._http.aclose()


def result(call: Call[T], response: httpx.Response) -> T:
    """Read the answer to a call."""
    try:
        return call.read(response.content)
    except msgspec.DecodeError as error:
        raise unreadable(f"{call.method} {response.request.url.copy_with(query=None)}", error) from error


def free_target(download: Download) -> Path:
    """Return where a file goes; raise OutputExists if something is there that may not be replaced."""
    target = download.target
    if target.exists() and not download.force:
        raise OutputExists(f"{target}: exists already; give another path, or replace it with force=True")
    return target
