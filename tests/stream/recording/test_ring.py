"""The ring: what is kept can be decoded, what is shared is kept once, and there is an end to it."""

import numpy as np
import pytest

from take5.stream.recording.ring import LARGEST_SPREAD, Ring
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock

RATE = 48_000


def fill(ring: Ring, seconds: int, keyframe_every: int = 25, size: int = 1000) -> None:
    """Pictures at 25 fps and 20 ms blocks of sound, from 0."""
    for frame in range(seconds * 25):
        ring.push_unit(AccessUnit(frame * FRAME_FLICKS, bytes(size), keyframe=frame % keyframe_every == 0))
        for half in (0, 1):
            ring.push_sound(
                AudioBlock(frame * FRAME_FLICKS + half * FRAME_FLICKS // 2, np.zeros(960, np.float32), RATE)
            )


def frames(ring: Ring, start: float, stop: float) -> list[int]:
    return [unit.pts // FRAME_FLICKS for unit in ring.units(round(start * FLICKS), round(stop * FLICKS))]


@pytest.mark.parametrize("keyframe_every", [25, 40, 100])
def test_the_latest_ten_seconds_are_there_back_to_a_keyframe(keyframe_every: int) -> None:
    ring = Ring()
    fill(ring, 60, keyframe_every)
    kept = frames(ring, 51.0, 60.0)
    assert kept[0] % keyframe_every == 0
    assert kept[0] <= 51 * 25 < kept[0] + keyframe_every
    assert kept == list(range(kept[0], 60 * 25))
    assert frames(ring, 40.0, 45.0) == []


def test_it_does_not_grow_with_the_session() -> None:
    ring = Ring()
    fill(ring, 20)
    size = ring.size
    fill_from = Ring()
    fill(fill_from, 200)
    assert fill_from.size <= size * 1.1


def test_a_few_keyframes_of_everything_are_kept() -> None:
    ring = Ring()
    fill(ring, 60)
    kept = [unit.pts / FLICKS for unit in ring.keyframes_outside(52 * FLICKS, 60 * FLICKS)]
    assert kept == list(range(0, 52, 4))


def test_huge_keyframes_are_not_kept_beyond_the_limit() -> None:
    ring = Ring()
    for second in range(30):
        ring.push_unit(AccessUnit(second * FLICKS, bytes(LARGEST_SPREAD + second % 2), keyframe=True))
    kept = ring.keyframes_outside(-1, -1)
    assert {len(unit.data) for unit in kept} == {LARGEST_SPREAD}


def test_held_spans_stay_and_what_they_share_is_kept_once() -> None:
    ring = Ring()
    fill(ring, 12)
    spans = [(round(a * FLICKS), round(b * FLICKS)) for a, b in [(3.0, 8.0), (4.0, 9.0)]]
    ring.hold(spans)
    for frame in range(12 * 25, 60 * 25):
        ring.push_unit(AccessUnit(frame * FRAME_FLICKS, bytes(1000), keyframe=frame % 25 == 0))
    assert frames(ring, 3.0, 8.0) == list(range(75, 200))
    assert frames(ring, 4.5, 9.0) == list(range(100, 225))
    held = ring.size
    ring.hold(spans[:1])
    assert held - ring.size >= 25 * 1000  # the second that only the other span needed
    assert frames(ring, 3.0, 8.0) == list(range(75, 200))
    ring.hold([])
    assert frames(ring, 3.0, 8.0) == []


def test_sound_is_kept_where_pictures_are() -> None:
    ring = Ring()
    fill(ring, 10)
    ring.hold([(2 * FLICKS, 3 * FLICKS)])
    blocks = ring.sound(2 * FLICKS, 3 * FLICKS)
    assert blocks[0].pts <= 2 * FLICKS
    assert blocks[-1].end >= 3 * FLICKS
    for second in range(10, 40):
        ring.push_sound(AudioBlock(second * FLICKS, np.zeros(RATE, np.float32), RATE))
    assert ring.sound(2 * FLICKS, 3 * FLICKS) == blocks
    assert ring.sound(5 * FLICKS, 6 * FLICKS) == []


def test_bytes_are_bounded_first_by_shortening_then_by_letting_go_of_the_least_valuable() -> None:
    ring = Ring(limit_bytes=4_000_000)
    fill(ring, 5, size=20_000)
    ring.hold([(0, FLICKS), (2 * FLICKS, 3 * FLICKS)])
    for frame in range(5 * 25, 30 * 25):
        ring.push_unit(AccessUnit(frame * FRAME_FLICKS, bytes(20_000), keyframe=frame % 25 == 0))
    assert ring.size <= 4_000_000 + 25 * 20_000
    assert ring.shortened > 0
    assert ring.released == 0
    assert frames(ring, 0.0, 1.0) == list(range(25))
    ring.hold([(0, FLICKS), *((s * FLICKS, (s + 1) * FLICKS) for s in range(2, 31))])
    for frame in range(30 * 25, 33 * 25):
        ring.push_unit(AccessUnit(frame * FRAME_FLICKS, bytes(60_000), keyframe=frame % 25 == 0))
    assert ring.released > 0
    assert frames(ring, 0.0, 1.0) == list(range(25))


def test_units_before_the_first_keyframe_are_ignored() -> None:
    ring = Ring()
    ring.push_unit(AccessUnit(0, b"x", keyframe=False))
    ring.push_unit(AccessUnit(FRAME_FLICKS, b"k", keyframe=True))
    assert frames(ring, 0.04, 1.0) == [1]
    assert ring.size == 1
