"""Takes of a platform's sessions that are only files and reports."""

from pathlib import Path
from typing import Any

import httpx
from platform_server import Json, Program
from serving import Served, eventually

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Bundled, ClipReady, Event, Reported, Stopped
from take5.stream.server.watch import CaptureReport, CaptureState, ended


class Shop:
    """A platform's server with takes that are only files and reports."""

    def __init__(self, server: Served, program: Program, output: Path) -> None:
        self.server, self.program, self.output = server, program, output

    def take(self, session: Json, name: str, *, over: bool = True) -> Path:
        """Make a take of a session with two lengths, a bundle and a report."""
        folder = self.output / f"20300101-000000-{session['id']}{name}"
        bundle = folder / "raw" / "ann"
        (bundle / "pictures").mkdir(parents=True)
        (bundle / "pictures" / "0.jpg").write_bytes(b"jpeg" * 400_000)
        (bundle / "manifest.json").write_text("{}")
        (bundle / "link").symlink_to("/etc/passwd")
        for file in ("clip.mp4", "clip-10s.mp4", "report.html", "source.mp4", "deliveries.json"):
            (folder / file).write_bytes(f"{file} {name}".encode())
        watch = self.server.sessions.watch
        happened = events(folder, bundle, session["id"])
        for event in (None, *happened):
            watch.report(session["id"], CaptureReport(CaptureState.LIVE, folder, event))
        if over:
            watch.report(session["id"], ended(happened[1], folder))
        state = "done" if over else "live"
        assert eventually(lambda: self._states(session).get(str(folder)) == state, 10)
        assert self.program.show(session["id"])["state"] == state
        return folder

    def _states(self, session: Json) -> dict[str, str]:
        return {take["folder"]: take["state"] for take in self.get(session, "/takes").json()["takes"]}

    def get(self, session: Json, path: str) -> httpx.Response:
        return self.program.request("GET", f"/{session['id']}{path}")

    def post(self, session: Json, path: str, **body: Any) -> httpx.Response:
        return self.program.request("POST", f"/{session['id']}{path}", json=body)

    def as_person(self, session: Json, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {session['secrets']['person']}"}
        address = f"{self.server.address}/api/sessions/{session['id']}{path}"
        return httpx.request(method, address, headers=headers, **options)


def events(folder: Path, bundle: Path, session: str) -> list[Event]:
    def clip(frames: int, *names: str) -> ClipReady:
        files = {name: f"api/sessions/{session}/{name}" for name in names}
        score = WindowScore(50, 140.0, Motion(0.1, 0.2, 0.05, mouth_moves=True), 1)
        return ClipReady(400, score, frames, str(folder), files, ("raw",), report=True)

    return [
        Stopped(400, Stop(StopRule.ENDED)),
        clip(125, "clip.mp4", "source.mp4"),
        clip(250, "clip-10s.mp4"),
        Bundled(400, "raw", str(bundle), 138, 125, ("few frames",), window_frames=125),
        Bundled(400, "synctalk", error="no face", window_frames=125),
        Reported(400, {"report.html": f"api/sessions/{session}/report.html"}),
    ]
