"""The instrument of ``bench/evidence`` on talkers whose lips are known, and its rules of when it says nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from repository import ROOT

from bench.evidence.effects import BEST, CHOICES, Worth, algorithm_1, counting, effects, read_windows, table
from bench.evidence.instrument import common_footing, curve, learns, taught
from bench.evidence.sound import DIRECTIONS, LipSound
from bench.evidence.talkers import HOP, WINDOW, Array, Talker, Window, grouped, normalised, without_pose

FRAMES, EMBEDDING, COUNT = 1500, 32, 8
TABLE = ROOT / "bench" / "data" / "windows.csv"
DECIBELS = 10.0


def window(start: int, chance: np.random.Generator, **values: float) -> Window:
    """A window with scores of no meaning, but for those given."""
    numbers = {"D": 100 + chance.random(), "MC": 0.1 + chance.random(), "MC_mouth": 0.1, "MC_head": 0.1} | values
    return Window(0, start, start / 25, True, numbers["D"], numbers["MC"], numbers["MC_mouth"], numbers["MC_head"], 1)


def made(name: str, seed: int, mixing: Array) -> Talker:
    """A talker whose lips follow its sound, slowly changing, by ``mixing``."""
    chance = np.random.default_rng(seed)
    noise = chance.normal(size=(FRAMES + 12, EMBEDDING))
    sound: Array = np.sum([noise[lag : lag + FRAMES] for lag in range(8)], 0)
    lips = with_noise(sound @ mixing, chance)
    windows = tuple(window(start, chance) for start in range(0, FRAMES - WINDOW + 1, HOP))
    return Talker(name, sound, lips, np.ones(FRAMES, bool), np.zeros(FRAMES, np.int64), windows)


def with_noise(lips: Array, chance: np.random.Generator) -> Array:
    """Add noise of 10 dB."""
    noisy: Array = lips + chance.normal(size=lips.shape) * lips.std() * 10 ** (-DECIBELS / 20)
    return noisy


@pytest.fixture(scope="module")
def talkers() -> list[Talker]:
    mixing = np.random.default_rng(0).normal(size=(EMBEDDING, 4)) @ np.random.default_rng(1).normal(size=(4, 40))
    return [made(f"t{seed}", seed, mixing) for seed in range(2, 2 + COUNT)]


@pytest.fixture(scope="module")
def linear(talkers: Sequence[Talker]) -> tuple[Talker, Array]:
    """A talker whose lips are a linear function of the instrument's own features, and these."""
    features = LipSound(talkers).of(talkers[0])
    chance = np.random.default_rng(9)
    now = features[:, DIRECTIONS : 2 * DIRECTIONS]  # of the frame itself
    lips = with_noise(now @ chance.normal(size=(DIRECTIONS, 40)), chance)
    return replace(talkers[0], lips=lips), features


@pytest.mark.long
def test_lips_that_follow_the_features_are_learnt_and_more_seconds_teach_more(linear: tuple[Talker, Array]) -> None:
    talker, features = linear
    means = curve(talker, features)
    assert means[5.0] > 0.8
    assert 0.0 >= means[0.0] < means[2.5] < means[5.0] < means[10.0] < 1 / (1 + 10 ** (-DECIBELS / 10)) + 0.01
    assert learns([means]) == (True, means)
    assert all(each.R2 > 0.7 and each.r > 0.8 for each in taught(talker, features))


@pytest.mark.long
def test_of_the_sound_of_somebody_else_nothing_is_learnt(linear: tuple[Talker, Array]) -> None:
    talker, features = linear
    shuffled = features[np.random.default_rng(3).permutation(len(features))]
    assert abs(curve(talker, shuffled)[10.0]) < 0.1
    assert abs(np.mean([each.r for each in taught(talker, shuffled)])) < 0.1
    works, _ = learns([curve(talker, shuffled)])
    assert not works


@pytest.mark.long
def test_directions_come_from_the_other_talkers_alone(talkers: Sequence[Talker]) -> None:
    """Those who share a way of moving the lips teach each other; a talker's own lips change nothing of its features."""
    features = LipSound(talkers).of(talkers[0])
    assert curve(talkers[0], features)[5.0] > 0.6
    other = replace(talkers[0], lips=np.random.default_rng(4).normal(size=talkers[0].lips.shape))
    assert np.allclose(LipSound([other, *talkers[1:]]).of(other), features)
    with pytest.raises(ValueError, match="2 talkers"):
        LipSound(talkers[:2])


def test_windows_are_compared_as_if_all_were_tested_on_the_same_frames() -> None:
    chance = np.random.default_rng(5)
    levels, frames = chance.random(6), 5 * chance.random(200)
    tested = chance.random((6, 200)) > 0.5
    found = common_footing(levels[:, None] + frames, tested)
    assert np.allclose(found - found.mean(), levels - levels.mean(), atol=1e-9)


def test_pose_is_taken_out_of_lips_and_size_and_place_do_not_matter() -> None:
    chance = np.random.default_rng(6)
    lips, pose = chance.normal(size=(300, 20, 2)), chance.normal(size=(300, 3))
    lips[:, 6, 0] += 5
    assert np.allclose(normalised(lips), normalised(3 * lips + 100))
    turned = normalised(lips) + pose @ chance.normal(size=(3, 40))
    rest = without_pose(turned, pose, np.ones(300, bool))
    assert abs(np.corrcoef(rest[:, 0], pose[:, 0])[0, 1]) < 1e-9


def test_algorithm_1_is_the_highest_i_of_the_five_of_highest_d() -> None:
    chance = np.random.default_rng(7)
    windows = [window(25 * n, chance, D=100.0 + n, MC=0.5 - 0.04 * n if n < 5 else 0.6) for n in range(8)]
    assert algorithm_1(windows).D == 104


def worths(gain: float, seed: int) -> list[Worth]:
    """Windows of which those of Algorithm 1's choice teach so much more, in SD."""
    chance = np.random.default_rng(seed)
    windows = [window(25 * n, chance) for n in range(20)]
    values = chance.normal(size=20)
    values[windows.index(algorithm_1(windows))] = gain
    return [Worth(each, {"R2": float(value), "r": 0.6}) for each, value in zip(windows, values, strict=True)]


def test_an_effect_that_is_there_is_found_with_an_interval_around_it() -> None:
    found = {effect.choice: effect for effect in effects({f"t{n}": worths(2.0, n) for n in range(20)}, "R2")}
    low, high = found["Algorithm 1"].interval
    assert 1.2 < low < found["Algorithm 1"].mean < high < 2.5
    assert list(found) == [*CHOICES, BEST]
    nothing = effects({f"t{n}": worths(0.0, n) for n in range(20)}, "R2")[0]
    assert nothing.interval[0] < 0.3
    assert "| Algorithm 1 | +" in table({"R2": list(found.values())})


def test_talkers_with_few_windows_or_that_cannot_be_learnt_do_not_count() -> None:
    good = worths(0.0, 1)
    deaf = [replace(each, by={"R2": 0.0, "r": 0.1}) for each in good]
    spoilt = [replace(each, window=replace(each.window, eligible=False)) for each in good[:13]]
    assert list(counting({"good": good, "few": good[:7], "deaf": deaf, "spoilt": spoilt + good[13:]})) == ["good"]


def test_the_tables_that_are_shipped_can_be_made_again() -> None:
    known = read_windows(TABLE)
    assert (len(known), sum(map(len, known.values()))) == (26, 656)
    found = {effect.choice: effect for effect in effects(known, "R2")}
    assert round(found["Algorithm 1"].mean, 2) == -0.09
    assert found["Algorithm 1"].interval[0] < 0 < found["Algorithm 1"].interval[1]
    docs = (ROOT / "docs" / "evidence.md").read_text()
    for measure in ("R2", "R2 without other talkers", "r"):
        for effect in effects(known, measure)[:-1]:
            low, high = effect.interval
            assert f"{effect.mean:+.2f} ({low:+.2f}, {high:+.2f})" in docs, (measure, effect.choice)


def test_recordings_of_one_talker_are_found(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    for name in ("ann/a.mp4", "ann/b.mp4", "ben.1.mp4", "ben.2.mp4", "cleo.mp4"):
        (tmp_path / name).touch()
    found = grouped([tmp_path / "ann", *sorted(tmp_path.glob("*.mp4"))])
    assert {name: [path.name for path in paths] for name, paths in found.items()} == {
        "ann": ["a.mp4", "b.mp4"],
        "ben": ["ben.1.mp4", "ben.2.mp4"],
        "cleo": ["cleo.mp4"],
    }
    with pytest.raises(ValueError, match="no such file"):
        grouped([tmp_path / "dora.mp4"])


def test_a_table_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("talker,counts\nT1,1\n")
    with pytest.raises(ValueError, match=r"x.csv, line 2"):
        read_windows(tmp_path / "x.csv")
