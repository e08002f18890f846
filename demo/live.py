"""The main job end to end: ``python -m demo.live VIDEO OUT``.

A server, a sender that films the video in real time, and a page that shows it: until the recording stops by itself and
the clip is on disk. The page's address is printed; what the server says is printed, too.
"""

import argparse
import json
import os
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from take5.client.terminal import json_event_line

NAME = "demo"
TAKE5 = [sys.executable, "-m", "take5.client.cli"]
NO_DISPLAY = sys.platform.startswith("linux") and not os.environ.get("DISPLAY")


@contextmanager
def server(output: Path) -> Iterator[str]:
    """Run ``take5 serve`` on a free port; give its address."""
    with subprocess.Popen(
        [*TAKE5, "serve", "--port", "0", "-o", str(output)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it is piped
            first = process.stdout.readline().split()
            if not first:
                sys.exit("demo: the server did not start")
            yield first[-1]
        finally:
            process.terminate()


def film(video: Path, address: str) -> str | None:
    """Send a video, print what the server says, and return the clip's folder; None if there is no clip."""
    sending = [*TAKE5, "push", f"{address}/whip/{NAME}", str(video), "--json"]
    folder = None
    with subprocess.Popen(sending, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it is piped
        for text in process.stdout:
            event = json.loads(text)
            if line := json_event_line(event):
                print(line, flush=True)
            if event["type"] == "clip":
                folder = event["path"]
    return folder if process.returncode == 0 else None


def main() -> None:
    """Film, and say where the clip is and whether it is the one that the talker was made for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    with server(options.output) as address:
        page = f"{address}/#session={NAME}"
        print(f"watch it at {page}")
        if not NO_DISPLAY:
            webbrowser.open(page)
        folder = film(options.video, address)
    if folder is None:
        sys.exit("demo: there is no clip")
    report = Path(folder, "report.json")
    subprocess.run(
        [sys.executable, "-m", "demo.verdict", str(options.video.with_suffix(".truth.json")), str(report)], check=True
    )
    for name in ("clip.mp4", "report.html"):
        print(Path(folder, name))


if __name__ == "__main__":
    main()
