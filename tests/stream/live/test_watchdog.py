"""The timers of a sender: connect, stalled, lost; no clock is read."""

import pytest

from take5.stream.live.watchdog import TRACKS, Turn, Watchdog


def test_a_sender_that_never_comes() -> None:
    dog = Watchdog(begun=100.0)
    assert dog.look(114.9, {}) is Turn.NOTHING
    assert dog.look(115.1, {}) is Turn.NEVER_CONNECTED
    assert dog.look(116.0, {}) is Turn.NOTHING


def test_a_sender_that_freezes_stalls_then_resumes() -> None:
    dog = Watchdog(begun=0.0)
    arrivals = {"picture": 1.0, "sound": 1.0}
    assert dog.look(1.0, arrivals) is Turn.CONNECTED
    assert dog.look(2.9, arrivals) is Turn.NOTHING
    assert dog.look(3.1, arrivals) is Turn.STALLED
    assert dog.stalled == "both"
    assert dog.look(3.5, arrivals) is Turn.NOTHING
    assert dog.look(4.0, {"picture": 4.0, "sound": 4.0}) is Turn.RESUMED
    assert dog.stalled is None


def test_which_track_stalls_is_told_and_told_again_when_it_changes() -> None:
    dog = Watchdog(begun=0.0)
    assert dog.look(1.0, {"picture": 1.0, "sound": 1.0}) is Turn.CONNECTED
    assert dog.look(4.0, {"picture": 4.0, "sound": 1.0}) is Turn.STALLED
    assert dog.stalled == "sound"
    assert dog.look(7.0, {"picture": 4.0, "sound": 1.0}) is Turn.STALLED
    assert dog.stalled == "both"


def test_a_sender_whose_network_may_be_away_is_waited_for() -> None:
    dog = Watchdog(begun=0.0, pause_s=5.0, lost_s=45.0)
    assert dog.look(1.0, {"picture": 1.0, "sound": 1.0}) is Turn.CONNECTED
    assert dog.look(3.1, {"picture": 1.0, "sound": 1.0}) is Turn.STALLED
    assert dog.look(45.9, {"picture": 1.0, "sound": 1.0}) is Turn.NOTHING
    assert dog.look(46.0, {"picture": 46.0, "sound": 46.0}) is Turn.RESUMED
    assert dog.look(91.1, {"picture": 46.0, "sound": 46.0}) is Turn.LOST


def test_a_sender_that_is_gone_for_ten_seconds_ends_it() -> None:
    dog = Watchdog(begun=0.0)
    assert dog.look(1.0, {"picture": 1.0, "sound": 1.0}) is Turn.CONNECTED
    assert dog.look(9.0, {"picture": 3.0, "sound": 1.0}) is Turn.STALLED
    assert dog.look(12.9, {"picture": 3.0, "sound": 1.0}) is Turn.NOTHING
    assert dog.look(13.1, {"picture": 3.0, "sound": 1.0}) is Turn.LOST
    assert dog.look(14.0, {"picture": 14.0, "sound": 1.0}) is Turn.NOTHING


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("pause_s", [60.0, 5.0])
def test_a_track_that_pauses_alone_is_waited_for(track: str, pause_s: float) -> None:
    other = next(name for name in TRACKS if name != track)
    dog = Watchdog(begun=0.0, pause_s=pause_s)
    assert dog.look(1.0, {track: 1.0, other: 1.0}) is Turn.CONNECTED
    assert dog.look(3.1, {track: 1.0, other: 3.1}) is Turn.STALLED
    assert dog.stalled == track
    assert dog.look(0.9 + pause_s, {track: 1.0, other: pause_s}) is Turn.NOTHING
    assert dog.look(1.0 + pause_s, {track: 1.0 + pause_s, other: pause_s}) is Turn.RESUMED
    assert dog.look(4.0 + pause_s, {track: 1.0 + pause_s, other: 4.0 + pause_s}) is Turn.STALLED
    assert dog.look(1.1 + 2 * pause_s, {track: 1.0 + pause_s, other: 2 * pause_s}) is Turn.LOST


def test_a_track_that_is_not_waited_for_is_lost_once_it_has_stalled() -> None:
    dog = Watchdog(begun=0.0, pause_s=0.0)
    assert dog.look(1.0, {"picture": 1.0, "sound": 1.0}) is Turn.CONNECTED
    assert dog.look(2.9, {"picture": 1.0, "sound": 2.9}) is Turn.NOTHING
    assert dog.look(3.1, {"picture": 1.0, "sound": 3.1}) is Turn.LOST


def test_a_track_that_never_comes_counts_from_the_beginning() -> None:
    dog = Watchdog(begun=0.0)
    assert dog.look(1.0, {"picture": 1.0}) is Turn.CONNECTED
    assert dog.look(2.5, {"picture": 2.5}) is Turn.STALLED
    assert dog.stalled == "sound"
    assert dog.look(10.5, {"picture": 10.5}) is Turn.LOST
