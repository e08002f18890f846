"""The rules on simulated sessions of ten minutes, of people drawn as the 26 real ones measured. They are simulated."""

import math

import numpy as np

from bench.stopping.blocks import Floats
from bench.stopping.rules import HEAD, NEVER_S, Windows, after, by, row
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import WindowScore
from take5.scoring.stopping import StopRules

SESSION_S, SESSIONS = 600, 200
TRENDS = {"steady": 0.0, "settling": 0.1, "tiring": -0.1}
SHARES = (0.9, 0.95, 1.0)


def talker(rng: np.random.Generator, trend: float) -> list[JudgedWindow]:
    """Ten minutes of a talker, log I rising by ``trend`` in the first two.

    Log D (sd 0.048) is for 0.65 of its variance a mean over the window's five seconds and for the rest the window's
    own, log MC (sd 0.122) for 0.36: correlations of 0.5 and 0.3 with the window a second later, as measured.
    """
    log_D = math.log(100) + 0.048 * _windows(rng, 0.65)
    log_MC = math.log(0.1) + 0.122 * _windows(rng, 0.36)
    log_MC -= trend * np.minimum(np.arange(len(log_MC)) / 120, 1)
    pairs = zip(np.exp(log_D).tolist(), np.exp(log_MC).tolist(), strict=True)
    return [JudgedWindow(WindowScore(t * FPS, D, Motion(MC, MC, MC, True), 1), ()) for t, (D, MC) in enumerate(pairs)]


def _windows(rng: np.random.Generator, shared: float) -> Floats:
    count = SESSION_S - round(Parameters().seconds) + 1
    rolling = np.convolve(rng.normal(size=count + 4), np.ones(5) / math.sqrt(5), "valid")
    return math.sqrt(shared) * rolling + math.sqrt(1 - shared) * rng.normal(size=count)


def sessions_table() -> None:
    """Print when each rule stops simulated sessions, and what it keeps."""
    ways = {
        **{f"{count} windows": after(count) for count in (12, 20, 56)},
        "I of 1120": by(StopRules(1120.0, gain=None, cap_s=NEVER_S)),
        "gain rule": by(StopRules(cap_s=NEVER_S, share=0)),
        **{f"{share:g} of what is expected": by(_own(share)) for share in SHARES},
        "0.95, then the gain rule": by(StopRules(cap_s=NEVER_S)),
    }
    for name, trend in TRENDS.items():
        rng = np.random.default_rng(5)
        people: dict[str, Windows] = {str(n): talker(rng, trend) for n in range(SESSIONS)}
        print(f"\n{name}: {SESSIONS} simulated sessions of {SESSION_S} s\n{HEAD}")
        for way, stops in ways.items():
            print(row(way, people, lambda _, stops=stops: stops))  # type: ignore[misc] # binds it


def _own(share: float) -> StopRules:
    return StopRules(gain=None, cap_s=NEVER_S, share=share)
