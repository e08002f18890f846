"""What a way to stop does with the windows of one talker, and a line of a table of it over talkers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.selector import Selector
from take5.scoring.stopping import Stopper, StopRules
from take5.stream.offline.reaches import choices

Windows = Sequence[JudgedWindow]
Stops = Callable[[Windows], int | None]
"""Returns the window after which a recording stops; None if it does not."""

NEVER_S = 1e9
TRIALS = 2000
"""Resamplings of the talkers for an interval."""

HEAD = f"  {'':32s} stopped  median  90 %  mean s   kept of the whole's best (95 %)  10 %"


@dataclass(frozen=True)
class Outcome:
    """What came of one recording: when it stopped, or ended, and the share of the whole one's best I that is kept."""

    stopped: bool
    time_s: float
    kept: float


def by(rules: StopRules) -> Stops:
    """Stop as take5 does by these rules."""

    def stops(windows: Windows) -> int | None:
        selector, stopper = Selector(Parameters().pool), Stopper(rules, Parameters())
        for place, judged in enumerate(windows):
            if judged.eligible:
                selector.add(judged.score)
            if stopper.push(judged, selector.best) is not None:
                return place
        return None

    return stops


def after(count: int) -> Stops:
    """Stop after that many eligible windows: what every rule must be better than."""

    def stops(windows: Windows) -> int | None:
        able = [place for place, judged in enumerate(windows) if judged.eligible]
        return able[count - 1] if len(able) >= count else None

    return stops


def outcome(windows: Windows, stops: Stops) -> Outcome:
    """Record a talker who has an eligible window."""
    at, best = stops(windows), list(choices(windows, Parameters().pool))
    last = len(windows) - 1 if at is None else at
    kept, whole = best[last], best[-1]
    assert kept is not None and whole is not None  # noqa: S101, PT018 - talkers without any are left out
    return Outcome(at is not None, windows[last].score.start / FPS + Parameters().seconds, kept / whole)


def row(name: str, talkers: Mapping[str, Windows], stops: Callable[[str], Stops]) -> str:
    """What it does with these talkers; ``stops`` is asked for each by its name, so that it can know the others."""
    found = [outcome(windows, stops(talker)) for talker, windows in talkers.items()]
    times, kept = np.array([one.time_s for one in found]), np.array([one.kept for one in found])
    means = kept[np.random.default_rng(1).integers(len(kept), size=(TRIALS, len(kept)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return (
        f"  {name:32s} {sum(one.stopped for one in found):3d}/{len(found):<3d} {np.median(times):6.0f} "
        f"{np.quantile(times, 0.9):5.0f} {times.mean():7.0f}   {kept.mean():.3f} ({low:.3f}, {high:.3f})"
        f"{'':12s}{np.quantile(kept, 0.1):.3f}"
    )
