"""Online against batch: merged chunks equal Algorithm 1 after every chunk, on hostile data, for every hop."""

import numpy as np
import pytest
from features import chunks, embeddings, lips, pose
from long_values import long_after

from take5.scoring import algorithm1
from take5.scoring.motion import Motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore, best, rank
from take5.scoring.selector import Selector
from take5.scoring.window import RollingWindow

GRIDS = [
    Parameters(),
    Parameters(hop=0.2),
    Parameters(seconds=3.0, hop=0.04),
    Parameters(seconds=2.0, hop=2.0),
    Parameters(seconds=4.0, hop=1.0, pool=2, hfr_threshold=0.1),
]


def close(online: Motion, batch: Motion) -> None:
    for name in ("MC", "MC_mouth", "MC_head"):
        assert getattr(online, name) == pytest.approx(getattr(batch, name), rel=1e-9, abs=1e-15)
    assert online.mouth_moves == batch.mouth_moves


@pytest.mark.parametrize("seed", long_after(1, range(4)))
@pytest.mark.parametrize("parameters", GRIDS, ids=lambda p: f"{p.seconds}s-{p.hop}s")
def test_every_window_equals_the_batch_form_and_so_does_the_choice(parameters: Parameters, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = 250 if parameters.hop_frames == 1 else 410  # else there are hundreds of windows
    audio, mouth, head = embeddings(rng, frames), lips(rng, frames), pose(rng, frames)
    mouth[200:240] = mouth[200]
    rolling, selector = RollingWindow(parameters), Selector(parameters.pool)
    for count, chunk in enumerate(chunks(audio, mouth, head, parameters.hop_frames), start=1):
        judged = rolling.push(chunk)
        seen = count * parameters.hop_frames
        if judged is None:
            assert seen < parameters.window_frames
            continue
        start = judged.score.start
        assert start == seen - parameters.window_frames
        assert pytest.approx(algorithm1.diversity(audio[start:seen]), rel=1e-9) == judged.score.D
        assert judged.score.motion is not None
        close(judged.score.motion, algorithm1.motion_complexity(mouth[start:seen], parameters.hfr_threshold))
        assert judged.score.views == algorithm1.camera_views(head[start:seen])
        assert judged.eligible == judged.score.motion.mouth_moves
        if judged.eligible:
            selector.add(judged.score)
        if parameters.hop_frames == 25 or count % 20 == 0:
            check_choice(selector, audio[:seen], mouth[:seen], head[:seen], parameters)


def check_choice(
    selector: Selector, audio: np.ndarray, mouth: np.ndarray, head: np.ndarray, parameters: Parameters
) -> None:
    def moves(start: int) -> bool:
        window = mouth[start : start + parameters.window_frames]
        return algorithm1.motion_complexity(window, parameters.hfr_threshold).mouth_moves

    chosen, pool = algorithm1.choose(audio, mouth, head, moves, parameters)
    assert [w.start for w in selector.pool] == [w.start for w in pool]
    assert chosen is not None
    assert selector.best is not None
    assert selector.best.start == chosen.start
    assert pytest.approx(chosen.I, rel=1e-9) == selector.best.I


def test_a_frame_without_a_face_takes_the_motion_of_its_windows_and_of_no_other() -> None:
    rng = np.random.default_rng(3)
    audio, mouth, head = embeddings(rng, 375), lips(rng, 375), pose(rng, 375)
    mouth[130], head[130] = np.nan, np.nan
    rolling = RollingWindow(Parameters())
    judged = [rolling.push(chunk) for chunk in chunks(audio, mouth, head, 25)]
    scores = {window.score.start: window.score for window in judged if window is not None}
    for start, score in scores.items():
        if start <= 130 < start + 125:
            assert score.motion is None
            assert score.views is None
            assert score.I is None
        else:
            assert score.motion is not None
            close(score.motion, algorithm1.motion_complexity(mouth[start : start + 125], 0.25))


def test_the_first_step_of_a_chunk_belongs_to_all_windows_but_the_one_it_begins() -> None:
    """The head jumps between frames 24 and 25: seen by the window from 0, not by the window from 25."""
    rng = np.random.default_rng(4)
    mouth = lips(rng, 150)
    mouth[25:] += 500.0
    rolling = RollingWindow(Parameters())
    judged = [rolling.push(c) for c in chunks(embeddings(rng, 150), mouth, pose(rng, 150), 25)]
    with_jump, without = (window.score.motion for window in judged if window is not None)
    assert with_jump is not None
    assert without is not None
    assert with_jump.MC_head != pytest.approx(without.MC_head, rel=0.01)
    close(with_jump, algorithm1.motion_complexity(mouth[:125], 0.25))
    close(without, algorithm1.motion_complexity(mouth[25:], 0.25))


def scored(start: int, D: float, MC: float) -> WindowScore:
    return WindowScore(start, D, Motion(MC, MC, MC, mouth_moves=True), 1)


def test_the_selector_gives_algorithm_1s_answer_after_every_window() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        windows = [
            scored(25 * i, float(rng.integers(5)), float(rng.integers(1, 4))) for i in range(int(rng.integers(1, 30)))
        ]
        selector = Selector(pool=int(rng.integers(1, 7)))
        for count, window in enumerate(windows, start=1):
            entered = selector.add(window)
            pool = rank(windows[:count])[: selector._size]
            assert list(selector.pool) == pool
            assert entered == (window in pool)
            assert selector.best == best(pool)
