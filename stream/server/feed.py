"""A named session as its followers see it: the present state first, then every event."""

import asyncio
import json

from take5.scoring.judging import JudgedWindow
from take5.stream.events import (
    EVENTS_VERSION,
    BestChanged,
    Bundled,
    ClipReady,
    Coached,
    Event,
    Failed,
    Progress,
    Reported,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    best_json,
    window_json,
)
from take5.stream.live.snapshot import About
from take5.stream.server.mailbox import Mailbox, Message
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json


class Follower:
    """One reader of a feed."""

    def __init__(self) -> None:
        self._mailbox = Mailbox()
        self._news = asyncio.Event()
        self.gone = False

    def put(self, message: Message) -> None:
        """Add a message."""
        self.gone |= not self._mailbox.put(message)
        self._news.set()

    async def read(self) -> list[Message]:
        """Wait for news; return what is unread."""
        await self._news.wait()
        self._news.clear()
        return self._mailbox.take()


class Feed:
    """The events of one name, over one capture after another."""

    def __init__(self, name: str, about: About) -> None:
        self.name, self.about = name, about
        self.followers: set[Follower] = set()
        self.capture = -1
        self.restart()

    def restart(self) -> None:
        """Forget the last capture: another one begins, or will."""
        self.capture += 1
        self.state = State.WAITING
        self.frame = 0
        self.windows: dict[int, JudgedWindow] = {}
        self.bundles: list[Bundled] = []
        self.last: dict[type[Event], Event] = {}

    @property
    def over(self) -> bool:
        """Whether the capture's last event has been published."""
        clip = self.last.get(ClipReady)
        if not isinstance(clip, ClipReady):
            return Failed in self.last
        return len(self.bundles) >= len(clip.bundles) and (Reported in self.last or not clip.report)

    @property
    def decided(self) -> bool:
        """Whether it is known how the capture has ended; what comes of a clip may still be to come."""
        return ClipReady in self.last or Failed in self.last

    @property
    def after_clip(self) -> list[Event]:
        """What came of the clip: its bundles and its report."""
        report = self.last.get(Reported)
        return [*self.bundles, *([] if report is None else [report])]

    def publish(self, event: Event) -> None:
        """Remember an event and hand it to every follower."""
        if isinstance(event, ClipReady | Reported | Failed):
            self.last[type(event)] = event
        elif isinstance(event, Bundled):
            self.bundles.append(event)
        else:
            self._remember(event)
        content = event.json()
        message = Message(content["type"], json.dumps(content), last=self.over, capture=self.capture)
        for follower in self.followers:
            follower.put(message)

    def follow(self) -> Follower:
        """Begin to follow."""
        follower = Follower()
        self.followers.add(follower)
        return follower

    def hello(self, *, fresh: bool = False) -> Json:
        """The present state; ``fresh`` means for one who waits for the next capture, if the last is decided."""
        if fresh and self.decided:
            return Feed(self.name, self.about).hello()
        best = self.last.get(BestChanged)
        return {
            "type": "hello",
            "v": EVENTS_VERSION,
            "time_s": frame_seconds(self.frame),
            "session": self.name,
            "state": str(self.state),
            **self.about.json(),
            "windows": [window_json(self.windows[start]) for start in sorted(self.windows)],
            "best": best_json(best.best) if isinstance(best, BestChanged) else None,
            "bundles": [bundle.json() for bundle in self.bundles],
            **{key: self._last_json(kind) for key, kind in _LAST_KEYS.items()},
        }

    def _remember(self, event: Event) -> None:
        if isinstance(event, Progress | Scored):
            self.frame = event.frame
            if event.window is not None:
                self.windows[event.window.score.start] = event.window
        elif isinstance(event, StateChanged):
            self.state = event.state
        elif isinstance(event, Resumed):
            self.last.pop(Stalled, None)
        elif isinstance(event, BestChanged | Stalled | Stopped | Coached):
            self.last[type(event)] = event

    def _last_json(self, kind: type[Event]) -> Json | None:
        event = self.last.get(kind)
        return None if event is None else event.json()


_LAST_KEYS: dict[str, type[Event]] = {
    "coach": Coached,
    "stalled": Stalled,
    "stopped": Stopped,
    "clip": ClipReady,
    "report": Reported,
    "error": Failed,
}
