"""What training needs of a window: every rule watches over one aspect, the worst finding decides."""

import pytest

from take5.scoring.gates.aspects import ASPECT_OF, Aspect, State, aspects
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.judging import JudgedWindow
from take5.scoring.score import WindowScore


def found(code: Code, severity: Severity = Severity.REJECT) -> Finding:
    return Finding(code, 0, 5, severity)


def test_every_rule_watches_over_one_aspect_and_every_aspect_is_watched() -> None:
    assert set(ASPECT_OF) == set(Code)
    assert set(ASPECT_OF.values()) == set(Aspect)


@pytest.mark.parametrize(
    ("code", "aspect"),
    [
        (Code.AV_OFFSET, Aspect.IN_STEP),
        (Code.SEVERAL_FACES, Aspect.SEEN),
        (Code.BLURRED, Aspect.SHARP),
        (Code.TOO_QUIET, Aspect.SPEAKING),
    ],
)
def test_a_finding_is_said_of_its_aspect_alone(code: Code, aspect: Aspect) -> None:
    rest = dict.fromkeys(Aspect, State.GOOD)
    assert aspects([found(code)], []) == {**rest, aspect: State.BAD}
    assert aspects([], [found(code, Severity.WARN)]) == {**rest, aspect: State.WARNING}


def test_a_reason_outweighs_a_warning() -> None:
    assert aspects([found(Code.BLURRED)], [found(Code.GRAINY, Severity.WARN)])[Aspect.SHARP] is State.BAD


def test_of_pictures_that_were_not_analysed_nothing_is_said() -> None:
    heard = JudgedWindow(WindowScore(0, 100.0), (found(Code.NOT_SPEAKING),), seen=False)
    assert heard.aspects == {**dict.fromkeys(Aspect), Aspect.SPEAKING: State.BAD}
