"""The clients of programs: :class:`Take5` blocks, :class:`AsyncTake5` awaits; their methods are the same."""

from types import TracebackType
from typing import Self

import httpx

from take5.client.platform import requests
from take5.client.platform.methods import Method, Resource
from take5.client.platform.transports import AsyncTransport, Settings, Transport

TIMEOUT_S, RETRIES = 60.0, 3


class Sessions(Resource[Transport]):
    """Sessions, their takes, and the files of those."""

    create = Method(requests.create_session, Transport.send)
    get = Method(requests.get_session, Transport.send)
    list = Method(requests.list_sessions, Transport.iterate)
    cancel = Method(requests.cancel_session, Transport.send)
    delete = Method(requests.delete_session, Transport.send)
    retake = Method(requests.retake_session, Transport.send)
    accept = Method(requests.accept_session, Transport.send)
    takes = Method(requests.list_takes, Transport.send)
    download_clip = Method(requests.download_clip, Transport.fetch)
    download_report = Method(requests.download_report, Transport.fetch)
    download_file = Method(requests.download_file, Transport.fetch)
    download_bundle = Method(requests.download_bundle, Transport.fetch)
    download_consent = Method(requests.download_consent, Transport.fetch)
    export = Method(requests.export_session, Transport.fetch)


class Secrets(Resource[Transport]):
    """The secrets of a session's holders: its person, its sender, its follower."""

    create = Method(requests.create_secret, Transport.send)
    revoke = Method(requests.revoke_secret, Transport.send)


class Deliveries(Resource[Transport]):
    """What is delivered to sessions' hooks."""

    list = Method(requests.list_deliveries, Transport.iterate)
    replay = Method(requests.replay_delivery, Transport.send)


class Take5:
    """The sessions API of a server.

    Parameters
    ----------
    server : str, optional
        Its address, like ``https://HOST``. [default: ``TAKE5_SERVER`` of the environment]
    key : str, optional
        The API key. [default: ``TAKE5_API_KEY`` of the environment]
    timeout : float
        Longest pause in an answer, in seconds.
    retries : int
        How often a request is sent again that the server had no time for, or whose connection was lost: only where
        that cannot do anything twice.
    http : httpx.Client, optional
        What to send with, for proxies or certificates of your own; it stays open.

    Raises
    ------
    ParameterError
        If the address or the key cannot be one. Methods raise ``RequestRefused`` and ``ServerUnreachable``.
    """

    def __init__(
        self,
        server: str | None = None,
        key: str | None = None,
        *,
        timeout: float = TIMEOUT_S,
        retries: int = RETRIES,
        http: httpx.Client | None = None,
    ) -> None:
        self._transport = Transport(Settings.of(server, key, timeout, retries), http)
        self.sessions = Sessions(self._transport)
        self.secrets = Secrets(self._transport)
        self.deliveries = Deliveries(self._transport)

    def __repr__(self) -> str:
        return f"Take5({self._transport.settings.server!r})"

    def close(self) -> None:
        """Close the connections; ``with`` does it."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()


class AsyncSessions(Resource[AsyncTransport]):
    """Sessions, their takes, and the files of those."""

    create = Method(requests.create_session, AsyncTransport.send)
    get = Method(requests.get_session, AsyncTransport.send)
    list = Method(requests.list_sessions, AsyncTransport.iterate)
    cancel = Method(requests.cancel_session, AsyncTransport.send)
    delete = Method(requests.delete_session, AsyncTransport.send)
    retake = Method(requests.retake_session, AsyncTransport.send)
    accept = Method(requests.accept_session, AsyncTransport.send)
    takes = Method(requests.list_takes, AsyncTransport.send)
    download_clip = Method(requests.download_clip, AsyncTransport.fetch)
    download_report = Method(requests.download_report, AsyncTransport.fetch)
    download_file = Method(requests.download_file, AsyncTransport.fetch)
    download_bundle = Method(requests.download_bundle, AsyncTransport.fetch)
    download_consent = Method(requests.download_consent, AsyncTransport.fetch)
    export = Method(requests.export_session, AsyncTransport.fetch)


class AsyncSecrets(Resource[AsyncTransport]):
    """The secrets of a session's holders: its person, its sender, its follower."""

    create = Method(requests.create_secret, AsyncTransport.send)
    revoke = Method(requests.revoke_secret, AsyncTransport.send)


class AsyncDeliveries(Resource[AsyncTransport]):
    """What is delivered to sessions' hooks."""

    list = Method(requests.list_deliveries, AsyncTransport.iterate)
    replay = Method(requests.replay_delivery, AsyncTransport.send)


class AsyncTake5:
    """The sessions API of a server, for asyncio; as :class:`Take5`, with ``http`` an ``httpx.AsyncClient``."""

    def __init__(
        self,
        server: str | None = None,
        key: str | None = None,
        *,
        timeout: float = TIMEOUT_S,
        retries: int = RETRIES,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._transport = AsyncTransport(Settings.of(server, key, timeout, retries), http)
        self.sessions = AsyncSessions(self._transport)
        self.secrets = AsyncSecrets(self._transport)
        self.deliveries = AsyncDeliveries(self._transport)

    def __repr__(self) -> str:
        return f"AsyncTake5({self._transport.settings.server!r})"

    async def aclose(self) -> None:
        """Close the connections; ``async with`` does it."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.aclose()
