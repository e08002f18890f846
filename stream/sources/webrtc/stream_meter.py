"""Measures a sender's stream from its encoded frames, without decoding any."""

from collections import deque
from dataclasses import replace

from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame
from take5.stream.sources.webrtc.headers import is_bidirectional, opus_sound, sps_in, vp8_size
from take5.stream.timeline.stream_facts import PictureFacts, SoundFacts

PICTURE_CLOCK = 90_000
RTP_TIMES = 2**32
PAUSE = PICTURE_CLOCK // 2
"""Longest step between two pictures that counts: a pause of the picture is not a low rate, nor a rare keyframe."""

OVER = 3 * PICTURE_CLOCK
LEAST = PICTURE_CLOCK
"""Pictures of how long are counted, at most and at least, in ticks."""

MOST = 1000
"""Pictures that are counted, at most: a sender's clock may stand still."""

JUMP = PICTURE_CLOCK
"""Longest step backwards that is the order of B-frames; a longer one is a jump of the sender's clock."""

INTERVALS = 3
"""The latest distances between keyframes, of which the longest counts."""

OPEN = 3 * PICTURE_CLOCK
"""Time without a second keyframe from which on its length so far stands for a distance."""

PACKETS = 150
"""The latest packets of sound, of which the widest band counts: encoders narrow it where there is little to send."""

FEW = 2
"""Pictures out of order, of those counted, that are no B-frames yet."""


class PictureMeter:
    """Follows encoded pictures, in the order in which they are decoded; ``facts`` may be read from any thread."""

    def __init__(self) -> None:
        self.facts = PictureFacts()
        self._last: int | None = None
        self._time = 0
        self._counted: deque[tuple[int, bool]] = deque(maxlen=MOST)
        self._keyframe_at: int | None = None
        self._intervals: deque[int] = deque(maxlen=INTERVALS)

    def take(self, frame: RtpFrame, *, keyframe: bool) -> None:
        """Follow the next picture."""
        backwards = self._advance(frame.rtp)
        h264 = frame.codec != "VP8"
        self._counted.append((self._time, backwards or (h264 and is_bidirectional(frame.data))))
        while self._counted[0][0] < self._time - OVER:
            self._counted.popleft()
        if keyframe:
            if self._keyframe_at is not None:
                self._intervals.append(self._time - self._keyframe_at)
            self._keyframe_at = self._time
        stated = self._stated(frame) if keyframe else self.facts
        self.facts = replace(
            stated, fps=self._fps(), keyframe_interval_s=self._keyframe_interval_s(), b_frames=self._b_frames()
        )

    def _advance(self, rtp: int) -> bool:
        """Let time pass up to a picture; return whether it is shown before one that came earlier."""
        last = rtp if self._last is None else self._last
        step = (rtp - last + RTP_TIMES // 2) % RTP_TIMES - RTP_TIMES // 2
        if -JUMP < step < 0:
            return True
        self._last = rtp
        self._time += min(max(step, 0), PAUSE)
        return False

    def _stated(self, frame: RtpFrame) -> PictureFacts:
        """What a keyframe states of itself; what the last one did where it does not."""
        facts, size = replace(self.facts, codec=frame.codec), None
        if frame.codec == "VP8":
            size = vp8_size(frame.data)
        elif (sps := sps_in(frame.data)) is not None:
            facts, size = replace(facts, profile=sps.profile, level=sps.level), (sps.width, sps.height)
        if size is None:
            return facts
        width, height = reversed(size) if frame.quarter_turns % 2 else size
        return replace(facts, width=width, height=height)

    @property
    def _span(self) -> int:
        return self._counted[-1][0] - self._counted[0][0]

    def _fps(self) -> int | None:
        if self._span < LEAST:
            return None
        first = self._counted[0][0]
        return round(sum(time > first for time, _ in self._counted) * PICTURE_CLOCK / self._span)

    def _b_frames(self) -> bool | None:
        return sum(b for _, b in self._counted) > FEW if self._span >= LEAST else None

    def _keyframe_interval_s(self) -> float | None:
        since = 0 if self._keyframe_at is None else self._time - self._keyframe_at
        apart = max([*self._intervals, since])
        return round(apart / PICTURE_CLOCK, 1) if self._intervals or since >= OPEN else None


class SoundMeter:
    """Follows packets of Opus; ``facts`` may be read from any thread."""

    def __init__(self) -> None:
        self.facts = SoundFacts()
        self._latest: deque[tuple[int, int]] = deque(maxlen=PACKETS)

    def take(self, frame: RtpFrame) -> None:
        """Follow the next packet."""
        if (sound := opus_sound(frame.data)) is None:
            return
        self._latest.append(sound)
        if sound == (self.facts.sample_rate, self.facts.channels):
            return  # the widest band, as before
        rates, channels = zip(*self._latest, strict=True)
        self.facts = SoundFacts(max(rates), max(channels))
