"""When looking falls behind, and when it begins again."""

from take5.stream.live.backlog import Backlog, SkippedFrames
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS


def test_it_falls_behind_after_three_seconds_and_recovers_after_five() -> None:
    lag = Backlog()
    assert not lag.falls(1 * FLICKS, 1 * FLICKS)
    assert not lag.falls(5 * FLICKS, 2 * FLICKS)
    assert lag.falls(6 * FLICKS, 2 * FLICKS)
    assert lag.behind
    assert not lag.recovers(10 * FLICKS)
    assert lag.recovers(11 * FLICKS)
    assert not lag.behind


def test_what_piled_up_before_the_beginning_does_not_count() -> None:
    lag = Backlog()
    assert not lag.falls(8 * FLICKS, 0)
    assert not lag.falls(10 * FLICKS, 0)
    assert lag.falls(12 * FLICKS, 0)


def test_the_burst_counts_once_only() -> None:
    lag = Backlog()
    assert not lag.falls(8 * FLICKS, 0)
    assert not lag.falls(9 * FLICKS, 8 * FLICKS)
    assert lag.falls(13 * FLICKS, 9 * FLICKS)


def test_each_time_it_waits_twice_as_long() -> None:
    lag = Backlog()
    waited = []
    now = 0
    lag.falls(now, now)
    for _ in range(4):
        now += 10 * FLICKS
        assert lag.falls(now, now - 5 * FLICKS)
        began = now
        while not lag.recovers(now):
            now += FLICKS
        waited.append((now - began) // FLICKS)
    assert waited == [5, 10, 20, 40]


def test_it_recovers_at_once_when_second_looks_are_fast_enough() -> None:
    lag = Backlog()
    lag.falls(0, 0)
    assert lag.falls(4 * FLICKS, 0)
    for frame in range(1, 32):
        now = 4 * FLICKS + frame * FLICKS // 31
        assert not lag.recovers(now - 1, idle=False)
        lag.looked(now)
    assert lag.recovers(5 * FLICKS, idle=False)


def test_it_does_not_recover_when_they_are_slower() -> None:
    lag = Backlog()
    lag.falls(0, 0)
    assert lag.falls(4 * FLICKS, 0)
    for frame in range(250):
        now = 4 * FLICKS + frame * FRAME_FLICKS
        lag.looked(now)
        assert not lag.recovers(now, idle=False)


def test_it_waits_as_at_first_once_it_has_kept_up_for_long() -> None:
    lag = Backlog()
    lag.falls(0, 0)
    assert lag.falls(10 * FLICKS, 0)
    assert lag.recovers(15 * FLICKS)
    assert not lag.falls(31 * FLICKS, 31 * FLICKS)
    assert lag.falls(40 * FLICKS, 31 * FLICKS)
    assert lag.recovers(45 * FLICKS)


def test_passed_frames_come_in_the_order_of_being_shown() -> None:
    passing = SkippedFrames()
    order = [0, 3, 1, 2, 6, 4, 5]
    shown = [frame.pts for pts in order for frame in passing.push(pts)]
    shown += [frame.pts for frame in passing.flush()]
    assert shown == sorted(order)
