"""Metrics against what bench measures by itself, and what they and JSON logs cost: ``python -m bench.metrics VIDEO``.

One session at a time: without metrics, with them, and with logs of every request, too, in turns. It is asked how it is
once a second, which is a scrape where there are metrics, and by a request to ``/healthz``.
"""

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from bench.sessions import BEGIN_S, Server, _until, senders

WAYS: dict[str, list[str]] = {
    "nothing": [],
    "metrics": ["--metrics"],
    "metrics and JSON logs": ["--metrics", "--json-logs"],
}
TURNS = 2


def main() -> None:
    """Measure, and print."""
    video, seconds = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    scrapes: list[float] = []
    for _ in range(TURNS):
        for way, arguments in WAYS.items():
            cpu, states = _measured(video, seconds, arguments)
            spent[way].append(cpu)
            if arguments:
                _compare(states[-1])
                scrapes += [state["scrape_cpu_s"] for state in states]
    for way, found in spent.items():
        print(f"with {way}: {' '.join(f'{cores:.3f}' for cores in found)} cores a session")
    print(f"a scrape: {1000 * statistics.median(scrapes):.2f} ms of CPU")


def _measured(video: Path, seconds: float, arguments: list[str]) -> tuple[float, list[dict[str, Any]]]:
    """Cores that a session has used, and what its server has said of itself each second."""
    server = Server(*arguments)
    try:
        with senders([server.address], video, "auto"):
            states = [_until(server, "scoring", 1, BEGIN_S)]
            for _ in range(int(seconds)):
                time.sleep(1)
                httpx.get(f"{server.address}/healthz")
                states.append(server.state())
        first, last = states[0], states[-1]
        return (last["cpu_s"] - first["cpu_s"]) / (last["wall_s"] - first["wall_s"]), states
    finally:
        server.end()


def _compare(state: dict[str, Any]) -> None:
    late, counted = [each for of_one in state["latencies"] for each in of_one], state["metrics"]
    name = "take5_score_latency_seconds"
    count = counted[f"{name}_count"]
    print(f"scores: {len(late)} measured, {count:.0f} counted")
    if late and count:
        print(f"mean latency: {statistics.mean(late):.3f} s measured, {counted[f'{name}_sum'] / count:.3f} s counted")
        buckets = (key for key in counted if key.startswith(f"{name}_bucket"))
        below = {float(key.removeprefix(f"{name}_bucket")): counted[key] for key in buckets}
        bucket = next(edge for edge in sorted(below) if below[edge] >= count / 2)
        print(f"median latency: {statistics.median(late):.3f} s measured, in the bucket up to {bucket:g} s")
    else:
        print("no window was analysed live: this machine does not keep up")
    print(f"windows live: {state['live']} measured, {counted.get('take5_windows_totallive', 0):.0f} counted")
    packets = {track: counted[f"take5_rtp_packets_total{track}"] for track in ("picture", "sound")}
    print(f"packets of sound: {state['sounds']} blocks measured, {packets['sound']:.0f} counted")
    print(f"packets of the picture: {packets['picture']:.0f} counted in {state['units']} units; lost {state['lost']}")


if __name__ == "__main__":
    main()
