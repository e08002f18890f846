import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from demo.talker import (
    DEFAULT,
    FILLER,
    Head,
    Reason,
    Speech,
    Stretch,
    TalkerError,
    Wave,
    fitted,
    swapped,
    truth,
)
from demo.talker import __main__ as cli
from demo.talker.face import Pose, Studio
from demo.talker.motion import moments, mouth
from demo.talker.portrait import Scene
from demo.talker.render import render, sound_holes
from demo.talker.script import starts_s
from demo.talker.voice import SAMPLE_RATE, sound, speak

RICH = Speech("Six thick thistle sticks.", rich=True)
CALM = (Wave(2.2, 0.3),)
GOOD = Stretch("good", 5, RICH, CALM)
DULL = Stretch("dull", 5, Speech("ba ba ba"), CALM)
SIZE = (192, 108)
FPS = Fraction(25)


# --- the truth ---


def test_the_winner_is_the_window_in_the_best_stretch() -> None:
    known = truth((replace(DULL, name="a", duration_s=3), GOOD, DULL))
    assert known.winner_start_s == 3
    assert known.duration_s == 13
    assert known.spans == ()
    assert known.ineligible() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"speech": replace(RICH, rich=False)},
        {"lips": (*CALM, Wave(9.0, 0.1))},
        {"head": Head.SHAKE},
        {"head": Head.SWAY},
        {"frozen": True},
        {"silent": True},
        {"faces": 0},
        {"faces": 2},
        {"picture_hole_ms": 200},
        {"sound_hole_ms": 50},
        {"duration_s": 4},
        {"duration_s": 6},
    ],
    ids=str,
)
def test_there_is_no_single_winner_once_anything_is_wrong_with_it(change: dict[str, object]) -> None:
    assert truth((DULL, replace(GOOD, **change))).winner_start_s is None  # type: ignore[arg-type] # any of its fields


def test_a_window_may_win_across_two_good_stretches() -> None:
    halves = (replace(GOOD, name="a", duration_s=2), replace(GOOD, name="b", duration_s=3))
    assert truth((DULL, *halves, replace(DULL, name="c"))).winner_start_s == 5


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"frozen": True}, (Reason.FROZEN_PICTURE,)),
        ({"silent": True}, (Reason.DIGITAL_SILENCE,)),
        ({"faces": 0}, (Reason.NO_FACE,)),
        ({"faces": 2}, (Reason.SEVERAL_FACES,)),
        ({"faces": 0, "silent": True}, (Reason.NO_FACE, Reason.DIGITAL_SILENCE)),
    ],
    ids=str,
)
def test_every_window_that_touches_a_faulty_stretch_is_ineligible(
    change: dict[str, object], reasons: tuple[Reason, ...]
) -> None:
    faulty = replace(DULL, name="faulty", duration_s=2, **change)  # type: ignore[arg-type] # any of its fields
    known = truth((replace(DULL, duration_s=6), faulty, replace(DULL, name="after", duration_s=7)))
    assert known.ineligible() == dict.fromkeys(range(2, 8), reasons)
    assert known.reasons(1) == known.reasons(8) == ()


def test_a_hole_spoils_only_the_windows_around_it() -> None:
    holed = replace(DULL, duration_s=13, picture_hole_ms=400, sound_hole_ms=100)
    known = truth((holed,))
    assert [(span.start_s, span.end_s) for span in known.spans] == [(6.2, 6.6), (6.2, 6.3)]
    assert known.ineligible() == dict.fromkeys(range(2, 7), (Reason.FRAMES_MISSING, Reason.SOUND_MISSING))


def test_a_hole_that_nobody_minds_is_no_fault() -> None:
    assert truth((replace(DULL, picture_hole_ms=100, sound_hole_ms=20),)).spans == ()


def test_half_a_second_of_silence_is_no_fault() -> None:
    known = truth((replace(DULL, silent=True, duration_s=1), DULL))
    assert known.reasons(0) == (Reason.DIGITAL_SILENCE,)
    shifted = replace(known, spans=(replace(known.spans[0], end_s=0.5),))
    assert shifted.reasons(0) == ()


def test_the_default_script_has_one_winner_and_one_of_each_fault() -> None:
    known = truth(DEFAULT)
    assert known.winner_start_s == 12
    assert known.reasons(12) == ()
    assert sorted(span.reason for span in known.spans) == sorted(set(Reason) - {Reason.SEVERAL_FACES})
    assert len({stretch.name for stretch in DEFAULT}) == len(DEFAULT)


@pytest.mark.parametrize("other", [stretch.name for stretch in DEFAULT if stretch.name != "best"])
def test_the_winner_moves_with_its_stretch(other: str) -> None:
    script = swapped(DEFAULT, "best", other)
    place = [stretch.name for stretch in script].index("best")
    assert truth(script).winner_start_s == starts_s(script)[place]


def test_swapping_twice_changes_nothing() -> None:
    assert swapped(swapped(DEFAULT, "best", "away"), "best", "away") == DEFAULT


def test_a_script_is_lengthened_without_a_second_winner() -> None:
    long = fitted(DEFAULT, 300, FILLER)
    assert truth(long).duration_s == 300
    assert truth(long).winner_start_s == truth(DEFAULT).winner_start_s
    assert long[: len(DEFAULT)] == DEFAULT
    assert len({stretch.name for stretch in long}) == len(long)


def test_a_script_is_cut() -> None:
    assert truth(fitted(DEFAULT, 17, FILLER)).duration_s == 17
    assert truth(fitted(DEFAULT, 16, FILLER)).winner_start_s is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration_s": 0}, "duration_s=0"),
        ({"faces": 3}, "faces=3"),
        ({"picture_hole_ms": 700}, "shorter than 700 ms"),
        ({"sound_hole_ms": -1}, "shorter than 700 ms"),
    ],
)
def test_an_impossible_stretch_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(TalkerError, match=message):
        replace(DULL, **change)  # type: ignore[arg-type] # any of its fields


def test_an_unknown_stretch_cannot_be_swapped() -> None:
    with pytest.raises(TalkerError, match="no stretch is called 'worst'; there are hello, restless, best"):
        swapped(DEFAULT, "best", "worst")


# --- picture ---


def test_the_mouth_follows_its_waves_and_rests_between_stretches() -> None:
    times = np.arange(125) / 25
    opening = np.array([mouth(GOOD, t) for t in times])
    spectrum = np.abs(np.fft.rfft(opening - opening.mean()))
    assert spectrum.argmax() == 11  # 2.2 Hz over 5 s
    assert spectrum[32:].sum() < 0.02 * spectrum.sum()
    assert mouth(GOOD, 0) == mouth(GOOD, 5) == mouth(DULL, 0)
    assert 0 <= opening.min() < opening.max() <= 1


def test_the_same_seed_draws_the_same_frame() -> None:
    pose = Pose(mouth=0.8, dx=1.5, roll=0.01, blink=0.6)
    first, again, other = (Studio(*SIZE, seed=seed).draw(pose, grain=7) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (SIZE[0] * SIZE[1] * 3 // 2,)
    assert np.any(first != other)


def test_no_two_neighbouring_frames_are_the_same() -> None:
    studio = Studio(*SIZE)
    first, second = (studio.draw(Pose(), grain=grain) for grain in (0, 1))
    assert np.mean(first != second) > 0.2


def test_the_mouth_darkens_as_it_opens_and_the_body_stays() -> None:
    studio = Studio(420, 420)  # one pixel of the frame is one of the photograph
    closed, wide = (studio.draw(Pose(mouth=opening))[: 420 * 420].reshape(420, 420).astype(int) for opening in (0, 1))
    inside = np.s_[149:152, 205:212]  # photograph's rows 153..155, columns 220..226
    assert wide[inside].mean() < 80 < closed[inside].mean()
    np.testing.assert_array_equal(closed[240:], wide[240:])


@pytest.mark.parametrize("size", [(1280, 720), (450, 360), (512, 512), (360, 640), (64, 64)])
def test_every_size_holds_a_frame(size: tuple[int, int]) -> None:
    frame = Studio(*size).draw(Pose(dx=-3, dy=3, roll=-0.03))
    assert frame.shape == (size[0] * size[1] * 3 // 2,)


def test_scenes_differ() -> None:
    studio = Studio(*SIZE)
    talker, empty, two = (studio.draw(Pose(), scene).astype(int) for scene in (Scene.TALKER, Scene.EMPTY, Scene.TWO))
    assert np.abs(talker - empty).mean() > np.abs(talker - two).mean() > 1


def test_frames_are_counted_on_any_clock() -> None:
    indices = [moment.index for moment in moments((DULL,), Fraction(30000, 1001))]
    assert indices == list(range(150))
    holed = [moment.index for moment in moments((replace(DULL, picture_hole_ms=400),), FPS)]
    assert sorted(set(range(125)) - set(holed)) == list(range(55, 65))


def test_a_frozen_stretch_repeats_its_first_frame() -> None:
    frozen = list(moments((replace(DULL, duration_s=1), replace(DULL, name="frozen", frozen=True)), FPS))[25:]
    assert [moment.repeats for moment in frozen] == [False] + [True] * 124
    assert {replace(moment, index=0, repeats=False) for moment in frozen} == {replace(frozen[0], index=0)}


# --- sound ---


def test_speech_fills_its_stretch_and_silence_is_zeros() -> None:
    script = (replace(GOOD, duration_s=3), replace(DULL, duration_s=2, silent=True), replace(DULL, duration_s=1))
    heard = sound(script, seed=1)
    assert heard.shape == (6 * SAMPLE_RATE,)
    assert heard.dtype == np.float32
    spoken, silent, after = heard[: 3 * SAMPLE_RATE], heard[3 * SAMPLE_RATE : 5 * SAMPLE_RATE], heard[5 * SAMPLE_RATE :]
    assert not silent.any()
    assert np.sqrt(np.mean(spoken**2)) == pytest.approx(0.08, rel=0.02)
    assert np.abs(spoken[-SAMPLE_RATE:]).max() > 0.05 < np.abs(after).max()
    np.testing.assert_array_equal(heard, sound(script, seed=1))
    assert np.any(heard != sound(script, seed=2))


def test_a_missing_espeak_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TalkerError, match="apt install espeak-ng"):
        speak(RICH)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(TalkerError, match="voice 'xx-nobody'"):
        speak(replace(RICH, voice="xx-nobody"))


def test_a_text_without_a_sound_is_named() -> None:
    with pytest.raises(TalkerError, match="says nothing"):
        speak(Speech(" "))


# --- the file ---

FAULTS = (
    replace(GOOD, name="talk", duration_s=1),
    replace(GOOD, name="frozen", duration_s=2, frozen=True),
    replace(GOOD, name="muted", duration_s=2, silent=True),
    replace(GOOD, name="hole", duration_s=2, picture_hole_ms=400, sound_hole_ms=250),
)


@pytest.fixture(scope="module", params=[".mkv", ".mp4"])
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talker") / f"faults{request.param}"
    render(FAULTS, path, SIZE, FPS)
    return path


def pictures(path: Path) -> list[av.VideoFrame]:
    with av.open(path) as container:
        return list(container.decode(video=0))


def sounds(path: Path) -> list[tuple[int, np.ndarray]]:
    """First sample on the clock of the file, and samples, of each decoded frame."""
    with av.open(path) as container:
        frames = container.decode(audio=0)
        return [(round((frame.time or 0) * SAMPLE_RATE), frame.to_ndarray().ravel()) for frame in frames]


def test_every_frame_is_there_but_those_in_the_hole(video: Path) -> None:
    times_ms = [round(frame.time * 1000) for frame in pictures(video)]
    assert times_ms == [40 * i for i in range(175) if not 155 <= i < 165]
    assert max(b - a for a, b in pairwise(times_ms)) == 440


def test_frozen_frames_are_identical_and_no_others(video: Path) -> None:
    frames = [frame.to_ndarray() for frame in pictures(video)]
    same = [i + 1 for i, (a, b) in enumerate(pairwise(frames)) if np.array_equal(a, b)]
    assert same == list(range(26, 75))


def test_a_keyframe_comes_every_second_but_in_the_frozen_stretch(video: Path) -> None:
    assert [round(frame.time * 1000) for frame in pictures(video) if frame.key_frame] == [
        0,
        1000,
        3000,
        4000,
        5000,
        6000,
    ]


def test_silence_is_zeros(video: Path) -> None:
    edge = 2048  # samples: a lossy codec's overlap
    inside = [x for start, x in sounds(video) if 3 * SAMPLE_RATE + edge <= start < 5 * SAMPLE_RATE - edge]
    assert sum(map(len, inside)) > 1.8 * SAMPLE_RATE
    assert not np.concatenate(inside).any()


def test_the_hole_in_the_sound_is_a_gap_in_its_timestamps(video: Path) -> None:
    heard = sounds(video)
    gaps = [(a + len(x), b) for (a, x), (b, _) in pairwise(heard) if b - (a + len(x)) > SAMPLE_RATE // 1000]
    ((begin, end),) = gaps
    assert end - begin == SAMPLE_RATE // 4
    assert 0 <= begin - sound_holes(FAULTS)[0][0] <= (1024 if video.suffix == ".mp4" else 0)
    assert abs(heard[-1][0] + len(heard[-1][1]) - 7 * SAMPLE_RATE) <= 1024


def test_the_sound_is_where_it_was_spoken(video: Path) -> None:
    expected, whole = sound(FAULTS), np.zeros(8 * SAMPLE_RATE, np.float32)
    for start, x in sounds(video):
        whole[start : start + len(x)] = x / 32768 if x.dtype == np.int16 else x
    for begin in (0, int(6.6 * SAMPLE_RATE)):  # before all faults, and after them
        part = np.s_[begin : begin + SAMPLE_RATE // 3]
        assert np.corrcoef(whole[part], expected[part])[0, 1] > 0.95


def test_rendering_again_gives_the_same_packets(tmp_path: Path) -> None:
    packets = []
    for name in ("a.mkv", "b.mkv"):
        render(FAULTS[:2], tmp_path / name, SIZE, FPS, seed=5)
        with av.open(tmp_path / name) as container:
            packets.append([bytes(packet) for packet in container.demux()])
    assert packets[0] == packets[1]


@pytest.mark.parametrize(
    ("name", "size", "fps", "message"),
    [
        ("a.avi", SIZE, 25, "must end in .mkv, .mp4, .mov"),
        ("a.mkv", (191, 108), 25, "size=191x108: both sides must be even"),
        ("a.mkv", (32, 32), 25, "at least 64"),
        ("a.mkv", SIZE, 0, "fps=0"),
    ],
)
def test_an_impossible_wish_is_refused(
    tmp_path: Path, name: str, size: tuple[int, int], fps: int, message: str
) -> None:
    with pytest.raises(TalkerError, match=message):
        render((GOOD,), tmp_path / name, size, Fraction(fps))
    assert list(tmp_path.iterdir()) == []


def test_several_faces_need_a_wide_frame(tmp_path: Path) -> None:
    with pytest.raises(TalkerError, match="at least as wide as high"):
        render((replace(GOOD, faces=2),), tmp_path / "a.mkv", (108, 192))


# --- the command ---


def test_the_command_writes_the_truth_before_the_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "talker.mkv"

    def watched(*_: object) -> None:
        assert (tmp_path / "talker.truth.json").exists()
        path.touch()

    monkeypatch.setattr(cli, "render", watched)
    assert cli.main([str(path), "--swap", "best,away", "--seconds", "70"]) == 0
    written = json.loads((tmp_path / "talker.truth.json").read_text())
    assert written["winner_start_s"] == 47
    assert written["duration_s"] == 70
    assert written["ineligible"][0]["reasons"] == ["no_face"]
    assert [stretch["name"] for stretch in written["stretches"]][2] == "away"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (["--size", "big"], "'big' must be two values with 'x' between them"),
        (["--size", "1.5x2"], "two whole numbers"),
        (["--swap", "best"], "'best' must be two values with ',' between them"),
        (["--swap", "best,worst"], "no stretch is called 'worst'"),
        (["--seconds", "0"], "duration_s=0 must be at least 1"),
    ],
)
def test_the_command_explains_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wish: list[str], message: str
) -> None:
    assert cli.main([str(tmp_path / "a.mkv"), *wish]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
