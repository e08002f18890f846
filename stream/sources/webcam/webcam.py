"""A camera and a microphone on one clock: the sample count of the microphone's sound."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread

from take5.scoring.errors import CaptureError
from take5.stream.sources.source import Put
from take5.stream.sources.threaded import ThreadedSource
from take5.stream.sources.webcam.camera import Camera
from take5.stream.sources.webcam.camera_clock import PictureClock
from take5.stream.sources.webcam.encoder import CameraUnit
from take5.stream.sources.webcam.microphone import Microphone
from take5.stream.sources.webcam.microphone_clock import Heard, SampleClock
from take5.stream.timeline.media import AccessUnit, Received, UnitFormat

INBOX = 1000
"""Pictures and blocks that may wait. When it is full, the camera waits, and sound is lost, which is marked."""

HELD = 300
"""Pictures that may wait for the first second of sound; the oldest are dropped."""

BEGIN_S = 10.0
"""Maximum time to wait for the first picture and the first sound."""

LOOK_EVERY_S = 0.1
LET_GO_S = 2.0
"""How long to wait, at the end, for a camera that is blocked in a read; after that it is left to the system."""

MISSING = {
    "picture": "camera {camera}: it is open but gives no picture within {s:.0f} s; unplug it and plug it in again",
    "sound": "microphone {microphone}: it is open but gives no sound within {s:.0f} s; choose another: --microphone",
}

Arrived = CameraUnit | Heard | None
"""None is the end of the camera's pictures."""


class Webcam(ThreadedSource):
    """A source of access units and sound, as one talks to a computer.

    It may run once. Everything it delivers stands on one clock: in flicks of ``time.monotonic()`` as it was when sound
    began, counted by the sound card.

    Parameters
    ----------
    camera : Camera
        Open; it belongs to the webcam, which closes it.
    microphone : Microphone
        What is listened to.
    """

    def __init__(self, camera: Camera, microphone: Microphone) -> None:
        super().__init__("take5-webcam")
        self.dropped = 0
        self._camera, self._microphone = camera, microphone
        self._inbox: Queue[Arrived] = Queue(INBOX)
        self._over = Event()
        self._torn = False
        self._gone: CaptureError | None = None
        self._sound = SampleClock(microphone.rate)
        self._pictures = PictureClock()
        self._waiting: deque[CameraUnit] = deque(maxlen=HELD)

    @property
    def unit_format(self) -> UnitFormat:
        """Format of the camera's access units."""
        return self._camera.unit_format

    @property
    def holes(self) -> int:
        """Stretches of sound that were lost."""
        return self._sound.holes

    def run(self, put: Put, stop: Event) -> None:
        """Deliver what arrives, in order of its arrival, until ``stop`` or the camera's end.

        ``arrivals`` has the time of ``time.monotonic()`` at which "picture" and "sound" came last.

        Raises
        ------
        CaptureError
            If the camera or the microphone gives nothing, or has gone.
        """
        begun = time.monotonic()
        with self._reading(), self._microphone.listening(self._hear, self._silenced):
            while not stop.is_set():
                self._check(time.monotonic() - begun)
                try:
                    arrived = self._inbox.get(timeout=LOOK_EVERY_S)
                except Empty:
                    continue
                if arrived is None:
                    break
                _deliver(self._placed(arrived), put)
        _deliver(self._sound.finish(), put)

    def close(self) -> None:
        """Let go of the camera, if it has never run."""
        if not self._over.is_set():
            self._camera.close()

    def _placed(self, arrived: CameraUnit | Heard) -> Iterator[Received]:
        if isinstance(arrived, Heard):
            self.arrivals["sound"] = arrived.arrival_s
            yield from self._sound.push(arrived)
        else:
            self.arrivals["picture"] = arrived.arrival_s
            self._pictures.push(arrived.stamp_s, arrived.arrival_s)
            self._waiting.append(arrived)
        while self._sound.settled and self._waiting:
            filmed = self._waiting.popleft()
            pts = self._sound.session(self._pictures.at(filmed.stamp_s))
            yield AccessUnit(pts, filmed.data, filmed.keyframe)

    def _hear(self, heard: Heard) -> None:
        """Take a block, in the driver's thread."""
        heard = Heard(heard.channels, heard.arrival_s, torn=heard.torn or self._torn)
        try:
            self._inbox.put_nowait(heard)
        except Full:
            self.dropped += 1
            self._torn = True
        else:
            self._torn = False

    def _silenced(self) -> None:
        """Remember, in the driver's thread, that the microphone has gone."""
        self._gone = CaptureError(f"microphone {self._microphone.device}: it gives no sound any more; plug it in again")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        thread = Thread(target=self._read_camera, name="take5-camera", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            while not self._inbox.empty():
                self._inbox.get_nowait()
            thread.join(LET_GO_S)
            if not thread.is_alive():
                self._camera.close()

    def _read_camera(self) -> None:
        try:
            for filmed in self._camera.units(self._over):
                self._hand_over(filmed)
        except CaptureError as error:
            self._gone = error
        else:
            self._hand_over(None)

    def _hand_over(self, arrived: Arrived) -> None:
        """Wait until there is room, or the webcam has ended."""
        while not self._over.is_set():
            try:
                self._inbox.put(arrived, timeout=LOOK_EVERY_S)
            except Full:
                continue
            return

    def _check(self, passed_s: float) -> None:
        """Raise if a device has gone, or has not begun."""
        if self._gone is not None:
            raise self._gone
        missing = next((track for track in MISSING if track not in self.arrivals), None)
        if missing is not None and passed_s > BEGIN_S:
            names = {"camera": self._camera.device, "microphone": self._microphone.device}
            raise CaptureError(MISSING[missing].format(**names, s=BEGIN_S))


def _deliver(media: Iterable[Received], put: Put) -> None:
    for item in media:
        put(item)
