"""Which packets are asked for again, and for how long."""

from collections.abc import Callable
from time import monotonic

from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add, uint16_gt

from take5.stream.sources.webrtc.aiortc_internals.jitter import VIDEO_PACKETS

ASK_EVERY_S = 0.05
"""How often what is still missing is asked for again; what is newly missing is asked for at once."""


class PatientNacks(NackGenerator):
    """Asks for a missing packet for as long as the jitter buffer waits for it.

    aiortc asks for the last 128 packets only, and only when another one is missing: at 8 Mbps that is less than one
    round trip of 200 ms, so that a packet which is lost twice never comes.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._now, self._asked = now, 0.0

    def add(self, packet: RtpPacket) -> bool:
        """Mark a packet as received; return whether to ask for what is missing."""
        missed, now = super().add(packet), self._now()
        if not self.missing or not (missed or now - self._asked >= ASK_EVERY_S):
            return False
        self._asked = now
        return True

    def truncate(self) -> None:
        """Forget what the jitter buffer has no place for."""
        if self.missing and self.max_seq is not None:
            oldest = uint16_add(self.max_seq, -VIDEO_PACKETS)
            self.missing = {each for each in self.missing if uint16_gt(each, oldest)}
