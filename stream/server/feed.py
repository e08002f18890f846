"""A named session as its followers see it: the present state first, then every event."""

import asyncio
import json

from take5.stream.events import Event
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.server.listener import ServerListener, Unheard
from take5.stream.server.mailbox import Mailbox, Message
from take5.stream.wire import Json

END: Json = {"type": ""}
"""Ends following, and is not sent."""


class Follower:
    """One reader of a feed."""

    def __init__(self) -> None:
        self._mailbox = Mailbox()
        self._news = asyncio.Event()
        self.gone = False

    def put(self, message: Message) -> int:
        """Add a message; return how many it has not read will not be, since this one stands for them."""
        before = self._mailbox.skipped
        self.gone |= not self._mailbox.put(message)
        self._news.set()
        return self._mailbox.skipped - before

    def end(self) -> None:
        """Send it away."""
        self.gone = True
        self._news.set()

    @property
    def unread(self) -> int:
        """How many messages it has not read."""
        return len(self._mailbox)

    async def read(self) -> list[Message]:
        """Wait for news; return what is unread."""
        await self._news.wait()
        self._news.clear()
        return self._mailbox.drain()


class Feed:
    """The events of one name, over one capture after another.

    Attributes
    ----------
    now : Snapshot
        State of the present capture, or of the last one.
    """

    def __init__(self, name: str, about: About, listener: ServerListener | None = None) -> None:
        self.name, self.about, self._listener = name, about, listener or Unheard()
        self.followers: set[Follower] = set()
        self.capture = 0
        self.now = Snapshot(name, about)

    def restart(self, about: About | None = None) -> None:
        """Forget the last capture: another one begins.

        Followers get another ``hello`` if it is ``about`` something else than they were told.
        """
        if self.now.over and not self.now.complete:  # what is still prepared is not told to those who follow it
            self._hand_out(END, self.capture, last=True)
        told, self.capture = self.now.about, self.capture + 1
        self.now = Snapshot(self.name, about or self.about)
        if self.now.about != told:
            self._hand_out(self.now.hello(), self.capture)

    def publish(self, event: Event) -> None:
        """Remember an event and hand it to every follower."""
        self.now.remember(event)
        content = event.json()
        self._hand_out(content, self.capture, last=self.now.complete)
        self._listener.heard(event)

    def add(self, event: Event, now: Snapshot) -> None:
        """Publish what comes after the end of a capture, or only remember it if there has been another one since."""
        if now is self.now:
            self.publish(event)
        else:
            now.remember(event)
            self._listener.heard(event)

    def announce(self, event: Event) -> None:
        """Hand an event that is not about a capture to every follower, also to those that wait for the next capture.

        It is not remembered.
        """
        self._hand_out(event.json(), self.capture + 1)

    def _hand_out(self, content: Json, capture: int, *, last: bool = False) -> None:
        length = content.get("window_s")
        text = "" if content is END else json.dumps(content)
        message = Message(content["type"], text, last, capture, length)
        if skipped := sum(follower.put(message) for follower in self.followers):
            self._listener.skipped(skipped)

    def follow(self) -> Follower:
        """Begin to follow."""
        follower = Follower()
        self.followers.add(follower)
        return follower

    def hello(self, *, fresh: bool = False) -> Json:
        """The present state; ``fresh`` means for a follower that waits for the next capture, if the last is decided."""
        shown = Snapshot(self.name, self.about) if fresh and self.now.decided else self.now
        return shown.hello()
