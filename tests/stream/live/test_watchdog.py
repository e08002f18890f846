"""The timers of a sender: connect, stalled, lost; no clock is read."""

from take5.stream.live.watchdog import Turn, Watchdog


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


def test_a_track_that_is_gone_for_ten_seconds_ends_it() -> None:
    dog = Watchdog(begun=0.0)
    assert dog.look(1.0, {"picture": 1.0, "sound": 1.0}) is Turn.CONNECTED
    assert dog.look(10.9, {"picture": 10.9, "sound": 1.0}) is Turn.STALLED
    assert dog.look(11.1, {"picture": 11.1, "sound": 1.0}) is Turn.LOST
    assert dog.look(12.0, {"picture": 12.0, "sound": 1.0}) is Turn.NOTHING


def test_a_track_that_never_comes_counts_from_the_beginning() -> None:
    dog = Watchdog(begun=0.0)
    assert dog.look(1.0, {"picture": 1.0}) is Turn.CONNECTED
    assert dog.look(2.5, {"picture": 2.5}) is Turn.STALLED
    assert dog.stalled == "sound"
    assert dog.look(10.5, {"picture": 10.5}) is Turn.LOST
