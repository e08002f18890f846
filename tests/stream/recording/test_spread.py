"""A few items of a recording, however long it gets."""

from itertools import pairwise

from take5.stream.recording.spread import APART_FLICKS, MOST, Spread
from take5.stream.sources.file_index import Keyframe
from take5.stream.timeline.clock import FLICKS


def kept(seconds: int, apart_s: float = 1.0) -> list[float]:
    items = (Keyframe(round(number * apart_s * FLICKS), 0) for number in range(round(seconds / apart_s)))
    return [item.pts / FLICKS for item in Spread(items).outside(-1, -1)]


def test_one_a_second_of_a_short_recording() -> None:
    assert kept(6, 0.25) == [0, 1, 2, 3, 4, 5]
    assert APART_FLICKS == FLICKS


def test_a_long_one_has_as_many_further_apart() -> None:
    for seconds in (17, 60, 61, 600, 3600):
        found = kept(seconds)
        assert MOST // 2 < len(found) <= MOST
        assert found[0] == 0
        assert found[-1] > seconds - 2 * seconds / (MOST // 2)
        assert len({later - sooner for sooner, later in pairwise(found)}) == 1


def test_items_that_are_rare_are_spread_as_evenly() -> None:
    for apart_s in (1.9, 4.0, 10.0):
        steps = [later - sooner for sooner, later in pairwise(kept(4000, apart_s))]
        assert max(steps) < 1.5 * min(steps)


def test_a_stretch_can_be_left_out() -> None:
    items = Spread(Keyframe(second * FLICKS, 0) for second in range(10))
    assert [item.pts // FLICKS for item in items.outside(3 * FLICKS, 8 * FLICKS)] == [0, 1, 2, 8, 9]
