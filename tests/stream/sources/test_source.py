"""The contract of a live source, held by every one of them: a webcam, a WebRTC sender, a file."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from repository import ROOT
from serving import eventually

from take5.client.pacing import paced
from take5.scoring.errors import CaptureError
from take5.stream import sources
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.sources.file import MediaFile
from take5.stream.sources.replayed import ReplayedFile
from take5.stream.sources.source import LiveSource
from take5.stream.sources.threaded import ThreadedSource
from take5.stream.sources.webcam.camera import Camera, Wanted
from take5.stream.sources.webcam.microphone_clock import Heard
from take5.stream.sources.webcam.webcam import Webcam
from take5.stream.sources.webrtc.peer import Peer, accept
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat

pytestmark = pytest.mark.waiting

LASTING_S = 2.0
WAIT_S = 30.0
RATE = 48_000

T = TypeVar("T")


class Humming:
    """A microphone that hums at the pace of a sound card; PortAudio itself has its own tests."""

    device = "Humming"
    rate = RATE

    @contextmanager
    def listening(self, hear: Callable[[Heard], None], _ended: Callable[[], None]) -> Iterator[None]:
        over = threading.Event()

        def drive() -> None:
            pace, count = paced(time.monotonic, time.sleep), 0
            while not over.is_set():
                pace(count / 100)
                hear(Heard(np.full((1, RATE // 100), 0.1, np.float32), time.monotonic()))
                count += 1

        thread = threading.Thread(target=drive)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def file_source(video: Path) -> Iterator[LiveSource]:
    yield ReplayedFile(MediaFile(video), paced(time.monotonic, time.sleep))


@contextmanager
def webcam_source(_video: Path) -> Iterator[LiveSource]:
    camera = Camera(Wanted("lavfi", "testsrc2=s=320x240:r=25,realtime", (320, 240), 25.0))
    webcam = Webcam(camera, cast("Any", Humming()))
    yield webcam
    webcam.join(WAIT_S)


@contextmanager
def webrtc_source(video: Path) -> Iterator[LiveSource]:
    """A real connection between two peers of this process, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="peers")
    thread.start()

    def on_loop(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(WAIT_S)

    sender, peer = on_loop(offered(video))
    try:
        yield Answering(peer, sender, on_loop)
    finally:
        on_loop(sender.close())
        on_loop(peer.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.close()


async def offered(video: Path) -> tuple[RTCPeerConnection, Peer]:
    sender, player = RTCPeerConnection(), MediaPlayer(str(video))
    assert player.audio is not None
    assert player.video is not None
    sender.addTrack(player.audio)
    sender.addTrack(player.video)
    await sender.setLocalDescription(await sender.createOffer())
    return sender, await accept(sender.localDescription.sdp)


class Answering:
    """A peer whose offer is answered as soon as it is started."""

    def __init__(
        self, peer: Peer, sender: RTCPeerConnection, on_loop: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._peer, self._sender, self._on_loop = peer, sender, on_loop
        self.unit_format, self.arrivals, self.stop = peer.unit_format, peer.arrivals, peer.stop

    def start(self, put: Callable[[Received], None], ended: Callable[[CaptureError | None], None]) -> None:
        self._peer.start(put, ended)
        self._on_loop(self._answer())

    async def _answer(self) -> None:
        await self._sender.setRemoteDescription(RTCSessionDescription(await self._peer.answer(), "answer"))


@pytest.fixture(params=[file_source, webcam_source, webrtc_source], ids=["file", "webcam", "webrtc"])
def source(request: pytest.FixtureRequest, short: Path) -> Iterator[LiveSource]:
    opened: AbstractContextManager[LiveSource] = request.param(short)
    with opened as source:
        yield source


def test_a_live_source_keeps_its_contract(source: LiveSource) -> None:
    received: list[Received] = []
    ends: list[CaptureError | None] = []
    threads: set[str] = set()

    def put(media: Received) -> None:
        assert not ends
        threads.add(threading.current_thread().name)
        received.append(media)

    def seconds(kind: type[Received]) -> float:
        times = [media.pts for media in received if isinstance(media, kind)]
        return (max(times) - min(times)) / FLICKS if times else 0.0

    assert not source.arrivals
    source.start(put, ends.append)
    assert eventually(lambda: min(seconds(AccessUnit), seconds(AudioBlock)) >= LASTING_S, WAIT_S)
    assert set(source.arrivals) == {"picture", "sound"}
    assert all(0 <= time.monotonic() - at < 1.0 for at in source.arrivals.values())
    source.stop()
    source.stop()
    assert eventually(lambda: bool(ends), WAIT_S)
    count = len(received)
    time.sleep(0.3)
    assert (ends, len(received)) == ([None], count)
    assert threading.current_thread().name not in threads

    blocks = [media for media in received if isinstance(media, AudioBlock)]
    assert all(abs(after.pts - before.end) < FLICKS // 1000 for before, after in pairwise(blocks))
    units = [media for media in received if isinstance(media, AccessUnit)]
    assert units[0].keyframe
    frames = list(decode_units(units, source.unit_format))
    assert len(frames) > 0.8 * LASTING_S * 25
    assert all(before.pts < after.pts for before, after in pairwise(frames))
    begins = max(units[0].pts, blocks[0].pts)
    assert min(max(unit.pts for unit in units), blocks[-1].end) - begins > 0.7 * LASTING_S * FLICKS, "one clock"


def test_a_fault_of_its_own_ends_a_source_in_order() -> None:
    class Broken(ThreadedSource):
        unit_format = UnitFormat("h264", None)

        def run(self, put: Callable[[Received], None], stop: threading.Event) -> None:
            del put, stop
            raise ZeroDivisionError("a bug")

    ends: list[CaptureError | None] = []
    broken = Broken("broken")
    broken.start(lambda _: None, ends.append)
    broken.join(WAIT_S)
    (end,) = ends
    assert "an internal error ended the source: a bug" in str(end)


def test_every_package_of_sources_is_named() -> None:
    named = sources.__doc__ or ""
    for package in (ROOT / "stream" / "sources").glob("*/__init__.py"):
        assert package.parent.name in named.lower(), package
