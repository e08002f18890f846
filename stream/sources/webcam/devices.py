"""Which cameras there are, and which of them a name or number selects."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from take5.scoring.errors import CaptureError

DRIVERS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
V4L2_CLASS = Path("/sys/class/video4linux")
LISTING = "take5 webcam --list-devices shows what there is"


@dataclass(frozen=True)
class Device:
    """A camera or a microphone: what opens it, and what a person calls it."""

    address: str
    name: str

    def __str__(self) -> str:
        """Return both, once where they are the same."""
        return self.name if self.name == self.address else f"{self.name} ({self.address})"


def default_driver() -> str:
    """FFmpeg's name of what gives pictures on this system."""
    if sys.platform not in DRIVERS:
        raise CaptureError(f"no camera driver is known for {sys.platform}; name one of FFmpeg's with --driver")
    return DRIVERS[sys.platform]


def cameras(driver: str) -> list[Device]:
    """Cameras that a driver has, in its order; none where it cannot list them."""
    if driver == "v4l2":
        return v4l2_cameras()
    listing = getattr(av, "enumerate_input_devices", None)  # PyAV has it since 17
    if listing is None:
        return []
    try:
        found = listing(driver)
    except (av.FFmpegError, ValueError):
        return []
    return [Device(info.name, info.description) for info in found if "audio" not in info.media_types]


def v4l2_cameras(folder: Path = V4L2_CLASS) -> list[Device]:
    """Nodes of the kernel that give pictures; a camera's further nodes give numbers about them."""
    nodes = sorted(folder.glob("video*"), key=lambda node: int(re.sub(r"\D", "", node.name) or 0))
    return [Device(f"/dev/{node.name}", _line(node / "name") or node.name) for node in nodes if _first(node)]


def _first(node: Path) -> bool:
    return _line(node / "index") in ("", "0")


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def choose(kind: str, devices: Sequence[Device], wanted: str | None) -> Device:
    """Return the device that ``wanted`` means: its number in the list, its address, or a part of its name.

    Parameters
    ----------
    kind : str
        "camera" or "microphone", for the error.
    devices : sequence of Device
        What there is.
    wanted : str, optional
        By default the first is meant.

    Raises
    ------
    CaptureError
        If there is none, or not just one that fits.
    """
    if not devices:
        raise CaptureError(f"no {kind} was found; plug one in, or allow this program to use it")
    if wanted is None:
        return devices[0]
    if wanted.isdecimal() and int(wanted) < len(devices):
        return devices[int(wanted)]
    fitting = [device for device in devices if device.address == wanted]
    fitting = fitting or [device for device in devices if wanted.casefold() in device.name.casefold()]
    if len(fitting) != 1:
        text = "no" if not fitting else f"more than one ({', '.join(map(str, fitting))})"
        raise CaptureError(f"{kind} {wanted!r}: {text} {kind} has this number or name; {LISTING}")
    return fitting[0]


def chosen_camera(driver: str, wanted: str | None) -> Device:
    """Return the camera that ``wanted`` means; what a driver cannot list is taken as the address itself."""
    named = wanted is not None and ("/" in wanted or "=" in wanted or driver not in DRIVERS.values())
    if named and wanted is not None:
        return Device(wanted, wanted)
    found = cameras(driver)
    if wanted is not None and not found and driver != "v4l2":
        return Device(wanted, wanted)
    if driver not in DRIVERS.values():
        raise CaptureError(f"driver {driver} has no camera of its own; say with --camera what it should open")
    return choose("camera", found, wanted)
