"""Kills at random moments: ``PYTHONPATH=tests/support python -m bench.kill VIDEO [--count 20] [--for TRAINER]``.

A real server gets VIDEO from ``take5 push`` and is killed (SIGKILL) 6 to 20 s later, then started again on the same
folder. Prints for each kill the best window that had been told, the one that had been kept, and the one of the
recovered clip; whether the hook fired once; the seconds from the new server's start to the clip, and to everything; and
at the end the time from ``best`` to ``kept``. A clip of neither the window kept last nor a later one is LOST.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
from killing import Json, follow, sending, serving

NAME = "killed"
FIRST_S, LAST_S = 6.0, 20.0


def one(video: Path, output: Path, kill_after_s: float, trainers: list[str]) -> tuple[str, list[float]]:
    """Kill one capture and recover it; return its line, and the times from best to kept."""
    log = output / "hooks"
    hook = f"{sys.executable} -c \"open({str(log)!r}, 'a').write('x')\""
    options = ["--stop-at", "0", "--stop-gain", "0", "--on-ready", hook]
    options += [word for trainer in trainers for word in ("--for", trainer)]
    with serving(output, *options) as server:
        followed = follow(server.address, NAME)
        with sending(server.address, NAME, video):
            server.wait_for(NAME, lambda state: state["state"] == "receiving")
            time.sleep(kill_after_s)
            server.kill()
    best, kept = followed.of("best"), followed.of("kept")
    began = time.monotonic()
    with serving(output, *options) as server:
        up = time.monotonic()
        state = server.wait_for(NAME, lambda state: state["clip"] or state["error"], 120)
        clip_s = time.monotonic() - up
        state = server.wait_for(NAME, lambda state: state["error"] or state["report"], 120)
        all_s = time.monotonic() - up
    line = f"killed after {kill_after_s:4.1f} s; told {_starts(best)}, kept {_starts(kept)}: "
    fired = len(log.read_text()) if log.exists() else 0
    line += f"{_outcome(state, [event for _, event in best], [event for _, event in kept])}, hook fired {fired} times, "
    line += f"server up {up - began:.1f} s, clip {clip_s:.1f} s, all {all_s:.1f} s later"
    told = {event["best"]["start_s"]: at for at, event in best}
    return line, [at - told[event["best"]["start_s"]] for at, event in kept if event["best"]["start_s"] in told]


def _starts(events: list[tuple[float, Json]]) -> str:
    return ",".join(f"{event['best']['start_s']:.0f}" for _, event in events) or "none"


def _outcome(state: Json, best: list[Json], kept: list[Json]) -> str:
    if state["clip"] is None:
        return "nothing recovered" + (", LOST" if kept else "")
    start = state["clip"]["start_s"]
    with av.open(str(Path(state["clip"]["path"]) / "clip.mp4")) as container:
        frames = sum(1 for _ in container.decode(video=0))
    told = [event["best"]["start_s"] for event in best]
    good = not kept or start in told[told.index(kept[-1]["best"]["start_s"]) :] or not told
    bundles = ", ".join(f"{bundle['trainer']}: {bundle['error'] or 'made'}" for bundle in state["bundles"])
    return f"clip of {start:.0f} s, {frames} frames{'' if good and frames == 125 else ', LOST'} ({bundles})"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--for", dest="trainers", action="append", default=[])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moments = random.Random(options.seed)  # noqa: S311 - no secret
    waits: list[float] = []
    for number in range(options.count):
        with tempfile.TemporaryDirectory() as folder:
            line, times = one(options.video, Path(folder), moments.uniform(FIRST_S, LAST_S), options.trainers)
        waits += times
        print(f"{number + 1:2d}  {line}", flush=True)
    if waits:
        median, high = np.percentile(waits, [50, 99])
        print(f"best to kept, {len(waits)} times: median {median * 1000:.0f} ms, p99 {high * 1000:.0f} ms")


if __name__ == "__main__":
    main()
