"""STUN and TURN servers: their addresses, and who may use them until when."""

import base64
import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field

from take5.scoring.errors import ParameterError

PORTS = {"stun": 3478, "turn": 3478, "stuns": 5349, "turns": 5349}
TRANSPORTS = {"turn": ("udp", "tcp"), "turns": ("tcp",)}
"""How TURN servers are reached; the first is the default."""

URL = re.compile(r"(?P<host>\[[^\]]*\]|[^:?\[\]]+)(:(?P<port>\d+))?(\?transport=(?P<transport>\w+))?")
HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")
FORM = "an ICE server is like stun:HOST, turn:HOST:PORT, turn:HOST?transport=tcp or turns:HOST"


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server.

    Parameters
    ----------
    url : str
        ``stun:``, ``stuns:``, ``turn:`` or ``turns:`` with a host, and maybe a port and ``?transport=udp`` or ``tcp``.
    username, credential : str, optional
        What a TURN server asks for.
    secret : str, optional
        Instead of both: the secret that it shares with this server, from which credentials with an expiry are made.

    Raises
    ------
    ParameterError
        If the address is not one, or a TURN server has no credentials.
    """

    url: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    scheme: str = field(init=False, repr=False)
    host: str = field(init=False, repr=False)
    port: int = field(init=False, repr=False)
    transport: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        scheme, host, port, transport = _parts(self.url)
        for name, value in (("scheme", scheme), ("host", host), ("port", port), ("transport", transport)):
            object.__setattr__(self, name, value)
        for name in ("username", "credential", "secret"):
            _check(name, getattr(self, name))
        if not self.relays:
            return
        if (self.username is None) != (self.credential is None):
            raise ParameterError(f"{self.url}: user name and credential (--ice-username, --ice-credential) go together")
        if (self.username is None) == (self.secret is None):
            more = "; give one of the two" if self.secret else ""
            raise ParameterError(
                f"{self.url}: a TURN server needs a user name and a credential (--ice-username, --ice-credential), or "
                f"a secret that it shares with this server (TAKE5_TURN_SECRET){more}"
            )

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server."""
        return self.scheme in TRANSPORTS

    def access(self, expires_s: int, name: str) -> "IceAccess":
        """What a client needs to use it.

        Parameters
        ----------
        expires_s : int
            Unix time until which credentials made from a secret are valid.
        name : str
            Tells their users apart.
        """
        if not self.relays:
            return IceAccess(self)
        if self.secret is None:
            return IceAccess(self, self.username, self.credential)
        username = f"{expires_s}:{name}"
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceAccess(self, username, base64.b64encode(digest).decode())


@dataclass(frozen=True)
class IceAccess:
    """A server with what it asks for, as ``RTCPeerConnection`` takes it.

    Attributes
    ----------
    server : IceServer
        The server.
    username, credential : str or None
        What it asks for, if it is a TURN server.
    """

    server: IceServer
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    def json(self) -> dict[str, object]:
        """Return an ``RTCIceServer``."""
        if self.username is None:
            return {"urls": [self.server.url]}
        return {"urls": [self.server.url], "username": self.username, "credential": self.credential}

    @property
    def link(self) -> str:
        """A value of the header ``Link`` (RFC 9725, section 4.6)."""
        given = ""
        if self.username is not None and self.credential is not None:
            quoted = f"username={_quoted(self.username)}; credential={_quoted(self.credential)}"
            given = f'; {quoted}; credential-type="password"'
        return f'<{self.server.url}>; rel="ice-server"{given}'


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and transport of an address."""
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in PORTS:
        raise ParameterError(f"{url!r}: {FORM}")
    if "@" in rest:
        raise ParameterError(f"{scheme}: address with a user name in it; give user name and credential by themselves")
    if rest.startswith("/"):
        raise ParameterError(f"{url!r}: the host follows the colon, without slashes; {FORM}")
    found = URL.fullmatch(rest)
    if found is None or not _is_host(found["host"]):
        raise ParameterError(f"{url!r}: {FORM}")
    port = int(found["port"] or PORTS[scheme])
    if not 1 <= port <= 65535:
        raise ParameterError(f"{url!r}: port {port} must be from 1 to 65535")
    allowed = TRANSPORTS.get(scheme, ())
    if found["transport"] and found["transport"] not in allowed:
        rule = f"can be {' or '.join(allowed)}" if allowed else "is for turn: and turns: only"
        raise ParameterError(f"{url!r}: transport {rule}")
    return scheme, found["host"].strip("[]"), port, found["transport"] or next(iter(allowed), "udp")


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return HOST_NAME.fullmatch(host) is not None
    try:
        return ipaddress.ip_address(host.strip("[]")).version == 6
    except ValueError:
        return False


def _check(name: str, value: str | None) -> None:
    """Raise ParameterError unless a header can carry it."""
    called = {"username": "user name", "credential": "credential", "secret": "shared secret"}[name]
    if value is not None and not value.strip():
        raise ParameterError(f"the {called} of the TURN server is empty")
    if value is not None and not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ParameterError(
            f"the {called} of the TURN server must be of printable ASCII characters, without blanks around it"
        )


def _quoted(text: str) -> str:
    """A quoted string of a header."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
