"""Every rule broken on purpose: what is found, where, and how many bad frames it takes."""

import numpy as np
import pytest
from gate_measures import FRAMES, GOOD, good_measures, with_value, with_values

from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.rules import FRAME_RULES, RULES, SESSION_RULES, STRICTNESSES, WINDOW_RULES, Limits
from take5.scoring.gates.series import SERIES, WHOLES, quantile
from take5.scoring.gates.session import SessionReference
from take5.scoring.gates.verdict import confirmed, frame_findings, window_findings

NEW = ((False,),) * FRAMES

BAD_FRAMES = {
    Code.TOO_FAR: ("inter_eye", 20), Code.TOO_CLOSE: ("closeness", 0.95), Code.FACE_CUT: ("margin", -0.2),
    Code.HEAD_TURNED: ("yaw", -50), Code.HEAD_PITCHED: ("pitch", 45), Code.HEAD_TILTED: ("roll", -38),
    Code.BLURRED: ("blur", 0.8), Code.GRAINY: ("grain", 20), Code.TOO_DARK: ("brightness", 0.05),
    Code.TOO_BRIGHT: ("brightness", 0.97), Code.OVEREXPOSED: ("overexposed", 0.3), Code.UNEVEN_LIGHT: ("evenness", 0.2),
    Code.OFF_CENTRE: ("centre_y", 0.45), Code.EYES_CLOSED: ("eye_open", 0.02), Code.LOOKING_AWAY: ("gaze_x", -0.9),
}  # fmt: skip


def found(measures: FrameMeasures, strictness: str = "normal", start: int = 0) -> list[Finding]:
    return window_findings(measures, NEW, start, GateConfig.of(strictness))


@pytest.mark.parametrize("strictness", STRICTNESSES)
def test_a_good_window_passes_everywhere(strictness: str) -> None:
    assert found(good_measures(), strictness) == []


def test_every_rule_has_something_to_compare() -> None:
    assert {rule.code for rule in FRAME_RULES} == set(SERIES) == set(BAD_FRAMES)
    assert {rule.code for rule in WINDOW_RULES} - {Code.FRAMES_DOUBLED} == set(WHOLES)


@pytest.mark.parametrize("code", BAD_FRAMES)
def test_bad_frames_are_found_where_they_are(code: Code) -> None:
    name, value = BAD_FRAMES[code]
    findings = found(with_value(good_measures(), name, value, 20, 40), start=100)
    (finding,) = [f for f in findings if f.code == code]
    assert (finding.start, finding.stop) == (120, 140)
    limits = RULES[code].normal
    assert finding.severity is (Severity.WARN if limits.reject is None else Severity.REJECT)
    assert finding.rule
    assert not any(f.severity is Severity.REJECT for f in findings if f.code != code and f.code != Code.LIGHT_CHANGES)


@pytest.mark.parametrize("code", BAD_FRAMES)
def test_as_few_noisy_frames_as_the_rule_says_do_not_count(code: Code) -> None:
    name, value = BAD_FRAMES[code]
    need = RULES[code].need
    fewer = with_value(good_measures(), name, value, 20, 20 + need - 1)
    assert code not in {f.code for f in found(fewer)}
    assert code in {f.code for f in found(with_value(fewer, name, value, 20, 20 + need))}


def test_a_flicker_is_one_stretch_and_two_far_apart_are_two() -> None:
    def shown(text: str) -> str:
        return "".join("#" if held else "." for held in confirmed(np.array([c == "#" for c in text]), 3, 5))

    assert shown("..#.##..........") == "..####.........."
    assert shown("##...........##.") == "." * 16
    assert shown("#.#.#.#.#.......") == "#########......."
    assert shown("###.........###.") == "###.........###."
    assert shown("###") == "..."  # not even five frames


def test_a_stretch_that_rejects_is_told_and_not_where_it_only_warns() -> None:
    rule, values = RULES[Code.BLURRED], np.full(50, 0.5)
    values[5:20], values[30:40] = 0.7, 0.8
    limits = Limits(warn=0.65, reject=0.75)
    assert [(f.start, f.stop, f.severity, f.value) for f in frame_findings(rule, values, 10, limits)] == [
        (40, 50, Severity.REJECT, 0.8)
    ]
    values[30:40] = 0.5
    assert [(f.start, f.stop, f.severity) for f in frame_findings(rule, values, 10, limits)] == [
        (15, 30, Severity.WARN)
    ]


def test_a_value_at_the_limit_is_allowed() -> None:
    limits = Limits(reject=0.5)
    assert frame_findings(RULES[Code.BLURRED], np.full(9, 0.5), 0, limits) == []
    assert frame_findings(RULES[Code.TOO_DARK], np.full(9, 0.5), 0, limits) == []


@pytest.mark.parametrize(
    ("code", "values"),
    [
        (Code.HEAD_MOVES, {"yaw": np.linspace(-15, 15, FRAMES)}),
        (Code.LIGHT_CHANGES, {"brightness": np.where(np.arange(FRAMES) < 60, 0.3, 0.6)}),
        (Code.NO_BLINK, {"eye_open": np.full(FRAMES, 0.3)}),
        (Code.MOUTH_STAYS_CLOSED, {"mouth_open": np.full(FRAMES, 0.01)}),
        (Code.MOUTH_STAYS_OPEN, {"mouth_open": np.full(FRAMES, 0.15)}),
        (Code.FRAMES_SKIPPED, {"step": np.tile([0, 80], FRAMES)[:FRAMES]}),
    ],
)
def test_the_window_as_a_whole(code: Code, values: dict[str, np.ndarray]) -> None:
    (finding,) = [f for f in found(with_values(good_measures(), **values), start=50) if f.code == code]
    assert (finding.start, finding.stop) == (50, 50 + FRAMES)


def test_a_blink_is_relative_to_the_persons_own_open_eyes() -> None:
    narrow = with_values(good_measures(), eye_open=good_measures().eye_open * 0.7)
    assert Code.NO_BLINK not in {f.code for f in found(narrow)}
    half = with_value(good_measures(), "eye_open", 0.2, 60, 66)  # of 0.3: a third closed is no blink
    assert Code.NO_BLINK in {f.code for f in found(half)}


def test_eyes_shut_all_the_time_are_not_taken_for_open_ones() -> None:
    shut = with_values(good_measures(), eye_open=np.full(FRAMES, 0.03))
    (finding,) = [f for f in found(shut) if f.code == Code.EYES_CLOSED]
    assert (finding.start, finding.stop, finding.severity) == (0, FRAMES, Severity.REJECT)


def test_doubled_frames_are_shown_twice_or_identical() -> None:
    twice = with_values(good_measures(), step=np.tile([40, 0], FRAMES)[:FRAMES])
    assert Code.FRAMES_DOUBLED in {f.code for f in found(twice)}
    identical = tuple((i % 2 == 1,) for i in range(FRAMES))
    findings = window_findings(good_measures(), identical, 0, GateConfig())
    assert [(f.code, f.severity, round(f.value or 0, 3)) for f in findings] == [
        (Code.FRAMES_DOUBLED, Severity.REJECT, 0.496)
    ]
    frozen = tuple((20 <= i < 90,) for i in range(FRAMES))
    assert window_findings(good_measures(), frozen, 0, GateConfig()) == []  # that is frozen_picture
    fast = ((False, True),) * FRAMES  # of two that arrived one is new
    assert window_findings(good_measures(), fast, 0, GateConfig()) == []


def test_fifteen_frames_a_second_only_warn_and_half_of_25_rejects() -> None:
    def severity(fps: float) -> Severity | None:
        instants = np.arange(FRAMES + 1) * 40
        shown = np.rint(np.rint(instants * fps / 1000) * 1000 / fps)
        measures = with_values(good_measures(), step=np.diff(shown))
        return next((f.severity for f in found(measures) if f.code == Code.FRAMES_DOUBLED), None)

    assert [severity(fps) for fps in (60, 30, 25, 24, 15, 12.5)] == [
        None, None, None, None, Severity.WARN, Severity.REJECT,
    ]  # fmt: skip


def test_a_window_without_a_face_breaks_no_rule_here() -> None:
    blind = FrameMeasures.unmeasured(FRAMES)
    assert found(blind, "strict") == []
    one = FrameMeasures.concatenate([good_measures()[:60], FrameMeasures.unmeasured(1), good_measures()[61:]])
    assert not any(f.severity is Severity.REJECT for f in found(one))


def test_only_the_window_counts_however_it_was_cut() -> None:
    rng = np.random.default_rng(3)
    noisy = with_values(
        good_measures(),
        **{name: getattr(good_measures(), name) * rng.normal(1, 0.5, FRAMES) for name in GOOD if name != "step"},
    )
    whole = found(noisy, "strict")
    assert whole
    for size in (1, 7, 25):
        parts = [noisy[i : i + size] for i in range(0, FRAMES, size)]
        assert found(FrameMeasures.concatenate(parts), "strict") == whole


def test_the_session_only_warns_whatever_is_asked_for() -> None:
    reference, config = SessionReference(), GateConfig.of("strict", ["less_sharp=0.01"])
    assert reference.findings(good_measures(), 0, config) == []
    sharp = with_values(good_measures(), blur=np.full(FRAMES, 0.45))
    reference.push(FrameMeasures.unmeasured(25))
    reference.push(sharp[:25])
    reference.push(good_measures()[:100])
    soft = with_values(good_measures(), brightness=np.full(FRAMES, 0.25))
    findings = reference.findings(soft, 75, config)
    assert [(f.code, f.severity, round(f.value or 0, 3)) for f in findings] == [
        (Code.LESS_SHARP, Severity.WARN, 0.05), (Code.LIGHT_UNLIKE_SESSION, Severity.WARN, 0.5),
    ]  # fmt: skip
    assert not any(limits.reject for rule in SESSION_RULES for limits in (rule.loose, rule.normal, rule.strict))


def test_the_sessions_light_is_that_of_its_first_three_seconds() -> None:
    reference = SessionReference()
    for _ in range(4):
        reference.push(good_measures()[:25])
    reference.push(with_values(good_measures(), brightness=np.full(FRAMES, 0.9)))
    assert reference.brightness == pytest.approx(0.5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_quantiles_are_numpys_to_the_last_bit(kind: type[np.floating]) -> None:
    chance = np.random.default_rng(7)
    for size in (1, 2, 3, 24, 125, 126):
        for share in (0.0, 0.05, 0.5, 0.9, 0.95, 1.0):
            values = chance.normal(size=size).astype(kind)
            known = np.concatenate([values, [np.nan, np.inf]]).astype(kind)
            assert quantile(known, share) == float(np.quantile(values, share))
    assert np.isnan(quantile(np.full(3, np.nan, kind), 0.5))
