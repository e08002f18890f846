"""A capture that is interrupted every minute: ``python -m bench.interruptions VIDEO [--minutes 60]``.

Feeds a video, over and over, into a capture as a WebRTC sender's packets would come out of the jitter buffer, as fast
as they are scored. In each minute the picture pauses for three seconds, is turned to another size for four, and the RTP
time of both tracks jumps: by 100 s, back by 300 s, by 12 h. Prints, for each minute, the memory of the process in MB,
how many windows there are and can be used, and CPU seconds per second of media.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av

from bench.behind import encoded
from take5.client.cli.options import load_models
from take5.scoring.stopping import StopRules
from take5.stream.events import Event, Progress
from take5.stream.live.session import LiveSession
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame
from take5.stream.sources.webrtc.intake import Intake
from take5.stream.sources.webrtc.track_clocks import AUDIO_RATE, VIDEO_RATE, ClockReading
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat

NEVER = StopRules(stop_at=0, gain=None, cap_s=1e9)
MINUTE = 60 * FLICKS
PAUSE = range(15 * FLICKS, 18 * FLICKS)
TURN = range(30 * FLICKS, 34 * FLICKS)
JUMP_AT = 45 * FLICKS
JUMPS_S = (100, -300, 43_200)
ON_THE_WAY = FLICKS // 50
REPORT_EVERY = FLICKS
NTP = 3_900_000_000
PICTURE, SOUND = 1, 2


@dataclass(frozen=True)
class Packet:
    """An encoded frame of a track, at its time in the video."""

    pts: int
    data: bytes
    source: int
    turned: bool = False


def packets(video: Path, size: tuple[int, int]) -> list[Packet]:
    """A video's pictures, in a wide and in an upright size, and its sound in Opus; in order of time."""
    found: list[Packet] = []
    sound: list[AudioBlock] = []
    for turned, shape in ((False, size), (True, size[::-1])):
        for media in encoded(video, shape):
            if isinstance(media, AccessUnit):
                found.append(Packet(media.pts, _long_starts(media.data), PICTURE, turned))
            elif isinstance(media, AudioBlock) and not turned:
                sound.append(media)
    return sorted([*found, *_opus(sound)], key=lambda packet: packet.pts)


def _long_starts(data: bytes) -> bytes:
    """Annex B with start codes of four bytes only, as packets are put together."""
    return data.replace(b"\x00\x00\x01", b"\x00\x00\x00\x01").replace(b"\x00\x00\x00\x00\x01", b"\x00\x00\x00\x01")


def _opus(blocks: Sequence[AudioBlock]) -> Iterator[Packet]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = AUDIO_RATE, "mono", "s16"
    resampler, fifo = av.AudioResampler("s16", "mono", AUDIO_RATE), av.AudioFifo()
    sent = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(block.samples[None], format="flt", layout="mono")
        frame.sample_rate = block.rate
        for piece in resampler.resample(frame):
            piece.pts = None
            fifo.write(piece)
        while (taken := fifo.read(AUDIO_RATE // 50)) is not None:
            taken.pts = sent
            sent += taken.samples
            for packet in encoder.encode(taken):
                yield Packet((packet.pts or 0) * FLICKS // AUDIO_RATE, bytes(packet), SOUND)


class Sender:
    """Sends what a moment of the hour says."""

    def __init__(self, put: Intake) -> None:
        self._intake = put
        self._offset, self._jumped = 0, 0
        self._reported = -REPORT_EVERY
        self._turned = False

    def send(self, packet: Packet) -> None:
        """Send a packet, unless it is not to be sent now."""
        minute, second = divmod(packet.pts, MINUTE)
        if minute >= self._jumped and second >= JUMP_AT:
            self._offset += JUMPS_S[self._jumped % len(JUMPS_S)] * FLICKS
            self._jumped += 1
        if packet.source == PICTURE and (second in PAUSE or packet.turned != (second in TURN)):
            return
        arrival = packet.pts + ON_THE_WAY
        if packet.pts - self._reported >= REPORT_EVERY:
            self._reported = packet.pts
            self._intake.picture_clock(self._reading(packet.pts, PICTURE, arrival))
            self._intake.sound_clock(self._reading(packet.pts, SOUND, arrival))
        rtp = self._rtp(packet.pts, packet.source)
        if packet.source == PICTURE:
            frame = RtpFrame("H264", packet.data, rtp, PICTURE, lost_before=False, quarter_turns=int(packet.turned))
            self._intake.picture(frame, arrival)
        else:
            self._intake.sound(RtpFrame("opus", packet.data, rtp, SOUND, lost_before=False), arrival)

    def _rtp(self, pts: int, source: int) -> int:
        rate = VIDEO_RATE if source == PICTURE else AUDIO_RATE
        return (pts + self._offset) * rate // FLICKS % (1 << 32)

    def _reading(self, pts: int, source: int, arrival: int) -> ClockReading:
        ntp = (NTP << 32) + (pts << 32) // FLICKS
        return ClockReading(ntp, self._rtp(pts, source), source, arrival=arrival)


def resident_mb() -> float:
    """Memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--size", type=int, nargs=2, default=(320, 320), metavar=("WIDTH", "HEIGHT"))
    options = parser.parse_args()
    video = packets(options.video, tuple(options.size))
    live = LiveSession(
        load_models("speech-embedding", None, "cpu"), Settings(), NEVER, UnitFormat("h264", None), "interruptions"
    )
    arrived: list[Received] = []
    sender = Sender(Intake(arrived.append, lambda: None))
    windows = usable = 0
    minute, spent = 0, time.process_time()
    print("| minute | MB | windows | usable | CPU s/s |\n|---|---|---|---|---|")
    for packet in _looped(video, options.minutes * MINUTE):
        sender.send(packet)
        for event in _scored(live, arrived):
            if isinstance(event, Progress) and event.window is not None:
                windows += 1
                usable += bool(event.window.eligible)
        live.unsaved()
        if packet.pts >= (minute + 1) * MINUTE - FLICKS:
            minute += 1
            cpu, spent = (time.process_time() - spent) / 60, time.process_time()
            print(f"| {minute} | {resident_mb():.0f} | {windows} | {usable} | {cpu:.2f} |", flush=True)


def _looped(video: Sequence[Packet], length: int) -> Iterator[Packet]:
    """The same over and over until the time is up."""
    once = -(-video[-1].pts // FLICKS) * FLICKS
    for begin in range(0, length, once):
        for packet in video:
            if packet.pts + begin < length:
                yield replace(packet, pts=packet.pts + begin)


def _scored(live: LiveSession, arrived: list[Received]) -> Iterator[Event]:
    for media in arrived:
        yield from live.push(media)
        while (step := live.work()) is not None:
            yield from step
    arrived.clear()


if __name__ == "__main__":
    main()
