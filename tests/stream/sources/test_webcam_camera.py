"""Cameras: which is meant, how it is opened, what its packets become, and what is said when it cannot be."""

import errno
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.container import InputContainer

from take5.scoring.errors import CaptureError
from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.sources.webcam.camera import Camera, Wanted
from take5.stream.sources.webcam.devices import Device, choose, chosen_camera, v4l2_cameras
from take5.stream.sources.webcam.encoder import CameraUnit
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit

pytestmark = pytest.mark.waiting

FLASHING = "testsrc2=size=322x242:rate=30,format=yuyv422,realtime"
DEVICES = [Device("/dev/video0", "HD Webcam"), Device("/dev/video2", "HD Capture"), Device("/dev/video4", "Desk")]


def filmed(camera: Camera, count: int) -> list[CameraUnit]:
    """The first pictures of a camera, which is closed then."""
    stop = threading.Event()
    units = []
    for unit in camera.units(stop):
        units.append(unit)
        if len(units) == count:
            stop.set()
    camera.close()
    return units


def access_units(units: list[CameraUnit]) -> list[AccessUnit]:
    return [AccessUnit(round(unit.stamp_s * FLICKS), unit.data, unit.keyframe) for unit in units]


def test_raw_pictures_are_encoded_once_and_at_once() -> None:
    camera = Camera(Wanted("lavfi", FLASHING))
    assert (camera.size, camera.fps, str(camera)) == ((322, 242), 30.0, f"{FLASHING}, 322x242 at 30 fps")
    units = filmed(camera, 45)
    assert camera.unit_format.codec == "h264"
    assert [n for n, unit in enumerate(units) if unit.keyframe] == [0, 30]
    assert np.diff([unit.stamp_s for unit in units]) == pytest.approx(1 / 30)
    late = np.array([unit.arrival_s - unit.stamp_s for unit in units])
    assert np.median(late - late.min()) < 0.02
    shown = list(decode_units(access_units(units), camera.unit_format))
    assert [frame.pts for frame in shown] == [unit.pts for unit in access_units(units)]
    with av.open(FLASHING.replace(",realtime", ",format=rgb24"), format="lavfi") as source:
        for truth, frame in zip(source.decode(video=0), shown, strict=False):
            error = truth.to_ndarray(format="rgb24").astype(np.float64) - frame.picture.rgb()
            assert np.mean(error**2) < 65.025, "30 dB, which the chroma's 4:2:0 leaves of such colours"


def encoded(path: Path, codec: str, container: str, **options: str) -> Path:
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 320, 240
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        rng = np.random.default_rng(1)
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (240, 320, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("codec", "container", "options", "keyframes"),
    [("mjpeg", "avi", {}, 1), ("libx264", "mpegts", {"g": "25", "bf": "0", "sc_threshold": "0"}, 25)],
)
def test_what_a_camera_has_encoded_is_passed_on_as_it_is(
    tmp_path: Path, codec: str, container: str, options: dict[str, str], keyframes: int
) -> None:
    path = encoded(tmp_path / "camera", codec, container, **options)
    camera = Camera(Wanted(container, str(path)))
    units = filmed(camera, 10_000)
    with av.open(str(path), format=container) as source:
        sent = [bytes(packet) for packet in source.demux(video=0) if packet.size]
    assert [unit.data for unit in units] == sent
    assert camera.unit_format.codec == codec.removeprefix("lib").replace("x264", "h264")
    assert [n for n, unit in enumerate(units) if unit.keyframe] == list(range(0, 60, keyframes))
    assert len(list(decode_units(access_units(units[25:]), camera.unit_format))) == 35


def test_a_camera_is_asked_for_mjpeg_first_and_for_raw_pictures_last(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def opening(_address: str, _mode: str, format: str, options: dict[str, str]) -> Any:  # noqa: A002 - PyAV's name
        assert format == "v4l2"
        asked.append(options)
        if "input_format" in options:
            raise av.error.ArgumentError(errno.EINVAL, "Invalid argument", "/dev/video0")
        rate = 10 if options["video_size"] == "1280x720" else 30
        return real(f"testsrc2=size={options['video_size']}:rate={rate}", format="lavfi")

    real = av.open
    monkeypatch.setattr(av, "open", opening)
    camera = Camera(Wanted("v4l2", "/dev/video0"))
    camera.close()
    assert [options.get("input_format") for options in asked] == ["mjpeg", "h264", None, None]
    assert {options["framerate"] for options in asked} == {"30"}
    assert (camera.size, camera.fps) == ((640, 480), 30.0), "at 720p it gave 10 fps"


def refusing(number: int) -> Callable[..., Any]:
    def opening(*_: Any, **__: Any) -> Any:
        kinds = {errno.EACCES: av.error.PermissionError, errno.EINVAL: av.error.ArgumentError}
        raise kinds.get(number, av.error.OSError)(number, "the reason", "/dev/video0")

    return opening


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, r"camera /dev/video0: it may not be used by you; join the group 'video'"),
        (errno.EBUSY, r"camera /dev/video0: another program uses it; close that program"),
        (
            errno.EINVAL,
            r"camera /dev/video0: it does not give 1280x720 at 30 fps \(the reason\); choose another --size",
        ),
    ],
)
def test_a_camera_that_refuses_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    monkeypatch.setattr(av, "open", refusing(number))
    with pytest.raises(CaptureError, match=text):
        Camera(Wanted("v4l2", "/dev/video0"))


@pytest.mark.parametrize(
    ("driver", "address", "text"),
    [
        ("v4l2", "/dev/video99", r"camera /dev/video99: there is no such camera; take5 webcam --list-devices"),
        ("v4l2", "/dev/null", r"camera /dev/null: it does not give 1280x720 at 30 fps \(Inappropriate ioctl"),
        ("lavfi", "nosuchfilter", r"FFmpeg cannot make pictures of it \(Filter not found\); check the filter graph"),
        ("lavfi", "sine", r"camera sine: it gives no pictures; choose another with --camera"),
        ("nosuchdriver", "x", r"FFmpeg has no driver 'nosuchdriver' here; leave --driver out"),
        ("lavfi", None, r"driver lavfi has no camera of its own; say with --camera what it should open"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")
def test_what_is_no_camera_is_refused_with_what_to_do(driver: str, address: str | None, text: str) -> None:
    with pytest.raises(CaptureError, match=text):
        Camera(Wanted(driver, address))


class Faulty:
    """A container whose driver fails so often before it delivers."""

    def __init__(self, real: InputContainer, *errors: Exception) -> None:
        self._real, self._errors = real, list(errors)

    def demux(self, stream: av.VideoStream) -> Iterator[AnyPacket]:
        if self._errors:
            raise self._errors.pop(0)
        yield from self._real.demux(stream)


def test_a_driver_that_does_not_wait_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(Wanted("lavfi", FLASHING))
    again = av.error.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    with monkeypatch.context() as patched:
        patched.setattr(camera, "_container", Faulty(camera._container, again, again))
        assert next(camera.units(threading.Event())).keyframe
    camera.close()


def test_a_camera_that_is_unplugged_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(Wanted("lavfi", FLASHING))
    gone = av.error.OSError(errno.ENODEV, "No such device")
    text = r"camera testsrc2.*: it gives no pictures any more \(No such device\); plug it in again"
    with monkeypatch.context() as patched:
        patched.setattr(camera, "_container", Faulty(camera._container, gone))
        with pytest.raises(CaptureError, match=text):
            next(camera.units(threading.Event()))
    camera.close()


def test_cameras_of_linux_are_listed_without_their_further_nodes(tmp_path: Path) -> None:
    for node, name, index in (
        ("video10", "Desk\n", "0"),
        ("video0", "HD Webcam\n", "0"),
        ("video1", "HD Webcam\n", "1"),
    ):
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text(name)
        (tmp_path / node / "index").write_text(index)
    assert [str(device) for device in v4l2_cameras(tmp_path)] == ["HD Webcam (/dev/video0)", "Desk (/dev/video10)"]
    assert v4l2_cameras(tmp_path / "none") == []


def test_a_camera_is_meant_by_its_number_address_or_a_part_of_its_name() -> None:
    assert choose("camera", DEVICES, None) is DEVICES[0]
    assert choose("camera", DEVICES, "1") is DEVICES[1]
    assert choose("camera", DEVICES, "/dev/video4") is DEVICES[2]
    assert choose("camera", DEVICES, "desk") is DEVICES[2]
    with pytest.raises(CaptureError, match=r"camera 'hd': more than one \(HD Webcam .*\) camera has this"):
        choose("camera", DEVICES, "hd")
    with pytest.raises(CaptureError, match=r"camera '7': no camera has this number or name; take5 webcam --list"):
        choose("camera", DEVICES, "7")
    with pytest.raises(CaptureError, match=r"no camera was found; plug one in"):
        choose("camera", [], None)


def test_a_system_without_a_known_driver_is_told_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")
    with pytest.raises(CaptureError, match="no camera driver is known for plan9; name one of FFmpeg's with --driver"):
        Camera(Wanted())


def test_what_a_driver_cannot_list_is_taken_as_the_address() -> None:
    assert chosen_camera("avfoundation", "1") == Device("1", "1")
    assert chosen_camera("dshow", "video=Integrated Camera") == Device(*["video=Integrated Camera"] * 2)
