"""When a session is erased: footage, recorded consent, and what is known of its person.

Nothing here reads a clock, so that it can be told what holds at any time.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from take5.scoring.errors import ParameterError
from take5.stream.events import Bundled, BundlePrepared, ClipReady
from take5.stream.platform.hooks.kinds import DeliveryState, HookKind
from take5.stream.platform.states import EraseReason, SessionState, TakeState
from take5.stream.platform.tables import DeliveryRow, SessionRow, TakeRow

DAYS, RECORD_DAYS, MOST_DAYS = 30, 365, 36_500

UNFETCHED = timedelta(days=7)
"""How long a session of retention 0 is kept of which no take is accepted, or whose platform has not got it."""

TO_FETCH = timedelta(days=1)
"""How long a session of retention 0 without a hook is kept once a take was accepted: nobody says that it is fetched."""

ABANDONED = timedelta(days=1)
"""Time after which a take counts as ended whose server has not said so: no capture lasts for so long."""

TO_PREPARE = timedelta(hours=1)
"""Time after which bundles of a take whose server has not said so are taken not to be prepared any more."""

MADE = (ClipReady.__name__, Bundled.__name__)
HAVE_IT = (HookKind.CLIP, HookKind.BUNDLE, HookKind.ACCEPTED)
"""Deliveries that a platform has answered with 2xx once it has what it wants of the accepted take."""


@dataclass(frozen=True)
class Retention:
    """How long a server keeps what is of sessions.

    Attributes
    ----------
    days : int
        Days for sessions that state nothing else, from the end of the last take.
    record_days : int
        Days for which the record of an erased session is kept.

    Raises
    ------
    ParameterError
        If a number is not in its range.
    """

    days: int = DAYS
    record_days: int = RECORD_DAYS

    def __post_init__(self) -> None:
        for name, value, least in (("retention", self.days, 0), ("record", self.record_days, 1)):
            if not least <= value <= MOST_DAYS:
                raise ParameterError(f"{name}: {value} days; it must be {least} to {MOST_DAYS}")


def erases(row: SessionRow) -> datetime | None:
    """Return when a session is erased, unless something happens to it before; None for never."""
    if row.state == SessionState.DELETED or row.retention_days is None:
        return None
    since, days = _since(row), row.retention_days
    if days:
        return since + timedelta(days=days)
    chosen = _accepted(row)
    if row.hook_url is None and chosen is not None and chosen.accepted is not None:
        return max(chosen.accepted, _end(chosen)) + TO_FETCH
    return since + UNFETCHED


def why_erased(row: SessionRow, deliveries: Sequence[DeliveryRow], now: datetime) -> EraseReason | None:
    """Return why a session is to be erased now; None if it is not.

    Parameters
    ----------
    row : SessionRow
        The session.
    deliveries : sequence of DeliveryRow
        What was posted to its hook, or will be.
    now : datetime
        The time.
    """
    if row.state == SessionState.DELETED:
        return None
    if row.erase_reason is not None:  # it had begun
        return EraseReason(row.erase_reason)
    if _being_captured(row, now):
        return None
    if row.retention_days == 0 and row.hook_url is not None and _platform_has_it(row, deliveries, now):
        return EraseReason.ACCEPTED
    due = erases(row)
    if due is None or due > now:
        return None
    return EraseReason.RETENTION if row.retention_days or _accepted(row) is None else EraseReason.ACCEPTED


def _platform_has_it(row: SessionRow, deliveries: Sequence[DeliveryRow], now: datetime) -> bool:
    """Whether a take is accepted, and its clip, its bundles and its acceptance were delivered."""
    take = _accepted(row)
    if take is None or take.state == TakeState.LIVE or _being_prepared(take, now):
        return False
    if any(each.state == DeliveryState.PENDING for each in deliveries):
        return False
    made = [each for each in take.events if each["kind"] in MADE]  # also what this version could not read
    if any(each["event"].get("error") for each in made):
        return False
    delivered = [each for each in deliveries if each.kind in HAVE_IT and each.state == DeliveryState.DELIVERED]
    return sum(_is_about(each, take) for each in delivered) > len(made)


def _being_prepared(take: TakeRow, now: datetime) -> bool:
    """Whether bundles of a take are still being prepared, as far as anyone knows."""
    events = [(each["kind"], each["event"]) for each in take.events]
    wanted = {name for kind, event in events if kind == ClipReady.__name__ for name in event.get("prepare", ())}
    bundles = [event for kind, event in events if kind == Bundled.__name__ and event.get("trainer") in wanted]
    left = sum(not event.get("error") for event in bundles) - sum(kind == BundlePrepared.__name__ for kind, _ in events)
    return left > 0 and now < _end(take) + TO_PREPARE


def _is_about(delivery: DeliveryRow, take: TakeRow) -> bool:
    return delivery.payload is not None and json.loads(delivery.payload).get("take") == take.id


def _being_captured(row: SessionRow, now: datetime) -> bool:
    return any(take.state == TakeState.LIVE and now < take.started + ABANDONED for take in row.takes)


def _since(row: SessionRow) -> datetime:
    """When the days of a session begin: the end of its last take, of an open one without any, its expiry.

    A session that waits for a sender is not erased before it has expired.
    """
    ends = [_end(take) for take in row.takes]
    if row.state == SessionState.CREATED or not ends:
        ends.append(row.ended if row.state == SessionState.CANCELLED and row.ended is not None else row.expires)
    return max(ends)


def _end(take: TakeRow) -> datetime:
    return take.ended or take.started + ABANDONED


def _accepted(row: SessionRow) -> TakeRow | None:
    return next((take for take in row.takes if take.accepted is not None), None)
