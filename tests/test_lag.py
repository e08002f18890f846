"""When looking falls behind, and when it begins again."""

from take5.stream.live.backlog import Backlog, SkippedFrames
from take5.stream.timeline.clock import TICKS


def test_it_falls_behind_after_three_seconds_and_recovers_after_five() -> None:
    lag = Backlog()
    assert not lag.falls(1 * TICKS, 1 * TICKS)
    assert not lag.falls(5 * TICKS, 2 * TICKS)
    assert lag.falls(6 * TICKS, 2 * TICKS)
    assert lag.behind
    assert not lag.recovers(10 * TICKS)
    assert lag.recovers(11 * TICKS)
    assert not lag.behind


def test_what_piled_up_before_the_beginning_does_not_count() -> None:
    lag = Backlog()
    assert not lag.falls(8 * TICKS, 0)
    assert not lag.falls(10 * TICKS, 0)
    assert lag.falls(12 * TICKS, 0)


def test_the_burst_counts_once_only() -> None:
    lag = Backlog()
    assert not lag.falls(8 * TICKS, 0)
    assert not lag.falls(9 * TICKS, 8 * TICKS)
    assert lag.falls(13 * TICKS, 9 * TICKS)


def test_each_time_it_waits_twice_as_long() -> None:
    lag = Backlog()
    waited = []
    now = 0
    lag.falls(now, now)
    for _ in range(4):
        now += 10 * TICKS
        assert lag.falls(now, now - 5 * TICKS)
        began = now
        while not lag.recovers(now):
            now += TICKS
        waited.append((now - began) // TICKS)
    assert waited == [5, 10, 20, 40]


def test_passed_frames_come_in_the_order_of_being_shown() -> None:
    passing = SkippedFrames()
    order = [0, 3, 1, 2, 6, 4, 5]
    shown = [frame.pts for pts in order for frame in passing.push(pts)]
    shown += [frame.pts for frame in passing.flush()]
    assert shown == sorted(order)
