"""Algorithm 1 from the paper's formulas, written out once more, and its choice."""

import math

import numpy as np
import pytest
from features import embeddings, lips, pose

from take5.scoring import algorithm1
from take5.scoring.errors import ParameterError
from take5.scoring.motion import Motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import MC_FLOOR, WindowScore, best, informativeness, rank

RNG = np.random.default_rng(1)
THRESHOLD = 0.25


def test_diversity_is_the_mean_distance_of_all_pairs() -> None:
    e = embeddings(RNG, 40)
    pairs = [math.dist(e[i], e[k]) for i in range(40) for k in range(i + 1, 40)]
    assert algorithm1.diversity(e) == pytest.approx(2 * sum(pairs) / (40 * 39), rel=1e-12)
    assert algorithm1.diversity(np.ones((5, 3))) == 0.0


def motion_by_the_formula(x: np.ndarray, threshold: float) -> tuple[float, float, float]:
    """MC, MC_mouth, MC_head with a DFT written as a sum."""
    frames = len(x)
    centres = [x[i].mean(axis=0) for i in range(frames)]
    curves = [[float(np.hypot(*(x[i, p] - centres[i]))) for i in range(frames)] for p in range(20)]
    curves.append([0.0, *(float(np.hypot(*(centres[i] - centres[i - 1]))) for i in range(1, frames))])
    high, total = np.zeros(21), np.zeros(21)
    for c, curve in enumerate(curves):
        for k in range(1, frames):
            magnitude = abs(sum(v * np.exp(-2j * np.pi * k * n / frames) for n, v in enumerate(curve)))
            total[c] += magnitude
            high[c] += magnitude * (min(k, frames - k) / frames > threshold)
    return high.sum() / total.sum(), high[:20].sum() / total[:20].sum(), high[20] / total[20]


@pytest.mark.parametrize("frames", [25, 26, 50])
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.25, 0.4])
def test_motion_complexity_is_the_share_of_high_frequencies(frames: int, threshold: float) -> None:
    x = lips(np.random.default_rng(frames), frames)
    motion = algorithm1.motion_complexity(x, threshold)
    expected = motion_by_the_formula(x, threshold)
    assert (motion.MC, motion.MC_mouth, motion.MC_head) == pytest.approx(expected, rel=1e-10)
    assert motion.mouth_moves


@pytest.mark.parametrize(("bins", "high"), [(31, 0.0), (32, 1.0), (62, 1.0), (1, 0.0)])
def test_a_pure_tone_is_high_from_bin_32_of_125_on(bins: int, high: float) -> None:
    """T = 0.25 lies between bin 31 (6.2 Hz) and bin 32 (6.4 Hz)."""
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    radius = 20 + np.cos(2 * np.pi * bins * np.arange(125) / 125)
    ring = radius[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert algorithm1.motion_complexity(ring, THRESHOLD).MC_mouth == pytest.approx(high, abs=1e-9)


def test_a_still_mouth_has_no_motion_and_a_moving_head_does_not_change_that() -> None:
    still = np.tile(lips(RNG, 1), (125, 1, 1))
    frozen = algorithm1.motion_complexity(still, THRESHOLD)
    assert frozen == Motion(MC=0.0, MC_mouth=0.0, MC_head=0.0, mouth_moves=False)
    gliding = algorithm1.motion_complexity(still + np.arange(125)[:, None, None] * 0.5, THRESHOLD)
    assert not gliding.mouth_moves
    assert gliding.MC_head > 0


def test_views_are_distinct_roundings_to_five_degrees() -> None:
    angles = np.array([[0.0, 2.4, -2.4], [1.0, -1.0, 0.0], [2.6, 0.0, 0.0], [-2.6, 0.0, 0.0], [5.0, 0.0, 0.0]])
    assert algorithm1.camera_views(angles) == 3


def test_informativeness_is_diversity_over_complexity() -> None:
    assert informativeness(3.0, 0.5) == 3.0 / (0.5 + 1e-8)
    assert MC_FLOOR == 1e-8


def window(start: int, D: float, MC: float = 0.5, views: int = 3) -> WindowScore:
    return WindowScore(start, D, Motion(MC, MC, MC, mouth_moves=True), views)


def test_ties_go_to_the_earlier_and_to_fewer_views() -> None:
    assert [w.start for w in rank([window(50, 1.0), window(25, 1.0), window(0, 0.5)])] == [25, 50, 0]
    assert best([window(0, 1.0, views=4), window(25, 1.0, views=3), window(50, 1.0, views=3)]) == window(25, 1.0)
    assert best([]) is None
    assert best([WindowScore(0, 1.0)]) is None


def test_the_choice_is_the_highest_I_among_the_eligible_windows_of_highest_D() -> None:
    rng = np.random.default_rng(7)
    audio, mouth, head = embeddings(rng, 600), lips(rng, 600), pose(rng, 600)
    parameters = Parameters(pool=3)
    excluded = {75, 300}
    chosen, pool = algorithm1.choose(audio, mouth, head, lambda start: start not in excluded, parameters)
    scores = [window_by_hand(audio, mouth, start) for start in range(0, 600 - 124, 25) if start not in excluded]
    by_diversity = sorted(scores, key=lambda s: (-s[1], s[0]))[:3]
    assert [w.start for w in pool] == [s[0] for s in by_diversity]
    assert chosen is not None
    assert chosen.start == max(by_diversity, key=lambda s: s[1] / (s[2] + 1e-8))[0]


def window_by_hand(audio: np.ndarray, mouth: np.ndarray, start: int) -> tuple[int, float, float]:
    e = audio[start : start + 125]
    D = np.linalg.norm(e[:, None] - e[None], axis=2).sum() / (125 * 124)
    return start, float(D), motion_by_the_formula(mouth[start : start + 125], THRESHOLD)[0]


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"seconds": 5.02}, "seconds=5.02 must be a positive multiple of 0.04 s"),
        ({"hop": 0.05}, "hop=0.05 must be a positive multiple"),
        ({"hop": -1.0}, "hop=-1.0"),
        ({"seconds": 5.0, "hop": 2.0}, "seconds=5.0 must be a multiple of hop=2.0"),
        ({"seconds": 0.04, "hop": 0.04}, "at least two frames"),
        ({"pool": 0}, "pool=0"),
        ({"hfr_threshold": 0.5}, r"hfr_threshold=0.5 must be in \[0, 0.5\)"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"seconds": float("inf")}, "seconds=inf"),
    ],
)
def test_parameters_that_break_a_rule_are_refused(settings: dict[str, float], rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        Parameters(**settings)  # type: ignore[arg-type] # that is what is refused


def test_windows_of_a_recording() -> None:
    parameters = Parameters()
    assert [parameters.window_count(n) for n in (0, 124, 125, 149, 150, 1500)] == [0, 0, 1, 1, 2, 56]
    assert parameters.window_span(3) == (75, 200)
    assert Parameters(seconds=0.4, hop=0.04).chunks_per_window == 10
