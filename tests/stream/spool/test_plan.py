"""What belongs on disk: what the windows need, each unit and block once, and no more than the limit."""

import numpy as np
import pytest

from take5.stream.recording.ring import Ring, Span
from take5.stream.spool.plan import Changes, SpoolPlan
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock

RATE = 48_000
LIMIT = 100 * 2**20


def fill(ring: Ring, start: int, stop: int, keyframe_every: int = 25) -> None:
    """Pictures at 25 fps and 20 ms blocks of sound, from ``start`` to ``stop`` in seconds."""
    for frame in range(start * 25, stop * 25):
        ring.push(AccessUnit(frame * FRAME_FLICKS, bytes(1000), keyframe=frame % keyframe_every == 0))
        for half in (0, 1):
            ring.push(AudioBlock(frame * FRAME_FLICKS + half * FRAME_FLICKS // 2, np.zeros(960, np.float32), RATE))


def span(start: float, stop: float) -> Span:
    return round(start * FLICKS), round(stop * FLICKS)


def times(changes: Changes | None, kind: type) -> list[float]:
    assert changes is not None
    items = [item for media in changes.media.values() for _, item in media]
    return sorted(item.pts / FLICKS for item in items if isinstance(item, kind))


@pytest.mark.parametrize("keyframe_every", [25, 60])
def test_a_span_gets_its_media_from_the_keyframe_before_it(keyframe_every: int) -> None:
    ring = Ring()
    fill(ring, 0, 10, keyframe_every)
    changes = SpoolPlan(LIMIT).follow(ring, [span(4, 7)])
    pictures, sound = times(changes, AccessUnit), times(changes, AudioBlock)
    first = (95 // keyframe_every) * keyframe_every / 25  # 3.8 s: the margin of 0.2 s is kept as well
    assert pictures[0] == pytest.approx(first)
    assert np.diff(pictures) == pytest.approx(0.04)
    assert sound[0] <= first
    assert pictures[-1] >= 7
    assert sound[-1] >= 7.18


def test_what_two_spans_share_is_handed_out_once() -> None:
    ring, plan = Ring(), SpoolPlan(LIMIT)
    fill(ring, 0, 8)
    first = times(plan.follow(ring, [span(0, 5.5)]), AccessUnit)
    second = times(plan.follow(ring, [span(1, 6.5), span(0, 5.5)]), AccessUnit)
    assert not set(first) & set(second)
    assert sorted(first + second) == pytest.approx(np.arange(len(first) + len(second)) / 25)


def test_the_frames_after_a_window_follow_as_they_come() -> None:
    ring, plan = Ring(), SpoolPlan(LIMIT)
    fill(ring, 0, 5)
    wanted = [span(0, 5.5)]
    assert times(plan.follow(ring, wanted), AccessUnit)[-1] == pytest.approx(4.96)
    assert plan.follow(ring, wanted) is None
    fill(ring, 5, 7)
    assert times(plan.follow(ring, wanted), AccessUnit) == pytest.approx(np.arange(125, 150) / 25)
    assert plan.follow(ring, wanted) is None
    fill(ring, 7, 8)
    assert plan.follow(ring, wanted) is None


def test_what_no_span_needs_any_more_is_not_needed() -> None:
    ring, plan = Ring(), SpoolPlan(LIMIT)
    ring.hold([span(0, 5), span(8, 13)])
    fill(ring, 0, 14)
    assert {0, 4, 8, 12} <= plan.follow(ring, [span(0, 5), span(8, 13)]).needed  # type: ignore[union-attr]
    fill(ring, 14, 15)
    plan.follow(ring, [span(8, 13)])
    changes = plan.follow(ring, [span(9, 14)])
    assert changes is None or not changes.needed & set(range(6))


def test_what_comes_back_is_handed_out_again() -> None:
    ring, plan = Ring(), SpoolPlan(LIMIT)
    fill(ring, 0, 8)
    first = times(plan.follow(ring, [span(1, 2)]), AccessUnit)
    plan.follow(ring, [span(5, 6)])
    assert times(plan.follow(ring, [span(1, 2)]), AccessUnit) == first


def test_the_limit_costs_the_least_valuable_spans_and_never_the_first() -> None:
    ring = Ring(keep_flicks=30 * FLICKS)
    fill(ring, 0, 20)
    one = SpoolPlan(1).follow(ring, [span(2, 5), span(8, 9)])
    assert one is not None
    assert max(one.needed) <= 5
    second = 25 * 1000 + 50 * 960 * 4
    two = SpoolPlan(8 * second).follow(ring, [span(2, 5), span(8, 9), span(12, 19)])
    assert two is not None
    assert 8 in two.needed
    assert 15 not in two.needed
