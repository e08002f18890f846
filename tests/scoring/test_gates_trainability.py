"""What trainers cannot do without."""

import numpy as np
import pytest
from gate_measures import FRAMES, good_measures, with_value, with_values

from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Severity
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.trainability import NEEDS, trainability_findings
from take5.scoring.gates.verdict import window_findings
from take5.stream.bundles.trainers.registry import TRAINERS

FLAT_EYES = {"eye_open": np.full(FRAMES, 0.3)}
HALF_BLINK = {"eye_open": np.where(np.arange(FRAMES) == 50, 0.16, 0.3)}
SHUT_MOUTH = {"mouth_open": np.full(FRAMES, 0.01), "mouth_area": np.full(FRAMES, 5)}
AGAPE = {"mouth_open": 0.12 + good_measures().mouth_open}
LATE = {"mouth_open": np.where(np.arange(FRAMES) >= 114, 0.3, 0.05)}


def codes(trainer: str, measures: FrameMeasures) -> set[str]:
    findings = trainability_findings([trainer], measures, 200)
    assert all((f.start, f.stop, f.severity) == (200, 325, Severity.REJECT) and f.rule for f in findings)
    return {str(finding.code) for finding in findings}


def test_every_trainer_has_its_needs() -> None:
    assert set(NEEDS) == set(TRAINERS)


@pytest.mark.parametrize("trainer", NEEDS)
def test_a_good_window_can_be_trained_on(trainer: str) -> None:
    assert codes(trainer, good_measures()) == set()


@pytest.mark.parametrize(
    ("trainer", "values", "lacks"),
    [
        ("talkinggaussian", FLAT_EYES, {"blink_too_weak"}),
        ("talkinggaussian", HALF_BLINK, {"blink_too_weak"}),
        ("instag", FLAT_EYES, {"blink_too_weak"}),
        ("instag", HALF_BLINK, set()),
        ("synctalk", FLAT_EYES, set()),
        ("er-nerf", SHUT_MOUTH, {"mouth_too_small"}),
        ("synctalk", AGAPE, {"mouth_never_closes"}),
        ("talkinggaussian", LATE, {"mouth_opens_late"}),
        ("instag", LATE, set()),
        ("raw", {**FLAT_EYES, **SHUT_MOUTH}, set()),
    ],
)
def test_what_a_window_lacks(trainer: str, values: dict[str, np.ndarray], lacks: set[str]) -> None:
    assert codes(trainer, with_values(good_measures(), **values)) == lacks


@pytest.mark.parametrize(
    ("name", "value"), [("eye_open", 0.02), ("yaw", 35), ("margin", -0.1), ("blur", 0.8), ("blur", float("nan"))]
)
def test_synctalks_reference_frame(name: str, value: float) -> None:
    assert codes("synctalk", with_value(good_measures(), name, value, 2, 3)) == {"reference_frame_bad"}
    assert codes("synctalk", with_value(good_measures(), name, value, 3, 4)) == set()
    assert codes("er-nerf", with_value(good_measures(), name, value, 2, 3)) == set()


def test_a_mouth_is_measured_in_the_pixels_of_the_bundle() -> None:
    area = {"mouth_area": np.full(FRAMES, 15)}
    small, large = (with_values(good_measures(), face_width=np.full(FRAMES, width), **area) for width in (100, 400))
    assert codes("instag", small) == set()  # enlarged by 1.5: 34 pixels
    (finding,) = trainability_findings(["instag"], large, 0)  # made smaller, to 6 pixels
    assert finding.code == Code.MOUTH_TOO_SMALL
    assert finding.value == pytest.approx(15 * (256 / 400) ** 2)


def test_a_window_with_a_missing_face_is_rule_as_business() -> None:
    gap = FrameMeasures.concatenate([good_measures()[:60], FrameMeasures.unmeasured(1), good_measures()[61:]])
    assert codes("talkinggaussian", gap) == set()


def test_an_unknown_trainer_is_named() -> None:
    with pytest.raises(ParameterError, match="unknown trainer 'wav2lip'; choose one of synctalk"):
        trainability_findings(["wav2lip"], good_measures(), 0)


def test_a_chosen_trainer_rejects_windows_and_several_tell_the_same_once() -> None:
    config = GateConfig.of("loose", trainers=["talkinggaussian", "instag", "synctalk"])
    flat = with_values(good_measures(), **FLAT_EYES)
    findings = window_findings(flat, ((False,),) * FRAMES, 0, config)
    assert [(f.code, f.severity) for f in findings] == [(Code.BLINK_TOO_WEAK, Severity.REJECT)]
    assert window_findings(flat, ((False,),) * FRAMES, 0, GateConfig.of("loose")) == []
    with pytest.raises(ParameterError, match="unknown trainer 'wav2lip'"):
        GateConfig.of("loose", trainers=["wav2lip"])
