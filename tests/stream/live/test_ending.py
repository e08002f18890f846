"""When a recording ends by itself: the rules, then an idle stretch if one is wanted."""

from stretches import sitter, talker

from take5.scoring.idle import IdleState
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.live.ending import Ending
from take5.stream.settings import Settings

GOOD = JudgedWindow(WindowScore(0, 140.0, Motion(0.1, 0.1, 0.1, mouth_moves=True), 3))
BETTER = JudgedWindow(WindowScore(25, 150.0, Motion(0.1, 0.1, 0.1, mouth_moves=True), 3))
assert GOOD.score.I is not None
REACHED = StopRules(stop_at=GOOD.score.I, gain=None)


def ending(rules: StopRules | None) -> Ending:
    return Ending(rules, Settings())


def test_a_rule_stops_it_at_the_window_that_is_enough() -> None:
    end = ending(REACHED)
    assert end.scored(None, None, 100) is None
    assert end.settle(100, idle_known=False) is None
    assert end.stop is None
    end.scored(GOOD, GOOD.score, 125)
    assert end.settle(125, idle_known=False) is None
    assert end.stop is not None
    assert (end.stop.rule, end.at) == (StopRule.THRESHOLD, 125)
    stop = end.stop
    end.scored(BETTER, BETTER.score, 150)
    end.amended(BETTER, BETTER.score, 150)
    end.settle(150, idle_known=False)
    assert end.stop is stop, "the first rule counts"


def test_without_rules_it_never_ends() -> None:
    end = ending(None)
    assert end.scored(GOOD, GOOD.score, 125) is None
    end.amended(GOOD, GOOD.score, 125)
    end.restart()
    assert end.settle(125, idle_known=False) is None
    end.over()
    assert end.stop is None


def test_a_window_that_is_analysed_later_can_be_enough() -> None:
    end = ending(REACHED)
    end.amended(GOOD, GOOD.score, 300)
    end.settle(300, idle_known=False)
    assert end.stop is not None


def test_an_idle_stretch_is_asked_for_once_and_waited_for() -> None:
    end = ending(StopRules(stop_at=GOOD.score.I, gain=None, idle_s=20.0))
    end.scored(GOOD, GOOD.score, 125)
    assert end.settle(125, idle_known=False) is IdleState.WAITING
    assert end.settle(150, idle_known=False) is None
    assert end.stop is None
    assert end.watched(talker(50)) is None
    assert end.watched(sitter(125)) is IdleState.FOUND
    assert end.watched(sitter(25)) is None, "told once"
    end.settle(300, idle_known=True)
    assert end.stop is not None
    assert end.at == 300


def test_no_idle_stretch_is_asked_for_where_one_was_found_in_passing() -> None:
    end = ending(StopRules(stop_at=GOOD.score.I, gain=None, idle_s=20.0))
    end.scored(GOOD, GOOD.score, 125)
    assert end.settle(125, idle_known=True) is None
    assert end.stop is not None


def test_the_end_of_the_recording_ends_the_wait() -> None:
    end = ending(StopRules(stop_at=GOOD.score.I, gain=None, idle_s=20.0))
    end.scored(GOOD, GOOD.score, 125)
    end.settle(125, idle_known=False)
    end.over()
    assert end.stop is not None
