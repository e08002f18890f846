"""What captures share with whoever keeps the records of sessions: how each is captured, and what has become of it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from take5.scoring.stopping import StopRules
from take5.stream.deliverables import Deliverables
from take5.stream.events import ClipReady, Event, Failed
from take5.stream.settings import Settings


@dataclass(frozen=True)
class CaptureOrder:
    """How a session is captured.

    Attributes
    ----------
    settings : Settings
        How it is scored.
    rules : StopRules
        When it is enough.
    deliverables : Deliverables
        What is made of the clip.
    """

    settings: Settings
    rules: StopRules
    deliverables: Deliverables


class CaptureState(StrEnum):
    """What has become of a capture: its media arrive, it has left a clip, or it has left none."""

    LIVE = "live"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class CaptureReport:
    """The state of a session's capture, its take's folder, and why there is no clip."""

    state: CaptureState
    folder: Path
    failure: str | None = None


class SessionWatch(Protocol):
    """Keeps the records of sessions. Captures know nothing else of them."""

    async def order(self, session: str, usual: CaptureOrder) -> CaptureOrder:
        """Return how a session is captured, given how the server captures others; raise Refused if it is not known."""
        ...

    def report(self, session: str, report: CaptureReport) -> None:
        """Note a report. It is called on the event loop, and returns at once, whatever the records are doing."""
        ...

    def restarted(self, output: Path, recovered: Collection[str]) -> None:
        """Note that captures of earlier processes into a folder are gone, but for sessions that are recovered."""
        ...


class Unwatched:
    """There are no records: every session is captured alike."""

    async def order(self, session: str, usual: CaptureOrder) -> CaptureOrder:  # noqa: ARG002 - the protocol's
        """Return how the server captures sessions."""
        return usual

    def report(self, session: str, report: CaptureReport) -> None:
        """Forget a report."""

    def restarted(self, output: Path, recovered: Collection[str]) -> None:
        """Do nothing."""


def ended(outcome: Event | None, folder: Path) -> CaptureReport:
    """Return the report of a capture into a folder that has ended so; None if nobody knows how."""
    if isinstance(outcome, ClipReady):
        return CaptureReport(CaptureState.DONE, Path(outcome.path))
    return CaptureReport(CaptureState.FAILED, folder, outcome.text if isinstance(outcome, Failed) else "it was cut off")
