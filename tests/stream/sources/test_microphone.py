"""The microphone and the camera through the real parts: PulseAudio, ALSA, PortAudio, FFmpeg, x264."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from capture_devices import CLICK, FPS, LEVEL, SIZE, TONE_HZ, Feeder, SoundServer, sound_server
from numpy.typing import NDArray
from repository import ROOT

from take5.client.cli import run
from take5.scoring.errors import CaptureError
from take5.stream.sources.webcam import microphone
from take5.stream.sources.webcam.microphone import Microphone, microphones
from take5.stream.sources.webcam.microphone_clock import Heard
from take5.stream.timeline.clock import FLICKS

pytestmark = pytest.mark.waiting

SECONDS = 3
PROGRAM = ROOT / "tests" / "support" / "capture_program.py"
TIMEOUT_S = 60.0
Captured = Mapping[str, NDArray[Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    with sound_server(tmp_path_factory.mktemp("sound")) as running:
        yield running


@pytest.fixture(scope="module")
def captured(server: SoundServer, tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """Three seconds of a camera and a microphone that are fed in step."""
    folder = tmp_path_factory.mktemp("captured")
    pictures = folder / "pictures"
    os.mkfifo(pictures)
    feeder = Feeder(server.sound, pictures)
    command = [sys.executable, str(PROGRAM), str(folder / "out.npz"), str(SECONDS)]
    command += ["rawvideo", str(pictures), "{}x{}".format(*SIZE)]
    try:
        done = subprocess.run(
            command, env=server.environment, timeout=TIMEOUT_S, capture_output=True, text=True, check=False
        )
    finally:
        feeder.close()
    assert done.returncode == 0, done.stderr
    with np.load(folder / "out.npz") as arrays:
        return dict(arrays)


def clicks(captured: Captured) -> NDArray[np.intp]:
    return np.flatnonzero(captured["sound"] > CLICK / 2)


def test_sound_comes_without_a_gap_at_its_rate(captured: Captured) -> None:
    assert captured["rate"] == 48_000
    assert captured["error"] == ""
    assert (captured["block_pts"][1:] == captured["block_end"][:-1]).all()
    assert np.diff(clicks(captured)).tolist() == [48_000] * (len(clicks(captured)) - 1)
    assert len(clicks(captured)) >= SECONDS - 1


def test_the_tone_has_its_pitch_and_its_level_and_no_break(captured: Captured) -> None:
    sound = captured["sound"].astype(np.float64)
    sound[clicks(captured)] = 0.0
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.argmax(spectrum) * 48_000 / len(sound) == pytest.approx(TONE_HZ, abs=0.5)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(LEVEL / np.sqrt(2), rel=0.01)
    at = 2 * np.pi * TONE_HZ / 48_000 * np.arange(len(sound))
    waves = np.stack([np.sin(at), np.cos(at)], axis=1)
    rest = sound - waves @ np.linalg.lstsq(waves, sound, rcond=None)[0]
    assert np.sqrt(np.mean(rest**2)) < 0.01 * LEVEL


def test_picture_and_sound_that_happen_at_once_have_the_same_time(captured: Captured) -> None:
    flashes = captured["picture_pts"][captured["luma"] > 150] / FLICKS
    heard = (captured["block_pts"][0] / FLICKS) + clicks(captured) / 48_000
    errors = [np.min(np.abs(flashes - click)) for click in heard]
    assert len(errors) >= SECONDS - 1
    assert max(errors) < 0.005


def test_a_raw_camera_is_encoded_once_with_a_keyframe_a_second(captured: Captured) -> None:
    assert captured["codec"] == "h264"
    assert len(captured["picture_pts"]) == len(captured["unit_pts"])
    assert (captured["picture_pts"] == captured["unit_pts"]).all()
    assert np.flatnonzero(captured["keyframe"]).tolist() == list(range(0, len(captured["unit_pts"]), FPS))
    steps = np.diff(captured["unit_pts"]) / FLICKS
    assert np.median(steps) == pytest.approx(0.04, abs=0.0005)
    assert steps.min() > 0.035


def test_nothing_is_left_behind(captured: Captured) -> None:
    before, after = captured["held"].tolist()
    assert after == before, "threads, file descriptors"


def test_a_microphone_that_goes_away_is_told_by_its_name(tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    with sound_server(tmp_path) as server:
        command = [sys.executable, str(PROGRAM), str(out), "1000", "lavfi", "testsrc2=s=320x240:r=25,realtime", "0x0"]
        with subprocess.Popen(command, env=server.silent, stdout=subprocess.PIPE, text=True) as capturing:
            assert capturing.stdout is not None
            assert capturing.stdout.readline() == "heard\n"
            server.stop()
            capturing.communicate(timeout=TIMEOUT_S)
    with np.load(out) as arrays:
        assert "microphone default" in str(arrays["error"])
        assert "gives no sound any more; plug it in again" in str(arrays["error"])


def without(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Let the import of sounddevice fail."""
    (folder / "sounddevice.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)


def test_without_portaudio_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without(monkeypatch, tmp_path, "raise OSError('PortAudio library not found')")
    with pytest.raises(CaptureError, match=r"needs PortAudio.*library not found.*apt-get install libportaudio2"):
        Microphone()
    assert run(["webcam", "--list-devices"]) == 1
    assert "apt-get install libportaudio2" in capsys.readouterr().err


def test_when_portaudio_does_not_start_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without(monkeypatch, tmp_path, "class PortAudioError(Exception): ...\nraise PortAudioError('no host')")
    with pytest.raises(CaptureError, match=r"does not start \(no host\); start the sound server"):
        microphones()


class Refused(Exception):
    """What PortAudio raises."""


def fake(monkeypatch: pytest.MonkeyPatch, **calls: Any) -> None:
    """A PortAudio with these answers."""
    devices = [
        {"index": 0, "name": "HDMI", "max_input_channels": 0},
        {"index": 1, "name": "Internal", "max_input_channels": 2, "default_samplerate": 44100.0, "hostapi": 0},
        {"index": 2, "name": "Desk", "max_input_channels": 1, "default_samplerate": 44100.0, "hostapi": 0},
    ]
    module = SimpleNamespace(
        PortAudioError=Refused,
        default=SimpleNamespace(device=[2, 0]),
        query_devices=lambda index=None: devices if index is None else devices[index],
        **{
            "check_input_settings": lambda *_, **__: None,
            "query_hostapis": lambda _: {"name": "ALSA"},
            **calls,
        },
    )
    monkeypatch.setattr(microphone, "sounddevice", lambda: module)


def test_the_systems_default_comes_first_and_outputs_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch)
    assert [device.name for device in microphones()] == ["Desk", "Internal"]
    assert str(Microphone()) == "Desk, 48000 Hz"
    assert Microphone("inter").device.address == "1"
    with pytest.raises(CaptureError, match=r"microphone 'studio': no microphone has this number or name; .*--list"):
        Microphone("studio")


def test_the_rate_and_the_channels_are_those_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def takes(_index: int, channels: int, _type: str, samplerate: int) -> None:
        if (channels, samplerate) != (2, 44100):
            raise Refused(f"{channels} channels at {samplerate}")

    fake(monkeypatch, check_input_settings=takes)
    chosen = Microphone()
    assert (chosen.rate, chosen.channels) == (44100, 2)


def test_a_microphone_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(**_: Any) -> None:
        raise Refused("Device unavailable [PaErrorCode -9985]", -9985)

    fake(monkeypatch, InputStream=busy)
    refusal = r"microphone Desk \(2\): it cannot be opened \(Device unavailable .*close what uses it"
    with pytest.raises(CaptureError, match=refusal), Microphone().listening(lambda _: None, lambda: None):
        pass


@pytest.mark.parametrize(("host", "on_its_way"), [("Core Audio", 0.04), ("ALSA", 0.0)])
def test_what_the_driver_says_of_a_block_is_told(monkeypatch: pytest.MonkeyPatch, host: str, on_its_way: float) -> None:
    heard: list[Heard] = []

    class Stream:
        def __init__(self, *, callback: Any, channels: int, blocksize: int, **_: Any) -> None:
            self._callback, self._shape = callback, (blocksize, channels)

        def start(self) -> None:
            buffer = np.full(self._shape, 0.25, np.float32)
            times = SimpleNamespace(currentTime=10.0, inputBufferAdcTime=9.95)
            for overflow in (False, True):
                self._callback(buffer, len(buffer), times, SimpleNamespace(input_overflow=overflow))
            buffer[:] = np.nan  # the driver uses its memory again

        def close(self) -> None:
            pass

    fake(monkeypatch, InputStream=Stream, query_hostapis=lambda _: {"name": host})
    monkeypatch.setattr(microphone, "time", SimpleNamespace(monotonic=lambda: 77.0))
    with Microphone().listening(heard.append, lambda: None):
        pass
    assert [block.torn for block in heard] == [False, True]
    assert [block.arrival_s for block in heard] == pytest.approx([77.0 - on_its_way] * 2)
    assert [block.channels.shape for block in heard] == [(1, 480)] * 2
    assert all((block.channels == 0.25).all() for block in heard)
