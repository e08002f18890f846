"""Which web pages may call the server: its own, and those of allowed origins.

A browser sends what any page asks for, also to addresses that only its machine can reach, and lets a page read an
answer if page and server have one name: so both are checked, the page's origin, and the name by which the server was
reached (a page may let its own name stand for a loopback address). Programs send no origin; nothing is asked of them
but a token, if there is one.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from take5.scoring.errors import ParameterError
from take5.stream.server.access import ANY, origin_of
from take5.stream.server.auth import Access, bearer
from take5.stream.server.proxies import HOST as FORWARDED_HOST

METHODS = ("GET", "POST", "DELETE", "OPTIONS")
ASKED = ("authorization", "content-type", "if-match")
TOLD = ("location", "etag", "link", "retry-after", "accept-post")
SCHEMES = {"ws": "http", "wss": "https"}
FOREIGN_CLOSE = 4403
PUBLIC = re.compile(r"/[\w-]+\.js|/texts/[\w-]+\.json")
"""Files that pages of every origin may load: the modules of ``<take5-capture>``, and its texts."""
HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


class Guard:
    """Refuses what web pages of other origins ask for, and answers the allowed ones as CORS wants it.

    Parameters
    ----------
    app : ASGIApp
        The application.
    origins : sequence of str
        Origins that are allowed besides the server's own, which also are names of the server; ``*`` for all.
    access : Access
        Who decides what may be done. If something must be shown, WHIP is open to pages of any origin that show it, and
        the server may have any name: a page that lets its own stand for it has nothing to show.

    Raises
    ------
    ParameterError
        If an origin is not one.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str], access: Access) -> None:
        self._app, self._access = app, access
        self._origins = {origin_of(text) for text in origins}
        self._names = {urlsplit(origin).hostname for origin in self._origins} | {"localhost", *_own_names()}
        self._some, self._all = _cors(app, sorted(self._origins)), _cors(app, [ANY])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        text = self._fault(scope, headers)
        if text is None:
            whip = self._access.protected and _path(scope).startswith("/whip")
            await (self._all if whip or _is_public(scope) else self._some)(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(FOREIGN_CLOSE, text[:120])(scope, receive, send)
        else:
            await JSONResponse({"error": text, "code": "foreign"}, 403)(scope, receive, send)

    def _fault(self, scope: Scope, headers: Headers) -> str | None:
        """Why a request is refused; None if it is not."""
        if ANY in self._origins:
            return None
        reached, host, origin = headers.get("host", ""), _host(scope), headers.get("origin")
        unknown = [name for name in (host, reached) if not self._is_own(name)]  # a page may state a forwarded host
        if not self._access.protected and unknown:
            return f"this server is not known as {unknown[0]!r}; start it with --allow-origin {_scheme(scope)}://HOST"
        if _is_public(scope):
            return None
        if origin is None:
            elsewhere = headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate"
            return "pages of other sites may not use this server; see --allow-origin" if elsewhere else None
        own = f"{_scheme(scope)}://{host.lower()}"
        if origin == "null" or not (_same(origin, own) or origin in self._origins or self._may_send(scope, headers)):
            return f"pages of {origin} may not use this server; start it with --allow-origin {origin}"
        return None

    def _may_send(self, scope: Scope, headers: Headers) -> bool:
        """Whether a page elsewhere may send: it shows what it must, or asks whether it may."""
        if not self._access.protected or not _path(scope).startswith("/whip"):
            return False
        return scope.get("method") == "OPTIONS" or self._access.vouches(bearer(headers))

    def _is_own(self, host: str) -> bool:
        """Whether a Host header names this machine: by an address, or by a name of its own."""
        found = HOST.fullmatch(host)
        if found is None:
            return not host  # HTTP/1.0
        name = found["name"].strip("[]").lower().rstrip(".")
        try:
            return bool(ipaddress.ip_address(name))
        except ValueError:
            return name in self._names or name.endswith(".localhost")


def is_public(path: str) -> bool:
    """Whether pages of every origin may load the file of this path."""
    return PUBLIC.fullmatch(path) is not None


def page_policy(scope: Scope, framed_by: Sequence[str] = ()) -> str:
    """The Content-Security-Policy of a page that talks to the server it came from, and to no other.

    Pages of the origins ``framed_by`` may show it in a frame.
    """
    host = _host(scope)
    secure = "wss" if _scheme(scope) == "https" else "ws"
    framing = " ".join(["'self'", *framed_by])
    own = f" {secure}://{host}" if HOST.fullmatch(host) else ""  # not every browser counts websockets to 'self'
    return (
        f"default-src 'self'; connect-src 'self'{own}; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"base-uri 'none'; frame-ancestors {framing}"
    )


def reached(scope: Scope) -> str:
    """The address by which a client has reached the server, without a slash at its end and without a path below."""
    host = _host(scope)
    if not HOST.fullmatch(host):  # HTTP/1.0
        name, port = scope.get("server") or ("localhost", None)
        host = f"[{name}]" if ":" in name else name
        host += "" if port is None else f":{port}"
    return f"{_scheme(scope)}://{host}"


def _cors(app: ASGIApp, origins: Sequence[str]) -> CORSMiddleware:
    return CORSMiddleware(app, allow_origins=origins, allow_methods=METHODS, allow_headers=ASKED, expose_headers=TOLD)


def _same(origin: str, own: str) -> bool:
    try:
        return origin_of(origin.lower()) == origin_of(own)
    except ParameterError:
        return False


def _host(scope: Scope) -> str:
    """The name by which a client has reached the server, or the proxy before it."""
    host: str = scope.get(FORWARDED_HOST) or Headers(scope=scope).get("host", "")
    return host


def _scheme(scope: Scope) -> str:
    scheme: str = scope.get("scheme", "http")
    return SCHEMES.get(scheme, scheme)


def _is_public(scope: Scope) -> bool:
    return scope.get("method") in ("GET", "HEAD") and is_public(_path(scope))


def _path(scope: Scope) -> str:
    """The path below where the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name}.local"} if name else set()
