"""Clocks of senders that lie: RTP time that jumps, sources that change, reports that are wrong. No clock is read."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from rtp_frames import IDR, NTP, SLICE, SPS, opus_packets

from take5.stream.sources.webrtc.aiortc_internals.encoded import RtpFrame
from take5.stream.sources.webrtc.intake import Intake
from take5.stream.sources.webrtc.track_clocks import AUDIO_RATE, VIDEO_RATE, ClockReading
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received

HOUR = 3600.0
OPUS = opus_packets(1)[0]
MS = FLICKS // 1000


@dataclass
class Lies:
    """What a sender says, as functions of the true time in seconds.

    Attributes
    ----------
    jump : tuple of float
        Seconds by which the RTP time of picture and sound is wrong from ``at`` on.
    source : tuple of int
        SSRC of picture and sound from ``at`` on.
    reading : callable
        Makes the sender report of a track, from its number and the honest one; None to leave it out.
    captured : bool
        The readings are capture times.
    """

    at: float = 6.0
    jump: tuple[float, float] = (0.0, 0.0)
    source: tuple[int, int] = (1, 2)
    reading: Callable[[int, str, ClockReading], ClockReading | None] = lambda _number, _track, honest: honest
    captured: bool = False


@dataclass
class Sender:
    """25 pictures and 50 packets of sound a second, a keyframe and two reports every second, all 20 ms on the way."""

    lies: Lies
    media: list[Received] = field(default_factory=list)
    jumps: list[int] = field(default_factory=list)
    unplaced: int = 0

    def __post_init__(self) -> None:
        self.intake = Intake(self.media.append, self._count, 0, self.jumps.append)

    def _count(self) -> None:
        self.unplaced += 1

    def send(self, seconds: float, begin: float = 0.0) -> None:
        for tick in range(round(begin * 50), round(seconds * 50)):
            time, arrival = tick / 50, tick * FLICKS // 50 + 20 * MS
            if tick % 50 == 3:
                self.report(tick // 50, time, arrival)
            self.intake.sound(RtpFrame("opus", OPUS, self.rtp("sound", time), self.ssrc("sound", time), False), arrival)
            if tick % 2 == 0:
                data = SPS + IDR if tick % 50 == 0 else SLICE
                rtp, source = self.rtp("picture", time), self.ssrc("picture", time)
                self.intake.picture(RtpFrame("H264", data, rtp, source, lost_before=False), arrival)

    def report(self, number: int, time: float, arrival: int) -> None:
        for track, take in (("picture", self.intake.picture_clock), ("sound", self.intake.sound_clock)):
            ntp = NTP + round(time * 2**32)
            honest = ClockReading(ntp, self.rtp(track, time), self.ssrc(track, time), self.lies.captured, arrival)
            reading = self.lies.reading(number, track, honest)
            if reading is not None:
                take(reading)

    def rtp(self, track: str, time: float) -> int:
        second = track == "sound"
        rate = AUDIO_RATE if second else VIDEO_RATE
        lie = self.lies.jump[second] if time >= self.lies.at else 0.0
        return (4_000_000_000 + 77 * second + round((time + lie) * rate)) % 2**32

    def ssrc(self, track: str, time: float) -> int:
        second = track == "sound"
        return self.lies.source[second] if time >= self.lies.at else 1 + second

    def times(self, kind: type[AccessUnit] | type[AudioBlock]) -> list[float]:
        """Times of what was delivered, in seconds from the first block."""
        first = next(m.pts for m in self.media if isinstance(m, AudioBlock))
        return [(m.pts - first) / FLICKS for m in self.media if isinstance(m, kind)]


def check(sender: Sender, seconds: float, hole_s: float = 1.2) -> None:
    """Both tracks go on by the time that has passed, and lie together, with a hole of no more than ``hole_s``."""
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    assert pictures[-1] == pytest.approx(seconds - 0.04, abs=0.06)
    assert sounds[-1] == pytest.approx(seconds - 0.02, abs=0.06)
    assert pictures == sorted(pictures)
    assert sounds == sorted(sounds)
    assert max(b - a for times in (pictures, sounds) for a, b in pairwise(times)) < hole_s
    assert sender.unplaced == 0


JUMPS = [0.5, -0.5, 100.0, -100.0, 300.0, 1800.0, 12 * HOUR, -12 * HOUR, 40_000.0]


@pytest.mark.parametrize("by_s", JUMPS)
@pytest.mark.parametrize("tracks", [(1, 1), (1, 0), (0, 1)])
def test_a_jump_is_a_hole_and_time_goes_on(by_s: float, tracks: tuple[int, int]) -> None:
    sender = Sender(Lies(6.5, (by_s * tracks[0], by_s * tracks[1])))
    sender.send(12.0)
    check(sender, 12.0)
    assert sender.jumps[0] == 1
    assert len(sender.jumps) == 1
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    if tracks[0]:
        assert max(b - a for a, b in pairwise(pictures)) > 0.1
    if tracks[1]:
        assert max(b - a for a, b in pairwise(sounds)) > 0.025


@pytest.mark.parametrize("tracks", [(1, 0), (0, 1), (1, 1)])
def test_another_source_goes_on_where_the_first_ended(tracks: tuple[int, int]) -> None:
    """Its RTP time begins anywhere; its reports are taken."""
    picture, sound = (7 if tracks[0] else 1), (8 if tracks[1] else 2)
    sender = Sender(Lies(6.5, (1234.5 * tracks[0], -777.7 * tracks[1]), (picture, sound)))
    sender.send(12.0)
    check(sender, 12.0)
    assert sender.jumps == [1]


@pytest.mark.parametrize("number", [1, 20])
def test_jumps_cost_no_memory_whatever_their_length(number: int) -> None:
    """40000 s forward took gigabytes of zeros."""
    peaks = []
    for by_s in (0.5, 40_000.0):
        sender = Sender(Lies(0.0))
        sender.send(2.0)
        tracemalloc.start()
        for jump in range(number):
            sender.lies = Lies(0.0, (by_s * (jump + 1), by_s * (jump + 1)))
            sender.media.clear()
            sender.send(3.5 + 1.5 * jump, 2.0 + 1.5 * jump)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(sender.jumps) <= 1 + 1.5 * number / 10
    assert peaks[1] < 1.2 * peaks[0] + 100_000


def test_time_that_runs_fast_or_slow_stays_near_arrival() -> None:
    """A third faster, a third slower: without a single step that is a jump."""
    for speed in (0.33, -0.33):
        sender = Sender(Lies())
        for second in range(60):
            sender.lies = Lies(0.0, (speed * second, speed * second))
            sender.send(second + 1.0, float(second))
        for kind in (AccessUnit, AudioBlock):
            assert sender.times(kind)[-1] == pytest.approx(60.0, abs=8.0)


def wrong(number: int, tracks: tuple[str, ...], **values: int) -> Callable[[int, str, ClockReading], ClockReading]:
    """The report of this number is wrong in some values."""

    def lie(at: int, track: str, honest: ClockReading) -> ClockReading:
        if at != number or track not in tracks:
            return honest
        return ClockReading(**{**vars(honest), **values})

    return lie


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize("tracks", [("picture",), ("sound",), ("picture", "sound")])
@pytest.mark.parametrize("values", [{"rtp": 0xFFFFFFFF}, {"rtp": 0}, {"ntp": 0}, {"ntp": 0xFFFFFFFF << 32}])
def test_one_wrong_report_places_nothing(number: int, tracks: tuple[str, ...], values: dict[str, int]) -> None:
    sender = Sender(Lies(reading=wrong(number, tracks, **values)))
    sender.send(8.0)
    check(sender, 8.0)
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    assert pictures[0] - sounds[0] == pytest.approx(0.0, abs=1e-3)
    assert sender.jumps == []


@pytest.mark.parametrize("captured", [False, True])
def test_times_of_another_clock_do_not_count(captured: bool) -> None:
    """The sound's times are those of a machine whose clock is an hour off: in the end arrival counts."""

    def lie(_number: int, track: str, honest: ClockReading) -> ClockReading:
        hour = 3600 << 32 if track == "sound" else 0
        return ClockReading(honest.ntp + hour, honest.rtp, honest.source, honest.captured, honest.arrival)

    sender = Sender(Lies(reading=lie, captured=captured))
    sender.send(12.0)
    assert sender.unplaced == 1
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    assert pictures[0] - sounds[0] == pytest.approx(0.0, abs=0.02)
    assert pictures[-1] == pytest.approx(11.96, abs=0.05)


def test_a_sender_whose_own_clock_is_set_goes_on() -> None:
    """Both tracks' reports are an hour off from the fifth second on."""

    def lie(number: int, _track: str, honest: ClockReading) -> ClockReading:
        hour = 3600 << 32 if number >= 5 else 0
        return ClockReading(honest.ntp + hour, honest.rtp, honest.source, honest.captured, honest.arrival)

    sender = Sender(Lies(reading=lie))
    sender.send(20.0)
    check(sender, 20.0, hole_s=0.1)


def test_a_network_that_holds_packets_back_is_no_jump() -> None:
    """Nothing comes for 3 s, then all that was sent at once, or only what was sent last."""
    for lost in (0, 120):
        sender = Sender(Lies())
        sender.send(6.0)
        arrival = 9 * FLICKS
        for tick in range(300 + lost, 450):
            sound = RtpFrame("opus", OPUS, sender.rtp("sound", tick / 50), 2, lost_before=False)
            sender.intake.sound(sound, arrival)
            if tick % 2 == 0:
                data = SPS + IDR if tick % 50 == 0 else SLICE
                sender.intake.picture(RtpFrame("H264", data, sender.rtp("picture", tick / 50), 1, False), arrival)
        sender.send(14.0, 9.0)
        assert sender.jumps == []
        check(sender, 14.0, hole_s=2.5)


def test_a_clock_that_stands_still_in_a_pause_is_placed_by_its_reports() -> None:
    """The picture pauses for 4 s, and its RTP time with it: two reports later it is beside its sound again."""
    sender = Sender(Lies())
    sender.send(6.0)
    for tick in range(300, 500):
        sound = RtpFrame("opus", OPUS, sender.rtp("sound", tick / 50), 2, lost_before=False)
        sender.intake.sound(sound, tick * FLICKS // 50 + 20 * MS)
    sender.lies = Lies(0.0, (-4.0, 0.0))
    sender.send(16.0, 10.0)
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    assert pictures == sorted(pictures)
    late = [time for number, time in enumerate(pictures[150:]) if time < 9.9 + number / 25]
    assert len(late) <= 50
    assert pictures[-1] == pytest.approx(sounds[-1], abs=0.05)


def test_a_clock_that_ran_ahead_is_placed_by_its_reports_afterwards() -> None:
    """The picture's RTP time gains 0.2 s a second for half a minute, in steps that are no jumps, and is right again."""
    sender = Sender(Lies())
    for second in range(30):
        sender.lies = Lies(0.0, (0.2 * second, 0.0))
        sender.send(second + 1.0, float(second))
    sender.send(45.0, 30.0)
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    assert pictures[-1] == pytest.approx(sounds[-1], abs=0.05)


def test_pictures_that_reports_put_back_are_left_out() -> None:
    """The sound pauses for 2 s, and its RTP time with it: the pictures beside it are already there when it is known."""
    sender = Sender(Lies())
    sender.send(6.0)
    for tick in range(300, 400, 2):
        data = SPS + IDR if tick % 50 == 0 else SLICE
        picture = RtpFrame("H264", data, sender.rtp("picture", tick / 50), 1, lost_before=False)
        sender.intake.picture(picture, tick * FLICKS // 50 + 20 * MS)
    sender.lies = Lies(0.0, (0.0, -2.0))
    sender.send(16.0, 8.0)
    pictures, sounds = sender.times(AccessUnit), sender.times(AudioBlock)
    assert pictures == sorted(pictures)
    assert max(b - a for a, b in pairwise(pictures)) > 0.1
    assert pictures[-1] == pytest.approx(sounds[-1], abs=0.05)
