"""Presets and overrides."""

import pickle
from types import SimpleNamespace

import pytest
from stretches import talker

from take5.scoring import judging
from take5.scoring.errors import ParameterError
from take5.scoring.gates import session
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.gates.rules import (
    FRAME_RULES,
    MOUTH_RULES,
    OFF,
    RULES,
    SESSION_RULES,
    SOUND_RULES,
    STRICTNESSES,
    WINDOW_RULES,
    Limits,
)
from take5.scoring.gates.series import SERIES, WHOLES


def limits(*overrides: str, strictness: str = "normal", code: Code = Code.BLURRED) -> Limits:
    return GateConfig.of(strictness, overrides).limits[code]


def test_the_default_is_normal() -> None:
    assert GateConfig() == GateConfig.of("normal")
    assert set(GateConfig().limits) == set(RULES)


def test_every_gate_compares_something() -> None:
    """A rule without a value would fail at the first window; a value without a rule is never looked at."""
    assert {rule.code for rule in FRAME_RULES} == set(SERIES)
    assert {rule.code for rule in WINDOW_RULES} == {*WHOLES, Code.FRAMES_DOUBLED}, (
        "frames_doubled needs more than measures"
    )


def test_gates_on_sound_mouth_and_session_compare_something(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Code] = []

    def record(code: Code, *_: object) -> list[Finding]:
        asked.append(code)
        return []

    monkeypatch.setattr(judging, "finding", record)
    monkeypatch.setattr(session, "finding", record)
    monkeypatch.setattr(judging, "offset", lambda _: SimpleNamespace(frames=2.0))  # invented lips fit no sound
    window, gates = talker(125), GateConfig()
    judging.sound_findings(window.sound, 0, gates)
    judging.mouth_findings(window.lips, window.sound, 0, gates)
    session.SessionReference().findings(window.measures, 0, gates)
    assert set(asked) == {rule.code for rule in (*SOUND_RULES, *MOUTH_RULES, *SESSION_RULES)}


def test_every_code_has_a_rule() -> None:
    forbidden = {code for code in Code if code not in RULES}
    of_trainers = {Code.BLINK_TOO_WEAK, Code.MOUTH_TOO_SMALL, Code.MOUTH_NEVER_CLOSES, Code.MOUTH_OPENS_LATE}
    eligibility = {
        Code.NO_FACE, Code.SEVERAL_FACES, Code.FRAMES_MISSING, Code.SOUND_MISSING, Code.PICTURE_DAMAGED,
        Code.FROZEN_PICTURE, Code.STILL_MOUTH, Code.SIZE_CHANGED, Code.DIGITAL_SILENCE,
    }  # fmt: skip
    assert forbidden == eligibility | of_trainers | {Code.REFERENCE_FRAME_BAD}


def test_a_configuration_goes_to_other_processes() -> None:
    config = GateConfig("strict", ("blurred=off",), ("instag",))
    copy = pickle.loads(pickle.dumps(config))  # noqa: S301 - our own bytes
    assert (copy, copy.limits, hash(copy)) == (config, config.limits, hash(config))


@pytest.mark.parametrize("code", RULES)
def test_stricter_presets_never_allow_more(code: Code) -> None:
    rule = RULES[code]
    sign = 1 if rule.at_least else -1
    never = float("-inf")
    for looser, stricter in ((rule.loose, rule.normal), (rule.normal, rule.strict)):
        for field in ("warn", "reject"):
            a, b = ((never if v is None else sign * v) for v in (getattr(looser, field), getattr(stricter, field)))
            acts = max(sign * v for v in stricter if v is not None) if any(v is not None for v in stricter) else never
            assert b >= a or (field == "warn" and acts >= a), (code, field)


@pytest.mark.parametrize("code", RULES)
def test_a_warning_comes_before_the_rejection(code: Code) -> None:
    rule = RULES[code]
    for strictness in STRICTNESSES:
        warn, reject = rule.limits(strictness)
        if warn is not None and reject is not None:
            assert warn > reject if rule.at_least else warn < reject


def test_overrides() -> None:
    normal = limits()
    assert limits("blurred=off") == OFF
    assert limits("blurred=0.9") == Limits(normal.warn, 0.9)
    assert limits("blurred=reject:0.9") == Limits(normal.warn, 0.9)
    assert limits("blurred=warn:0.5") == Limits(0.5, normal.reject)
    assert limits("blurred=warn") == Limits(normal.warn, None)
    assert limits(" blurred = off ", "blurred=0.8") == Limits(None, 0.8)
    assert limits("grainy=off") == normal
    assert limits("no_blink=reject", code=Code.NO_BLINK) == Limits(0.4, 0.4)
    assert limits("no_blink=reject", strictness="loose", code=Code.NO_BLINK).reject == 0.4
    assert limits("less_sharp=0.2", code=Code.LESS_SHARP) == Limits(0.2, None)


ACTIONS = [
    (code, does) for code, rule in RULES.items() for does in ("warn", "reject") if does == "warn" or rule.may_reject
]


@pytest.mark.parametrize(("code", "severity"), ACTIONS)
@pytest.mark.parametrize("strictness", STRICTNESSES)
def test_every_gate_can_be_told_what_to_do(code: Code, severity: str, strictness: str) -> None:
    chosen = GateConfig.of(strictness, [f"{code}={severity}"]).limits[code]
    assert (chosen.reject is not None) == (severity == "reject")
    assert severity == "reject" or chosen.warn is not None


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("blurred", "must be GATE=VALUE"),
        ("blury=0.5", "unknown gate 'blury'; choose one of too_far"),
        ("no_face=off", "unknown gate 'no_face'"),
        ("blurred=", "'' is not a number"),
        ("blurred=very", "'very' is not a number; VALUE is off, warn"),
        ("blurred=nan", "'nan' is not a number"),
        ("blurred=inf", "'inf' is not a number"),
        ("blurred=shout:0.5", "'shout' must be warn or reject"),
        ("blurred=warn:", "'' is not a number"),
        ("blurred=:0.5", "'' must be warn or reject"),
        ("less_sharp=reject", "compares with the whole session"),
        ("less_sharp=reject:0.1", "compares with the whole session"),
    ],
)
def test_a_wrong_override_is_named(override: str, text: str) -> None:
    with pytest.raises(ParameterError) as error:
        GateConfig.of("normal", [override])
    assert text in str(error.value)


def test_a_wrong_strictness_is_named() -> None:
    with pytest.raises(ParameterError, match="strictness 'tight' must be one of loose, normal, strict"):
        GateConfig.of("tight")
