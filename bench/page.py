"""Waiting times at the page, and the sync of picture and sound in the clip.

``PYTHONPATH=tests/support python -m bench.page [--count 4]``: real Chromium on the real page, its camera and
microphone fed with a talker that flashes and beeps. Prints the seconds from the click on Start to the first score
that is shown, and by how many milliseconds the sound was late as the browser captured it, as it was received, and
in the clip.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path
from statistics import median

import beep_flash
from whip_clients import witness
from whip_clients.chromium import Chromium, write_camera, write_microphone
from whip_clients.server import Server

SIZE, FILM_S, RECORD_S = (1280, 720), 20, 10
RULES = ("--stop-at", "0", "--stop-gain", "0", "--stop-cap", str(RECORD_S))
WAIT_S = 30.0


def late_ms(file: Path) -> float:
    """Lag of a file's sound, measured at the middle of its beeps."""
    return median(pair.error_ms for pair in beep_flash.pairs(file))


def capture(server: Server, camera: Path, microphone: Path) -> str:
    """Record on the page until it stops by itself, and return the measurements."""
    with Chromium(camera, microphone) as browser:
        page = browser.open(server.url, witness.SCRIPT)
        page.wait_for_selector("#start:enabled")
        with page.expect_request(lambda request: "/whip/" in request.url and request.method == "POST") as asked:
            clicked = time.monotonic()
            page.click("#start")
        page.locator("#number-overall", has_text=re.compile(r"\d")).wait_for()
        shown = time.monotonic() - clicked
        page.wait_for_selector("body[data-stage=result]")
        event = server.last_event(asked.value.url.partition("?")[0].rpartition("/")[2], WAIT_S)
        captured = median(pair.error_ms for pair in witness.captured(page))
    if event["type"] != "clip":
        return f"first score after {shown:.2f} s; no clip: {event['text']}"
    folder = Path(event["path"])
    received, clip = late_ms(folder / "source.mp4"), late_ms(folder / "clip.mp4")
    late = f"captured {captured:.2f}, received {received:.2f}, clip {clip:.2f} ms"
    return f"first score after {shown:.2f} s; sound late: {late}"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=4)
    count: int = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = beep_flash.talker(folder / "talker.mkv", FILM_S, SIZE)
        camera = write_camera(video, folder / "camera.y4m")
        microphone = write_microphone(video, folder / "microphone.wav")
        with Server(folder / "captures", RULES) as server:
            for _ in range(count):
                print(capture(server, camera, microphone), flush=True)


if __name__ == "__main__":
    main()
