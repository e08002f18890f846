"""Cost of preparing bundles in the background: ``PYTHONPATH=tests/support:src python -m bench.preparing VIDEO``.

A server (``take5 serve --for TRAINER``) captures the video for ten seconds. Printed are the medians of the runs: the
CPU seconds of each step of the preparation, in a process of its own (``--parts steps``), and from the stop on the
seconds until clip, bundle and preparation are told (``alone``). With ``beside`` another capture goes on meanwhile: how
late its scores come, against its earliest one, during the preparation and while nothing else goes on.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from killing import TAKE5, Followed, follow, sending, serving

CAP_S, BESIDE_S = 10, 75
QUIET_S = 12
"""How long the other capture goes on by itself, before and after."""

PATIENCE_S = 120.0
PARTS = ("steps", "alone", "beside")


def wait_for(followed: Followed, kind: str) -> float:
    """Wait for an event of a type; return when it was told."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := followed.of(kind):
            return found[0][0]
        time.sleep(0.02)
    raise TimeoutError(kind)


def alone(video: Path, options: list[str]) -> dict[str, float]:
    """Seconds from the stop of a capture until clip, bundle and preparation are told."""
    with TemporaryDirectory() as folder, serving(Path(folder), *options, "--stop-cap", str(CAP_S)) as server:
        followed = follow(server.address, "ann")
        with sending(server.address, "ann", video):
            stopped = wait_for(followed, "stopped")
            told = {kind: wait_for(followed, kind) - stopped for kind in ("clip", "bundle", "prepared")}
        for _, event in followed.of("prepared"):
            print(f"  made {event['made']}, left {len(event['left'])}: {event['error'] or 'no error'}")
    return told


def beside(video: Path, options: list[str]) -> tuple[list[float], list[float], int]:
    """How late the scores of a capture come by itself, and during a preparation; windows not analysed then."""
    with TemporaryDirectory() as folder, serving(Path(folder), *options, "--stop-cap", str(BESIDE_S)) as server:
        other, one = follow(server.address, "bea"), follow(server.address, "ann")
        with sending(server.address, "bea", video):
            wait_for(other, "best")
            time.sleep(QUIET_S)
            joined = time.monotonic()
            with sending(server.address, "ann", video):
                wait_for(one, "best")
                time.sleep(3)
                httpx.post(f"{server.address}/api/sessions/ann/end").raise_for_status()
                begun = wait_for(one, "bundle")
            ended = wait_for(one, "prepared")
            time.sleep(QUIET_S)
    windows = [(at, event) for at, event in other.of("progress") if event["window"]]
    least = min(at - event["time_s"] for at, event in windows)
    during = [(at - event["time_s"] - least, event) for at, event in windows if begun <= at <= ended]
    others = [at - event["time_s"] - least for at, event in windows if at < joined or at > ended]
    unseen = sum(event["window"]["eligible"] is None for _, event in during)
    return others, [late for late, _ in during], unseen


def steps(folder: Path) -> dict[str, float]:
    """CPU seconds of the steps of one preparation in this process, and the largest resident set."""
    from take5.stream.bundles.masks.preparation import Masks
    from take5.stream.bundles.preparation import action_units, head_pose, prepare
    from take5.stream.preparing.bundle import prepare_fully
    from take5.stream.preparing.models import face_model

    spent: dict[str, float] = {"imports": time.process_time()}

    def timed(name: str, owner: Any, function: str) -> None:
        original = getattr(owner, function)

        def call(*args: Any, **options: Any) -> Any:
            since = time.process_time()
            try:
                return original(*args, **options)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - since

        setattr(owner, function, call)

    timed("faces", prepare, "see_pictures")
    timed("poses", head_pose.HeadPoseFiles, "write")
    timed("of these PyTorch", head_pose, "stored_tensors")
    timed("blinks", action_units.Blinks, "write")
    timed("masks", Masks, "write")
    prepare_fully(folder, face_model())
    return {**spent, "all": time.process_time(), "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}


def apart(video: Path, trainer: str) -> dict[str, float]:
    """The same of a fresh bundle, in a process of its own."""
    with TemporaryDirectory() as folder:
        made = [*TAKE5, "select", str(video), "-o", folder, "--for", trainer, "--no-prepare", "--name", "ann"]
        subprocess.run(made, check=True, capture_output=True)
        (place,) = Path(folder).glob(f"*/{trainer}/ann")
        program = [sys.executable, "-m", "bench.preparing", "--steps", str(place)]
        said = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def medians(runs: int, measure: Callable[[], dict[str, float]]) -> str:
    """The medians of some runs, by key."""
    found = [measure() for _ in range(runs)]
    return ", ".join(f"{key} {statistics.median(each[key] for each in found):.2f}" for key in found[0])


def shown(late_s: list[float]) -> str:
    """Median and 95 % of delays."""
    ordered = sorted(late_s)
    last = ordered[int(0.95 * (len(ordered) - 1))]
    return f"{1e3 * statistics.median(ordered):.0f} ms, 95 % within {1e3 * last:.0f} ms, of {len(ordered)}"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path, nargs="?")
    parser.add_argument("--for", dest="trainer", default="synctalk")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", default="1")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS[:2])
    parser.add_argument("--steps", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.steps is not None:
        print(json.dumps(steps(given.steps)))
        return
    server = ["--for", given.trainer, "--no-report", "--workers", given.workers, "--stop-at", "0", "--stop-gain", "0"]
    server += ["--stop-share", "0"]
    if "steps" in given.parts:
        print("CPU seconds:", medians(given.runs, lambda: apart(given.video, given.trainer)))
    if "alone" in given.parts:
        print("seconds after the stop:", medians(given.runs, lambda: alone(given.video, server)))
    if "beside" in given.parts:
        found = [beside(given.video, server) for _ in range(given.runs)]
        print("scores of another capture by itself:", shown([late for each in found for late in each[0]]))
        print("scores of it meanwhile:", shown([late for each in found for late in each[1]]))
        print("of those, windows not analysed as they came:", sum(each[2] for each in found))


if __name__ == "__main__":
    main()
