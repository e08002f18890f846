"""Stand-ins for devices: a sound server of the tests' own, and a camera and a microphone that are fed in step."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest

from take5.client.pacing import paced

RATE = 48_000
SIZE = (320, 240)
FPS = 25
TICK = RATE // 100
"""Sound is fed in steps of 10 ms; every fourth brings a picture."""

LEVEL, CLICK, TONE_HZ = 0.05, 0.9, 440.0
DARK, BRIGHT = 40, 220

ALSA = "pcm.default { type pulse hint { show on description 'The tests' } }\nctl.default { type pulse }\n"
PULSE = """
load-module module-native-protocol-unix auth-anonymous=1 socket={folder}/native
load-module module-pipe-source source_name=fed file={folder}/sound format=s16le rate=48000 channels=1
load-module module-null-sink sink_name=silent rate=48000 channels=1
set-default-source fed
"""
FLAGS = ("-n", "--daemonize=yes", "--exit-idle-time=-1", "--disable-shm=yes", "--log-level=error")
PATIENCE_S = 30.0


@dataclass
class SoundServer:
    """A PulseAudio of the tests' own, with a microphone that plays what is written to ``sound``, and a silent one."""

    folder: Path
    environment: dict[str, str]

    @property
    def sound(self) -> Path:
        return self.folder / "sound"

    @property
    def silent(self) -> dict[str, str]:
        """The environment of a program that hears silence."""
        return {**self.environment, "PULSE_SOURCE": "silent.monitor"}

    def stop(self) -> None:
        """End it, if it still runs."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)
        with suppress(ConnectionError, FileNotFoundError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(str(self.folder / "native"))
            client.recv(1)  # until it hangs up


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """Run a sound server; without one the test is skipped, or fails in CI."""
    if shutil.which("pulseaudio") is None:
        needs = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        needs("needs PulseAudio (apt-get install pulseaudio libasound2-plugins libportaudio2)")
    (folder / "alsa.conf").write_text(ALSA)
    (folder / "pulse.pa").write_text(PULSE.format(folder=folder))
    places = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DISPLAY", "PULSE_SERVER")},
        **dict.fromkeys(places, str(folder)),
        "PULSE_SERVER": f"unix:{folder}/native",
        "ALSA_CONFIG_PATH": str(folder / "alsa.conf"),
    }
    # The parent of a daemon returns when the daemon is ready.
    command = ["pulseaudio", *FLAGS, "-F", str(folder / "pulse.pa")]
    subprocess.run(command, env=environment, check=True, timeout=PATIENCE_S, capture_output=True)
    server = SoundServer(folder, environment)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def playing(video: Path, server: SoundServer, folder: Path) -> Iterator[None]:
    """Let the silent microphone hear a video's sound."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(video)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    (folder / "sound.raw").write_bytes(3 * b"".join(frame.to_ndarray().astype(np.int16).tobytes() for frame in frames))
    command = ["paplay", "--raw", "--device=silent", f"--rate={RATE}", "--channels=1", "--format=s16le"]
    with subprocess.Popen([*command, str(folder / "sound.raw")], env=server.environment) as player:
        try:
            yield
        finally:
            player.kill()


class Feeder:
    """Feeds a camera and a microphone in step, as fast as time passes, until closed.

    Once a second a bright picture and a click come at the same instant. Between the clicks a tone of 440 Hz is heard.
    """

    def __init__(self, sound: Path, pictures: Path) -> None:
        self._sound, self._pictures = sound, pictures
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="feeder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; a reader that never came is let in."""
        self._over.set()
        with suppress(OSError):
            os.close(os.open(self._pictures, os.O_RDONLY | os.O_NONBLOCK))
        self._thread.join(PATIENCE_S)

    def _feed(self) -> None:
        with suppress(BrokenPipeError), self._sound.open("wb", 0) as sound, self._pictures.open("wb", 0) as pictures:
            pace = paced(time.monotonic, time.sleep)
            tick = 0
            while not self._over.is_set():
                pace(tick * TICK / RATE)  # by now the sound before it has been heard, and the picture is taken
                if tick:
                    _write(sound, tone(tick - 1))
                if tick % 4 == 0:
                    _write(pictures, picture(tick // 4))
                tick += 1


def tone(tick: int) -> bytes:
    """One tick of sound, 16 bits; at whole seconds it begins with a click."""
    first = tick * TICK
    samples = LEVEL * np.sin(2 * np.pi * TONE_HZ / RATE * np.arange(first, first + TICK))
    if first % RATE == 0:
        samples[0] = CLICK
    return bytes((samples * 32767).astype(np.int16).tobytes())


def picture(frame: int) -> bytes:
    """One 4:2:0 picture, bright at whole seconds."""
    width, height = SIZE
    luma = np.full(width * height, BRIGHT if frame % FPS == 0 else DARK, np.uint8)
    luma[: frame % width] = DARK + 1  # so that no two are the same
    return luma.tobytes() + bytes([128]) * (width * height // 2)


def _write(pipe: BinaryIO, data: bytes) -> None:
    while data:
        data = data[pipe.write(data) or 0 :]
