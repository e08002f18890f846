"""RTP clocks: unwrapped, placed by sender reports, and followed when they drift."""

import numpy as np
import pytest

from take5.stream.clock import TICKS
from take5.stream.sources.webrtc.timeline import AUDIO_RATE, VIDEO_RATE, RtpClock

NTP_NOW = 3_900_000_000
SOURCE, RETRANSMISSIONS = 7, 8


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
    assert np.diff(unwrapped).tolist() == [TICKS // 30] * 19


def test_pictures_out_of_order_stay_where_they_are_shown() -> None:
    made = clock(VIDEO_RATE, 2**32 - 3600)
    order = [0, 3, 1, 2, 6, 4, 5]
    unwrapped = [made.unwrap((2**32 - 3600 + 3600 * frame) % 2**32, SOURCE, 0) for frame in order]
    assert [(time - unwrapped[0]) * 25 // TICKS for time in unwrapped] == order


@pytest.mark.parametrize("early", [False, True])
def test_two_tracks_meet_where_their_reports_say(early: bool) -> None:
    """The sound's clock shows 1000 s when the picture's shows 5 s, at the same instant."""
    video, audio = RtpClock(VIDEO_RATE), RtpClock(AUDIO_RATE)
    reports = [(video, 5 * VIDEO_RATE), (audio, 1000 * AUDIO_RATE)]
    if early:  # as FFmpeg sends them: before the first packet
        for track, rtp in reports:
            track.report(ntp(60.0), rtp, SOURCE)
    picture = video.unwrap(6 * VIDEO_RATE, SOURCE, 0)
    audio.unwrap(1000 * AUDIO_RATE, SOURCE, 0)
    if not early:
        for track, rtp in reports:
            track.report(ntp(60.0), rtp, SOURCE)
    assert video.offset is not None
    assert audio.offset is not None
    assert (picture + video.offset - audio.offset) / TICKS == pytest.approx(1001.0, abs=1e-9)


def test_reports_of_other_sources_do_not_count() -> None:
    made = clock(VIDEO_RATE)
    made.report(ntp(1.0), 0, RETRANSMISSIONS)
    assert made.offset is None


def test_a_late_report_does_no_harm() -> None:
    made = clock(AUDIO_RATE)
    for second in range(5):
        late = 0.2 if second == 2 else 0.0
        made.report(ntp(second + late), second * AUDIO_RATE, SOURCE)
    assert made.offset == ntp(0.0) * TICKS >> 32


def test_a_drifting_clock_is_followed() -> None:
    """50 ppm fast for an hour: 180 ms in all, of which never more than 1 ms is missing."""
    made = clock(AUDIO_RATE)
    worst = 0.0
    for second in range(0, 3600, 5):
        rtp = round(second * AUDIO_RATE * (1 + 50e-6))
        made.unwrap(rtp % 2**32, SOURCE, 0)
        made.report(ntp(second), rtp % 2**32, SOURCE)
        assert made.offset is not None
        true = ntp(second) * TICKS / 2**32 - rtp * (TICKS / AUDIO_RATE)
        worst = max(worst, abs(made.offset - true) / TICKS)
    assert worst < 1.3e-3


def test_without_reports_the_frame_that_was_least_late_counts() -> None:
    video = RtpClock(VIDEO_RATE)
    for frame, late in enumerate([0.030, 0.012, 0.250, 0.040]):
        video.unwrap(frame * 3600, SOURCE, round((100 + frame / 25 + late) * TICKS))
    video.trust_arrival()
    assert video.offset == pytest.approx(100.012 * TICKS, abs=2)
    video.unwrap(4 * 3600, SOURCE, 0)
    assert video.offset == pytest.approx(100.012 * TICKS, abs=2)
