"""The stop rules on simulated blocks, on simulated talkers and on videos.

    python bench/stopping.py [VIDEO...]

First the gain estimate against the truth on blocks of four laws, after a fixed number of them and at the moment at
which the rule stops, which is when G is low by chance as well. Then whole sessions of ten minutes through the
selector and the stop rules, with talkers drawn as the real clips measured (``docs/stopping.md``). Then each VIDEO,
every window of it scored: when each rule stops, and the I that is kept of the whole recording's.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.client.cli.options import load_models
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.encoders import ENCODERS
from take5.scoring.motion import Motion
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.selector import Selector
from take5.scoring.stopping import Stopper, StopRule, StopRules, leave_out_gain
from take5.stream.analysis.models import Models
from take5.stream.offline.select import select
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]

BLOCKS, LEFT_OUT, TRIALS = 24, 6, 20_000
SESSION_S, SESSIONS, AHEAD_S = 600, 200, 30
EPS = (0.005, 0.01, 0.02, 0.05)
BLOCK_SD, MOST_BLOCKS, STOPS = 0.11, 120, 2000


def ar1(rng: np.random.Generator, trials: int, blocks: int) -> Floats:
    """Stationary AR(1) with coefficient 0.6, normal, unit variance: [trials, blocks]."""
    x = rng.normal(size=(trials, blocks))
    for i in range(1, blocks):
        x[:, i] = 0.6 * x[:, i - 1] + 0.8 * x[:, i]
    return x


LAWS: dict[str, Draw] = {
    "normal": lambda rng, trials, blocks: rng.normal(size=(trials, blocks)),
    "uniform": lambda rng, trials, blocks: rng.uniform(size=(trials, blocks)),
    "exponential": lambda rng, trials, blocks: rng.exponential(size=(trials, blocks)),
    "AR(1) 0.6": ar1,
}


def blocks_table() -> None:
    """Print mean G after 24 blocks, and what the 6 blocks before and the 6 after really brought."""
    print(f"G after {BLOCKS} blocks for {LEFT_OUT} more; means over {TRIALS} trials")
    print(f"{'law':12s} {'mean G':>8s} {'last 6':>8s} {'next 6':>8s}   (last 6: what G estimates; next 6: its bound)")
    for name, draw in LAWS.items():
        x = draw(np.random.default_rng(5), TRIALS, BLOCKS + LEFT_OUT)
        gains = [leave_out_gain(sorted(row), LEFT_OUT) or 0.0 for row in x[:, :BLOCKS].tolist()]
        most = np.maximum.accumulate(x, axis=1).mean(axis=0)
        last, coming = (most[n - 1] - most[n - 1 - LEFT_OUT] for n in (BLOCKS, BLOCKS + LEFT_OUT))
        print(f"{name:12s} {np.mean(gains):8.4f} {last:8.4f} {coming:8.4f}")


def stops_table() -> None:
    """Print the gain of 30 s more after the stop, checked at each block, so that it stops where G is low by chance."""
    print(f"\nstopped at the first G <= eps from 60 s on; blocks of standard deviation {BLOCK_SD}; {STOPS} trials")
    print(f"{'law':12s} {'eps':>6s} {'median s':>9s} {'cap':>5s} {'next 30 s':>10s} {'+-':>7s}")
    for name, draw in LAWS.items():
        x = draw(np.random.default_rng(5), STOPS, MOST_BLOCKS + LEFT_OUT)
        most = np.maximum.accumulate(BLOCK_SD * x / x.std(), axis=1)
        gains = [_gains((BLOCK_SD * row / x.std()).tolist()) for row in x]
        for eps in EPS:
            ends = np.array([next((n for n, gain in row if gain <= eps), MOST_BLOCKS) for row in gains])
            trials = np.arange(STOPS)
            coming = most[trials, ends + LEFT_OUT - 1] - most[trials, ends - 1]
            error = coming.std() / math.sqrt(STOPS)
            capped = float(np.mean(ends == MOST_BLOCKS))
            print(f"{name:12s} {eps:6.3f} {5 * np.median(ends):9.0f} {capped:5.0%} {coming.mean():10.4f} {error:7.4f}")


def _gains(x: list[float]) -> list[tuple[int, float]]:
    """Numbers of blocks from 60 s on, and G after them."""
    return [(n, leave_out_gain(sorted(x[:n]), LEFT_OUT) or 0.0) for n in range(12, MOST_BLOCKS + 1)]


def talker(rng: np.random.Generator, trend: float) -> list[JudgedWindow]:
    """Ten minutes of a talker: log D and log MC of windows as on the clips, log I rising by ``trend`` in 120 s.

    Log D is a mean over the window's five seconds (sd 0.04, autocorrelation 0.8 at 1 s); log MC is for 0.4 of its
    variance such a mean and for the rest the window's own (sd 0.11, autocorrelation 0.3).
    """
    windows = SESSION_S - 4
    log_D = math.log(100) + 0.04 * _rolling(rng, windows)
    log_MC = math.log(0.1) + 0.11 * (
        math.sqrt(0.4) * _rolling(rng, windows) + math.sqrt(0.6) * rng.normal(size=windows)
    )
    log_MC -= trend * np.minimum(np.arange(windows) / 120, 1)
    pairs = zip(np.exp(log_D).tolist(), np.exp(log_MC).tolist(), strict=True)
    return [JudgedWindow(WindowScore(t * FPS, D, Motion(MC, MC, MC, True), 1), ()) for t, (D, MC) in enumerate(pairs)]


def _rolling(rng: np.random.Generator, windows: int) -> Floats:
    return np.convolve(rng.normal(size=windows + 4), np.ones(5) / math.sqrt(5), "valid")


def trace(windows: list[JudgedWindow]) -> tuple[Floats, Floats]:
    """Log I of the choice and G, after each window; NaN where there is none."""
    selector, stopper = Selector(Parameters().pool), Stopper(StopRules(), Parameters())
    rows = []
    for judged in windows:
        if judged.eligible:
            selector.add(judged.score)
        stopper.push(judged, selector.best)
        best, gain = selector.best, stopper.gain
        rows.append((math.nan if best is None else math.log(best.I or math.nan), math.nan if gain is None else gain))
    choice, gains = np.array(rows).T
    return choice, gains


def sessions_table() -> None:
    """Print when the gain rule stops simulated talkers, and what it keeps."""
    print(f"\ngain rule alone, {SESSIONS} simulated sessions of {SESSION_S} s each")
    print(f"{'talker':10s} {'eps':>6s} {'median s':>9s} {'90 % s':>7s} {'cap':>5s} {'next 30 s':>10s}  kept   10 %")
    for name, trend in {"steady": 0.0, "settling": 0.1, "tiring": -0.1}.items():
        rng = np.random.default_rng(5)
        traces = [trace(talker(rng, trend)) for _ in range(SESSIONS)]
        for eps in EPS:
            print(f"{name:10s} {eps:6.3f} {_stops(traces, eps)}")


def _stops(traces: list[tuple[Floats, Floats]], eps: float) -> str:
    """Seconds until the stop, how often never, what 30 s more brought to log I, share of the last I that was kept."""
    ends, capped, coming, kept = [], 0, [], []
    for choice, gains in traces:
        late_enough = np.arange(len(gains)) + 5 >= StopRules().gain_after_s
        hits = np.flatnonzero((gains <= eps) & late_enough)
        capped += not len(hits)
        at = int(hits[0]) if len(hits) else len(choice) - 1
        ends.append(at + 5)
        coming.append(choice[min(at + AHEAD_S, len(choice) - 1)] - choice[at])
        kept.append(math.exp(choice[at] - choice[-1]))
    median, late = np.quantile(ends, (0.5, 0.9))
    share = capped / len(traces)
    low = np.quantile(kept, 0.1)
    return f"{median:9.0f} {late:7.0f} {share:5.0%} {np.mean(coming):10.4f} {np.mean(kept):5.3f}  {low:5.3f}"


def replays(videos: list[Path], models: Models) -> None:
    """Print for each video when each rule stops it."""
    at = ENCODERS[models.encoder.name].stop_at
    rules = {
        f"I >= {at:g}" if at else "no threshold": StopRules(stop_at=at, gain=None, cap_s=1e6),
        **{f"G <= {eps}": StopRules(gain=eps, cap_s=1e6) for eps in EPS},
    }
    for video in videos:
        done = select(MediaFile(video), models, Settings(), exhaustive=True, on_progress=lambda *_: None).selection
        whole = None if done.best is None else done.best.I
        print(f"\n{video.name}: {done.frames / FPS:.1f} s, best I {whole}")
        for name, rule in rules.items():
            print(f"  {name:12s} {_replay(done, rule)}")


def _replay(done: Selection, rules: StopRules) -> str:
    selector, stopper = Selector(done.settings.parameters.pool), Stopper(rules, done.settings.parameters)
    for verdict in done.verdicts:
        if verdict.eligible:
            selector.add(verdict.score)
        stop, best = stopper.push(JudgedWindow(verdict.score, verdict.reasons), selector.best), selector.best
        if stop is not None and best is not None and done.best is not None:
            time_s = verdict.score.start / FPS + done.settings.parameters.seconds
            kept = (best.I or math.nan) / (done.best.I or math.nan)
            text = f"I {stop.value:.1f}" if stop.rule is StopRule.THRESHOLD else f"G {stop.value:.4f}"
            return f"stops after {time_s:.0f} s with {text}; keeps {kept:.3f} of the whole recording's I"
    return f"does not stop it; G at the end {stopper.gain}"


def main() -> None:
    """Print all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO")
    videos = parser.parse_args().videos
    blocks_table()
    stops_table()
    sessions_table()
    if videos:
        replays(videos, load_models("auto", None, "auto"))


if __name__ == "__main__":
    main()
