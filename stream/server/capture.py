"""One sender's capture on the server: its connection, its timers, its thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Event, Failed, Failure, Resumed, Stalled, State, StateChanged, Stopped, Trouble, Warned
from take5.stream.live.finish import Handoff, clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.watchdog import CONNECT_S, Turn, Watchdog
from take5.stream.live.worker import LiveWorker
from take5.stream.server.feed import Feed
from take5.stream.sources.webrtc.intake import Intake
from take5.stream.sources.webrtc.peer import Peer

LOOK_EVERY_S = 0.25
KEYFRAME_EVERY_S = 1.0
HANG_UP_S = 0.7
"""So long after a stop the connection stays open, for the frames after the window."""

MISSING = {
    "picture": (Failure.NO_PICTURE, "no picture arrived; switch the camera on, or check the sender"),
    "sound": (Failure.NO_SOUND, "no sound arrived; switch the microphone on, or check the sender"),
}


class Capture:
    """A capture that a sender's offer began.

    Parameters
    ----------
    peer : Peer
        The accepted offer.
    live : LiveSession
        What scores it.
    feed : Feed
        Who is told.
    folder : Path
        Gets the clip.
    handoff : Handoff
        What happens with it then.
    over : callable
        Called once, on the event loop, when everything has ended.
    """

    def __init__(
        self, peer: Peer, live: LiveSession, feed: Feed, folder: Path, handoff: Handoff, over: Callable[[], None]
    ) -> None:
        self.folder = folder
        self._peer, self._live, self._feed, self._over = peer, live, feed, over
        self._loop = asyncio.get_running_loop()
        save = clip_writer(folder, handoff, lambda name: f"api/sessions/{feed.name}/{name}", feed.name)
        self._capture = LiveWorker(live, self._from_thread, save)
        self._intake = Intake(self._capture.put, self._unplaced, peer.look_ahead)
        self._watchdog = Watchdog(monotonic())
        self._ended, self._done = asyncio.Event(), asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def begin(self) -> str:
        """Answer the offer and begin to receive."""
        answer = await self._peer.answer(self._intake, self._left)
        self._feed.restart()
        self._feed.publish(StateChanged(0, State.CONNECTING))
        self._capture.start()
        self._watch = asyncio.create_task(self._run(), name=f"take5-{self._feed.name}")
        return answer

    @property
    def begun(self) -> bool:
        """Whether the offer has been answered."""
        return self._watch is not None

    async def abandon(self) -> None:
        """Give up what could not begin."""
        self._live.close()
        await self._peer.close()

    def restart(self) -> None:
        """Let the stop rules count anew: the person speaks in another way from now on."""
        self._capture.restart()

    def end(self, rule: StopRule) -> None:
        """Let the recording end; the best clip is saved."""
        arrived = self._peer.arrivals
        missing = next((track for track in MISSING if track not in arrived), None)
        if arrived and missing is not None:
            self._capture.end(Failed(self._live.frame, *MISSING[missing]))
        elif not arrived:
            text = "the sender ended before anything arrived from it"
            self._capture.end(Failed(0, Failure.NEVER_CONNECTED, text))
        else:
            self._capture.end(Stop(rule))

    async def wait(self) -> None:
        """Wait until everything has ended."""
        await self._done.wait()

    async def _run(self) -> None:
        """Look at the timers and ask for keyframes until the last event, then clean up."""
        try:
            asked = 0.0
            while not self._ended.is_set():
                now = monotonic()
                self._turn(self._watchdog.look(now, self._peer.arrivals))
                if now - asked >= KEYFRAME_EVERY_S and self._peer.connected:
                    asked = now
                    await self._peer.ask_for_keyframe()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), LOOK_EVERY_S)
        finally:
            await self._peer.close()
            await asyncio.to_thread(self._capture.join)
            self._done.set()
            self._over()

    def _turn(self, turn: Turn) -> None:
        feed, frame = self._feed, self._live.frame
        if turn is Turn.CONNECTED:
            feed.publish(StateChanged(frame, State.RECEIVING))
        elif turn is Turn.NEVER_CONNECTED:
            text = f"nothing arrived within {CONNECT_S:.0f} s; a firewall may block UDP between sender and server"
            self._capture.end(Failed(0, Failure.NEVER_CONNECTED, text))
        elif turn is Turn.LOST:
            self.end(StopRule.LOST)
        elif feed.state in (State.RECEIVING, State.STALLED):
            self._stall(turn)

    def _stall(self, turn: Turn) -> None:
        feed, frame = self._feed, self._live.frame
        if turn is Turn.STALLED:
            feed.publish(StateChanged(frame, State.STALLED))
            feed.publish(Stalled(frame, self._watchdog.stalled or "both"))
        elif turn is Turn.RESUMED:
            feed.publish(StateChanged(frame, State.RECEIVING))
            feed.publish(Resumed(frame))

    def _left(self) -> None:
        """The sender has gone: called from any thread."""
        self._loop.call_soon_threadsafe(self.end, StopRule.ENDED)

    def _unplaced(self) -> None:
        self._from_thread(Warned(0, Trouble.NO_SENDER_REPORTS))

    def _from_thread(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._publish, event)

    def _publish(self, event: Event) -> None:
        self._feed.publish(event)
        if self._feed.over:
            self._ended.set()
        if isinstance(event, Stopped):
            self._loop.call_later(HANG_UP_S, self._hang_up)

    def _hang_up(self) -> None:
        if self._watch is not None and not self._watch.done():
            self._closing = asyncio.create_task(self._peer.close())
