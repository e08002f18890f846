"""Messages on a stream of bytes: the length in 4 bytes, big-endian, then MessagePack.

The server numbers its requests from 1, and a reply bears its request's number; notes have the number 0.
"""

import asyncio
import struct
from typing import Generic, TypeVar

import msgspec

from take5.stream.workers.protocol import Note, Reply, Request
from take5.stream.workers.setup import WorkerSetup

HEAD = struct.Struct(">I")
LONGEST = 16 * 2**20
"""Bytes of a message, at most."""

UNREAD = 64 * 2**20
"""Bytes that may wait to be read; then the other side is taken for dead."""


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A request, or the setup before all of them."""

    number: int
    request: Request | WorkerSetup


class Said(msgspec.Struct, frozen=True, array_like=True):
    """A reply, or a note."""

    number: int
    message: Reply | Note


Sent = TypeVar("Sent", Asked, Said)
Got = TypeVar("Got", Asked, Said)


class Frames(Generic[Sent, Got]):
    """Both directions of a connection.

    Parameters
    ----------
    reader, writer
        The connection.
    kind : type
        What comes in.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: type[Got]) -> None:
        self._reader, self._writer = reader, writer
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Got] = msgspec.msgpack.Decoder(kind)

    def send(self, message: Sent) -> None:
        """Send a message, soon; one that the other side does not read for too long ends the connection."""
        if self._writer.transport.get_write_buffer_size() > UNREAD:
            self._writer.transport.abort()
            return
        data = self._encoder.encode(message)
        self._writer.write(HEAD.pack(len(data)) + data)

    async def read(self) -> Got | None:
        """Return the next message; None when the other side has gone, or sends what is none."""
        try:
            (size,) = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            if size > LONGEST:
                return None
            got: Got = self._decoder.decode(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, OSError, msgspec.MsgspecError):
            return None
        return got

    async def flush(self) -> None:
        """Wait until what was sent has gone out, if the other side takes it."""
        try:
            await self._writer.drain()
        except OSError:
            return

    def close(self) -> None:
        """End the connection."""
        self._writer.close()
