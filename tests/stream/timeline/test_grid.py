"""The picture grid against its definition, computed for each instant from all source frames at once."""

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, to_flicks
from take5.stream.timeline.grid import FrameCounts, GridFrame, PictureGrid

MS = FLICKS // 1000
RATES = [Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50, 60, 15, 10))]
RATES += [Fraction(60000, 1001), Fraction(120), Fraction(25, 2), Fraction(1)]


@dataclass(frozen=True)
class Truth:
    """What a grid shows by definition: nothing here knows how frames arrive."""

    cells: list[GridFrame[int]]
    counts: FrameCounts


def on_time(pts: list[int]) -> list[int]:
    """Source frames that come later than every one before them."""
    kept: list[int] = []
    for at in pts:
        if not kept or at > kept[-1]:
            kept.append(at)
    return kept


def nearest(kept: list[int], instant: int) -> int:
    return min(kept, key=lambda at: (abs(at - instant), at))


def in_hole(kept: list[int], instant: int) -> bool:
    between = any(before < instant < after and after - before > 105 * MS for before, after in pairwise(kept))
    return between or instant - kept[-1] > 105 * MS


def truth(pts: list[int], origin: int, end: int, first: int = 0) -> Truth:
    kept = on_time(pts)
    last = (max(kept[-1], end + FRAME_FLICKS) - origin) // FRAME_FLICKS
    instants = [origin + i * FRAME_FLICKS for i in range(first, last + 1)]
    shown = [t for t in instants if t <= kept[-1] or t + FRAME_FLICKS <= end + 5 * MS]
    cells = [
        GridFrame(
            first + i,
            nearest(kept, t),
            tuple(at for at in kept if t - FRAME_FLICKS < at <= t),
            in_hole(kept, t),
        )
        for i, t in enumerate(shown)
    ]
    seen = [cell.shown for cell in cells]
    counts = FrameCounts(
        doubled=len(seen) - len(set(seen)),
        dropped=sum(at >= origin and at not in seen for at in kept),
        late=len(pts) - len(kept),
    )
    return Truth(cells, counts)


def run(pts: list[int], origin: int, end: int, first: int = 0) -> tuple[list[GridFrame[int]], FrameCounts]:
    grid = PictureGrid[int](origin, first)
    cells = [cell for at in pts for cell in grid.push(at, at)]
    cells += grid.finish(end)
    assert grid.frames == first + len(cells)
    return cells, grid.counts


def steady(rate: Fraction, seconds: int, start: int = 0, base: Fraction = Fraction(1, FLICKS)) -> list[int]:
    """Times of a constant rate as a container with this time base stores them."""
    return [start + to_flicks(round(i / rate / base), base) for i in range(int(seconds * rate))]


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize(
    "base", [Fraction(1, FLICKS), Fraction(1, 90_000), Fraction(1, 1000)], ids=["exact", "ts", "mkv"]
)
def test_shows_the_nearest_frame_at_every_usual_rate(rate: Fraction, base: Fraction) -> None:
    pts = steady(rate, 4, 0, base)
    end = pts[-1] + to_flicks(1, 1 / rate)
    expected = truth(pts, 0, end)
    assert run(pts, 0, end) == (expected.cells, expected.counts)


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60], ids=str)
def test_a_usual_rate_has_as_many_frames_as_its_time_has_room_for(rate: int) -> None:
    cells, counts = run(steady(Fraction(rate), 4), 0, 4 * FLICKS)
    assert len(cells) == 100
    assert not any(cell.missing for cell in cells)
    assert counts.doubled == max(0, 100 - 4 * rate)
    assert counts.dropped == max(0, 4 * rate - 100)


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_of_two_equally_near_frames_shows_the_earlier(shift: int) -> None:
    cells, _ = run([0, 30 * MS, 50 * MS + shift, 80 * MS], 0, 80 * MS)
    assert [cell.shown for cell in cells] == [0, 50 * MS - 1 if shift < 0 else 30 * MS, 80 * MS]


def test_frames_before_the_origin_are_shown_only_where_nothing_is_nearer() -> None:
    pts = steady(Fraction(25), 2, start=-to_flicks(13, Fraction(1, 1000)))
    end = pts[-1] + FRAME_FLICKS
    for origin in (0, 7 * MS, 20 * MS, 400 * MS):
        expected = truth(pts, origin, end)
        assert run(pts, origin, end) == (expected.cells, expected.counts)
    assert run(pts, 0, end)[0][0].shown == -13 * MS


@pytest.mark.parametrize(
    ("gap_ms", "hole"), [(99, False), (100, False), (105, False), (106, True), (170, True), (2000, True)]
)
def test_a_hole_is_more_than_100_ms_and_rounding_between_two_frames(gap_ms: int, hole: bool) -> None:
    before = steady(Fraction(25), 1)
    after = before[-1] + gap_ms * MS
    pts = [*before, *(after + i * FRAME_FLICKS for i in range(10))]
    cells, _ = run(pts, 0, pts[-1] + FRAME_FLICKS)
    flagged = [cell.index for cell in cells if cell.missing]
    inside = [i for i in range(len(cells)) if before[-1] < i * FRAME_FLICKS < after]
    assert flagged == (inside if hole else [])


def test_rounding_to_milliseconds_makes_no_hole_at_10_fps() -> None:
    cells, _ = run(steady(Fraction(10), 5, 3 * MS, Fraction(1, 1000)), 3 * MS, 5003 * MS)
    assert not any(cell.missing for cell in cells)


def test_the_last_frame_lasts_as_long_as_is_said_and_then_becomes_a_hole() -> None:
    cells, _ = run([0, FRAME_FLICKS], 0, 400 * MS)
    assert [cell.shown for cell in cells] == [0] + [FRAME_FLICKS] * 9
    assert [cell.index for cell in cells if cell.missing] == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(("end_ms", "frames"), [(114, 2), (115, 3), (120, 3), (154, 3), (155, 4)])
def test_an_end_rounded_by_up_to_5_ms_still_counts(end_ms: int, frames: int) -> None:
    assert len(run([0, FRAME_FLICKS], 0, end_ms * MS)[0]) == frames


def test_late_and_repeated_frames_are_counted_and_ignored() -> None:
    pts = [0, 40 * MS, 40 * MS, 20 * MS, 80 * MS, 79 * MS, 120 * MS]
    cells, counts = run(pts, 0, 160 * MS)
    assert [cell.shown for cell in cells] == [0, 40 * MS, 80 * MS, 120 * MS]
    assert counts == FrameCounts(doubled=0, dropped=0, late=3)


def test_nothing_pushed_is_nothing_shown() -> None:
    grid = PictureGrid[int](0)
    assert grid.finish(10 * FLICKS) == []
    assert (grid.frames, grid.counts) == (0, FrameCounts())


def test_a_frame_comes_out_as_soon_as_its_instant_has_passed() -> None:
    grid = PictureGrid[str](0)
    assert [cell.index for cell in grid.push(0, "a")] == [0]
    assert grid.push(39 * MS, "b") == []
    assert [(cell.index, cell.shown) for cell in grid.push(40 * MS, "c")] == [(1, "c")]
    assert [(cell.index, cell.shown) for cell in grid.push(130 * MS, "d")] == [(2, "c"), (3, "d")]


def hostile(seed: int) -> tuple[list[int], int, int]:
    """Random times: jitter, bursts, holes, repetitions, steps back; with an origin among them and an end after them."""
    chance = np.random.default_rng(seed)
    at, pts = int(chance.integers(-5 * FLICKS, 5 * FLICKS)), []
    for _ in range(int(chance.integers(1, 60))):
        pts.append(at)
        step_ms = int(chance.choice([0, -30, 1, 7, 16, 17, 20, 33, 33, 34, 40, 40, 40, 41, 80, 105, 106, 250, 800]))
        at += step_ms * MS + int(chance.choice([0, 0, 0, 1, -1, 333]))
    kept = on_time(pts)
    origin = int(chance.choice([kept[0], kept[0], kept[len(kept) // 2], kept[0] + int(chance.integers(0, FLICKS))]))
    end = kept[-1] + int(chance.choice([0, FRAME_FLICKS, 17 * MS, 300 * MS]))
    return pts, origin, end


@pytest.mark.parametrize("seed", range(150))
def test_hostile_times_give_what_the_definition_says(seed: int) -> None:
    pts, origin, end = hostile(seed)
    expected = truth(pts, origin, end)
    cells, counts = run(pts, origin, end)
    assert cells == expected.cells
    assert counts == expected.counts


@pytest.mark.parametrize("seed", range(40))
def test_each_frame_arrives_exactly_once(seed: int) -> None:
    pts, origin, end = hostile(seed)
    cells, _ = run(pts, origin, end)
    last = origin + (len(cells) - 1) * FRAME_FLICKS
    arrived = [at for cell in cells for at in cell.arrived]
    assert arrived == [at for at in on_time(pts) if origin - FRAME_FLICKS < at <= last]
    assert all(
        origin + (c.index - 1) * FRAME_FLICKS < at <= origin + c.index * FRAME_FLICKS for c in cells for at in c.arrived
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_run_that_begins_later_equals_the_tail_of_the_whole_run(seed: int) -> None:
    pts, origin, end = hostile(seed)
    whole, _ = run(pts, origin, end)
    for first in range(0, len(whole), max(1, len(whole) // 7)):
        assert run(pts, origin, end, first)[0] == whole[first:]


@pytest.mark.parametrize("seed", range(40))
def test_a_run_over_the_frames_around_a_stretch_equals_that_stretch(seed: int) -> None:
    """As a file is read: from the last frame at or before the first instant on."""
    pts, origin, end = hostile(seed)
    kept = on_time(pts)
    whole, _ = run(kept, origin, end)
    for first in range(0, len(whole), max(1, len(whole) // 7)):
        begin = max(0, bisect_right(kept, origin + first * FRAME_FLICKS) - 1)
        part, _ = run(kept[begin:], origin, end, first)
        assert [(c.index, c.shown, c.missing) for c in part] == [(c.index, c.shown, c.missing) for c in whole[first:]]
        assert [c.arrived for c in part[1:]] == [c.arrived for c in whole[first + 1 :]]


def test_what_it_shows_never_depends_on_frames_to_come() -> None:
    pts, origin, _ = hostile(3)
    grid = PictureGrid[int](origin)
    for number, at in enumerate(pts, start=1):
        grid.push(at, at)
        latest = on_time(pts[:number])[-1]
        assert grid.frames == max(0, (latest - origin) // FRAME_FLICKS + 1)
