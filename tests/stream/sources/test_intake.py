"""Encoded frames of two tracks onto one clock; held until they can be placed."""

from dataclasses import replace

import numpy as np
import pytest
from rtp_frames import IDR, NTP, SLICE, SPS, opus_packets

from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame
from take5.stream.sources.webrtc.intake import HELD, OPUS_LOOK_AHEAD, Intake, OpusDecoder, is_keyframe
from take5.stream.sources.webrtc.peer import AUDIO_LEVEL, look_ahead
from take5.stream.sources.webrtc.track_clocks import ClockReading
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received


def picture(frame: int, start: int = 1000, *, lost: bool = False) -> RtpFrame:
    return RtpFrame("H264", SPS + IDR if frame % 25 == 0 else SLICE, start + 3600 * frame, 1, lost)


class Taken:
    """What an intake delivers."""

    def __init__(self, look_ahead: int = 0) -> None:
        self.media: list[Received] = []
        self.unplaced = 0
        self.intake = Intake(self.media.append, self._count, look_ahead)

    def _count(self) -> None:
        self.unplaced += 1

    def feed(self, seconds: float) -> None:
        packets = opus_packets(round(seconds * 50))
        for tick, data in enumerate(packets):
            self.intake.sound(
                RtpFrame("opus", data, (50 + 960 * tick) % 2**32, 2, lost_before=False), tick * FLICKS // 50
            )
            if tick % 2 == 0:
                self.intake.picture(picture(tick // 2), tick * FLICKS // 50 + FLICKS // 10)


def test_a_picture_keeps_its_orientation_before_and_after_it_is_placed() -> None:
    taken = Taken()
    for frame in range(2):
        taken.intake.picture(replace(picture(frame), quarter_turns=3), frame * FLICKS // 25)
    taken.intake.sound(RtpFrame("opus", opus_packets(1)[0], 50, 2, lost_before=False), 0)
    taken.intake.picture_clock(ClockReading(NTP, 1000, 1))
    taken.intake.sound_clock(ClockReading(NTP, 50, 2))
    taken.intake.picture(replace(picture(2), quarter_turns=2), 2 * FLICKS // 25)
    assert [m.quarter_turns for m in taken.media if isinstance(m, AccessUnit)] == [3, 3, 2]


def test_sound_after_a_loss_says_so_once_and_also_if_the_next_packet_is_broken() -> None:
    taken = Taken()
    taken.intake.picture(picture(0), 0)
    packets = opus_packets(6)
    for tick, (data, lost) in enumerate(
        zip([*packets[:2], b"", *packets[3:]], [False, True, True, False, False, True], strict=True)
    ):
        taken.intake.sound(RtpFrame("opus", data, 50 + 960 * tick, 2, lost_before=lost), tick * FLICKS // 50)
    taken.intake.picture_clock(ClockReading(NTP, 1000, 1))
    taken.intake.sound_clock(ClockReading(NTP, 50, 2))
    blocks = [media.lost_before for media in taken.media if isinstance(media, AudioBlock)]
    assert blocks == [False, True, True, False, True]


def test_nothing_is_delivered_before_both_have_been_placed_and_then_everything() -> None:
    taken = Taken()
    taken.feed(1.0)
    assert taken.media == []
    taken.intake.picture_clock(ClockReading(NTP, 1000, 1))
    assert taken.media == []
    taken.intake.sound_clock(ClockReading(NTP, 50, 2))
    assert len([m for m in taken.media if isinstance(m, AccessUnit)]) == 25
    assert len([m for m in taken.media if isinstance(m, AudioBlock)]) == 50
    first = next(m.pts for m in taken.media if isinstance(m, AccessUnit))
    assert first == next(m.pts for m in taken.media if isinstance(m, AudioBlock))
    taken.intake.picture(picture(25), 0)
    assert taken.media[-1].pts == first + FLICKS
    assert taken.unplaced == 0


def test_opus_gives_back_what_went_in_6_5_ms_later() -> None:
    decoder = OpusDecoder()
    out = np.concatenate([b.samples for at, data in enumerate(opus_packets(10)) for b in decoder.decode(data, at)])
    tone = np.sin(2 * np.pi * 440 * np.arange(4800) / 48_000)
    late = max(range(960), key=lambda samples: float(tone @ out[samples : samples + 4800]))
    assert late * FLICKS // 48_000 == OPUS_LOOK_AHEAD


def test_sound_that_was_stamped_when_it_went_into_the_encoder_is_older_than_its_time() -> None:
    taken = Taken(OPUS_LOOK_AHEAD)
    taken.feed(0.1)
    taken.intake.picture_clock(ClockReading(NTP, 1000, 1))
    taken.intake.sound_clock(ClockReading(NTP, 50, 2))
    first, sound = (next(m.pts for m in taken.media if isinstance(m, kind)) for kind in (AccessUnit, AudioBlock))
    assert first - sound == OPUS_LOOK_AHEAD


@pytest.mark.parametrize(("extension", "expected"), [(f"a=extmap:14 {AUDIO_LEVEL}\r\n", OPUS_LOOK_AHEAD), ("", 0)])
def test_who_encodes_what_it_captures_is_known_by_offering_its_level(extension: str, expected: int) -> None:
    assert look_ahead(f"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{extension}") == expected


def test_without_readings_arrival_has_to_do_after_eight_seconds() -> None:
    taken = Taken()
    taken.feed(7.9)
    assert taken.media == []
    data = opus_packets(1)[0]
    for tick in range(395, 410):
        taken.intake.sound(RtpFrame("opus", data, 50 + 960 * tick, 2, lost_before=False), tick * FLICKS // 50)
        if tick % 2 == 0:
            taken.intake.picture(picture(tick // 2), tick * FLICKS // 50 + FLICKS // 10)
    assert taken.unplaced == 1
    units = [m.pts for m in taken.media if isinstance(m, AccessUnit)]
    blocks = [m.pts for m in taken.media if isinstance(m, AudioBlock)]
    assert (units[0] - blocks[0]) / FLICKS == pytest.approx(0.1, abs=1e-6)  # as much later as it arrived


def test_what_is_held_has_an_end() -> None:
    taken = Taken()
    for frame in range(HELD + 10):
        taken.intake.picture(picture(frame), frame * FLICKS // 25)
    assert taken.intake.dropped == 10


def test_a_packet_that_is_no_opus_is_a_hole() -> None:
    taken = Taken()
    taken.intake.sound(RtpFrame("opus", b"\xff" * 3, 50, 2, lost_before=False), 0)
    taken.intake.picture(picture(0), 0)
    taken.intake.picture_clock(ClockReading(NTP, 1000, 1))
    taken.intake.sound_clock(ClockReading(NTP, 50, 2))
    assert [m for m in taken.media if isinstance(m, AudioBlock)] == []


@pytest.mark.parametrize(
    ("codec", "data", "lost", "expected"),
    [
        ("H264", SPS + IDR, False, True),
        ("H264", SPS + IDR, True, True),
        ("H264", IDR, False, True),
        ("H264", IDR, True, False),  # what was before it may be missing
        ("H264", b"tail" + IDR, True, False),
        ("H264", SLICE, False, False),
        ("H264", b"", False, False),
        ("H264", b"\x00\x00\x00\x01", False, False),
        ("VP8", b"\x10rest", False, True),
        ("VP8", b"\x11rest", False, False),
        ("VP8", b"\x10rest", True, False),
    ],
)
def test_keyframes(codec: str, data: bytes, lost: bool, expected: bool) -> None:
    assert is_keyframe(RtpFrame(codec, data, 0, 1, lost)) is expected
