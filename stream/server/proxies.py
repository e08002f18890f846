"""What trusted proxies say of the requests that they pass on: the client's address, the scheme, the host, the prefix.

``X-Forwarded-For`` and ``X-Forwarded-Proto`` are uvicorn's matter. ``X-Forwarded-Host`` is the name that the client has
used, ``X-Forwarded-Prefix`` the path that a proxy has cut off. All four are ignored unless the peer is a trusted proxy.
"""

import ipaddress
import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from take5.stream.server.access import is_prefix

HOST = "take5.forwarded_host"
"""Key of a scope."""

OWN = re.compile(r"/(whip|api|texts)")
"""Prefixes that the server's own paths begin with, too: a path of that kind has had its prefix cut off."""


class Forwarded:
    """Gives requests the client, scheme and prefix that trusted proxies state, and notes the host.

    Parameters
    ----------
    app : ASGIApp
        The application.
    proxies : sequence of str
        Addresses and networks of trusted proxies.
    root_path : str
        Prefix of every address, where no trusted proxy states one.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str], root_path: str) -> None:
        self._app, self._root = app, root_path
        self._networks = [ipaddress.ip_network(text) for text in proxies]
        self._proxied = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type] # the same, by other names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif self._trusts(scope):
            headers = Headers(scope=scope)
            host, prefix = headers.get("x-forwarded-host", ""), headers.get("x-forwarded-prefix", "")
            stated = prefix if is_prefix(prefix) else self._root
            known = {HOST: host.rpartition(",")[2].strip()} if host else {}
            await self._proxied({**_under(stated.rstrip("/"), scope), **known}, receive, send)  # type: ignore[arg-type]
        else:
            await self._app(_under(self._root, scope), receive, send)

    def _trusts(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(peer in network for network in self._networks)


def _under(prefix: str, scope: Scope) -> Scope:
    """The scope under a prefix, whether its path still has it or not."""
    if not prefix:
        return scope
    path: str = scope["path"]
    whole = path.startswith(f"{prefix}/") and not OWN.fullmatch(prefix)
    return {**scope, "path": path if whole else prefix + path, "root_path": prefix + scope.get("root_path", "")}
