"""Where a live capture begins: both tracks there, on the camera's beat."""

import numpy as np
import pytest

from take5.stream.live.origin import BEAT_FLICKS, OriginFinder, on_beat
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock

MS = FLICKS // 1000


def unit(pts: int, *, keyframe: bool = True) -> AccessUnit:
    return AccessUnit(pts, b"", keyframe, lost_before=False)


def block(pts: int) -> AudioBlock:
    return AudioBlock(pts, np.zeros(480, np.float32), 48_000)


def beats(count: int, every: int = FRAME_FLICKS) -> list[int]:
    return [FLICKS + every * i for i in range(count)]


def test_it_begins_with_the_first_picture_after_both_have_begun() -> None:
    opening = OriginFinder()
    assert opening.push(block(FLICKS + 90 * MS)) is None
    told = [opening.push(unit(time)) for time in beats(20)]
    first = FLICKS + 3 * FRAME_FLICKS
    assert told == [None] * 13 + [first] * 7
    assert first + BEAT_FLICKS == beats(20)[13]


@pytest.mark.parametrize("off", [-17, -3, 3, 17])
def test_a_first_picture_out_of_step_does_not_count(off: int) -> None:
    times = beats(11)
    times[0] += off * MS
    assert on_beat(min(times), times) in (FLICKS, FLICKS + FRAME_FLICKS)


def test_the_beat_is_not_before_both_have_begun() -> None:
    times = beats(11)
    assert on_beat(FLICKS - 5 * MS, [FLICKS + 5 * MS, *times[1:]]) == FLICKS
    assert on_beat(FLICKS + 2 * MS, [FLICKS + 5 * MS, *times[1:]]) == FLICKS + FRAME_FLICKS


def test_pictures_that_wobble_have_the_beat_in_their_middle() -> None:
    wobble = np.random.default_rng(1).normal(0, 3, 26).round().astype(int)
    times = [time + int(off) * MS for time, off in zip(beats(26), wobble, strict=True)]
    off = (on_beat(times[0], times) - FLICKS) % FRAME_FLICKS
    assert min(off, FRAME_FLICKS - off) <= 1.5 * MS


@pytest.mark.parametrize("fps", [24, 30, 60])
def test_a_camera_at_another_rate_has_no_beat_on_the_grid(fps: int) -> None:
    times = beats(fps // 2 + 1, FLICKS // fps)
    assert on_beat(FLICKS - 30 * MS, times) == FLICKS


def test_nothing_begins_without_a_keyframe() -> None:
    opening = OriginFinder()
    opening.push(block(FLICKS))
    assert [opening.push(unit(time, keyframe=False)) for time in beats(20)] == [None] * 20
    assert not opening.has_picture
    assert opening.has_sound
