"""A server for :mod:`bench.sessions`: ``python -m bench.server_process [--tracker NAME] [--metrics] [--json-logs]``.

Prints its address, then answers each line on its standard input with a line of JSON: what it has spent so far, the
delays and windows of its captures, and with ``--metrics`` what those count. With ``--json-logs`` it logs every request.
At the end of its input it stops.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.watching import Clock, Stages, hook, resident_mb, serve, thread_seconds
from take5.client.api.models import TRACKER_NAMES
from take5.client.cli.log_options import set_up_logging
from take5.client.cli.options import load_models
from take5.scoring.stopping import StopRules
from take5.stream.deliverables import Deliverables
from take5.stream.server.malloc import share_arenas
from take5.stream.server.metrics import Metrics
from take5.stream.settings import Settings


def main() -> None:
    """Serve, and answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracker", choices=TRACKER_NAMES, default="mediapipe")
    parser.add_argument("--metrics", action="store_true", help="count metrics, too")
    parser.add_argument("--json-logs", action="store_true", help="log every request")
    options = parser.parse_args()
    share_arenas()
    models, stages, clocks = load_models("speech-embedding", None, "cpu", options.tracker), Stages(), list[Clock]()

    def begun() -> Clock:
        clocks.append(Clock(models))
        return clocks[-1]

    hook(begun, stages)
    rules = StopRules(stop_at=0, gain=None, cap_s=1e6)
    up, end = threading.Event(), list[Callable[[], None]]()

    def ready(address: str, stop: Callable[[], None]) -> None:
        end.append(stop)
        print(address, flush=True)
        up.set()

    with tempfile.TemporaryDirectory() as folder:
        metrics: list[Metrics] = []
        made = (lambda sessions: metrics.append(Metrics(sessions))) if options.metrics else (lambda _: None)
        logs: bool = options.json_logs
        set_up_logging("json" if logs else "text", access=logs)
        serving = serve(models, Settings(), rules, Path(folder), Deliverables(), ready, made, access_log=logs)
        thread = threading.Thread(target=lambda: asyncio.run(serving), name="event loop")
        thread.start()
        up.wait()
        for _ in sys.stdin:
            began = time.thread_time()
            counted = {"metrics": values(metrics[0]) if metrics else {}}
            scraped = {"scrape_cpu_s": time.thread_time() - began}
            print(json.dumps(state(clocks, stages) | counted | scraped), flush=True)
        end[0]()
        thread.join()


def values(metrics: Metrics) -> dict[str, float]:
    """What the metrics have counted."""
    samples = (sample for family in metrics.registry.collect() for sample in family.samples)
    return {f"{each.name}{''.join(sorted(each.labels.values()))}": each.value for each in samples}


def state(clocks: list[Clock], stages: Stages) -> dict[str, object]:
    """What has been spent and seen so far."""
    return {
        "wall_s": time.monotonic(),
        "cpu_s": time.process_time(),
        "threads": thread_seconds(),
        "stages": dict(stages.spent),
        "resident_mb": resident_mb(),
        "captures": len(clocks),
        "scoring": sum(clock.windows.total > 0 for clock in clocks),
        "ready": sum(clock.ready > 0 for clock in clocks),
        "latencies": [clock.latencies for clock in clocks],
        "units": sum(clock.pictures for clock in clocks),
        "sounds": sum(clock.sounds for clock in clocks),
        "lost": sum(clock.losses for clock in clocks),
        "live": sum(clock.windows.live for clock in clocks),
        "later": sum(clock.windows.later for clock in clocks),
        "by_sound": sum(clock.windows.sounded for clock in clocks),
        "never": sum(clock.windows.never for clock in clocks),
    }


if __name__ == "__main__":
    main()
