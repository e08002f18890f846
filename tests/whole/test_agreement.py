"""What is chosen follows from how the talker was made, and every way of scoring comes to it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from talker_choice import known, score

from demo.talker import DEFAULT, Script, swapped
from demo.verdict import differences
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.scoring.score import best, rank
from take5.stream.analysis.models import Models
from take5.stream.events import BestChanged, Finished, Progress
from take5.stream.live.replay import Replay
from take5.stream.offline.select import Selected
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

pytestmark = pytest.mark.long

AGREEMENT = 1e-2
"""MC of a run over a window against MC of a run over everything; docs/mathematics.md."""

AROUND = ("hello", "restless", "best")
"""Stretches of a script that is a third as long and has the same winner."""


@pytest.fixture(scope="module")
def chosen(talker: Path, models: Models) -> Selected:
    return score(talker, models)


@pytest.fixture(scope="module")
def exhaustive(talker: Path, models: Models) -> Selected:
    return score(talker, models, exhaustive=True)


@pytest.fixture(scope="module")
def replayed(talker: Path, models: Models) -> tuple[Replay, list[Any]]:
    run_ = Replay(MediaFile(talker), models, Settings())
    return run_, list(run_.events())


def test_the_choice_and_every_verdict_follow_from_the_construction(exhaustive: Selected) -> None:
    report = exhaustive.selection.json()
    assert all(window["eligible"] is not None for window in report["windows"])
    assert differences(known(DEFAULT), report) == []


@pytest.mark.parametrize("other", ["frozen", "away"])
def test_swapping_two_stretches_moves_the_winner(
    rendered: Callable[[str, Script], Path], models: Models, other: str
) -> None:
    script = swapped(tuple(stretch for stretch in DEFAULT if stretch.name in (*AROUND, other)), "best", other)
    expected = known(script)
    assert expected["winner_start_s"] not in {None, known(DEFAULT)["winner_start_s"]}
    assert differences(expected, score(rendered(f"best-{other}", script), models).selection.json()) == []


def test_only_windows_that_algorithm_1_visits_are_looked_at(chosen: Selected, exhaustive: Selected) -> None:
    assert differences(known(DEFAULT), chosen.selection.json()) == []
    judged = [v.score.start for v in chosen.selection.verdicts if v.eligible is not None]
    ranked = [w.start for w in rank([v.score for v in exhaustive.selection.verdicts])]
    assert set(ranked[: len(judged)]) == set(judged)
    assert chosen.selection.tracked <= len(judged) * (125 + LEAD_IN_FRAMES)
    assert chosen.selection.tracked < exhaustive.selection.tracked / 2


def same_choice(one: Selection, other: Selection, agreement: float) -> None:
    assert one.best is not None
    assert other.best is not None
    assert one.best.start == other.best.start
    assert [w.start for w in one.pool] == [w.start for w in other.pool]
    for a, b in zip(one.pool, other.pool, strict=True):
        assert pytest.approx(b.D, rel=1e-5) == a.D
        assert a.motion is not None
        assert b.motion is not None
        assert pytest.approx(b.motion.MC, rel=agreement) == a.motion.MC
        assert a.views == b.views


def test_select_agrees_with_exhaustive(chosen: Selected, exhaustive: Selected) -> None:
    same_choice(chosen.selection, exhaustive.selection, AGREEMENT)


def test_the_stream_agrees_with_the_finished_file(exhaustive: Selected, replayed: tuple[Replay, list[Any]]) -> None:
    """The same run of the tracker, so the same numbers, and the same verdict on every window."""
    last = replayed[1][-1]
    assert isinstance(last, Finished)
    same_choice(last.selection, exhaustive.selection, 1e-9)
    verdicts = [(v.score.start, v.eligible, v.reasons) for v in exhaustive.selection.verdicts]
    assert [(v.score.start, v.eligible, v.reasons) for v in last.selection.verdicts] == verdicts


def test_at_every_second_the_stream_has_algorithm_1s_answer_so_far(
    exhaustive: Selected, replayed: tuple[Replay, list[Any]]
) -> None:
    verdicts = {v.score.start: v for v in exhaustive.selection.verdicts}
    progress = [(event, event.window) for event in replayed[1] if isinstance(event, Progress) and event.window]
    assert [window.score.start for _, window in progress] == sorted(verdicts)
    for event, _ in progress:
        so_far = [v.score for v in verdicts.values() if v.eligible and v.score.start + 125 <= event.frame]
        expected = best(rank(so_far)[:5])
        assert (event.best and event.best.start) == (expected and expected.start)
    changes = [event.best.start for event in replayed[1] if isinstance(event, BestChanged)]
    assert changes[-1] == known(DEFAULT)["winner_start_s"] * 25
    assert all(a != b for a, b in pairwise(changes))


def test_the_clip_from_the_ring_is_the_clip_from_the_file(
    exhaustive: Selected, replayed: tuple[Replay, list[Any]]
) -> None:
    best = exhaustive.selection.best
    assert best is not None
    span = best.start, best.start + 125
    kept, file = replayed[0].material, exhaustive.recording
    for mine, theirs in zip(kept.pictures(*span), file.pictures(*span), strict=True):
        assert (mine.rgb() == theirs.rgb()).all()
    assert np.array_equal(kept.sound(*span)[0], file.sound(*span)[0])
    assert np.abs(kept.pcm(*span).astype(int) - file.pcm(*span)).max() <= 1


@pytest.mark.clips
def test_real_clips_agree_on_all_three_ways(clips: list[Path], models: Models) -> None:
    shortest = min(clips, key=lambda path: MediaFile(path).scan(lambda _: None).video_end)
    whole = score(shortest, models, exhaustive=True).selection
    *_, last = Replay(MediaFile(shortest), models, Settings()).events()
    assert isinstance(last, Finished)
    same_choice(last.selection, whole, 1e-9)
    same_choice(score(shortest, models).selection, whole, AGREEMENT)
