"""What the coach says, when, and for how long; in frames, whatever the chunks."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from gate_measures import GOOD
from repository import ROOT
from stretches import cut, heard, spoilt, talker, without_face

from take5.scoring.coaching import LEAST_BEFORE_URGENT, LEAST_SHOWN, PRAISE, Advice, Coach
from take5.scoring.coaching_rules import TIPS
from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code
from take5.scoring.gates.sound import SoundMeasures
from take5.scoring.parameters import SAMPLES_PER_FRAME
from take5.scoring.stretch import Stretch

FRAMES = 375
START, STOP = 100, 225
RAGGED = (1, 7, 3, 25, 11, 60, 2)

SPOILT = {
    Code.FACE_CUT: ("margin", -0.2), Code.TOO_CLOSE: ("closeness", 0.95), Code.TOO_FAR: ("inter_eye", 20),
    Code.TOO_DARK: ("brightness", 0.05), Code.OVEREXPOSED: ("overexposed", 0.3), Code.TOO_BRIGHT: ("brightness", 0.97),
    Code.HEAD_TURNED: ("yaw", -45), Code.HEAD_PITCHED: ("pitch", 42), Code.HEAD_TILTED: ("roll", 40),
    Code.BLURRED: ("blur", 0.8), Code.UNEVEN_LIGHT: ("evenness", 0.2), Code.EYES_CLOSED: ("eye_open", 0.02),
    Code.LOOKING_AWAY: ("gaze_x", 0.9), Code.OFF_CENTRE: ("centre_y", 0.4), Code.GRAINY: ("grain", 20),
}  # fmt: skip


def coached(
    stretch: Stretch, lengths: tuple[int, ...] = (25,), config: GateConfig | None = None, lost: tuple[int, ...] = ()
) -> list[Advice]:
    """What is told; ``lost`` are frames before which the network has lost something."""
    coach = Coach(config or GateConfig())
    for frame in lost:
        coach.lost(frame)
    return [advice for piece in cut(stretch, lengths) for advice in coach.push(piece)]


def codes(told: list[Advice]) -> list[Code | None]:
    return [advice.code for advice in told]


def with_sound(stretch: Stretch, start: int, stop: int, sound: SoundMeasures) -> Stretch:
    whole = stretch.sound
    return replace(stretch, sound=SoundMeasures.concatenate([whole[:start], sound, whole[stop:]]))


def hushed(stretch: Stretch, start: int, stop: int) -> Stretch:
    """Nobody speaks in frames [start, stop)."""
    noise = np.random.default_rng(1).normal(size=(stop - start) * SAMPLES_PER_FRAME) * 1e-4
    return with_sound(stretch, start, stop, heard(noise, speech=False))


def test_a_good_talker_is_left_alone() -> None:
    assert coached(talker(1000)) == []


@pytest.mark.parametrize("code", SPOILT)
def test_each_fault_of_the_face_is_told_and_praised_when_it_is_put_right(code: Code) -> None:
    told = coached(spoilt(talker(FRAMES), *SPOILT[code], START, STOP))
    assert code in codes(told)
    assert told[-1].code is None
    first = next(advice for advice in told if advice.code is code)
    assert START < first.frame <= START + 130
    followed = next(advice for advice in told if advice.followed is code)
    assert STOP <= followed.frame <= STOP + 130
    assert followed.frame - first.frame >= LEAST_SHOWN


def test_a_moment_is_not_told() -> None:
    stretch = spoilt(talker(FRAMES), "margin", -0.5, 100, 112)
    stretch = spoilt(stretch, "brightness", 0.02, 200, 210)
    assert coached(without_face(stretch, 250, 260)) == []


def test_nobody_in_the_picture_comes_soon() -> None:
    told = coached(without_face(talker(FRAMES), 100, 200))
    assert codes(told) == [Code.NO_FACE, None, None]
    assert told[0].frame <= 100 + 25
    assert told[1].followed is Code.NO_FACE


def test_a_second_face_is_told() -> None:
    stretch = talker(FRAMES)
    faces = stretch.observations.faces.copy()
    faces[100:200] = np.where(faces[100:200] > 0, 2, -1)
    assert codes(coached(replace(stretch, observations=replace(stretch.observations, faces=faces)))) == [
        Code.SEVERAL_FACES,
        None,
        None,
    ]


@pytest.mark.parametrize("lengths", [(25,), RAGGED])
@pytest.mark.parametrize("track", ["frames_missing", "sound_missing"])
@pytest.mark.parametrize(
    ("lost", "code"),
    [
        ((), Code.FRAMES_SKIPPED),
        ((20,), Code.FRAMES_SKIPPED),
        ((200,), Code.FRAMES_MISSING),
        ((130, 160, 200), Code.FRAMES_MISSING),
    ],
)
def test_the_network_is_blamed_only_for_what_it_has_lost(
    lost: tuple[int, ...], code: Code, track: str, lengths: tuple[int, ...]
) -> None:
    """A hole without a gap between the packets is the sender's own; a gap is known at the end of its hole."""
    stretch, some = talker(FRAMES), np.zeros(FRAMES, dtype=np.bool_)
    some[120:200] = True
    told = coached(replace(stretch, timing=replace(stretch.timing, **{track: some})), lengths, lost=lost)
    assert codes(told)[0] is code
    assert told[1].followed is code


def test_a_damaged_picture_is_the_networks() -> None:
    stretch, some = talker(FRAMES), np.zeros(FRAMES, dtype=np.bool_)
    some[100:200] = True
    damaged = replace(stretch.observations, damaged=some)
    assert codes(coached(replace(stretch, observations=damaged)))[0] is Code.FRAMES_MISSING


def test_a_frozen_picture_and_a_muted_microphone_are_told() -> None:
    stretch, some = talker(FRAMES), np.zeros(FRAMES, dtype=np.bool_)
    some[100:200] = True
    same = tuple((bool(there),) for there in some)
    for code, spoiled in {
        Code.DIGITAL_SILENCE: replace(stretch, timing=replace(stretch.timing, silent=some)),
        Code.FROZEN_PICTURE: replace(stretch, observations=replace(stretch.observations, repeats=same)),
    }.items():
        assert codes(coached(spoiled))[0] is code


def test_silence_is_told_and_speaking_again_restarts_the_count() -> None:
    told = coached(hushed(talker(600), 100, 400))
    assert codes(told) == [Code.NOT_SPEAKING, None, None]
    assert 150 <= told[0].frame <= 225
    assert [advice.restarts for advice in told] == [False, True, False]


def test_a_whisper_is_told() -> None:
    quiet = talker(300, level=0.004)
    loud = talker(FRAMES)
    told = coached(Stretch.concatenate([loud, quiet, loud]))
    assert codes(told)[0] is Code.TOO_QUIET
    assert any(advice.restarts for advice in told)


def test_noise_and_clipping_are_told() -> None:
    rng, spoken = np.random.default_rng(2), np.arange(FRAMES) % 25 < 20
    clean = rng.laplace(size=FRAMES * SAMPLES_PER_FRAME) * np.repeat(np.where(spoken, 0.05, 1e-4), SAMPLES_PER_FRAME)
    loud = with_sound(talker(FRAMES), 0, FRAMES, heard((clean * 20).clip(-1, 1), spoken))
    noisy = with_sound(talker(FRAMES), 0, FRAMES, heard(clean + rng.normal(size=len(clean)) * 0.03, spoken))
    assert codes(coached(loud)) == [Code.CLIPPING]
    assert codes(coached(noisy)) == [Code.NOISY]


def test_another_voice_behind_still_lips_is_told() -> None:
    stretch = talker(FRAMES)
    lips = stretch.lips.copy()
    lips[100:] = lips[100]
    assert codes(coached(replace(stretch, lips=lips))) == [Code.SECOND_VOICE_OR_MUSIC]


def test_a_head_that_keeps_moving_is_told_and_one_that_turns_once_is_not() -> None:
    t = np.arange(600)
    shaken, turned = 15 * np.sin(t / 5) * (t < 300), np.where(t < 300, -12, 12)
    stretch = talker(600)
    moves, turns = (replace(stretch.measures, yaw=yaw.astype(np.float32)) for yaw in (shaken, turned))
    told = coached(replace(stretch, measures=moves))
    assert codes(told) == [Code.HEAD_MOVES, None, None]
    assert told[1].restarts
    assert coached(replace(stretch, measures=turns)) == []


def test_a_small_picture_is_no_reason_to_come_closer() -> None:
    stretch = spoilt(talker(FRAMES), "inter_eye", 40, 0, FRAMES)
    assert codes(coached(stretch)) == [Code.TOO_FAR]
    assert coached(spoilt(stretch, "closeness", 0.55, 0, FRAMES)) == []


def test_a_softer_picture_than_before_is_told_only_then() -> None:
    sharp = spoilt(talker(600), "blur", 0.45, 0, 600)
    assert coached(spoilt(sharp, "blur", 0.56, 0, 600)) == []
    assert codes(coached(spoilt(sharp, "blur", 0.56, 200, 600))) == [Code.LESS_SHARP]


@pytest.mark.parametrize("lengths", [(25,), RAGGED])
def test_at_a_change_of_size_everything_is_judged_again(lengths: tuple[int, ...]) -> None:
    """What was wrong before is neither praised nor told on, and a smaller picture is no softer than a larger one."""
    sharp = spoilt(spoilt(talker(600), "blur", 0.45, 0, 203), "blur", 0.56, 203, 600)
    far = spoilt(sharp, "inter_eye", 20, 0, 203)
    assert Code.LESS_SHARP in codes(coached(sharp, lengths))
    told = coached(resized(far, 203), lengths)
    assert codes(told) == [Code.TOO_FAR, None]
    assert told[1].followed is None
    assert told[1].frame == 205


def resized(stretch: Stretch, at: int) -> Stretch:
    flags = stretch.observations.resized.copy()
    flags[at] = True
    return replace(stretch, observations=replace(stretch.observations, resized=flags))


def test_the_most_urgent_comes_first_and_the_other_one_after_it() -> None:
    stretch = spoilt(talker(600), "centre_y", 0.4, 50, 600)
    told = coached(without_face(stretch, 150, 300))
    shown = [code for code in codes(told) if code]
    assert shown == [Code.OFF_CENTRE, Code.NO_FACE, Code.OFF_CENTRE]


def test_what_is_told_is_steady() -> None:
    rng = np.random.default_rng(3)
    stretch = talker(3000)
    for code, (name, value) in SPOILT.items():
        for _ in range(2):
            at = int(rng.integers(0, 2900)) + len(str(code))
            stretch = spoilt(stretch, name, value, at, at + int(rng.integers(10, 200)))
    told = coached(without_face(stretch, 1200, 1350))
    order = [tip.code for tip in TIPS]
    assert len(told) > 10
    for one, after in pairwise(told):
        least = LEAST_SHOWN
        if one.code is None:
            least = LEAST_BEFORE_URGENT if one.followed else 0
        elif after.code is not None and order.index(after.code) < order.index(one.code):
            least = LEAST_BEFORE_URGENT
        assert after.frame - one.frame >= least
        assert one.code != after.code or one.followed


def test_praise_ends_by_itself() -> None:
    told = coached(without_face(talker(FRAMES), 100, 200))
    assert told[2] == Advice(told[1].frame + PRAISE, None)


def test_a_value_at_the_limit_does_not_flicker() -> None:
    stretch = talker(1500)
    yaw = 25 + 2 * np.sin(np.arange(1500) / 40)
    measures = replace(stretch.measures, yaw=yaw.astype(np.float32))
    assert codes(coached(replace(stretch, measures=measures))) == [Code.HEAD_TURNED]


def test_what_nobody_can_see_any_more_goes_without_praise() -> None:
    stretch = without_face(spoilt(talker(600), "yaw", 60, 0, 200), 200, 600)
    seen = stretch.observations.seen.copy()
    seen[200:] = False
    told = coached(replace(stretch, observations=replace(stretch.observations, seen=seen)))
    assert codes(told) == [Code.HEAD_TURNED, None]
    assert told[1].followed is None


def test_an_instruction_that_was_replaced_restarts_the_count_when_it_has_been_followed() -> None:
    told = coached(without_face(hushed(talker(900), 100, 400), 300, 600))
    assert [code for code in codes(told) if code] == [Code.NOT_SPEAKING, Code.NO_FACE]
    assert sum(advice.restarts for advice in told) == 1


@pytest.mark.parametrize("lengths", [(FRAMES * 3,), (1,), (5,), RAGGED])
def test_the_answer_does_not_depend_on_how_it_was_cut(lengths: tuple[int, ...]) -> None:
    stretch = Stretch.concatenate([talker(FRAMES), hushed(talker(FRAMES), 0, FRAMES), talker(FRAMES, seed=4)])
    for code, at in zip(SPOILT, range(0, 1100, 70), strict=False):
        stretch = spoilt(stretch, *SPOILT[code], at, at + 90)
    expected = coached(without_face(stretch, 500, 640))
    assert len(expected) > 8
    assert coached(without_face(stretch, 500, 640), lengths) == expected


def test_a_gate_that_is_off_is_never_spoken_of_and_its_limit_is_the_gates() -> None:
    stretch = spoilt(talker(FRAMES), "evenness", 0.5, START, STOP)
    assert Code.UNEVEN_LIGHT in codes(coached(stretch))
    assert coached(stretch, config=GateConfig.of("normal", ["uneven_light=off"])) == []
    assert coached(stretch, config=GateConfig.of("normal", ["uneven_light=warn:0.4"])) == []


def test_pieces_of_different_lengths_are_refused() -> None:
    stretch = talker(50)
    with pytest.raises(ParameterError, match=r"of the same frames.*49"):
        replace(stretch, lips=stretch.lips[:49])


def test_every_instruction_is_documented() -> None:
    document = (ROOT / "docs" / "coaching.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", document, re.MULTILINE) == [str(tip.code) for tip in TIPS]


def test_the_measures_that_are_spoilt_are_good_ones() -> None:
    assert all(name in GOOD for name, _ in SPOILT.values())
