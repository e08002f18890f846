"""What belongs to the name of a session: its events, its capture, its files."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from take5.stream.events import ClipReady, Reported
from take5.stream.server.capture import Capture
from take5.stream.server.errors import Refused
from take5.stream.server.feed import Feed

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass
class Entry:
    """What belongs to one name."""

    feed: Feed
    capture: Capture | None = None
    capture_id: str = ""
    folder: Path = Path()
    recovered: asyncio.Event | None = None
    forget: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def live(self) -> bool:
        """Whether a capture is going on."""
        return self.capture is not None

    @property
    def needed(self) -> bool:
        """Whether a capture is going on, or is being recovered."""
        return self.live or self.recovered is not None

    @property
    def clip(self) -> ClipReady | None:
        """The last capture's clip, once it is there."""
        clip = self.feed.now.last.get(ClipReady)
        return clip if isinstance(clip, ClipReady) else None

    @property
    def files(self) -> Mapping[str, str]:
        """The last capture's files by name, those of the report when they are there."""
        report = self.feed.now.last.get(Reported)
        files = {} if self.clip is None else self.clip.files
        return {**files, **report.files} if isinstance(report, Reported) else files

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

    def accept(self) -> ClipReady | None:
        """Mark the clip as accepted, and return it."""
        if self.clip is not None:
            self.feed.now.last[ClipReady] = replace(self.clip, accepted=True)
        return self.clip


def checked_name(name: str) -> str:
    """Return ``name`` if it may name a session."""
    if not NAME.fullmatch(name):
        raise Refused(404, "not_found", "a session's name has 1 to 64 letters, digits, - and _")
    return name
