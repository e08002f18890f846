"""Headless Chromium whose camera and microphone are a film."""

import shutil
import wave
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from beep_flash import heard
from playwright.sync_api import Page, ViewportSize, sync_playwright

from take5.stream.timeline.clock import fraction

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-dev-shm-usage",
)

SMALL: ViewportSize = {"width": 480, "height": 360}
"""Without a graphics card, the fewer pixels of a page are drawn the better."""


def missing() -> str | None:
    """What is not installed that it needs, or None."""
    return None if _executable() else f"none of {', '.join(BROWSERS)} is installed (apt install chromium)"


def _executable() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def write_camera(film: Path, path: Path) -> Path:
    """Write a film's pictures as Chromium's camera reads them: Y4M, uncompressed, 1.4 MB a picture of 720p.

    At its end the camera begins again, and picture and sound come apart by a frame: the film must be longer than the
    test.
    """
    with av.open(str(film)) as container, path.open("wb") as file:
        stream = container.streams.video[0]
        rate = fraction(stream.average_rate or 25)
        file.write(
            f"YUV4MPEG2 W{stream.width} H{stream.height} F{rate.numerator}:{rate.denominator} Ip A1:1 C420\n".encode()
        )
        for frame in container.decode(stream):
            file.write(b"FRAME\n" + frame.to_ndarray(format="yuv420p").tobytes())
    return path


def write_microphone(film: Path, path: Path) -> Path:
    """Write a film's sound as Chromium's microphone reads it: mono WAV of 16 bits."""
    begin, samples, rate = heard(film)
    silence = np.zeros(max(0, round(begin * rate)))
    pcm = np.rint(np.concatenate([silence, samples]) * 32767).clip(-32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return path


class Chromium:
    """A browser, while it is entered.

    Parameters
    ----------
    camera, microphone : Path
        From :func:`write_camera` and :func:`write_microphone`.
    flags : sequence of str
        More of Chromium's command line.
    """

    def __init__(self, camera: Path, microphone: Path, flags: Sequence[str] = ()) -> None:
        films = (f"--use-file-for-fake-video-capture={camera}", f"--use-file-for-fake-audio-capture={microphone}")
        self._flags = [*FLAGS, *films, *flags]
        self.log: list[str] = []

    def __enter__(self) -> Self:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=_executable(), args=self._flags, chromium_sandbox=False
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._browser.close()
        self._playwright.stop()

    def open(self, url: str, *scripts: str) -> Page:
        """Open a page; scripts run before its own, and what it says on its console goes to ``log``."""
        context = self._browser.new_context(permissions=["camera", "microphone"], viewport=SMALL)
        page = context.new_page()
        page.on("console", lambda message: self.log.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.log.append(f"error: {error}"))
        for script in scripts:
            page.add_init_script(script)
        page.goto(url)
        return page
