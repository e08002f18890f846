"""Log lines that repeat."""

import logging

import pytest

from take5.stream.server.repeats import EVERY_S, FEW, Repeats


def test_a_line_that_repeats_is_let_through_a_few_times_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])
    log = logging.getLogger("take5.test-repeats")
    log.addFilter(repeats)
    for number in range(1000):
        log.warning("no room for %d\nsocket: %s", number, "x")
        now[0] += EVERY_S / 1001
    log.warning("another line")
    assert [record.getMessage().partition("\n")[0] for record in caplog.records] == [
        *(f"no room for {number}" for number in range(FEW)),
        "another line",
    ]
    caplog.clear()
    now[0] += EVERY_S
    log.warning("no room for %d\nsocket: %s", 1000, "x")
    assert caplog.records[0].getMessage().endswith(f"({1000 - FEW} more of these in a minute)")
    log.removeFilter(repeats)


def test_what_someone_has_asked_for_is_not_thinned_out() -> None:
    repeats = Repeats(lambda: 0.0)
    record = logging.LogRecord("take5.access", logging.INFO, __file__, 1, "GET /", None, None)
    assert all(repeats.filter(record) for _ in range(100))


def test_any_number_of_different_lines_takes_little_memory() -> None:
    repeats = Repeats(lambda: 0.0)
    for number in range(5000):
        record = logging.LogRecord("take5", logging.WARNING, __file__, 1, f"line {number}", None, None)
        assert repeats.filter(record)
    assert len(repeats._seen) <= 1000
