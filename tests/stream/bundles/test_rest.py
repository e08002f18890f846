"""Where a clip for MimicTalk begins: at its first frame with open eyes and closed lips, within a second."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from take5.stream.bundles.footage import Footage
from take5.stream.bundles.rest import at_rest, from_rest

NOTHING: Any = None


def face(gap: float = 0.0, eyes: float = 0.3) -> NDArray[np.float64]:
    """68 points with eyes 100 pixels apart: ``gap`` is the opening of the lips in eye distances, ``eyes`` the ratio."""
    points = np.zeros((68, 2))
    for first, x in ((36, 100.0), (42, 200.0)):
        h = 20 * eyes
        points[first : first + 6] = [(x - 20, 0), (x - 10, -h), (x + 10, -h), (x + 20, 0), (x + 10, h), (x - 10, h)]
    points[62], points[66] = (150, 100), (150, 100 + 100 * gap)
    return points


def footage(*frames: NDArray[np.float64]) -> Footage:
    return Footage(
        NOTHING,
        10,
        len(frames),
        np.stack(frames),
        np.arange(len(frames) * 52, dtype=np.float32).reshape(-1, 52),
        "said",
    )


TALKING, BLINKING, RESTING = face(gap=0.2), face(eyes=0.05), face()


def test_only_open_eyes_with_closed_lips_are_rest() -> None:
    assert at_rest(np.stack([TALKING, BLINKING, RESTING, RESTING])).tolist() == [False, False, True, True]


def test_frames_before_the_first_at_rest_are_left_out() -> None:
    given = footage(TALKING, BLINKING, RESTING, TALKING, RESTING)
    rested = from_rest(given)
    assert (rested.start, rested.stop, rested.frames, rested.note) == (12, 15, 3, "said")
    np.testing.assert_array_equal(rested.landmarks, given.landmarks[2:])
    np.testing.assert_array_equal(rested.blendshapes, given.blendshapes[2:])


@pytest.mark.parametrize("talks", [26, 60])
def test_after_a_second_it_begins_as_it_is_and_says_so(talks: int) -> None:
    rested = from_rest(footage(*[TALKING] * talks, RESTING, RESTING))
    assert (rested.start, rested.frames) == (10, talks + 2)
    assert (rested.note, rested.remark[:30]) == ("said", "no frame of its first second h")


def test_a_second_later_is_not_too_late() -> None:
    assert from_rest(footage(*[TALKING] * 25, RESTING, RESTING)).start == 35


def test_as_many_frames_are_left_as_the_trainer_needs() -> None:
    talks = footage(*[TALKING] * 10, *[RESTING] * 45)
    assert from_rest(talks, least=45).frames == 45
    assert (from_rest(talks, least=46).frames, from_rest(talks, least=50).frames) == (55, 55)
