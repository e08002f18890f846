"""Rules (a) to (f), each broken on purpose, with the stretch that breaks it."""

from dataclasses import replace

import numpy as np
import pytest
from features import chunks, clean_observations, clean_timing, embeddings, lips, pose

from take5.scoring.eligibility import Observations, Timing, observation_reasons, runs, timing_reasons
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.motion import Motion
from take5.scoring.parameters import Parameters
from take5.scoring.window import RollingWindow

MOVING = Motion(0.3, 0.3, 0.3, mouth_moves=True)
FRAMES = 125


def masked(*spans: tuple[int, int], frames: int = FRAMES) -> np.ndarray:
    mask = np.zeros(frames, dtype=np.bool_)
    for start, stop in spans:
        mask[start:stop] = True
    return mask


def test_a_clean_window_is_eligible() -> None:
    assert timing_reasons(clean_timing(FRAMES), 50) == []
    assert observation_reasons(clean_observations(FRAMES), MOVING, 50) == []


@pytest.mark.parametrize(
    ("field", "code"), [("frames_missing", Code.FRAMES_MISSING), ("sound_missing", Code.SOUND_MISSING)]
)
def test_c_holes(field: str, code: Code) -> None:
    timing = replace(clean_timing(FRAMES), **{field: masked((3, 4), (10, 12))})
    assert timing_reasons(timing, 100) == [Finding(code, 103, 104), Finding(code, 110, 112)]


@pytest.mark.parametrize(("length", "broken"), [(23, False), (24, True), (60, True)])
def test_f_a_second_of_digital_silence(length: int, broken: bool) -> None:
    timing = replace(clean_timing(FRAMES), silent=masked((7, 7 + length)))
    assert timing_reasons(timing, 25) == ([Finding(Code.DIGITAL_SILENCE, 32, 32 + length)] if broken else [])


def test_a_every_frame_has_a_face() -> None:
    observations = replace(clean_observations(FRAMES), tracked=~masked((124, 125)))
    assert observation_reasons(observations, None, 0) == [Finding(Code.NO_FACE, 124, 125)]


def test_b_two_faces_hold_until_the_next_look() -> None:
    faces = clean_observations(FRAMES).faces.copy()
    faces[[20, 25, 40]] = 2
    observations = replace(clean_observations(FRAMES), faces=faces)
    assert observation_reasons(observations, MOVING, 0) == [
        Finding(Code.SEVERAL_FACES, 20, 30),
        Finding(Code.SEVERAL_FACES, 40, 45),
    ]


def test_d_damage() -> None:
    observations = replace(clean_observations(FRAMES), damaged=masked((0, 2)))
    assert observation_reasons(observations, MOVING, 5) == [Finding(Code.PICTURE_DAMAGED, 5, 7)]


def repeating(*cells: tuple[bool, ...]) -> Observations:
    rest = ((False,),) * (FRAMES - len(cells))
    return replace(clean_observations(FRAMES), repeats=(*cells, *rest))


@pytest.mark.parametrize(("repeats", "broken"), [(8, False), (9, True), (30, True)])
def test_e_ten_identical_source_frames(repeats: int, broken: bool) -> None:
    """One new frame and nine repeats of it are ten identical frames."""
    observations = repeating(*((False,),) * 4, *((True,),) * repeats)
    assert observation_reasons(observations, MOVING, 0) == (
        [Finding(Code.FROZEN_PICTURE, 3, 4 + repeats)] if broken else []
    )


def test_e_the_windows_first_source_frame_has_none_before_it() -> None:
    assert observation_reasons(repeating(*((True,),) * 9), MOVING, 0) == []
    assert observation_reasons(repeating(*((True,),) * 10), MOVING, 0) == [Finding(Code.FROZEN_PICTURE, 0, 10)]


def test_e_counts_source_frames_not_grid_frames() -> None:
    fast = repeating((False, True), *((True, True),) * 4)  # 60 fps and the like: two source frames a grid frame
    assert observation_reasons(fast, MOVING, 0) == [Finding(Code.FROZEN_PICTURE, 0, 5)]
    slow = repeating(*((True,), ()) * 4)  # 12.5 fps: eight grid frames, four source frames
    assert observation_reasons(slow, MOVING, 0) == []


def test_e_a_mouth_that_never_moves() -> None:
    still = Motion(0.0, 0.0, 0.0, mouth_moves=False)
    assert observation_reasons(clean_observations(FRAMES), still, 25) == [Finding(Code.STILL_MOUTH, 25, 150)]


def test_runs() -> None:
    assert runs(masked((0, 2), (5, 6), (9, 10), frames=10)) == [(0, 2), (5, 6), (9, 10)]
    assert runs(np.zeros(0, dtype=np.bool_)) == []


def test_streamed_windows_are_judged_like_whole_ones_whatever_the_chunks() -> None:
    """Runs across chunk edges count; each rule is broken somewhere."""
    rng = np.random.default_rng(0)
    frames = 400
    timing = Timing(
        masked((130, 131), frames=frames), masked((222, 223), frames=frames), masked((290, 315), frames=frames)
    )
    observations = Observations(
        ~masked((60, 61), frames=frames),
        np.where(np.arange(frames) == 180, 2, clean_observations(frames).faces).astype(np.int8),
        masked((350, 352), frames=frames),
        tuple((bool(20 < i < 31),) for i in range(frames)),
        masked((375, 376), frames=frames),
        np.ones(frames, dtype=np.bool_),
    )
    for parameters in (Parameters(), Parameters(hop=0.2), Parameters(seconds=2.0, hop=0.04)):
        hop, length = parameters.hop_frames, parameters.window_frames
        rolling = RollingWindow(parameters)
        for i, chunk in enumerate(chunks(embeddings(rng, frames), lips(rng, frames), pose(rng, frames), hop)):
            span = slice(i * hop, (i + 1) * hop)
            stretch = replace(chunk.stretch, timing=timing[span], observations=observations[span])
            judged = rolling.push(replace(chunk, stretch=stretch))
            if judged is None:
                continue
            start = judged.score.start
            whole = slice(start, start + length)
            expected = (
                *timing_reasons(timing[whole], start),
                *observation_reasons(observations[whole], judged.score.motion, start),
            )
            assert judged.reasons == expected
            assert judged.eligible == (not expected)
