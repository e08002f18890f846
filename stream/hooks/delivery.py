"""The outcome of each notice: ``deliveries.json`` in the take's folder."""

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock

from take5.scoring.errors import OutputError
from take5.stream.hooks.notice import Notice
from take5.stream.output.atomic import new_file
from take5.stream.output.folder_lock import locked
from take5.stream.wire import Json

DELIVERIES = "deliveries.json"
DELIVERIES_VERSION = 1

log = logging.getLogger(__name__)

_WRITING = Lock()


class State(StrEnum):
    """State of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Attempt:
    """One attempt.

    Attributes
    ----------
    begun : datetime
        In UTC.
    duration_s : float
        How long it took.
    code : int or None
        Exit code of a command, status of a webhook's answer; None if there was neither.
    error : str or None
        What went wrong; None if the notice was delivered.
    """

    begun: datetime
    duration_s: float
    code: int | None
    error: str | None

    def json(self) -> Json:
        """Return it as in ``deliveries.json``."""
        begun = self.begun.isoformat(timespec="milliseconds")
        return {"begun": begun, "duration_s": round(self.duration_s, 3), "code": self.code, "error": self.error}


@dataclass(frozen=True)
class Delivery:
    """A notice on its way to one receiver.

    Attributes
    ----------
    notice : Notice
        The notice.
    way, receiver : str
        "command" or "webhook"; the program's or the host's name.
    state : State
        Its state.
    attempts : tuple of Attempt
        The attempts so far.
    error : str or None
        Why it failed or was not delivered.
    """

    notice: Notice
    way: str
    receiver: str
    state: State = State.PENDING
    attempts: tuple[Attempt, ...] = ()
    error: str | None = None

    def tried(self, attempt: Attempt) -> "Delivery":
        """Return it after another attempt, which decides for now."""
        state = State.DELIVERED if attempt.error is None else State.PENDING
        return replace(self, state=state, attempts=(*self.attempts, attempt), error=attempt.error)

    def ended(self) -> "Delivery":
        """Return it after the last attempt."""
        return self if self.state is State.DELIVERED else replace(self, state=State.FAILED)

    def given_up(self, state: State, reason: str) -> "Delivery":
        """Return it as not delivered, with the reason."""
        return replace(self, state=state, error=reason)

    def json(self) -> Json:
        """Return it as in ``deliveries.json``."""
        return {
            "id": self.notice.id,
            "type": self.notice.kind,
            "way": self.way,
            "receiver": self.receiver,
            "state": str(self.state),
            "error": self.error,
            "attempts": [attempt.json() for attempt in self.attempts],
        }


def record(delivery: Delivery) -> None:
    """Write a delivery into its take's folder, replacing its previous entry.

    A folder that has been removed stays removed. Errors in writing are logged: no delivery depends on it.
    """
    folder, fresh = delivery.notice.folder, delivery.json()
    with _WRITING:
        try:
            if folder.is_dir():
                with locked(folder):  # a server and its workers write to the same file
                    others = [other for other in recorded(folder) if not _same(other, fresh)]
                    _write([*others, fresh], folder / DELIVERIES)
        except (OutputError, OSError) as error:  # OSError: the folder cannot be read
            log.warning("%s", error)


def _write(deliveries: list[Json], path: Path) -> None:
    text = json.dumps({"version": DELIVERIES_VERSION, "deliveries": deliveries}, indent=1)
    with new_file(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="ascii")


def recorded(folder: Path) -> list[Json]:
    """Return the deliveries recorded in a take's folder; none if there is no record, or it is not take5's."""
    try:
        record = json.loads((folder / DELIVERIES).read_bytes())
    except (OSError, ValueError):
        return []
    deliveries = record.get("deliveries") if isinstance(record, dict) else None
    return [each for each in deliveries if isinstance(each, dict)] if isinstance(deliveries, list) else []


def _same(one: Json, other: Json) -> bool:
    return (one.get("id"), one.get("way")) == (other["id"], other["way"])
