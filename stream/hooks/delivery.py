"""What became of each notice: ``deliveries.json`` in the take's folder."""

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
from take5.stream.wire import Json

DELIVERIES = "deliveries.json"
DELIVERIES_VERSION = 1

log = logging.getLogger(__name__)

_WRITING = Lock()


class State(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Attempt:
    """One try.

    Attributes
    ----------
    begun : datetime
        In UTC.
    duration_s : float
        How long it took.
    code : int or None
        Exit code of a command, status of a webhook's answer; None if it came to neither.
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
        What is told.
    way, receiver : str
        "command" or "webhook"; the program's or the host's name.
    state : State
        Where it is.
    attempts : tuple of Attempt
        The tries so far.
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
        """Return it after another try; the last try decides, so far."""
        state = State.DELIVERED if attempt.error is None else State.PENDING
        return replace(self, state=state, attempts=(*self.attempts, attempt), error=attempt.error)

    def ended(self) -> "Delivery":
        """Return it after the last try."""
        return self if self.state is State.DELIVERED else replace(self, state=State.FAILED)

    def given_up(self, state: State, reason: str) -> "Delivery":
        """Return it as not delivered, and why."""
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
    """Write a delivery into its take's folder, in place of what was written of it before.

    A folder that has been removed stays removed. What cannot be written is logged: no delivery depends on it.
    """
    folder, fresh = delivery.notice.folder, delivery.json()
    with _WRITING:
        try:
            if folder.is_dir():
                others = [other for other in recorded(folder) if not _same(other, fresh)]
                _write([*others, fresh], folder / DELIVERIES)
        except (OutputError, OSError) as error:  # OSError: nobody may look into the folder
            log.warning("%s", error)


def _write(deliveries: list[Json], path: Path) -> None:
    text = json.dumps({"version": DELIVERIES_VERSION, "deliveries": deliveries}, indent=1)
    with new_file(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="ascii")


def recorded(folder: Path) -> list[Json]:
    """Return the deliveries that a take's folder tells of; none if there is no record, or it is not ours."""
    try:
        record = json.loads((folder / DELIVERIES).read_bytes())
    except (OSError, ValueError):
        return []
    deliveries = record.get("deliveries") if isinstance(record, dict) else None
    return [each for each in deliveries if isinstance(each, dict)] if isinstance(deliveries, list) else []


def _same(one: Json, other: Json) -> bool:
    return (one.get("id"), one.get("way")) == (other["id"], other["way"])
