"""Who may use a server, as its operator says: a token, origins of web pages, proxies, addresses others can reach."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from take5.scoring.errors import ParameterError

ANY = "*"
PORTS = {"http": 80, "https": 443}
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+/?")


def checked_token(token: str | None) -> str | None:
    """Return a token; None for none.

    Raises
    ------
    ParameterError
        If it is blank, or has a character that a header cannot carry.
    """
    if token is not None and not token.strip():
        raise ParameterError("the token is empty: give one that cannot be guessed, or none at all (unset TAKE5_TOKEN)")
    if token is not None and not (token.isascii() and token.isprintable() and token == token.strip()):
        raise ParameterError("the token must be of printable ASCII characters, without blanks around it")
    return token


def origin_of(text: str) -> str:
    """Return an origin as browsers write it, without a default port.

    Raises
    ------
    ParameterError
        If it is neither ``*`` nor ``https://HOST[:PORT]`` or ``http://HOST[:PORT]``.
    """
    if text == ANY:
        return text
    try:
        parts = urlsplit(text.lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in PORTS or host is None or parts.path.strip("/") or parts.query or parts.username is not None:
        raise ParameterError(f"origin {text!r} must be like https://studio.example or http://10.0.0.2:8080")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + ("" if port in (None, PORTS[parts.scheme]) else f":{port}")


def proxy_of(text: str) -> str:
    """Return the address or the network of a proxy as a network.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ParameterError(f"proxy {text!r} must be an address or a network, like 127.0.0.1 or 10.0.0.0/8") from error


def is_prefix(text: str) -> bool:
    """Whether a text is a path that can come before the server's own, as clients write it."""
    return PREFIX.fullmatch(text) is not None and not {".", ".."} & set(text.split("/"))


def root_path_of(text: str) -> str:
    """Return a path without a slash at its end; "" for the root.

    Raises
    ------
    ParameterError
        If it is not one.
    """
    if text.strip("/") and not is_prefix(text):
        raise ParameterError(f"root path {text!r} must be like /take5")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a name or an address stands for this machine alone; False if it stands for nothing."""
    try:
        found = {str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in found)
