"""When a recording stops: the rules, and the gain estimate against brute force and against the truth."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.own_range import REACH, reach_of
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import MC_FLOOR, WindowScore
from take5.scoring.stopping import Stop, Stopper, StopRule, StopRules, leave_out_gain

NO_GAIN = StopRules(gain=None, share=0)
GAIN = StopRules(share=0)
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
    found = stopped(Stopper(StopRules(stop_at=off, gain=None, share=0), Parameters()), minutes(lambda _: 1e9))
    assert found is not None
    assert found[1].rule is StopRule.CAP


# --- rule 1, of the talker's own range ----------------------------------------------------------------------------


def talk(count: int, last: float, level: float = 1000.0) -> list[JudgedWindow]:
    """Windows of I ``level``, but for the last."""
    return [window(second, level) for second in range(count - 1)] + [window(count - 1, last)]


def needed(count: int, last: float, level: float = 1000.0) -> float:
    """0.95 of 1.25 times the geometric mean."""
    return 0.95 * 1.25 * math.exp(((count - 1) * math.log(level) + math.log(last)) / count)


@pytest.mark.parametrize("level", [1e-3, 1.0, 1000.0])
def test_it_stops_at_a_share_of_what_this_talker_can_be_expected_to_reach(level: float) -> None:
    """Whatever the scale of I: a talker is only compared with themselves."""
    found = stopped(Stopper(StopRules(), Parameters()), talk(20, 1.3 * level, level))
    assert found is not None
    time_s, stop = found
    assert (time_s, stop.rule) == (24.0, StopRule.THRESHOLD)
    assert stop.value == pytest.approx(1.3 * level)
    assert stop.limit == pytest.approx(needed(20, 1.3 * level, level))
    assert stop.expected == pytest.approx(stop.limit / 0.95 if stop.limit else None)
    assert stopped(Stopper(StopRules(), Parameters()), talk(20, 1.15 * level, level)) is None


def test_not_before_the_twelfth_eligible_window() -> None:
    outstanding = [window(0, 2000.0), *talk(40, 1000.0)[1:]]
    found = stopped(Stopper(StopRules(), Parameters()), outstanding)
    assert found is not None
    assert found[0] == 16.0
    ruled_out = [window(second, 1000.0, *FACELESS) for second in range(1, 31)]
    late = [window(0, 2000.0), *ruled_out, *(window(second, 1000.0) for second in range(31, 60))]
    found = stopped(Stopper(StopRules(gain=None), Parameters()), late)
    assert found is not None
    assert found[0] == 31 + 10 + 5


def test_where_scoring_has_fallen_behind_five_analysed_windows_have_to_do() -> None:
    stopper = Stopper(StopRules(gain=None), Parameters())
    for second in range(20):
        judged = window(second, 1000.0) if second < 4 else unseen(second)
        assert stopper.push(judged, window(0, 2000.0).score) is None
    assert stopper.standing is not None
    assert (stopper.standing.windows, stopper.standing.passed, stopper.standing.expected) == (4, 20, None)
    assert stopper.amend(window(15, 1000.0, *FACELESS), window(0, 2000.0).score) is None
    assert stopper.standing.passed == 19
    stop = stopper.amend(window(16, 1000.0), window(0, 2000.0).score)
    assert stop is not None
    assert stop.expected == pytest.approx(1250.0)


def test_the_floor_holds_for_it_too_and_it_can_be_left_out() -> None:
    windows = [window(0, 2000.0), *talk(60, 1000.0)[1:]]
    found = stopped(Stopper(StopRules(floor_s=30.0), Parameters()), windows)
    assert found is not None
    assert found[0] == 30.0
    assert stopped(Stopper(NO_GAIN, Parameters()), windows) is None


def test_a_threshold_of_the_users_own_takes_its_place_unless_both_are_wanted() -> None:
    windows = [window(0, 2000.0), *talk(30, 1000.0)[1:]]
    assert stopped(Stopper(StopRules(stop_at=3000.0), Parameters()), windows) is None
    assert StopRules(stop_at=3000.0).own_share == 0
    both = stopped(Stopper(StopRules(stop_at=3000.0, share=0.95), Parameters()), windows)
    assert both is not None
    assert both[1].expected is not None
    first = stopped(Stopper(StopRules(stop_at=1500.0, share=0.95), Parameters()), windows)
    assert first is not None
    assert (first[0], first[1].limit, first[1].expected) == (5.0, 1500.0, None)


def test_a_talker_after_a_restart_is_another_one() -> None:
    """A prompt changed how they speak: the typical window is one of the new way."""
    stopper = Stopper(StopRules(gain=None), Parameters())
    assert stopped(stopper, talk(30, 1000.0)) is None
    stopper.restart()
    assert stopper.standing is None
    better = [window(second, 1250.0) for second in range(35, 55)]
    assert stopped(stopper, better) is None
    assert stopper.standing is not None
    assert stopper.standing.typical == pytest.approx(1250.0)


def test_after_the_minute_in_which_it_was_expected_less_is_asked_for() -> None:
    """From 0.95 * 1.25 times the typical window at 60 s to that window itself at 180 s, on the scale of log I."""
    stopper, seen = Stopper(StopRules(gain=None), Parameters()), {}
    for judged in minutes(lambda _: 1000):
        best = window(0, 999.0).score
        if stopper.push(judged, best) is not None:
            break
        assert stopper.standing is not None
        seen[judged.score.start // FPS + 5] = stopper.standing.needed
    assert [seen[second] for second in (16, 60)] == pytest.approx([1187.5] * 2)
    assert seen[120] == pytest.approx(1000 * 1.1875**0.5)
    assert seen[180] == seen[600 - 1] == pytest.approx(1000)
    late = Stopper(StopRules(gain=None), Parameters())
    found = stopped(late, [window(0, 1100.0), *(window(second, 1000.0) for second in range(1, 300))])
    assert found is not None
    way = math.log(1.1) / math.log(1.1875)
    assert found[0] == pytest.approx(60 + 120 * (1 - way), abs=2.0)


def test_a_share_that_anybody_reaches_stops_at_once_when_the_range_is_known() -> None:
    found = stopped(Stopper(StopRules(share=0.5), Parameters()), talk(20, 1000.0))
    assert found is not None
    assert found[0] == 16.0


def test_where_the_best_stands_among_the_talkers_windows() -> None:
    stopper = Stopper(StopRules(), Parameters())
    seen = []
    for judged in [*talk(12, 1000.0), window(12, 1100.0), window(13, 900.0, *FACELESS), window(13.5, 900.0)]:
        best = window(12, 1100.0).score if judged.score.start >= 12 * FPS else window(0, 1000.0).score
        assert stopper.push(judged, best) is None
        seen.append(stopper.standing)
    early, known, *_, last = seen[0], seen[11], seen[-1]
    assert early is not None
    assert (early.windows, early.better_than, early.needed, early.reached) == (1, 0, None, None)
    assert known is not None
    assert (known.windows, known.better_than) == (12, 0)
    assert known.reached == pytest.approx(0.0, abs=1e-9)
    assert last is not None
    assert (last.windows, last.better_than) == (14, 13)
    assert last.expected == pytest.approx(1.25 * last.typical)
    assert last.reached == pytest.approx(math.log(1100 / last.typical) / math.log(0.95 * 1.25))


def test_longer_windows_of_one_talker_differ_less() -> None:
    assert reach_of(Parameters()) == REACH
    assert reach_of(Parameters(seconds=10.0)) == pytest.approx(1.17, abs=0.01)
    assert reach_of(Parameters(seconds=2.0)) > REACH
    ten = [window(second, 1000.0) for second in range(20)] + [window(20, 1000 * 1.17)]
    found = stopped(Stopper(StopRules(), Parameters(seconds=10.0)), ten)
    assert found is not None
    assert found[0] == 30.0
    assert stopped(Stopper(StopRules(), Parameters()), ten) is None


# --- rule 2 --------------------------------------------------------------------------------------------------------


def test_the_gain_rule_waits_for_its_time_though_nothing_changes() -> None:
    stopper = Stopper(GAIN, Parameters())
    found = stopped(stopper, minutes(lambda _: 1000))
    assert found == (60.0, Stop(StopRule.GAIN, 0.0, 0.01))
    early = Stopper(StopRules(gain_after_s=0.0, share=0), Parameters())
    assert stopped(early, minutes(lambda _: 1000)) == (35.0, Stop(StopRule.GAIN, 0.0, 0.01))


def test_one_block_far_above_the_others_keeps_it_going() -> None:
    """G is then k/n of the distance: 6/n * log 1.2 <= 0.01 from n = 110 on."""
    found = stopped(Stopper(GAIN, Parameters()), minutes(lambda s: 1200 if s == 20 else 1000))
    assert found is not None
    assert (found[0], found[1].rule) == (550.0, StopRule.GAIN)
    assert found[1].value == pytest.approx(6 / 110 * math.log(1.2))


def test_a_steady_rise_is_taken_for_luck() -> None:
    """A known limit: blocks 5 % better than the last are not exchangeable, and G knows no order (docs/stopping.md)."""
    found = stopped(Stopper(GAIN, Parameters()), minutes(lambda s: 1000 * 1.01**s))
    assert found is not None
    assert (found[0], found[1].rule) == (175.0, StopRule.GAIN)


def test_a_gain_of_just_eps_is_enough() -> None:
    eps = leave_out_gain([0.0] * 11 + [math.log(1.2)], 6)
    for gain, rule in ((eps, StopRule.GAIN), (math.nextafter(eps or 0.0, 0.0), StopRule.CAP)):
        found = stopped(
            Stopper(StopRules(gain=gain, cap_s=60.0, share=0), Parameters()), minutes(lambda s: 1.2 if s == 20 else 1)
        )
        assert found is not None
        assert found[1].rule is rule


@pytest.mark.parametrize("off", [None, 0.0])
def test_the_gain_rule_can_be_left_out(off: float | None) -> None:
    stopper = Stopper(StopRules(gain=off, share=0), Parameters())
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
    stopper = Stopper(GAIN, Parameters())
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
        ("share", -0.1, "above 0, or 0"),
        ("share", math.nan, "finite"),
        ("reach", 0.99, "1 or more"),
        ("reach", math.inf, "finite"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(name: str, value: float, rule: str) -> None:
    with pytest.raises(ParameterError, match=f"{name}={value} .*{rule}"):
        StopRules(**{name: value})
