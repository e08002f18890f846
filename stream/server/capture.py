"""One sender's capture on the server: its connection, its timers, its thread."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic

from take5.scoring.parameters import FPS
from take5.scoring.stopping import StopRule
from take5.stream.events import Event, Failed, Failure, State, StateChanged, Stopped, StreamMeasured, Trouble, Warned
from take5.stream.live.finish import clip_writer
from take5.stream.live.liveness import Liveness
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.live.supervisor import Supervisor
from take5.stream.live.worker import LiveWorker
from take5.stream.output.free_space import EVERY_S, SpaceWatch, megabytes
from take5.stream.server.captures import CaptureListener, CaptureRequest
from take5.stream.server.counts import MediaCounter
from take5.stream.server.errors import Refused
from take5.stream.server.options import ServerOptions
from take5.stream.server.space import Space
from take5.stream.sources.webrtc.offer import fault
from take5.stream.sources.webrtc.peer import MALFORMED, Peer
from take5.stream.spool.writer import SpoolWriter

LOOK_EVERY_S = 0.25
KEYFRAME_EVERY_S = 1.0
MEASURE_EVERY_S = 1.0
"""How often followers are told what the stream is like, at most, and how often its packets are counted."""

HANG_UP_S = 0.18
"""How long the connection stays open after a stop, beyond the time of the frames after the window."""


def file_address(session: str, name: str) -> str:
    """Where a file of a session's clip can be fetched, relative to the server."""
    return f"api/sessions/{session}/{name}"


class Capture:
    """A capture that a sender's offer began.

    Parameters
    ----------
    request : CaptureRequest
        What is captured.
    listener : CaptureListener
        Told on the event loop.
    peer : Peer
        The accepted offer.
    live : LiveSession
        Scores it.
    folder : Path
        Gets the clip.
    options : ServerOptions
        Who gets the notice of the clip, and how long what may take.
    spool : SpoolWriter, optional
        Puts the best window on disk while the capture goes on.
    space : Space
        Where the clip goes; the sender is warned when it gets low.
    about : About
        What its followers are told of it.
    save_for_s : float
        How long a clip that cannot be written is tried again.
    """

    def __init__(
        self,
        request: CaptureRequest,
        listener: CaptureListener,
        peer: Peer,
        live: LiveSession,
        folder: Path,
        options: ServerOptions,
        spool: SpoolWriter | None,
        space: Space,
        about: About,
        save_for_s: float,
    ) -> None:
        self.folder = folder
        self._request, self._listener, self._peer, self._live = request, listener, peer, live
        self._space, self._spool, self._admitted = space, spool, False
        self._now = Snapshot(request.session, about)
        self._loop = asyncio.get_running_loop()
        address = partial(file_address, request.session)
        save = clip_writer(folder, request.order.deliverables, options.hooks, address, request.session, spool)
        self._worker = LiveWorker(
            live,
            self._from_thread,
            save,
            finish_within_s=options.finish_within_s,
            patience_s=save_for_s,
            spool=spool,
        )
        self._counter = MediaCounter(
            lambda: peer.counts, lambda: {"intake": peer.dropped, "inbox": self._worker.dropped}
        )
        self._ended, self._done = asyncio.Event(), asyncio.Event()
        self._supervisor = Supervisor(
            monotonic(),
            peer.arrivals,
            lambda: self._now.state,
            lambda: live.frame,
            self._say,
            self._worker.end,
            options.pause_s,
            Liveness(self._worker.vitals, peer.packets, lambda: peer.waits_for_keyframe),
            live.longest_s,
            request.lost_s,
        )
        self._watch: asyncio.Task[None] | None = None

    async def begin(self) -> str:
        """Answer the offer and begin to receive."""
        self._peer.start(self._worker.put, self._supervisor.source_ended, self._unplaced, self._jumped)
        try:
            answer = await self._peer.answer()
        except MALFORMED as error:
            text = f"the offer cannot be answered: {fault(self._request.offer)}"
            raise Refused(400, "bad_sdp", text) from error
        self._say(StateChanged(0, State.CONNECTING))
        self._worker.start()
        self._watch = asyncio.create_task(self._run(), name=f"take5-{self._request.session}")
        return answer

    async def abandon(self) -> None:
        """Give up what could not begin."""
        self._live.close()
        if self._spool is not None:
            await asyncio.to_thread(self._spool.close, remove=True)
        await self._peer.close()

    def refuse(self, text: str) -> None:
        """End it: its media have arrived, and there is no room for them."""
        self._supervisor.fail(Failed(0, Failure.FULL, text))

    def restart(self) -> None:
        """Let the stop rules start over: from now on the person speaks in another way."""
        self._worker.restart()

    def end(self, rule: StopRule) -> None:
        """Let the recording end; the best clip is saved."""
        self._supervisor.end(rule)

    async def save(self) -> Event | None:
        """Try to write the clip now; return the outcome, None if there is nothing to write."""
        outcome = self._worker.save()
        if outcome is None:
            return None
        written: asyncio.Future[Event] = asyncio.wrap_future(outcome)
        return await asyncio.shield(written)

    def shut_down(self, within_s: float) -> None:
        """End the recording; analyse no longer than ``within_s``, and try at most once more to write a clip."""
        self._worker.hurry(within_s)
        self.end(StopRule.SHUTDOWN)

    async def wait(self) -> None:
        """Wait until everything has ended."""
        await self._done.wait()

    async def _run(self) -> None:
        """Check the timers and ask for keyframes until the last event, then clean up."""
        watches = (self._watch_space(), self._watch_stream(), self._watch_counts())
        watching = [asyncio.create_task(each) for each in watches]
        try:
            asked = 0.0
            while not self._ended.is_set():
                now = monotonic()
                if self._peer.arrivals and not self._admitted:
                    self._admitted = True
                    self._listener.connected()
                self._supervisor.look(now)
                if now - asked >= KEYFRAME_EVERY_S and self._peer.connected:
                    asked = now
                    await self._peer.ask_for_keyframe()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), LOOK_EVERY_S)
        finally:
            for task in watching:
                task.cancel()
            await self._peer.close()
            await asyncio.to_thread(self._worker.join)
            self._count(last=True)
            self._done.set()
            self._listener.over()

    async def _watch_space(self) -> None:
        """Warn when free space gets low, until the recording has stopped."""
        watch = SpaceWatch(self._space.least)
        while Stopped not in self._now.last:
            free = await self._space.free()
            if free is not None and watch.look(free):
                self._publish(Warned(self._live.frame, Trouble.DISK_LOW, megabytes(free)))
            await asyncio.sleep(EVERY_S)

    async def _watch_stream(self) -> None:
        """Tell what the sender's stream is like whenever that changes, until the recording has stopped."""
        known = self._peer.facts
        while Stopped not in self._now.last:
            if (facts := self._peer.facts) != known:
                known = facts
                self._publish(StreamMeasured(self._live.frame, *facts))
            await asyncio.sleep(MEASURE_EVERY_S)

    async def _watch_counts(self) -> None:
        """Count packets, and what queues drop, until everything has ended."""
        while True:
            await asyncio.sleep(MEASURE_EVERY_S)
            self._count()

    def _count(self, *, last: bool = False) -> None:
        if counts := self._counter.look(last=last):
            self._listener.counted(counts)

    def _unplaced(self) -> None:
        self._from_thread(Warned(0, Trouble.NO_SENDER_REPORTS))

    def _jumped(self, jumps: int) -> None:
        self._from_thread(Warned(self._live.frame, Trouble.TIME_JUMPED, jumps))

    def _from_thread(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._publish, event)

    def _say(self, event: Event) -> None:
        self._now.remember(event)
        self._listener.event(event)

    def _publish(self, event: Event) -> None:
        self._say(event)
        if self._now.over:
            self._ended.set()
        if isinstance(event, Stopped):
            settings = self._live.settings
            after_s = settings.frames_after / FPS + settings.shift.wait_s
            self._loop.call_later(HANG_UP_S + after_s, self._peer.stop)
