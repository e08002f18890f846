"""Encoded frames, taken before aiortc decodes them."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Queue
from typing import Any

from aiortc import rtcrtpreceiver


@dataclass(frozen=True)
class RtpFrame:
    """An encoded frame as it was put together from packets.

    Attributes
    ----------
    codec : str
        "H264", "VP8" or "opus".
    data : bytes
        Annex B, a VP8 frame, or an Opus packet.
    rtp : int
        Raw RTP time, modulo 2^32.
    source : int
        SSRC.
    lost_before : bool
        Packets before it never came.
    arrived : float, optional
        When its first packet came, in seconds of ``time.monotonic``.
    quarter_turns : int
        Counterclockwise quarter turns that bring it upright.
    """

    codec: str
    data: bytes
    rtp: int
    source: int
    lost_before: bool
    arrived: float | None = None
    quarter_turns: int = 0


class Tap:
    """Stands where aiortc keeps a track's decoded frames, and takes the encoded ones instead; called from a thread."""

    def __init__(self, frame: Callable[[RtpFrame], None], ended: Callable[[], None]) -> None:
        self.frame, self.ended = frame, ended

    async def put(self, _: object) -> None:
        """Take what aiortc would put here, the end of the track, and do nothing."""


def install_worker() -> None:
    """Let taps take encoded frames; receivers without one decode as ever."""
    if rtcrtpreceiver.decoder_worker is not _worker:
        rtcrtpreceiver.decoder_worker = _worker


_decode = rtcrtpreceiver.decoder_worker


def _worker(
    loop: asyncio.AbstractEventLoop, input_q: "Queue[Any]", output_q: Any, decode_error: threading.Event
) -> None:
    if not isinstance(output_q, Tap):
        _decode(loop, input_q, output_q, decode_error)
        return
    while (task := input_q.get()) is not None:
        codec, frame = task
        output_q.frame(
            RtpFrame(
                codec.name,
                frame.data,
                frame.timestamp,
                frame.source,
                frame.lost_before,
                frame.arrived,
                frame.quarter_turns,
            )
        )
    output_q.ended()
