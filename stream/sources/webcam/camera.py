"""A camera, opened with FFmpeg's drivers: V4L2, AVFoundation, DirectShow, or any other input by its name."""

import errno
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.container import InputContainer

from take5.scoring.errors import CaptureError
from take5.stream.ffmpeg.container import frame_duration, reason
from take5.stream.sources.webcam.devices import LISTING, Device, chosen_camera, default_driver
from take5.stream.sources.webcam.encoder import CameraUnit, UnitMaker

RETRY_S = 0.005
"""Delay before a driver that does not wait for a picture is asked again."""

FAST_FPS = 20.0
"""Slower than this at the size that was asked for, a camera without compression is tried at a smaller one."""

SMALL = (640, 480)

Options = dict[str, str]

CURES = {
    errno.ENOENT: f"there is no such camera; {LISTING}",
    errno.ENODEV: f"there is no such camera; {LISTING}",
    errno.EACCES: "it may not be used by you; join the group 'video' (sudo usermod -aG video $USER) and log in again",
    errno.EPERM: "it may not be used by you; allow it in the system's settings of privacy",
    errno.EBUSY: "another program uses it; close that program",
}
"""What to do, by the system's number of an error."""


@dataclass(frozen=True)
class Wanted:
    """What a camera is asked for.

    Attributes
    ----------
    driver : str, optional
        FFmpeg's name of an input; by default the system's own for cameras.
    camera : str, optional
        Number, address, or part of a name; by default the first.
    size : tuple of int
        Width and height in pixels.
    fps : float
        Pictures a second.
    """

    driver: str | None = None
    camera: str | None = None
    size: tuple[int, int] = (1280, 720)
    fps: float = 30.0


class Camera:
    """An open camera.

    Raises
    ------
    CaptureError
        If it is not there, or cannot be opened.
    """

    def __init__(self, wanted: Wanted) -> None:
        driver = wanted.driver or default_driver()
        self.device = chosen_camera(driver, wanted.camera)
        self._container = _opened(driver, self.device, wanted)
        video = self._container.streams.video
        if not video:
            self._container.close()
            raise CaptureError(f"camera {self.device}: it gives no pictures; choose another with --camera")
        self._stream = video[0]
        self._maker = UnitMaker(self._stream)
        self.unit_format = self._maker.unit_format
        self.size = self._stream.width, self._stream.height
        self.fps = float(1 / frame_duration(self._stream))

    def __str__(self) -> str:
        """Return its name, and what it gives."""
        return f"{self.device.name}, {self.size[0]}x{self.size[1]} at {self.fps:g} fps"

    def units(self, stop: threading.Event) -> Iterator[CameraUnit]:
        """Yield what it gives, as it comes, until ``stop`` or its end.

        Raises
        ------
        CaptureError
            If it gives nothing any more.
        """
        packets = self._container.demux(self._stream)
        while not stop.is_set():
            try:
                packet = next(packets, None)
            except BlockingIOError:
                packets = self._container.demux(self._stream)
                stop.wait(RETRY_S)
                continue
            except (av.FFmpegError, OSError) as error:
                text = f"camera {self.device}: it gives no pictures any more ({reason(error)}); plug it in again"
                raise CaptureError(text) from error
            if packet is None:
                return
            if packet.size:
                yield from self._maker.make(packet, time.monotonic())

    def close(self) -> None:
        """Release it; no thread may be reading from it."""
        self._container.close()


def _opened(driver: str, device: Device, wanted: Wanted) -> InputContainer:
    """Open the camera in the first way that it takes."""
    refusal: Exception | None = None
    attempts = _attempts(driver, wanted)
    for options in attempts:
        try:
            container = av.open(_address(driver, device), "r", format=driver, options=options)
        except (av.FFmpegError, OSError, ValueError) as error:
            refusal = error
            if getattr(error, "errno", None) in CURES:
                break
        else:
            if options is attempts[-1] or _fast(container):
                return container
            container.close()
    raise _refused(driver, device, wanted, refusal) from refusal


def _attempts(driver: str, wanted: Wanted) -> list[Options]:
    """In which ways a camera is asked, the preferred one first.

    Over USB 2 most cameras give 720p at 25 fps and more only as MJPEG; H.264 comes with keyframes as the camera likes.
    """
    if driver == "lavfi":
        return [{}]
    usual = {"video_size": "{}x{}".format(*wanted.size), "framerate": f"{wanted.fps:g}"}
    if driver == "v4l2":
        small = {**usual, "video_size": "{}x{}".format(*SMALL)}
        return [{**usual, "input_format": "mjpeg"}, {**usual, "input_format": "h264"}, usual, small]
    if driver == "dshow":
        return [{**usual, "rtbufsize": "100M"}]
    return [usual]


def _address(driver: str, device: Device) -> str:
    if driver == "avfoundation":
        return f"{device.address}:none"
    if driver == "dshow" and "=" not in device.address:
        return f"video={device.address}"
    return device.address


def _fast(container: InputContainer) -> bool:
    return all(1 / frame_duration(stream) >= FAST_FPS for stream in container.streams.video)


def _refused(driver: str, device: Device, wanted: Wanted, error: Exception | None) -> CaptureError:
    number = getattr(error, "errno", None)
    if isinstance(error, ValueError) and not isinstance(error, av.FFmpegError):
        text = f"FFmpeg has no driver {driver!r} here; leave --driver out"
    elif number in CURES:
        text = CURES[number]
    elif driver == "lavfi":
        text = f"FFmpeg cannot make pictures of it ({reason(error) if error else ''}); check the filter graph"
    else:
        size = "{}x{}".format(*wanted.size)
        why = "too slow" if error is None else reason(error)
        text = f"it does not give {size} at {wanted.fps:g} fps ({why}); choose another --size or --fps"
    return CaptureError(f"camera {device}: {text}")
