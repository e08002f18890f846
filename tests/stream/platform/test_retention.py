"""When a session is due to be erased, at any time, without a clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from take5.scoring.errors import ParameterError
from take5.stream.platform.clock import SteadyClock
from take5.stream.platform.hooks.kinds import DeliveryState
from take5.stream.platform.retention import ABANDONED, TO_FETCH, UNFETCHED, Retention, erases, why_erased
from take5.stream.platform.tables import DeliveryRow, SessionRow, TakeRow

NOW = datetime(2030, 1, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLIP = {"kind": "ClipReady", "event": {"path": "/out/a"}}


def row(takes: tuple[TakeRow, ...] = (), **fields: Any) -> SessionRow:
    made = {"id": "s", "state": "done", "retention_days": 30, "created": NOW, "expires": NOW + 7 * DAY, **fields}
    return SessionRow(**made, takes=list(takes))


def take(name: str = "a", ended: datetime | None = NOW, **fields: Any) -> TakeRow:
    made = {"state": "done" if ended else "live", "started": NOW - HOUR, "events": [], **fields}
    return TakeRow(id=name, folder=f"/out/{name}", ended=ended, **made)


def delivery(kind: str, state: str = "delivered", take_id: str = "a") -> DeliveryRow:
    return DeliveryRow(kind=kind, state=state, payload=json.dumps({"take": take_id}))


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (row((take(),)), NOW + 30 * DAY),
        (row((take(), take("b", NOW + HOUR))), NOW + HOUR + 30 * DAY),
        (row((take(),), state="failed"), NOW + 30 * DAY),
        (row((take(),), state="created"), NOW + 37 * DAY),
        (row((take(),), state="created", expires=NOW - DAY), NOW + 30 * DAY),
        (row(state="created"), NOW + 37 * DAY),
        (row(state="expired"), NOW + 37 * DAY),
        (row(state="cancelled", ended=NOW), NOW + 30 * DAY),
        (row((take(),), state="cancelled", ended=NOW + DAY), NOW + 30 * DAY),
        (row((take(ended=None),), state="live"), NOW - HOUR + ABANDONED + 30 * DAY),
        (row((take(),), retention_days=None), None),
        (row(state="deleted"), None),
        (row((take(),), retention_days=0), NOW + UNFETCHED),
        (row((take(accepted=NOW + HOUR),), retention_days=0, state="accepted"), NOW + HOUR + TO_FETCH),
        (row((take(accepted=NOW),), retention_days=0, state="accepted", hook_url="http://a"), NOW + UNFETCHED),
    ],
)
def test_the_days_begin_with_the_end_of_the_last_take(session: SessionRow, expected: datetime | None) -> None:
    assert erases(session) == expected
    if expected is not None:
        assert why_erased(session, (), expected - timedelta(seconds=1)) is None
        assert why_erased(session, (), expected) is not None


def test_nothing_is_erased_while_it_is_captured() -> None:
    session = row((take(ended=NOW - 40 * DAY), take("b", None)), state="live", retention_days=1)
    assert why_erased(session, (), NOW) is None
    assert why_erased(session, (), NOW + 3 * DAY) == "retention"


def test_what_has_begun_is_finished() -> None:
    assert why_erased(row(state="cancelled", erase_reason="accepted"), (), NOW) == "accepted"


@pytest.mark.parametrize(
    ("changed", "deliveries", "expected"),
    [
        ({}, [delivery("clip"), delivery("accepted")], "accepted"),
        ({}, [delivery("clip"), delivery("accepted", "pending")], None),
        ({}, [delivery("clip", "failed"), delivery("accepted")], None),
        ({}, [delivery("clip"), delivery("accepted"), delivery("best", "pending")], None),
        ({}, [delivery("clip", take_id="b"), delivery("accepted")], None),
        ({}, [delivery("accepted")], None),
        ({"accepted": None}, [delivery("clip"), delivery("accepted")], None),
        ({"state": "live"}, [delivery("clip"), delivery("accepted")], None),
    ],
)
def test_without_retention_it_goes_once_the_platform_has_it(
    changed: dict[str, Any], deliveries: list[DeliveryRow], expected: str | None
) -> None:
    chosen = take(**{"accepted": NOW, "events": [CLIP], **changed})
    session = row((chosen,), retention_days=0, state="accepted", hook_url="http://a")
    assert why_erased(session, deliveries, NOW) == expected
    kept = row((chosen,), retention_days=1, state="accepted", hook_url="http://a")
    assert why_erased(kept, deliveries, NOW) is None


@pytest.mark.parametrize(("state", "expected"), [("delivered", "accepted"), ("failed", None), ("erased", None)])
def test_each_bundle_must_have_been_delivered(state: str, expected: str | None) -> None:
    bundle = {"kind": "Bundled", "event": {"trainer": "raw", "error": ""}}
    chosen = take(accepted=NOW, events=[CLIP, bundle])
    session = row((chosen,), retention_days=0, state="accepted", hook_url="http://a")
    told = [delivery("clip"), delivery("accepted"), delivery("bundle", state)]
    assert why_erased(session, told, NOW) == expected
    assert why_erased(session, told[:2], NOW) is None


@pytest.mark.parametrize(
    ("bundle", "prepared", "later", "expected"),
    [
        ({}, False, DAY * 0, None),
        ({}, False, DAY, "accepted"),
        ({}, True, DAY * 0, "accepted"),
        ({"trainer": "raw"}, False, DAY * 0, "accepted"),
    ],
)
def test_what_is_being_prepared_is_waited_for_but_not_for_long(
    bundle: dict[str, Any], prepared: bool, later: timedelta, expected: str | None
) -> None:
    events = [
        {**CLIP, "event": {"prepare": ["synctalk"]}},
        {"kind": "Bundled", "event": {"trainer": "synctalk", "error": None, **bundle}},
        *([{"kind": "BundlePrepared", "event": {"trainer": "synctalk"}}] if prepared else []),
    ]
    chosen = take(accepted=NOW, ended=NOW, events=events)
    session = row((chosen,), retention_days=0, state="accepted", hook_url="http://a")
    told = [delivery("clip"), delivery("bundle"), delivery("accepted")]
    assert why_erased(session, told, NOW + later) == expected


def test_a_bundle_that_failed_keeps_the_footage() -> None:
    bundle = {"kind": "Bundled", "event": {"trainer": "raw", "error": "no face"}}
    chosen = take(accepted=NOW, events=[CLIP, bundle])
    session = row((chosen,), retention_days=0, state="accepted", hook_url="http://a")
    told = [delivery("clip"), delivery("bundle"), delivery("accepted")]
    assert why_erased(session, told, NOW) is None
    assert why_erased(session, told, NOW + UNFETCHED) == "accepted"


@pytest.mark.parametrize("fields", [{"days": -1}, {"days": 36_501}, {"record_days": 0}])
def test_a_retention_out_of_range_is_an_error(fields: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="days; it must be"):
        Retention(**fields)


def test_states_of_deliveries_are_those_of_the_queue() -> None:
    assert {"pending", "delivered", "failed"} <= set(DeliveryState)


class Clocks:
    """A wall clock and a steady one."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 1000.0

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds


def test_a_clock_that_jumps_is_doubted_for_a_while() -> None:
    clocks = Clocks()
    clock = SteadyClock(lambda: clocks.wall, 300, 3600, lambda: clocks.steady)
    assert clock.read() == (NOW, False)
    clocks.passes(301)
    assert clock.read()[1]
    for jump in (timedelta(days=365), timedelta(days=-365), timedelta(seconds=90)):
        clocks.wall += jump
        assert clock.read() == (clocks.wall, False)
        clocks.passes(3599)
        assert not clock.read()[1]
        clocks.passes(2)
        assert clock.read()[1]
    clocks.wall += timedelta(seconds=20)
    assert clock.read()[1]
