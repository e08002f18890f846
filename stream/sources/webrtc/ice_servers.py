"""The ICE servers of a server, and who may use them until when."""

import secrets
from collections.abc import Sequence
from time import time

from take5.stream.sources.webrtc.ice import IceAccess, IceServer

MARGIN_S = 3600
"""How much longer credentials are valid than the longest capture lasts."""


class IceServers:
    """STUN and TURN servers that senders, and captures, may use.

    Parameters
    ----------
    servers : sequence of IceServer or str
        The servers.
    longest_s : float
        How long a capture lasts at most, in seconds.

    Attributes
    ----------
    valid_s : int
        How long credentials are valid, in seconds.

    Raises
    ------
    ParameterError
        If a server's address is not one.
    """

    def __init__(self, servers: Sequence[IceServer | str] = (), longest_s: float = 0.0) -> None:
        self.servers = [IceServer(each) if isinstance(each, str) else each for each in servers]
        self.valid_s = MARGIN_S + round(longest_s)

    def access(self) -> list[IceAccess]:
        """Every server, with credentials for the longest capture."""
        expires_s, name = int(time()) + self.valid_s, secrets.token_hex(4)
        return [server.access(expires_s, name) for server in self.servers]
