"""When a recording stops: the three rules, and the gain estimate against brute force and against the truth."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.encoders import ENCODERS, measured_stop_at
from take5.scoring.motion import Motion
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import MC_FLOOR, WindowScore
from take5.scoring.stopping import Stop, Stopper, StopRule, StopRules, leave_out_gain

NO_GAIN = StopRules(gain=None)
FACELESS = (Finding(Code.NO_FACE, 0, 1),)
PLAIN = 1 - MC_FLOOR
"""The MC with which I is D."""


def window(start_s: float, I: float, *reasons: Finding) -> JudgedWindow:  # noqa: E741 - the paper's name
    return JudgedWindow(WindowScore(round(start_s * FPS), I, Motion(PLAIN, PLAIN, PLAIN, True), 1), reasons)


def unseen(start_s: float) -> JudgedWindow:
    return JudgedWindow(WindowScore(round(start_s * FPS), 1.0), (), seen=False)


def stopped(stopper: Stopper, windows: Iterable[JudgedWindow]) -> tuple[float, Stop] | None:
    """Session time and stop of the first window that stops it; the best is the largest I so far."""
    best: WindowScore | None = None
    for judged in windows:
        score = judged.score
        if judged.eligible and (best is None or (score.I or 0) > (best.I or 0)):
            best = score
        stop = stopper.push(judged, best)
        if stop is not None:
            return score.start / FPS + stopper.parameters.seconds, stop
    return None


def minutes(value: Callable[[int], float], count: float = 11) -> list[JudgedWindow]:
    return [window(second, value(second)) for second in range(round(60 * count))]


# --- the gain estimate ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(2, 11))
def test_gain_is_the_mean_cost_of_leaving_k_blocks_out(n: int) -> None:
    for seed in range(3):
        x = sorted(np.random.default_rng([n, seed]).exponential(size=n).round(1).tolist())
        for k in range(1, n):
            costs = [max(x) - max(kept) for kept in combinations(x, n - k)]
            assert leave_out_gain(x, k) == pytest.approx(sum(costs) / len(costs), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("n", "k"), [(120, 6), (400, 100), (700, 350)])
def test_gain_is_exact_where_binomials_are_huge(n: int, k: int) -> None:
    x = sorted(np.random.default_rng(n).normal(7, 0.1, n).tolist())
    m, kept = n - k, Fraction(0)
    for i in range(m, n + 1):
        kept += Fraction(x[i - 1]) * math.comb(i - 1, m - 1)
    assert leave_out_gain(x, k) == pytest.approx(float(Fraction(x[-1]) - kept / math.comb(n, m)), rel=1e-10)


def test_gain_needs_more_blocks_than_it_leaves_out() -> None:
    assert [leave_out_gain([1.0] * n, 6) for n in (0, 1, 6)] == [None] * 3
    assert leave_out_gain([1.0] * 6 + [2.0], 6) == pytest.approx(6 / 7)
    assert leave_out_gain([1.0] * 7, 6) == 0.0


LAWS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "uniform": lambda rng, shape: rng.uniform(size=shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
}


@pytest.mark.parametrize("law", LAWS)
def test_gain_is_unbiased_for_the_last_blocks_and_bounds_the_next(law: str) -> None:
    x = LAWS[law](np.random.default_rng(7), (8000, 30))
    gains = np.array([leave_out_gain(sorted(row), 6) for row in x[:, :24].tolist()])
    most = np.maximum.accumulate(x, axis=1)
    last, coming = most[:, 23] - most[:, 17], most[:, 29] - most[:, 23]
    error = (gains - last).std() / math.sqrt(len(x))
    assert abs(gains.mean() - last.mean()) < 4 * error
    assert coming.mean() < gains.mean() < 2 * coming.mean()


def test_gain_of_blocks_that_hang_together_is_near_what_comes() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(8000, 30))
    for i in range(1, 30):
        x[:, i] = 0.6 * x[:, i - 1] + 0.8 * x[:, i]
    most = np.maximum.accumulate(x, axis=1).mean(axis=0)
    mean = np.mean([leave_out_gain(sorted(row), 6) for row in x[:, :24].tolist()])
    assert 0.8 < mean / (most[29] - most[23]) < 1.2


def test_at_the_stop_the_gain_is_optimistic_by_as_much_as_is_documented() -> None:
    """Each block is another look, so the stop falls where G is low by chance: docs/stopping.md says 1.5 times eps."""
    eps, coming = 0.01, []
    for x in np.random.default_rng(9).normal(7, 0.11, (1500, 126)).tolist():
        gains = ((n, leave_out_gain(sorted(x[:n]), 6) or 0.0) for n in range(12, 120))
        at = next((n for n, gain in gains if gain <= eps), 120)
        coming.append(max(x[: at + 6]) - max(x[:at]))
    assert eps < np.mean(coming) < 2 * eps


# --- rule 1 --------------------------------------------------------------------------------------------------------


def test_the_very_first_window_can_be_good_enough() -> None:
    stop = Stopper(StopRules(stop_at=1000.0), Parameters()).push(window(0, 1200), window(0, 1200).score)
    assert stop is not None
    assert (stop.rule, stop.limit) == (StopRule.THRESHOLD, 1000.0)
    assert stop.value == pytest.approx(1200)


def test_a_floor_delays_the_threshold_until_a_window_ends_at_it() -> None:
    found = stopped(Stopper(StopRules(stop_at=1000.0, floor_s=20.0), Parameters()), minutes(lambda s: 1200 - s))
    assert found is not None
    assert (found[0], found[1].rule) == (20.0, StopRule.THRESHOLD)
    assert found[1].value == pytest.approx(1200)


def test_the_threshold_is_for_the_choice_and_not_for_the_window() -> None:
    stopper = Stopper(StopRules(stop_at=1000.0), Parameters())
    assert stopper.push(window(0, 1200), window(0, 900).score) is None
    assert stopper.push(window(1, 1200), None) is None
    assert stopper.push(window(2, 1), window(0, 1000.0001).score) is not None


@pytest.mark.parametrize("off", [None, 0.0])
def test_without_a_threshold_nothing_is_good_enough(off: float | None) -> None:
    found = stopped(Stopper(StopRules(stop_at=off, gain=None), Parameters()), minutes(lambda _: 1e9))
    assert found is not None
    assert found[1].rule is StopRule.CAP


# --- rule 2 --------------------------------------------------------------------------------------------------------


def test_the_gain_rule_waits_for_its_time_though_nothing_changes() -> None:
    stopper = Stopper(StopRules(), Parameters())
    found = stopped(stopper, minutes(lambda _: 1000))
    assert found == (60.0, Stop(StopRule.GAIN, 0.0, 0.01))
    early = Stopper(StopRules(gain_after_s=0.0), Parameters())
    assert stopped(early, minutes(lambda _: 1000)) == (35.0, Stop(StopRule.GAIN, 0.0, 0.01))


def test_one_block_far_above_the_others_keeps_it_going() -> None:
    """G is then k/n of the distance: 6/n * log 1.2 <= 0.01 from n = 110 on."""
    found = stopped(Stopper(StopRules(), Parameters()), minutes(lambda s: 1200 if s == 20 else 1000))
    assert found is not None
    assert (found[0], found[1].rule) == (550.0, StopRule.GAIN)
    assert found[1].value == pytest.approx(6 / 110 * math.log(1.2))


def test_a_steady_rise_is_taken_for_luck() -> None:
    """A known limit: blocks 5 % better than the last are not exchangeable, and G knows no order (docs/stopping.md)."""
    found = stopped(Stopper(StopRules(), Parameters()), minutes(lambda s: 1000 * 1.01**s))
    assert found is not None
    assert (found[0], found[1].rule) == (175.0, StopRule.GAIN)


def test_a_gain_of_just_eps_is_enough() -> None:
    eps = leave_out_gain([0.0] * 11 + [math.log(1.2)], 6)
    for gain, rule in ((eps, StopRule.GAIN), (math.nextafter(eps or 0.0, 0.0), StopRule.CAP)):
        found = stopped(
            Stopper(StopRules(gain=gain, cap_s=60.0), Parameters()), minutes(lambda s: 1.2 if s == 20 else 1)
        )
        assert found is not None
        assert found[1].rule is rule


@pytest.mark.parametrize("off", [None, 0.0])
def test_the_gain_rule_can_be_left_out(off: float | None) -> None:
    stopper = Stopper(StopRules(gain=off), Parameters())
    assert stopped(stopper, minutes(lambda _: 1000)) == (600.0, Stop(StopRule.CAP, 600.0, 600.0))
    assert stopper.gain == 0.0


def test_only_every_fifth_window_is_a_block() -> None:
    stopper = Stopper(NO_GAIN, Parameters())
    stopped(stopper, minutes(lambda s: 1000 if s % 5 == 0 else 1000 + s, 1))
    assert stopper.gain == 0.0
    assert len(stopper._blocks) == 12


def test_windows_that_may_not_win_leave_no_score() -> None:
    stopper = Stopper(NO_GAIN, Parameters())
    for block in range(12):
        judged = [window(5 * block, 1000), window(5 * block, 5000, *FACELESS), unseen(5 * block)][block % 3]
        stopper.push(judged, None)
    assert len(stopper._blocks) == 4
    assert stopper.gain is None


def test_a_window_looked_at_late_counts_as_if_it_had_been_in_time_and_once() -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(800, 1200, 20).tolist()
    in_time, late = Stopper(NO_GAIN, Parameters()), Stopper(NO_GAIN, Parameters())
    for block, value in enumerate(values):
        in_time.push(window(5 * block, value), None)
        late.push(unseen(5 * block) if block % 2 else window(5 * block, value), None)
    assert late.gain != in_time.gain
    for block in (*range(19, 0, -2), 7):
        assert late.amend(window(5 * block, values[block]), None) is None
    assert late.gain == in_time.gain


def test_a_late_look_can_stop_it() -> None:
    stopper = Stopper(StopRules(stop_at=1000.0), Parameters())
    assert stopper.push(unseen(0), None) is None
    stop = stopper.amend(window(0, 1200), window(0, 1200).score)
    assert stop is not None
    assert stop.rule is StopRule.THRESHOLD


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, 0.0, -5.0])
def test_what_is_no_score_never_stops_it_and_is_no_block(broken: float) -> None:
    stopper = Stopper(StopRules(stop_at=1000.0, gain_after_s=0.0), Parameters())
    for block in range(12):
        assert stopper.push(window(5 * block, broken), window(5 * block, broken).score) is None
    assert stopper.gain is None
    for block in range(12, 19):
        stop = stopper.push(window(5 * block, 900), window(5 * block, 900).score)
    assert stop == Stop(StopRule.GAIN, 0.0, 0.01)


def test_other_windows_make_other_blocks_of_the_same_horizon() -> None:
    stopper = Stopper(NO_GAIN, Parameters(seconds=2.0, hop=0.4))
    for hop in range(75):
        stopper.push(window(0.4 * hop, 1000 + hop), None)
    assert len(stopper._blocks) == 15
    assert stopper.gain is None
    stopper.push(window(30.0, 1000.0), None)
    assert stopper.gain == leave_out_gain(sorted(stopper._blocks.values()), 15)
    assert stopper.gain is not None


# --- rule 3, order, restart ----------------------------------------------------------------------------------------


def test_the_cap_comes_though_nothing_can_be_used() -> None:
    windows = [window(second, 1000, *FACELESS) for second in range(700)]
    assert stopped(Stopper(StopRules(cap_s=90.0), Parameters()), windows) == (90.0, Stop(StopRule.CAP, 90.0, 90.0))


def test_the_rules_are_looked_at_in_order() -> None:
    def at_60(rules: StopRules) -> StopRule | None:
        found = stopped(Stopper(rules, Parameters()), minutes(lambda _: 1000))
        return found[1].rule if found and found[0] == 60.0 else None

    assert at_60(StopRules(stop_at=999.0, floor_s=60.0, cap_s=60.0)) is StopRule.THRESHOLD
    assert at_60(StopRules(stop_at=1001.0, cap_s=60.0)) is StopRule.GAIN
    assert at_60(StopRules(stop_at=1001.0, gain=None, cap_s=60.0)) is StopRule.CAP


def test_after_a_restart_only_new_blocks_count_and_time_starts_anew() -> None:
    stopper = Stopper(StopRules(), Parameters())
    assert stopped(stopper, minutes(lambda _: 1000)[:53]) is None
    assert stopper.gain == 0.0
    stopper.restart()  # at 57 s, no multiple of a block
    assert stopper.gain is None
    assert stopper.amend(window(52, 3000), None) is None  # one block before it
    assert stopped(stopper, minutes(lambda _: 1000)[53:57]) is None
    assert stopper._blocks == {}
    assert stopped(stopper, minutes(lambda _: 1000)[57:]) == (117.0, Stop(StopRule.GAIN, 0.0, 0.01))
    assert min(stopper._blocks) == 57 * FPS


def test_a_restart_keeps_the_threshold_and_the_cap() -> None:
    for rules, rule in ((StopRules(stop_at=999.0), StopRule.THRESHOLD), (StopRules(cap_s=60.0), StopRule.CAP)):
        stopper = Stopper(rules, Parameters())
        stopper.push(window(54, 1000), None)
        stopper.restart()
        stop = stopper.push(window(55, 1), window(54, 1000).score)
        assert stop is not None
        assert stop.rule is rule


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("stop_at", -1.0, "above 0, or 0 or None"),
        ("stop_at", math.nan, "finite"),
        ("gain", math.inf, "finite"),
        ("gain", -0.01, "above 0, or 0 or None"),
        ("floor_s", -1.0, "0 or more"),
        ("gain_after_s", math.nan, "0 or more"),
        ("gain_horizon_s", 0.0, "above 0"),
        ("cap_s", 0.0, "above 0"),
        ("cap_s", math.inf, "finite"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(name: str, value: float, rule: str) -> None:
    with pytest.raises(ParameterError, match=f"{name}={value} .*{rule}"):
        StopRules(**{name: value})


def test_a_threshold_holds_only_for_what_it_was_measured_with() -> None:
    assert measured_stop_at("speech-embedding", Parameters()) == ENCODERS["speech-embedding"].stop_at
    assert measured_stop_at("speech-embedding", Parameters(pool=9, hop=0.2)) == ENCODERS["speech-embedding"].stop_at
    assert measured_stop_at("ave", Parameters()) is None
    assert measured_stop_at("unknown", Parameters()) is None
    assert measured_stop_at("speech-embedding", Parameters(seconds=3.0)) is None
    assert measured_stop_at("speech-embedding", Parameters(hfr_threshold=0.2)) is None
