"""Cost of a live session: ``python -m bench.live VIDEO [--seconds 60] [--lengths 5 10] [--stop-at I] [--for TRAINER]``.

Runs a real server in this process, and ``take5 push`` in another. Prints CPU seconds per second of media by stage, the
latency of the scores, properties of the received media (size, bitrate, keyframes), memory, and the time from the stop
to the clip and to each bundle. It ends, with the sender, after its seconds, or earlier at a window that is good enough.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.watching import Clock, Stages, hook, resident_mb, serve, thread_seconds
from take5.client.cli.options import load_models
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.server.malloc import share_arenas
from take5.stream.settings import Settings
from take5.stream.timeline.clock import FLICKS


def measure(options: argparse.Namespace, models: Models) -> None:
    """Run, and print."""
    clock, stages = Clock(models), Stages()
    deliverables = Deliverables(wanted_for(options.trainers) if options.trainers else None)
    rules = StopRules(stop_at=options.stop_at, share=0.0, gain=None, cap_s=1e6)
    settings = Settings(Parameters(options.lengths[0]), also=tuple(options.lengths[1:]))
    hook(lambda: clock, stages)
    up = threading.Event()
    where: dict[str, Any] = {}

    def ready(address: str, end: Callable[[], None]) -> None:
        where.update(address=address, end=end)
        up.set()

    with tempfile.TemporaryDirectory() as folder:
        thread = threading.Thread(
            target=lambda: asyncio.run(serve(models, settings, rules, Path(folder), deliverables, ready)),
            name="event loop",
        )
        thread.start()
        up.wait()
        idle = resident_mb()
        sending = ["push", where["address"], str(options.video), "--json", "--loop"]
        push = [sys.executable, "-m", "take5.client.cli", *sending]
        with subprocess.Popen(push, stdout=subprocess.DEVNULL) as pushing:
            _settle(clock)
            before, began, memory = thread_seconds(), time.monotonic(), list[float]()
            kept: list[float] = []
            spent_before = dict(stages.spent)
            while time.monotonic() - began < options.seconds and not clock.over.wait(min(10.0, options.seconds)):
                memory.append(resident_mb())
                kept.append(clock.ring.size / 1e6 if clock.ring else 0.0)
            lasted = time.monotonic() - began
            after, spent = thread_seconds(), dict(stages.spent)
            _report(lasted, before, after, spent_before, spent)
            if not clock.over.is_set():
                pushing.terminate()
        while not clock.ready or len(clock.bundles) < len(options.trainers):
            time.sleep(0.1)
        _print_clock(clock)
        print(f"memory: {idle:.0f} MB before; while it ran, each 10 s: {' '.join(f'{mb:.0f}' for mb in memory)} MB")
        print(f"of it in the ring: {' '.join(f'{mb:.0f}' for mb in kept)} MB")
        where["end"]()
        thread.join()


def _settle(clock: Clock) -> None:
    while not clock.latencies:
        time.sleep(0.1)


def _report(
    lasted: float,
    before: dict[str, float],
    after: dict[str, float],
    spent_before: dict[str, float],
    spent: dict[str, float],
) -> None:
    print(f"CPU seconds per second over {lasted:.0f} s of media:")
    rows = {name: (after[name] - before.get(name, 0.0)) / lasted for name in after}
    for name, share in sorted(rows.items(), key=lambda row: -row[1]):
        if share > 0.002:
            print(f"  {share:6.3f}  {name}")
    print(f"  {sum(rows.values()):6.3f}  in all")
    print("of take5-capture:")
    for stage, seconds in spent.items():
        print(f"  {(seconds - spent_before.get(stage, 0.0)) / lasted:6.3f}  {stage}")


def _print_clock(clock: Clock) -> None:
    ordered = sorted(clock.latencies)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(f"score latency: median {middle * 1000:.0f} ms, p95 {late * 1000:.0f} ms, most {ordered[-1] * 1000:.0f} ms")
    seconds = (clock.times[-1] - clock.times[0]) / FLICKS
    bits = 8e-6 * clock.bytes / seconds
    widest = max((b - a) / FLICKS for a, b in pairwise(clock.keyframes))
    print(f"arrived: {clock.pictures} pictures in {seconds:.1f} s, {bits:.2f} Mbps, a keyframe each {widest:.2f} s")
    print(f"lost: {clock.losses}")
    print(f"stopped to clip on disk: {clock.ready - clock.stopped:.2f} s")
    for what, at in clock.bundles:
        print(f"stopped to bundle on disk: {at - clock.stopped:.2f} s  {what}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lengths", nargs="+", type=float, default=[5.0], metavar="SECONDS", help="of the windows")
    parser.add_argument("--stop-at", type=float, help="stop at a window with this I")
    parser.add_argument("--for", dest="trainers", action="append", default=[], help="also write bundles")
    share_arenas()
    measure(parser.parse_args(), load_models("speech-embedding", None, "cpu"))


if __name__ == "__main__":
    main()
