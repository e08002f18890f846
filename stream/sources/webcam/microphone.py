"""A microphone, through PortAudio (sounddevice), which is loaded late: without it everything else works."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from take5.scoring.errors import CaptureError
from take5.stream.sources.webcam.devices import LISTING, Device, choose
from take5.stream.sources.webcam.microphone_clock import Heard

PREFERRED_RATE = 48_000
BLOCK_S = 0.01
"""Sound comes in blocks of this length; through a sound server, times are uncertain by one of them."""

LATENCY_S = 0.1
"""How much the driver may hold for us when we are late; it delays nothing."""

STAMPED_HOSTS = ("Core Audio", "Windows WASAPI")
"""Where PortAudio knows when sound was captured. Through PulseAudio its times are off by half a second."""

BELIEVABLE_S = 1.0

Ended = Callable[[], None]
"""Called from the driver's thread when nothing more will come."""


def sounddevice() -> ModuleType:
    """Return the module.

    Raises
    ------
    CaptureError
        If PortAudio is missing, or does not start.
    """
    try:
        import sounddevice as module  # type: ignore[import-untyped] # it has no types
    except OSError as error:
        text = "install it: apt-get install libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora)"
        raise CaptureError(f"the microphone needs PortAudio, which is not here ({error}); {text}") from error
    except Exception as error:
        if type(error).__name__ != "PortAudioError":  # the class has no name here: its module may not have loaded
            raise
        text = f"PortAudio does not start ({error}); start the sound server, then try again"
        raise CaptureError(text) from error
    return module  # type: ignore[no-any-return]


def microphones() -> list[Device]:
    """Microphones that PortAudio has, the system's default first; the address is PortAudio's number.

    Raises
    ------
    CaptureError
        If PortAudio is missing, or does not start.
    """
    module = sounddevice()
    default = module.default.device[0]
    found = [
        Device(str(info["index"]), info["name"]) for info in module.query_devices() if info["max_input_channels"] > 0
    ]
    return sorted(found, key=lambda device: device.address != str(default))


class Microphone:
    """A microphone that can be listened to.

    Parameters
    ----------
    wanted : str, optional
        Its number in the list, or a part of its name; by default the system's default.

    Raises
    ------
    CaptureError
        If it is not there, or PortAudio is not.
    """

    def __init__(self, wanted: str | None = None) -> None:
        self._module = sounddevice()
        self.device = choose("microphone", microphones(), wanted)
        self._index = int(self.device.address)
        info = self._module.query_devices(self._index)
        self._stamped = self._module.query_hostapis(info["hostapi"])["name"] in STAMPED_HOSTS
        self.rate, self.channels = self._setting(round(info["default_samplerate"]))

    def __str__(self) -> str:
        """Return its name, and what it gives."""
        return f"{self.device.name}, {self.rate} Hz"

    def _setting(self, usual: int) -> tuple[int, int]:
        """Return the first rate and number of channels that the device takes."""
        for rate in dict.fromkeys((PREFERRED_RATE, usual)):
            for channels in (1, 2):
                try:
                    self._module.check_input_settings(self._index, channels, "float32", samplerate=rate)
                except self._module.PortAudioError as error:
                    refusal = error
                else:
                    return rate, channels
        raise self._refused(refusal) from refusal

    @contextmanager
    def listening(self, hear: Callable[[Heard], None], ended: Ended) -> Iterator[None]:
        """Listen: ``hear`` is called from the driver's thread with every 10 ms, and must not wait.

        Raises
        ------
        CaptureError
            If it cannot be opened.
        """
        over = False

        def callback(sound: NDArray[np.float32], _count: int, times: Any, status: Any) -> None:
            arrival_s = time.monotonic() - self._held_back(len(sound), times)
            hear(Heard(sound.T.copy(), arrival_s, bool(status.input_overflow)))

        def finished() -> None:
            if not over:
                ended()

        stream = self._open(callback, finished)
        try:
            yield
        finally:
            over = True
            stream.close()

    def _open(self, callback: Callable[..., None], finished: Ended) -> Any:
        stream = None
        try:
            stream = self._module.InputStream(
                samplerate=self.rate,
                blocksize=round(self.rate * BLOCK_S),
                device=self._index,
                channels=self.channels,
                dtype="float32",
                latency=LATENCY_S,
                callback=callback,
                finished_callback=finished,
            )
            stream.start()
        except self._module.PortAudioError as error:
            if stream is not None:
                stream.close()
            raise self._refused(error) from error
        return stream

    def _held_back(self, count: int, times: Any) -> float:
        """How long the end of a block has been on its way, in seconds, where PortAudio knows it."""
        age = float(times.currentTime - times.inputBufferAdcTime) - count / self.rate
        return age if self._stamped and 0.0 <= age < BELIEVABLE_S else 0.0

    def _refused(self, error: Exception) -> CaptureError:
        text = f"it cannot be opened ({error.args[0] if error.args else error})"
        return CaptureError(f"microphone {self.device}: {text}; close what uses it, or choose another: {LISTING}")
