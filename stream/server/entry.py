"""What belongs to the name of a session: its events, its capture, its files."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from take5.stream.events import ClipReady, Event, Failed, Reported, State, StateChanged
from take5.stream.live.snapshot import Snapshot
from take5.stream.server.captures import HostedCapture
from take5.stream.server.errors import Refused
from take5.stream.server.feed import Feed

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Kept:
    """An earlier capture that has a clip: it is what the name answers with until a later one has a clip, too."""

    capture_id: str
    folder: Path
    now: Snapshot


@dataclass
class Entry:
    """What belongs to one name."""

    feed: Feed
    capture: HostedCapture | None = None
    capture_id: str = ""
    folder: Path = Path()
    kept: Kept | None = None
    offers: int = 0
    """Offers that are being answered."""
    recovered: asyncio.Event | None = None
    forget: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def live(self) -> bool:
        """Whether a capture is going on."""
        return self.capture is not None

    @property
    def needed(self) -> bool:
        """Whether a capture is going on, beginning, or being recovered."""
        return self.live or self.offers > 0 or self.recovered is not None

    @property
    def clip(self) -> ClipReady | None:
        """The last capture's clip, once it is there."""
        clip = self.feed.now.last.get(ClipReady)
        return clip if isinstance(clip, ClipReady) else None

    @property
    def outcome(self) -> Event | None:
        """How the last capture has ended: with a clip, or why without; None if it has not."""
        return self.clip or self.feed.now.last.get(Failed)

    def file(self, name: str) -> Path | None:
        """Where a file of the last clip is, those of the report among them when they are there; None if it has none."""
        now, folder = self.feed.now, self.folder
        if self.clip is None and self.kept is not None:
            now, folder = self.kept.now, self.kept.folder
        report = now.last.get(Reported)
        known = [clip.files for clip in now.clips] + ([report.files] if isinstance(report, Reported) else [])
        return folder / name if any(name in files for files in known) else None

    def begin(self, capture: HostedCapture, capture_id: str, folder: Path) -> None:
        """Make ``capture`` the name's; the last clip is kept until there is another."""
        if self.clip is not None:
            self.kept = Kept(self.capture_id, self.folder, self.feed.now)
        self.capture, self.capture_id, self.folder = capture, capture_id, folder

    def end(self, *, connected: bool) -> None:
        """End the name's capture; one that never connected leaves the name as it was, if that has a clip."""
        self.capture = None
        if not connected and self.kept is not None:
            self.capture_id, self.folder = self.kept.capture_id, self.kept.folder
            self.feed.now = self.kept.now

    def interrupt(self) -> None:
        """Let the name wait for what is recovered of its capture, whose process is gone."""
        self.capture, self.recovered = None, self.recovered or asyncio.Event()
        if not self.feed.now.decided:
            self.feed.publish(StateChanged(self.feed.now.frame, State.STOPPING))

    @property
    def busy(self) -> Refused:
        """The refusal of another sender."""
        name, unwritten = repr(self.feed.name), self.feed.now.unwritten
        text = f"session {name} has a sender; end it first, or choose another name"
        if unwritten is not None:
            text = (
                f"the clip of session {name} cannot be written yet ({unwritten.value}); make room and POST to "
                f"api/sessions/{self.feed.name}/save, or choose another name"
            )
        return Refused(409, "busy", text)

    def accept(self, *, accepted: bool = True) -> None:
        """Mark the clip as accepted, or not."""
        if self.clip is not None:
            self.feed.now.last[ClipReady] = replace(self.clip, accepted=accepted)


def checked_name(name: str) -> str:
    """Return ``name`` if it may name a session."""
    if not NAME.fullmatch(name):
        raise Refused(404, "not_found", "a session's name has 1 to 64 letters, digits, - and _")
    return name
