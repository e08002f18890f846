"""The idle clip: what counts as one, that a stream finds what the batch form finds, and when the second stage ends."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from long_values import long_after
from stretches import cut, sitter, spoilt, talker, without_face

from take5.scoring.gates.config import GateConfig
from take5.scoring.idle import (
    LONGEST,
    SHORTEST,
    Idle,
    IdleFinder,
    IdleStage,
    IdleState,
    best_idle,
    calm_frames,
    candidates,
    idle_cost,
    idle_lengths,
)
from take5.scoring.stretch import Stretch
from take5.stream.offline import idle_clip

CONFIG = GateConfig()
RAGGED = (1, 7, 3, 25, 11, 60, 2)


def together(*parts: Stretch) -> Stretch:
    return Stretch.concatenate(parts)


def found(stretch: Stretch, lengths: tuple[int, ...] = (25,), first: int = 0) -> Idle | None:
    finder = IdleFinder(CONFIG, first)
    for piece in cut(stretch, lengths):
        finder.push(piece)
    return finder.best


def noisy_speech(stretch: Stretch, start: int, stop: int) -> Stretch:
    speech = stretch.sound.speech.copy()
    speech[start:stop] = 0.9
    return replace(stretch, sound=replace(stretch.sound, speech=speech))


def test_the_silent_stretch_of_a_talker_is_found() -> None:
    idle = found(together(talker(200), sitter(160), talker(200)))
    assert idle is not None
    assert idle.start >= 200
    assert idle.stop <= 360
    assert idle.stop - idle.start == LONGEST


def test_there_is_none_in_a_talker_who_never_stops() -> None:
    assert found(talker(500)) is None


def test_three_seconds_are_enough_and_less_is_not() -> None:
    idle = found(together(talker(100), sitter(85), talker(100)))
    assert idle is not None
    assert idle.stop - idle.start == SHORTEST
    assert found(together(talker(100), sitter(70), talker(100))) is None


def test_one_with_a_blink_is_better() -> None:
    sits = sitter(300)
    stares = spoilt(spoilt(sits, "eye_open", 0.3, 0, 300), "eye_open", 0.05, 200, 206)
    idle = found(stares)
    assert idle is not None
    assert idle.blinks
    assert idle.start <= 200 < idle.stop


def test_the_stiller_one_is_better() -> None:
    sits = sitter(125)
    sways = replace(sits, measures=replace(sits.measures, yaw=(3 + 3 * np.sin(np.arange(125) / 9)).astype(np.float32)))
    idle = found(together(sways, talker(50), sits, talker(50), sways))
    assert idle is not None
    assert (idle.start, idle.stop) == (175, 300)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mouth_open", 0.1), ("yaw", 30), ("pitch", -30), ("roll", 25), ("gaze_x", 0.8), ("brightness", 0.05),
        ("blur", 0.8), ("margin", -0.1), ("inter_eye", 20), ("eye_open", 0.02),
    ],
)  # fmt: skip
def test_a_stretch_with_this_is_none(name: str, value: float) -> None:
    assert found(sitter(125)) is not None
    assert found(spoilt(sitter(125), name, value, 40, 90)) is None


def test_one_who_moves_speaks_or_is_frozen_is_none() -> None:
    sits = sitter(125)
    turns = replace(sits, measures=replace(sits.measures, yaw=np.linspace(-10, 10, 125, dtype=np.float32)))
    loud = sits.sound.power.copy()
    loud[50:65] = 0.1
    frozen = replace(sits, observations=replace(sits.observations, repeats=((True,),) * 125))
    deaf = replace(sits, sound=replace(sits.sound, speech=np.full(125, np.nan)))
    bangs = replace(sits, sound=replace(sits.sound, power=loud))
    for bad in (turns, frozen, deaf, bangs, without_face(sits, 60, 62), noisy_speech(sits, 50, 70)):
        assert found(bad) is None


@pytest.mark.parametrize("lengths", [(10_000,), (1,), (5,), (25,), RAGGED])
@pytest.mark.parametrize("first", long_after(1, [0, 13]))
def test_a_stream_finds_what_the_batch_form_finds(lengths: tuple[int, ...], first: int) -> None:
    for seed in range(3):
        stretch = hostile(seed)
        expected = batch(seed, first)
        assert expected is not None
        assert found(stretch, lengths, first) == expected


def test_at_each_moment_a_stream_knows_the_best_so_far() -> None:
    stretch, finder = hostile(7), IdleFinder(CONFIG)
    for end in range(25, len(stretch) + 1, 25):
        before = finder.best
        assert finder.push(stretch[end - 25 : end]) == (finder.best != before)
        assert finder.best == best_idle(stretch[:end], CONFIG)


@cache
def batch(seed: int, first: int = 0) -> Idle | None:
    return best_idle(hostile(seed), CONFIG, first)


@cache
def hostile(seed: int) -> Stretch:
    """Talking and sitting in turns, with a fault here and there and a head that never quite rests."""
    rng = np.random.default_rng(seed)
    parts = [(sitter if rng.random() < 0.7 else talker)(int(rng.integers(40, 200)), seed=i) for i in range(5)]
    stretch = together(*parts, sitter(200))
    for name, value in (("yaw", 40), ("mouth_open", 0.2), ("blur", 0.9), ("inter_eye", 5), ("gaze_x", 0.9)):
        at = int(rng.integers(0, len(stretch) - 230))
        stretch = spoilt(stretch, name, value, at, at + int(rng.integers(1, 20)))
    wander = np.cumsum(rng.normal(size=(2, len(stretch))) * 0.2, axis=1)
    yaw, pitch = (column.astype(np.float32) % 7 for column in wander)
    measures = replace(stretch.measures, yaw=np.maximum(stretch.measures.yaw, yaw), pitch=pitch)
    at = int(rng.integers(0, len(stretch) - 230))
    return without_face(replace(stretch, measures=measures), at, at + 3)


def test_the_cost_is_what_the_formula_says() -> None:
    assert idle_cost(sitter(125)) == pytest.approx((0.0, True))
    assert idle_cost(sitter(75)) == pytest.approx((1.0, True))
    assert idle_cost(spoilt(sitter(125), "eye_open", 0.3, 0, 125)) == pytest.approx((0.5, False))


def test_a_blink_is_calm() -> None:
    assert calm_frames(sitter(125), CONFIG).all()


def staged(stretch: Stretch, lengths: tuple[int, ...] = (25,)) -> tuple[IdleState, Idle | None, int]:
    stage, frames = IdleStage(1000, CONFIG), 0
    for piece in cut(stretch, lengths):
        if stage.push(piece) is not IdleState.WAITING:
            break
        frames += len(piece)
    return stage.state, stage.best, frames


def test_the_second_stage_ends_with_five_seconds() -> None:
    state, idle, frames = staged(together(talker(60), sitter(400)))
    assert state is IdleState.FOUND
    assert idle is not None
    assert (idle.start, idle.stop) == (1060, 1185)
    assert frames < 200


def test_the_second_stage_takes_three_seconds_when_the_person_moves_again() -> None:
    state, idle, _ = staged(together(talker(60), sitter(90), talker(300)))
    assert state is IdleState.FOUND
    assert idle is not None
    assert idle.stop - idle.start == SHORTEST


def test_the_second_stage_gives_up_after_twenty_seconds() -> None:
    state, idle, frames = staged(talker(700), (5,))
    assert (state, idle) == (IdleState.MISSED, None)
    assert frames == 495


def test_the_second_stage_does_not_depend_on_how_it_was_cut() -> None:
    stretch = together(talker(60), sitter(110), talker(40), sitter(400))
    assert len({staged(stretch, lengths)[:2] for lengths in ((1000,), (1,), (25,), RAGGED)}) == 1


def test_every_idle_clip_lies_within_a_candidate() -> None:
    for seed in range(5):
        stretch = hostile(seed)
        idle = batch(seed)
        assert idle is not None
        assert any(start <= idle.start and idle.stop <= stop for start, stop in candidates(stretch.sound, most=99))


def test_candidates_are_the_longest_in_order_and_forgive_little_speech() -> None:
    sits = noisy_speech(sitter(125), 60, 66)
    sound = together(talker(100), sits, talker(100), sitter(90), talker(100), sitter(300)).sound
    assert len(candidates(sound)) == 3
    two = candidates(sound, most=2)
    assert len(two) == 2
    assert two[0][0] <= 100 < 225 <= two[0][1]
    assert two[1][1] == len(sound)
    assert candidates(talker(500).sound) == candidates(sitter(60).sound) == []


def test_beside_a_window_of_a_minute_it_may_last_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    sits = sitter(1600)
    recording: Any = SimpleNamespace(
        rows=SimpleNamespace(stretches=[(0, len(sits))]),
        scan=SimpleNamespace(scan=list),
        heard_in=lambda start, stop: (start, next(iter(cut(sits, (stop,)))).sound),
        observations=lambda _, stop: stop,
    )
    monkeypatch.setattr(idle_clip, "stretch_of", lambda stop, *_: next(iter(cut(sits, (stop,)))))
    idle = idle_clip.find_idle(recording, CONFIG, idle_lengths(1500))
    assert idle is not None
    assert idle.stop - idle.start == 1500
