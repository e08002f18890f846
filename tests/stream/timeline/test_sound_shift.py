"""A shift of the sound: what it does to media and spans, and what is said of it."""

import numpy as np
import pytest

from take5.scoring.errors import ParameterError
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift


def test_sound_is_moved_and_back_and_pictures_stay() -> None:
    block, unit = AudioBlock(FLICKS, np.zeros(480, np.float32), 48_000), AccessUnit(FLICKS, b"", keyframe=True)
    late = SoundShift(220)
    assert late.moved(block).pts == FLICKS - 220 * FLICKS // 1000
    assert late.received(late.moved(block)).pts == block.pts
    assert late.moved(unit) is unit
    assert SoundShift(-220).moved(block).pts == FLICKS + 220 * FLICKS // 1000
    assert UNMOVED.moved(block) is block
    assert UNMOVED.received(block) is block


def test_a_span_is_widened_to_where_its_sound_has_been_moved() -> None:
    moved = FLICKS // 10
    assert SoundShift(100).widened((0, FLICKS)) == (-moved, FLICKS)
    assert SoundShift(-100).widened((0, FLICKS)) == (0, FLICKS + moved)
    assert [SoundShift(ms).wait_s for ms in (250, 0, -250)] == [0.25, 0.0, 0.0]


def test_the_grid_keeps_the_beat_of_the_pictures_where_sound_was_moved_behind_their_beginning() -> None:
    beat = FLICKS // 25
    assert UNMOVED.origin(0, 5 * beat + 1) == 5 * beat + 1
    early = SoundShift(-220)
    assert [early.origin(7, 7 + late) for late in (-beat, 0, 1, beat, 5 * beat + 1)] == [
        7, 7, 7 + beat, 7 + beat, 7 + 6 * beat,
    ]  # fmt: skip


def test_what_was_done_and_why() -> None:
    assert UNMOVED.notes == ()
    assert SoundShift(220).notes == ("the sound was moved 220 ms earlier (as given)",)
    assert SoundShift(-80, 7).notes == ("the sound was moved 80 ms later (7 windows agree that it comes early)",)
    assert "comes late" in SoundShift(80, 7).notes[0]


@pytest.mark.parametrize("ms", [1001, -1001, 220.0, True, "220", "auto"])
def test_no_shift_beyond_a_second_and_none_that_is_no_whole_number(ms: object) -> None:
    with pytest.raises(ParameterError, match=r"av_offset=.* -1000 to 1000 ms"):
        SoundShift(ms)  # type: ignore[arg-type]
