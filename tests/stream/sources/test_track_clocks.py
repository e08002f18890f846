"""RTP clocks: unwrapped, placed by capture times or sender reports, and followed when they drift."""

import numpy as np
import pytest

from take5.stream.sources.webrtc.track_clocks import AUDIO_RATE, VIDEO_RATE, ClockReading, RtpClock, TrackClocks
from take5.stream.timeline.clock import FLICKS

NTP_NOW = 3_900_000_000
SOURCE, RETRANSMISSIONS = 7, 8
MICROSECOND = FLICKS // 1_000_000


def ntp(seconds: float) -> int:
    return round((NTP_NOW + seconds) * 2**32)


def clock(rate: int, first: int = 0) -> RtpClock:
    made = RtpClock(rate)
    made.unwrap(first, SOURCE, 0)
    return made


@pytest.mark.parametrize("first", [0, 2**31 - 5000, 2**32 - 5000, 2**32 - 1])
def test_times_run_on_over_the_wrap(first: int) -> None:
    times = range(0, 20 * 3000, 3000)
    made = clock(VIDEO_RATE, first)
    unwrapped = [made.unwrap((first + time) % 2**32, SOURCE, 0) for time in times]
    assert np.diff(unwrapped).tolist() == [FLICKS // 30] * 19


def test_pictures_out_of_order_stay_where_they_are_shown() -> None:
    made = clock(VIDEO_RATE, 2**32 - 3600)
    order = [0, 3, 1, 2, 6, 4, 5]
    unwrapped = [made.unwrap((2**32 - 3600 + 3600 * frame) % 2**32, SOURCE, 0) for frame in order]
    assert [(time - unwrapped[0]) * 25 // FLICKS for time in unwrapped] == order


@pytest.mark.parametrize("early", [False, True])
def test_two_tracks_meet_where_their_reports_say(early: bool) -> None:
    """The sound's clock shows 1000 s when the picture's shows 5 s, at the same instant."""
    clocks = TrackClocks()
    reports = [(clocks.picture, 5 * VIDEO_RATE), (clocks.sound, 1000 * AUDIO_RATE)]
    if early:  # as FFmpeg sends them: before the first packet
        for track, rtp in reports:
            track.read(ClockReading(ntp(60.0), rtp, SOURCE))
    picture = clocks.picture.unwrap(6 * VIDEO_RATE, SOURCE, 0)
    clocks.sound.unwrap(1000 * AUDIO_RATE, SOURCE, 0)
    if not early:
        for track, rtp in reports:
            track.read(ClockReading(ntp(60.0), rtp, SOURCE))
    assert clocks.shift is not None
    assert (picture + clocks.shift) / FLICKS == pytest.approx(1001.0, abs=1e-9)


def test_reports_of_other_sources_do_not_count() -> None:
    made = clock(VIDEO_RATE)
    made.read(ClockReading(ntp(1.0), 0, RETRANSMISSIONS))
    assert made.reported is None


def test_a_late_report_does_no_harm() -> None:
    made = clock(AUDIO_RATE)
    for second in range(5):
        late = 0.2 if second == 2 else 0.0
        made.read(ClockReading(ntp(second + late), second * AUDIO_RATE, SOURCE))
    assert made.reported == ntp(0.0) * FLICKS >> 32


@pytest.mark.parametrize(("captured", "every_ms"), [(False, 5000), (True, 1000), (True, 20)])
def test_a_drifting_clock_is_followed(captured: bool, every_ms: int) -> None:
    """50 ppm fast for an hour, or less: 180 ms in all, of which never more than 1 ms is missing."""
    made = clock(AUDIO_RATE)
    worst = 0.0
    for second in (0.001 * every_ms * count for count in range(720)):
        rtp = round(second * AUDIO_RATE * (1 + 50e-6))
        made.unwrap(rtp % 2**32, SOURCE, round(second * FLICKS))
        made.read(ClockReading(ntp(second), rtp % 2**32, SOURCE, captured))
        offset = made.captured if captured else made.reported
        assert offset is not None
        true = ntp(second) * FLICKS / 2**32 - rtp * (FLICKS / AUDIO_RATE)
        worst = max(worst, abs(offset - true) / FLICKS)
    assert worst < 1.3e-3


def read(clocks: TrackClocks, picture_s: float, sound_s: float, *, captured: bool) -> None:
    """Both clocks showed 0 at these instants."""
    clocks.picture.read(ClockReading(ntp(picture_s), 0, SOURCE, captured))
    clocks.sound.read(ClockReading(ntp(sound_s), 0, SOURCE, captured))


def arrived(picture_s: float, sound_s: float) -> TrackClocks:
    """Both clocks showed 0 when their first frames arrived."""
    clocks = TrackClocks()
    clocks.picture.unwrap(0, SOURCE, round(picture_s * FLICKS))
    clocks.sound.unwrap(0, SOURCE, round(sound_s * FLICKS))
    return clocks


def test_capture_times_count_before_reports() -> None:
    clocks = arrived(1.05, 1.02)
    read(clocks, 1.000, 1.020, captured=False)
    assert clocks.shift == pytest.approx(-0.020 * FLICKS, abs=MICROSECOND)
    read(clocks, 1.000, 1.005, captured=True)
    assert clocks.shift == pytest.approx(-0.005 * FLICKS, abs=MICROSECOND)
    read(clocks, 1.000, 1.020, captured=False)
    assert clocks.shift == pytest.approx(-0.005 * FLICKS, abs=MICROSECOND)


def test_capture_times_of_one_track_do_not_count() -> None:
    """They may be those of another machine, if something relays them."""
    clocks = arrived(1.05, 1.02)
    clocks.sound.read(ClockReading(ntp(1.3), 0, SOURCE, captured=True))
    assert clocks.shift is None
    read(clocks, 1.000, 1.020, captured=False)
    assert clocks.shift == pytest.approx(-0.020 * FLICKS, abs=MICROSECOND)


def test_capture_times_far_from_the_arrival_do_not_count() -> None:
    clocks = arrived(1.05, 1.02)
    read(clocks, 1.0, -NTP_NOW + 1.0, captured=True)
    assert clocks.shift is None
    read(clocks, 1.000, 1.020, captured=False)
    assert clocks.shift == pytest.approx(-0.020 * FLICKS, abs=MICROSECOND)


def test_without_readings_the_frame_that_was_least_late_counts() -> None:
    clocks = TrackClocks()
    for frame, late in enumerate([0.030, 0.012, 0.250, 0.040]):
        clocks.picture.unwrap(frame * 3600, SOURCE, round((100 + frame / 25 + late) * FLICKS))
    clocks.sound.unwrap(0, SOURCE, 90 * FLICKS)
    clocks.trust_arrival()
    assert clocks.shift == pytest.approx(10.012 * FLICKS, abs=2)
    clocks.picture.unwrap(4 * 3600, SOURCE, 0)
    read(clocks, 1.0, 1.0, captured=False)
    assert clocks.shift == pytest.approx(10.012 * FLICKS, abs=2)
