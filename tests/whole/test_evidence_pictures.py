"""Instrument B of ``bench/evidence`` on mouths that follow a known sound, and what it is built of."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench.evidence import painting
from bench.evidence.effects import BEST, CHOICES, Worth, counting, effects, read_windows
from bench.evidence.instrument import LENGTHS_S, Taught
from bench.evidence.made import openings
from bench.evidence.mouths import FINER, HIDDEN, SIDE, SPAN, SQUARE, TOP, Bytes, placed, sampled
from bench.evidence.painter import Painter
from bench.evidence.painting import Drawn, Easel, curve, nested, with_pictures
from bench.evidence.report import PICTURES, report, rows
from bench.evidence.talkers import Array, Talker, Window, write_windows
from demo.talker.voice import SAMPLE_RATE

pytestmark = pytest.mark.long

FRAMES, SOUNDS, STEADY = 600, 8, 14
STEPS = 90
"""Fewer than the instrument's 130, which learn less."""

DECIBELS = 20.0


def windows(count: int = 23) -> tuple[Window, ...]:
    chance = np.random.default_rng(8)
    each = [(25 * n, *(100 + chance.random(), *(0.1 + chance.random(3)))) for n in range(count)]
    return tuple(Window(0, start, start / 25, True, D, MC, lip, head, 1) for start, D, MC, lip, head in each)


def drawn_mouths(opening: Array, width: Array) -> Bytes:
    """Dark mouths on skin; opening and width in [0, 1]."""
    y, x = np.mgrid[:SIDE, :SIDE]
    across = (x - 15.5) / (6 + 6 * width[:, None, None])
    inside = across**2 + ((y - 18) / (2 + 9 * opening[:, None, None])) ** 2
    grey = 190 - 150 / (1 + np.exp(np.clip(4 * (inside - 1), -50, 50)))
    grey = np.where(HIDDEN > 0, grey, 190)  # nothing shows beside what is hidden
    return np.repeat(grey[..., None], 3, -1).astype(np.uint8)


@pytest.fixture(scope="module")
def talking() -> tuple[Talker, Bytes]:
    """A talker whose mouth opens and widens with a slowly changing sound."""
    chance = np.random.default_rng(1)
    noise = chance.normal(size=(FRAMES + STEADY, SOUNDS))
    sound = np.sum([noise[lag : lag + FRAMES] for lag in range(STEADY)], 0) / np.sqrt(STEADY)
    moved = sound @ chance.normal(size=(SOUNDS, 2))
    moved = moved / moved.std() + chance.normal(size=(FRAMES, 2)) * 10 ** (-DECIBELS / 20)
    opening, width = np.clip(0.5 + 0.25 * moved, 0, 1).T
    lips = np.zeros((FRAMES, 40))
    lips[:, 37:40] = opening[:, None]
    talker = Talker("t", sound, lips, np.ones(FRAMES, bool), np.zeros(FRAMES, np.int64), windows())
    return talker, drawn_mouths(opening, width)


@pytest.fixture(scope="module")
def easel(talking: tuple[Talker, Bytes], tmp_path_factory: pytest.TempPathFactory) -> Easel:
    talker, mouths = talking
    return Easel(talker, talker.sound, mouths, tmp_path_factory.mktemp("painted"), STEPS)


def test_mouths_that_follow_the_sound_are_painted_and_more_seconds_teach_more(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained once is found again."""
    means = curve(easel, places=1)
    assert means[0.0] < 0.1 < means[2.5]
    assert means[2.5] + 0.1 < means[5.0] < means[10.0] + 0.05
    assert means[5.0] > 0.5
    monkeypatch.delattr(painting, "paint")
    assert curve(easel, places=1) == means


def test_from_shuffled_sound_nothing_is_painted(easel: Easel) -> None:
    ((_, five, ten),) = nested(easel.talker, 1)
    wrong, _, opening = easel.painted(five, ten, deaf=True)
    seen = np.isfinite(wrong)
    assert abs(easel.skill(wrong)) < 0.2
    assert abs(np.corrcoef(opening[seen], easel.opening()[seen])[0, 1]) < 0.2


def test_the_network_is_as_large_as_documented() -> None:
    assert sum(each.numel() for each in Painter(24).parameters()) == 229_043


def test_stretches_of_a_place_lie_within_each_other(talking: tuple[Talker, Bytes]) -> None:
    found = nested(talking[0], 2)
    assert [[length for _, length in each] for each in found] == [[round(25 * s) for s in LENGTHS_S]] * 2
    for each in found:
        assert all(a[0] > b[0] and sum(a) < sum(b) for a, b in pairwise(each))
    short = replace(talking[0], take=np.repeat(np.arange(6), 100))
    assert nested(short) == []


def test_the_square_follows_a_head_that_moves_turns_and_nears() -> None:
    chance = np.random.default_rng(2)
    face = chance.uniform(40, 100, (68, 2))
    face[[36, 45]] = [[40, 60], [100, 60]]
    x = np.mgrid[:400, :400][1]
    turn, shift = 1.7 * np.exp(0.2j), 60 + 30j
    moved = (face[:, 0] + 1j * face[:, 1]) * turn + shift
    scale, shifts = placed(np.stack([face, np.stack([moved.real, moved.imag], 1)]))
    found = SQUARE * scale[:, None, None] + shifts[:, None, None]
    assert np.allclose(found[0] * turn + shift, found[1])
    middle = found[0].mean()
    assert np.isclose(middle, 70 + 1j * (60 + 60 * (TOP + SPAN / 2)))
    assert found.shape[1:] == (SIDE * FINER, SIDE * FINER)
    ramp = np.repeat((x / 2)[..., None], 3, -1).astype(np.uint8)
    assert sampled(ramp, found[0])[0, 0, 0] < sampled(ramp, found[0])[0, -1, 0]
    assert HIDDEN[: SIDE // 8].sum() == 0


def test_picks_are_compared_with_windows_drawn_at_random(tmp_path: Path) -> None:
    """Not with all that were painted from, and a table that was written gives the same effects."""
    chance, worths = np.random.default_rng(4), {}
    for name in ("ann", "ben", "cleo"):
        known = [Worth(each, {"R2": chance.random(), "r": 0.6}) for each in windows()]
        drawn = Drawn.of(name, [each.window for each in known])
        by_start = {each.window.start: each.window for each in known}
        found = {start: Taught(by_start[start], chance.random(), 0.5) for start in drawn}
        worths[name] = with_pictures(known, found, drawn)
        assert len(drawn.drawn) == painting.SAMPLE
        assert list(drawn) == sorted({*drawn.picked, *drawn.drawn})
        assert Drawn.of(name, [each.window for each in known], 0).drawn == set(by_start)
    shown = {each.choice: each for each in effects(worths, "skill")}
    assert list(shown) == [*CHOICES, BEST]
    ann = [each for each in worths["ann"] if each.drawn]
    skills = np.array([each.by["skill"] for each in ann])
    picked = min(worths["ann"], key=lambda each: each.window.MC)
    expected = (picked.by["skill"] - skills.mean()) / skills.std()
    assert np.isclose(shown["lowest MC (lip+views)"].values[0], expected)
    write_windows(tmp_path / "windows.csv", rows(worths, counting(worths)))
    again = {each.choice: each for each in effects(read_windows(tmp_path / "windows.csv"), "skill")}
    for choice, effect in shown.items():
        assert np.allclose(effect.values, again[choice].values, atol=1e-4)


def test_effects_are_shown_of_eight_talkers_whose_pictures_more_seconds_teach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [Worth(each, {"skill": each.D, "painted r": 0.5}) for each in windows()]
    count = {f"t{n}": known for n in range(8)}
    means = {0.0: -0.1, 2.5: 0.1, 5.0: 0.2, 10.0: 0.3}
    figure = tmp_path / "pictures.png"
    assert report(dict(list(count.items())[:7]), True, means, PICTURES, figure) == 1
    assert report(count, False, means, PICTURES, figure) == 1
    said = capsys.readouterr().out
    assert "7 talkers count" in said
    assert "does not learn more" in said
    assert "Algorithm 1" not in said
    assert not figure.exists()
    assert report(count, True, means, PICTURES, figure) == 0
    assert "| choice | skill of the picture | r of the painted mouth's opening |" in capsys.readouterr().out
    assert figure.exists()


def test_a_generated_talker_opens_its_mouth_where_its_sound_is_loud() -> None:
    t = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    said = (0.1 * np.sin(2 * np.pi * 600 * t) * (t % 2 < 1) + 1e-4 * np.sin(2 * np.pi * 500 * t)).astype(np.float32)
    opening = openings(said)
    assert len(opening) == 100
    assert opening[5:20].min() > 0.9
    assert opening[30:45].max() < 0.1
