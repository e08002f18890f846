"""Who makes captures: the server's own process, or others. The server knows no more of a capture than this.

The server keeps names, followers and records; a :class:`CaptureHost` takes offers, receives media and writes clips.
What a capture tells comes in order, on the server's event loop, to the :class:`CaptureListener` it was prepared for.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from take5.scoring.stopping import StopRule
from take5.stream.events import Event
from take5.stream.server.counts import CaptureCounts, HostUsage
from take5.stream.server.rooms import Room
from take5.stream.server.watch import CaptureOrder
from take5.stream.spool.records import Begun


@dataclass(frozen=True)
class CaptureRequest:
    """What a host needs to know of a capture.

    Attributes
    ----------
    session, capture : str
        Name of the session, and id of the capture.
    offer : str
        The sender's SDP.
    order : CaptureOrder
        How the session is captured.
    lost_s : float, optional
        How long it waits while nothing arrives; by default as others do.
    """

    session: str
    capture: str
    offer: str
    order: CaptureOrder
    lost_s: float | None = None


@dataclass(frozen=True)
class CutOff:
    """A capture whose process is gone: what was captured, and the folder of its take."""

    begun: Begun
    take: Path


class CaptureListener(Protocol):
    """Hears what a capture tells."""

    def connected(self) -> None:
        """The first media have arrived: the capture goes on unless it is refused."""
        ...

    def event(self, event: Event) -> None:
        """Something has happened; the first is that it connects."""
        ...

    def counted(self, counts: CaptureCounts) -> None:
        """What is new of its media; nobody follows that."""
        ...

    def over(self) -> None:
        """Everything has ended; nothing more is told."""
        ...

    def lost(self) -> None:
        """The process that captured is gone; nothing more is told. What it kept on disk is there."""
        ...


class HostedCapture(Protocol):
    """A capture that a host makes."""

    @property
    def folder(self) -> Path:
        """The take's folder, which is made at the end."""
        ...

    async def begin(self) -> str:
        """Begin to receive; return the answer to the offer. Raise Refused if there is none."""
        ...

    async def abandon(self) -> None:
        """Give up what could not begin."""
        ...

    def refuse(self, text: str) -> None:
        """End it: its media have arrived, and there is no room for them."""
        ...

    def restart(self) -> None:
        """Let the stop rules start over: from now on the person speaks in another way."""
        ...

    def end(self, rule: StopRule) -> None:
        """Let the recording end; the best clip is saved."""
        ...

    async def save(self) -> Event | None:
        """Try to write the clip now; return the outcome, None if there is nothing to write."""
        ...

    def shut_down(self, within_s: float) -> None:
        """End the recording; analyse no longer than ``within_s``, and try at most once more to write a clip."""
        ...

    async def wait(self) -> None:
        """Wait until everything has ended."""
        ...


class CaptureHost(Protocol):
    """Makes captures, and the clips of those whose process is gone."""

    def start(self, cut_off: Callable[[Collection[Path]], Awaitable[None]]) -> None:
        """Begin what goes on in the background.

        ``cut_off`` is called with the takes of captures whose process is gone, once they can be recovered.
        """
        ...

    async def ready(self) -> None:
        """Wait until captures can begin, or are not going to."""
        ...

    async def prepare(self, request: CaptureRequest, listener: CaptureListener, room: Room) -> HostedCapture:
        """Accept an offer for a capture in the room of a process; return the capture, which has not begun.

        Raise Refused if it cannot be.
        """
        ...

    async def find(self, takes: Collection[Path] | None = None) -> list[CutOff]:
        """Return the captures whose process is gone, oldest first; of these takes, or all in the output folder.

        They are this host's to recover from then on.
        """
        ...

    async def recover(self, found: CutOff, emit: Callable[[Event], None]) -> None:
        """Make the clip of a capture that was found; ``emit`` takes the events. It raises nothing."""
        ...

    @property
    def usage(self) -> HostUsage:
        """What the processes that make captures have used and done so far."""
        ...

    def reload(self) -> None:
        """Let new processes make the captures that begin from now on; the others end with their captures."""
        ...

    def end(self) -> None:
        """Begin nothing more, and leave to the next start what is not recovered yet."""
        ...

    async def close(self) -> None:
        """Let go of every process, after the captures have ended."""
        ...
