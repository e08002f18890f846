"""Metrics against what bench measures by itself, and what they cost: ``python -m bench.metrics VIDEO``.

One session at a time: without metrics and with them in turns, scraped each second.
"""

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.sessions import BEGIN_S, Server, _until, senders


def main() -> None:
    """Measure, and print."""
    video, seconds, turns = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 30.0, 2
    spent: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(2 * turns):
        metered = turn % 2 == 1
        cpu, state = _measured(video, seconds, metered)
        spent[metered].append(cpu)
        if metered:
            _compare(state)
    for metered, found in spent.items():
        each = " ".join(f"{cores:.3f}" for cores in found)
        print(f"metrics {'on' if metered else 'off'}: {each} cores a session")


def _measured(video: Path, seconds: float, metered: bool) -> tuple[float, dict[str, Any]]:
    server = Server(*(["--metrics"] if metered else []))
    try:
        with senders([server.address], video, "auto"):
            _until(server, "scoring", 1, BEGIN_S)
            before = server.state()
            for _ in range(int(seconds)):
                time.sleep(1)
                after = server.state()
        return (after["cpu_s"] - before["cpu_s"]) / (after["wall_s"] - before["wall_s"]), after
    finally:
        server.end()


def _compare(state: dict[str, Any]) -> None:
    late, counted = [each for of_one in state["latencies"] for each in of_one], state["metrics"]
    name = "take5_score_latency_seconds"
    print(f"scores: {len(late)} measured, {counted[name + '_count']:.0f} counted")
    mean = counted[f"{name}_sum"] / counted[f"{name}_count"]
    print(f"mean latency: {statistics.mean(late):.3f} s measured, {mean:.3f} s counted")
    middle = statistics.median(late)
    buckets = (key for key in counted if key.startswith(f"{name}_bucket"))
    below = {float(key.removeprefix(f"{name}_bucket")): counted[key] for key in buckets}
    edges = sorted(below)
    bucket = next(edge for edge in edges if below[edge] >= counted[f"{name}_count"] / 2)
    print(f"median latency: {middle:.3f} s measured, in the bucket up to {bucket:g} s")
    print(f"windows live: {state['live']} measured, {counted.get('take5_windows_totallive', 0):.0f} counted")


if __name__ == "__main__":
    main()
