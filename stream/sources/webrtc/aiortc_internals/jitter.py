"""aiortc's jitter buffer, which also says what it gave up."""

from collections.abc import Callable
from time import monotonic

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import (
    RtpPacket,
)
from aiortc.utils import uint16_add, uint16_gt

from take5.stream.sources.webrtc.track_clocks import ClockReading
from take5.stream.timeline.clock import seconds_to_flicks

VIDEO_PACKETS, AUDIO_PACKETS = 2048, 16
"""Sizes of the jitter buffers. Of the picture: more packets than come before a missing one is given up (aiortc's 512
are half a second). Of the sound: aiortc's own. Its holding back four packets of sound is not: around one that never
comes it throws away as many good ones."""


TURNS_KEPT = 256
"""Pictures under way whose orientation is remembered."""


GIVE_UP_VIDEO, GIVE_UP_AUDIO = 90_000, 4_800
"""RTP time after which a missing packet is given up, counted from the first packet behind it: a second of picture
(90 kHz), in which it has been sent again if that is possible, and 100 ms of sound (48 kHz), for packets out of order,
which are never sent again."""


GIVE_UP_S = 1.0
"""Time by this machine's clock after which it is given up in any case: RTP time may stand still or run back."""


RTP_WRAP = 1 << 32


class LossyJitterBuffer(JitterBuffer):
    """aiortc's jitter buffer, which also says what it gave up, and gives up a missing packet in time, and no more.

    A pause is not a gap: what counts is how long packets have waited behind one that is missing. Packets of one source
    go in, and no others. ``read`` receives the capture times that come with packets; ``now`` is the time in seconds of
    any steady clock. The orientation of a picture holds until another one is stated: senders need not repeat it.
    """

    def __init__(
        self,
        *,
        is_video: bool,
        read: Callable[[ClockReading], None] = lambda _: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(VIDEO_PACKETS if is_video else AUDIO_PACKETS, is_video=is_video)
        self._give_up = GIVE_UP_VIDEO if is_video else GIVE_UP_AUDIO
        self.ssrc: int | None = None
        self._read, self._now = read, now
        self._lost = False
        self._newest: int | None = None
        self._gap: int | None = None
        self._waiting: RtpPacket | None = None
        self._turns: dict[int, int] = {}
        self._turned = 0

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Add a packet; return whether a keyframe is needed, and the frame that is complete, if one is."""
        self.ssrc = packet.ssrc if self.ssrc is None else self.ssrc
        if packet.ssrc != self.ssrc:
            return False, None
        packet.arrived = self._now()  # type: ignore[attr-defined] # RtpPacket is open
        captured = getattr(packet.extensions, "capture_time", None)
        if captured is not None:
            arrival = seconds_to_flicks(packet.arrived)  # type: ignore[attr-defined] # see above
            self._read(ClockReading(captured, packet.timestamp, packet.ssrc, captured=True, arrival=arrival))
        if (turns := getattr(packet.extensions, "quarter_turns", None)) is not None:
            self._turns[packet.timestamp] = turns
            if len(self._turns) > TURNS_KEPT:
                del self._turns[next(iter(self._turns))]
        keyframe_needed, frame = super().add(packet)
        if self._newest is None or uint16_gt(packet.sequence_number, self._newest):
            self._newest = packet.sequence_number
        if frame is None and self._overdue(packet):
            self._skip()
            keyframe_needed, frame = self._is_video, self._remove_frame(packet.sequence_number)
        if frame is not None:
            frame.lost_before, self._lost = self._lost, False  # type: ignore[attr-defined] # JitterFrame is open
            frame.quarter_turns = self._turns_of(frame.timestamp)  # type: ignore[attr-defined]
        return keyframe_needed, frame

    def begin(self, ssrc: int) -> None:
        """Forget what there is, and take packets of another source."""
        if self._origin is not None:
            self.remove(self.capacity)
        self._origin, self._lost, self.ssrc = None, False, ssrc
        self._turns.clear()

    def _turns_of(self, timestamp: int) -> int:
        """Quarter turns of the picture of this RTP time, stated with one of its packets or before."""
        self._turned = self._turns.pop(timestamp, self._turned)
        return self._turned

    def remove(self, count: int) -> None:
        """Remove packets; all at once means that the stream has jumped."""
        if count == self.capacity:
            self._lost, self._newest, self._gap = True, None, None
        super().remove(count)

    def smart_remove(self, count: int) -> bool:
        """Remove packets for which the missing one never came."""
        self._lost = True
        return bool(super().smart_remove(count))

    def _overdue(self, packet: RtpPacket) -> bool:
        """Whether packets have waited too long behind one that is missing, now that ``packet`` has come."""
        waiting = self._behind_the_gap()
        if waiting is None:
            return False
        waited: float = packet.arrived - waiting.arrived  # type: ignore[attr-defined] # see add
        return waited > GIVE_UP_S or self._give_up < (packet.timestamp - waiting.timestamp) % RTP_WRAP < RTP_WRAP // 2

    def _behind_the_gap(self) -> RtpPacket | None:
        """The packet that has waited for the first missing one; None while none is missing."""
        origin, gap = self._origin or 0, self._gap
        offset = 0 if gap is None else uint16_add(gap, -origin)
        offset = 0 if offset > self.capacity else offset
        while offset < self.capacity and self._at(offset) is not None:
            offset += 1
        self._gap = uint16_add(origin, offset)
        if self._newest is None or not uint16_gt(self._newest, self._gap):
            self._waiting = None
        elif self._waiting is None or gap != self._gap:
            self._waiting = next(filter(None, map(self._at, range(offset + 1, self.capacity))), None)
        return self._waiting

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        """Return the next frame if it is complete; a packet of sound is one by itself."""
        first = self._at(0)
        frame: JitterFrame | None = None
        if self._is_video:
            frame = super()._remove_frame(sequence_number)
        elif first is not None:
            self.remove(1)
            frame = JitterFrame(first._data, first.timestamp)  # type: ignore[attr-defined] # noqa: SLF001 - aiortc's way
        if frame is not None and first is not None:
            frame.source, frame.arrived = first.ssrc, first.arrived  # type: ignore[attr-defined] # JitterFrame is open
        return frame

    def _skip(self) -> None:
        """Give up what is missing, and of a picture also its other packets."""
        first = next((i for i in range(self.capacity) if self._at(i) is None), self.capacity)
        gap = next((i for i in range(first, self.capacity) if self._at(i) is not None), self.capacity)
        self._lost = True
        if self._is_video:
            self.smart_remove(min(gap, self.capacity - 1))
        else:
            super().remove(min(gap, self.capacity - 1))

    def _at(self, offset: int) -> RtpPacket | None:
        packet: RtpPacket | None = self._packets[((self._origin or 0) + offset) % self.capacity]
        return packet
