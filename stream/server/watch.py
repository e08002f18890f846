"""What captures share with whoever keeps the records of sessions: how each is captured, and what has become of it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from take5.scoring.stopping import StopRules
from take5.stream.deliverables import Deliverables
from take5.stream.events import (
    BestChanged,
    Bundled,
    BundlePrepared,
    ClipReady,
    Event,
    Failed,
    NoClip,
    Reported,
    Stopped,
)
from take5.stream.server.errors import Refused
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
    closed : Refused, optional
        Why no sender may begin, though the session may be followed.
    """

    settings: Settings
    rules: StopRules
    deliverables: Deliverables
    closed: Refused | None = None


class CaptureState(StrEnum):
    """What has become of a capture: its media arrive, it has left a clip, or it has left none."""

    LIVE = "live"
    DONE = "done"
    FAILED = "failed"


RECORDED = (BestChanged, Stopped, ClipReady, NoClip, Bundled, Reported, Failed, BundlePrepared)
"""Events that records are kept of."""


@dataclass(frozen=True)
class CaptureReport:
    """What a session's capture has come to.

    Attributes
    ----------
    state : CaptureState
        Its state.
    take : Path
        The folder that was chosen for it when it began.
    event : Event, optional
        What has happened, one of ``RECORDED``; None when media begin to arrive.
    over : bool
        Whether everything has ended: clip, bundles and report.
    """

    state: CaptureState
    take: Path
    event: Event | None = None
    over: bool = False


@dataclass(frozen=True)
class Earlier:
    """A take of a session as the records have it, such as the last one of an earlier process.

    Attributes
    ----------
    take : Path
        Its folder.
    events : tuple of Event
        Its clips, bundles and report, what was prepared, and what stopped it.
    """

    take: Path
    events: tuple[Event, ...]

    @property
    def clip(self) -> ClipReady | None:
        """The first of its clips."""
        return next((event for event in self.events if isinstance(event, ClipReady)), None)

    def file(self, name: str) -> Path | None:
        """Where one of its files is; None if it has none of this name."""
        known = (event.files for event in self.events if isinstance(event, ClipReady | Reported))
        return self.take / name if any(name in files for files in known) else None


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

    async def accept(self, session: str, take: Path) -> Collection[Path]:
        """Record that a take has been accepted; return those that are so no more, raise Refused if it cannot be."""
        ...

    async def earlier(self, session: str) -> Earlier | None:
        """Return the last take of a session with a clip; None if there are no records of one."""
        ...

    async def take(self, session: str, take: str) -> Earlier | None:
        """Return a take of a session by its id; None if there are no records of it."""
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

    async def accept(self, session: str, take: Path) -> Collection[Path]:  # noqa: ARG002 - the protocol's
        """Record nothing: the take's folder has it."""
        return ()

    async def earlier(self, session: str) -> None:
        """Return nothing: there are no records."""

    async def take(self, session: str, take: str) -> None:
        """Return nothing: there are no records."""


def ended(outcome: Event | None, take: Path) -> CaptureReport:
    """Return the report of a capture that has ended so; None if nobody knows how."""
    state = CaptureState.DONE if isinstance(outcome, ClipReady) else CaptureState.FAILED
    return CaptureReport(state, take, outcome, over=True)
