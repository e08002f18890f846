"""Connections, sockets and addresses below aiortc."""

import asyncio
import socket
import sys
from contextlib import suppress

import aioice.ice
from aiortc import RTCPeerConnection

from take5.stream.sources.webrtc.aiortc_internals.attributes import replace

RECEIVE_BUFFER = 4 * 2**20


SO_RCVBUFFORCE = 33
"""Linux's option that an administrator may set, which Python does not name."""


def trust_timers(connection: RTCPeerConnection) -> None:
    """Do not end a connection whose sender answers no consent checks, as FFmpeg's does not: own timers see to that."""
    for transceiver in connection.getTransceivers():
        ice = transceiver.receiver.transport.transport._connection  # noqa: SLF001
        replace(ice, "query_consent", _for_ever)


def widen_buffers(connection: RTCPeerConnection) -> None:
    """Let the sockets hold a keyframe's burst of packets: as much as the system allows, up to a second of picture.

    Linux gives 208 KiB, some 90 packets, unless it is asked; a large keyframe comes as 200 at once.
    """
    for transceiver in connection.getTransceivers():
        for protocol in transceiver.receiver.transport.transport._connection._protocols:  # noqa: SLF001
            bound = protocol.transport.get_extra_info("socket")
            if bound is None:  # a relay's, which aioice does not hand out
                continue
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if not sys.platform.startswith("linux"):
                continue
            with suppress(PermissionError):  # only an administrator may go beyond net.core.rmem_max
                bound.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def offer_loopback() -> None:
    """Let a machine without any network be reached from itself: aiortc offers no address there."""
    if aioice.ice.get_host_addresses is not _addresses:
        aioice.ice.get_host_addresses = _addresses


_host_addresses = aioice.ice.get_host_addresses


def _addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return _host_addresses(use_ipv4, use_ipv6) or ["127.0.0.1"]
