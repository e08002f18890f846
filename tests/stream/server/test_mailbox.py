"""A slow reader: the newest of what is replaced, all of what matters, and no backlog without end."""

from take5.stream.server.mailbox import KEEP_PASSING, LIMIT, Mailbox, Message


def test_a_reader_that_keeps_up_gets_everything_in_order() -> None:
    box = Mailbox()
    got = []
    for number in range(10):
        box.put(Message("progress", str(number)))
        got += [message.text for message in box.drain()]
    assert got == [str(number) for number in range(10)]
    assert box.skipped == 0


def test_a_slow_reader_gets_the_newest_and_never_misses_what_matters() -> None:
    box = Mailbox()
    for number in range(1000):
        assert box.put(Message("progress", f"p{number}"))
        if number % 100 == 0:
            assert box.put(Message("best", f"b{number}"))
    for kind in ("state", "stopped", "clip"):
        assert box.put(Message(kind, kind))
    assert [message.text for message in box.drain()] == ["b900", "p999", "state", "stopped", "clip"]
    assert box.skipped == 999 + 9
    assert box.drain() == []


def test_of_warnings_the_latest_stay() -> None:
    box = Mailbox()
    for number in range(3 * KEEP_PASSING):
        box.put(Message("warning", str(number)))
    assert [message.text for message in box.drain()] == [str(n) for n in range(2 * KEEP_PASSING, 3 * KEEP_PASSING)]


def test_a_reader_that_does_not_read_is_given_up() -> None:
    box = Mailbox()
    assert all(box.put(Message("stalled", str(number))) for number in range(LIMIT))
    assert not box.put(Message("stalled", "one too many"))
