"""The records of takes: what captures report becomes the state of their session, and of the take."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from take5.stream.events import (
    BestChanged,
    Bundled,
    BundlePrepared,
    ClipReady,
    Event,
    Failed,
    Failure,
    Reported,
    Stopped,
)
from take5.stream.platform.hooks.kinds import HookKind
from take5.stream.platform.hooks.outbox import put
from take5.stream.platform.kept_events import KEPT, events_of, with_event
from take5.stream.platform.retention import erases
from take5.stream.platform.states import CLOSED, SessionState, TakeState
from take5.stream.platform.tables import SessionRow, TakeRow, utc_now
from take5.stream.server.acceptance import is_accepted, withdraw_accepted, write_accepted
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureReport, CaptureState

log = logging.getLogger(__name__)
CUT_OFF = "the server ended while it was captured"


def record(session: Session, row: SessionRow, report: CaptureReport) -> None:
    """Record what a capture reports, in a transaction."""
    if row.state == SessionState.DELETED:
        return
    take = session.get(TakeRow, (row.id, report.take.name))
    if take is None:
        take = _begin(session, row, report.take)
    if report.event is not None:
        _happened(session, row, take, report.event)
    if report.over:
        _end(row, take, report)


def _begin(session: Session, row: SessionRow, folder: Path) -> TakeRow:
    """Record that media arrive."""
    take = TakeRow(
        id=folder.name,
        number=1 + max((each.number for each in row.takes), default=0),
        folder=str(folder),
        state=TakeState.LIVE,
        started=utc_now(),
        events=[],
    )
    row.takes.append(take)
    row.failure = None
    if row.state not in (*CLOSED, SessionState.ACCEPTED):
        row.state, row.ended = SessionState.LIVE, None
    put(session, row, HookKind.STARTED, {"take": take.id})
    return take


def _happened(session: Session, row: SessionRow, take: TakeRow, event: Event) -> None:
    """Record an event; of one that is known already, nothing."""
    if isinstance(event, KEPT):
        kept = with_event(take.events, event)
        if kept is None:
            return
        take.events = kept
    if isinstance(event, ClipReady):
        take.folder = event.path
    kind = _KINDS.get(type(event))
    if kind is not None:
        details = {key: value for key, value in event.json().items() if key not in ("type", "v")}
        put(session, row, kind, {"take": take.id, **details})


_KINDS: dict[type[Event], HookKind] = {
    BestChanged: HookKind.BEST,
    Stopped: HookKind.STOPPED,
    ClipReady: HookKind.CLIP,
    Bundled: HookKind.BUNDLE,
    BundlePrepared: HookKind.PREPARED,
    Failed: HookKind.FAILED,
}


def _end(row: SessionRow, take: TakeRow, report: CaptureReport) -> None:
    """Record that everything about a take has ended."""
    done = report.state is CaptureState.DONE
    take.state, take.ended = TakeState.DONE if done else TakeState.FAILED, utc_now()
    if not done:
        take.failure = report.event.text if isinstance(report.event, Failed) else CUT_OFF
    settle(row, take)


def settle(row: SessionRow, take: TakeRow) -> None:
    """Give a session the state that its take's end gives it."""
    row.failure = take.failure
    if row.state not in (*CLOSED, SessionState.ACCEPTED):
        row.state, row.ended = SessionState.FAILED if last_clip(row) is None else SessionState.DONE, utc_now()
    row.erase_at = erases(row)


def cut_off(session: Session, output: Path, recovered: Collection[str]) -> None:
    """End the takes in a folder whose captures are gone, but for those of sessions that are recovered."""
    here = output.resolve()
    for take in session.scalars(select(TakeRow).where(TakeRow.state == TakeState.LIVE)):
        if take.session_id in recovered or Path(take.folder).parent.resolve() != here:
            continue
        row, found = _locked(session, take), has_clip(take)
        if not found:
            _happened(session, row, take, Failed(0, Failure.INTERRUPTED, CUT_OFF))
        take.state, take.ended = TakeState.DONE if found else TakeState.FAILED, utc_now()
        take.failure = None if found else CUT_OFF
        settle(row, take)


def agree_on_accepted(session: Session, output: Path) -> None:
    """Let records and folders agree on what is accepted: a kill may have come between the two.

    A folder comes first in both directions. One that is marked, while no take of the session is recorded as accepted,
    means that an acceptance was not recorded; one that is not marked, while its take is, that a retake was not.
    """
    here = output.resolve()
    for take in session.scalars(select(TakeRow).where(TakeRow.state != TakeState.LIVE)).all():
        folder = Path(take.folder)
        if folder.parent.resolve() == here and has_clip(take) and is_accepted(folder) != (take.accepted is not None):
            _agree(session, take, folder)


def _agree(session: Session, take: TakeRow, folder: Path) -> None:
    row = _locked(session, take)
    try:
        if take.accepted is not None:
            if folder.is_dir():
                write_accepted(folder)
        elif accepted(row) is not None:
            withdraw_accepted(folder)
        elif row.state not in CLOSED:
            accept(session, row, take)
    except Refused as error:
        log.warning("%s", error)


def _locked(session: Session, take: TakeRow) -> SessionRow:
    return session.get_one(SessionRow, take.session_id, with_for_update=True)


def take_in(row: SessionRow, folder: Path) -> TakeRow | None:
    """Return the take of a session with this folder, however it is spelled."""
    place = folder.parent.resolve(), folder.name
    folders = ((take, Path(take.folder)) for take in row.takes)
    return next((take for take, each in folders if (each.parent.resolve(), each.name) == place), None)


def accept(session: Session, row: SessionRow, take: TakeRow) -> None:
    """Accept a take of a session, and no other."""
    for each in row.takes:
        if each is not take:
            each.accepted = None
    if take.accepted is None:
        take.accepted = utc_now()
        put(session, row, HookKind.ACCEPTED, {"take": take.id})
    if row.state not in CLOSED:
        row.state, row.ended = SessionState.ACCEPTED, row.ended or utc_now()
    row.erase_at = erases(row)


def last_clip(row: SessionRow) -> TakeRow | None:
    """Return the last take of a session that has a clip."""
    return next((take for take in reversed(row.takes) if has_clip(take)), None)


def has_clip(take: TakeRow) -> bool:
    """Whether a take has a clip."""
    return take.state == TakeState.DONE or any(each["kind"] == ClipReady.__name__ for each in take.events)


def accepted(row: SessionRow) -> TakeRow | None:
    """Return the take of a session that has been accepted."""
    return next((take for take in row.takes if take.accepted is not None), None)


def chosen_take(row: SessionRow) -> TakeRow | None:
    """Return the take that has been accepted, else the last one with a clip."""
    return accepted(row) or last_clip(row)


def known_events(take: TakeRow) -> tuple[Event, ...]:
    """Return the events of a take; its clips say whether it is accepted."""
    accepted = take.accepted is not None
    events = events_of(take.events)
    return tuple(replace(event, accepted=accepted) if isinstance(event, ClipReady) else event for event in events)


@dataclass(frozen=True)
class Known:
    """What a take holds.

    Attributes
    ----------
    clips : sequence of ClipReady
        One for each length that has one.
    bundles : sequence of Bundled
        Failed ones among them.
    prepared : sequence of BundlePrepared
        Those that could not be among them.
    files : set of str
        Names of the files beside the clips, those of the report among them.
    """

    clips: Sequence[ClipReady]
    bundles: Sequence[Bundled]
    files: frozenset[str]
    prepared: Sequence[BundlePrepared] = ()

    @classmethod
    def of(cls, take: TakeRow) -> Self:
        """Return what a take holds."""
        events = events_of(take.events)
        clips = [event for event in events if isinstance(event, ClipReady)]
        bundles = [event for event in events if isinstance(event, Bundled)]
        reports = [event.files for event in events if isinstance(event, Reported)]
        prepared = [event for event in events if isinstance(event, BundlePrepared)]
        return cls(clips, bundles, frozenset().union(*(clip.files for clip in clips), *reports), prepared)

    def preparation(self, bundle: Bundled) -> BundlePrepared | None:
        """Return what has become of the preparation of a bundle; None if there is none, or not yet."""
        same = (each for each in self.prepared if each.trainer == bundle.trainer)
        return next((each for each in same if each.window_frames == bundle.window_frames), None)

    def bundle(self, trainer: str, window_frames: int | None) -> Bundled | None:
        """Return a trainer's bundle, of windows of a length or of the first; None if there is none."""
        fitting = (each for each in self.bundles if each.trainer == trainer and not each.error)
        return next((each for each in fitting if window_frames in (None, each.window_frames)), None)
