"""``take5.Session``: pushed frames and sound give what the file gives, in any order; what is wrong is told."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from own_media import Heard, Own, Shot, cut_raggedly, interleaved, own_media, push, pushed
from scipy.signal import resample_poly

import take5
from demo.talker import DEFAULT, Script
from take5.client.api.frame_store import UNIT_FORMAT, HeldMedia
from take5.scoring.stopping import StopRule
from take5.stream.analysis.models import Models
from take5.stream.events import Event, Trouble
from take5.stream.live.replay import Replay
from take5.stream.recording.from_ring import RingRecording
from take5.stream.recording.ring import Ring
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

BY_NAME = {stretch.name: stretch for stretch in DEFAULT}
SCRIPT: Script = (
    replace(BY_NAME["best"], duration_s=7),
    replace(BY_NAME["hole"], duration_s=3),
    replace(BY_NAME["frozen"], duration_s=2),
)
"""Two good windows, a hole in both tracks, a frozen picture."""

NEVER = take5.StopRules(stop_at=0, gain=None, cap_s=1e6)
PICTURE = np.zeros((64, 48, 3), np.uint8)
SOUND = np.zeros(1600, np.float32)


@pytest.fixture(scope="module")
def video(rendered: Callable[[str, Script], Path]) -> Path:
    return rendered("pushed", SCRIPT)


@pytest.fixture(scope="module")
def media(video: Path) -> list[Own]:
    return list(own_media(video))


@pytest.fixture(scope="module")
def steady(media: list[Own]) -> list[Own]:
    """The part before the holes."""
    return [one for one in media if one.time_s is not None and one.time_s < 7]


@pytest.fixture(scope="module")
def session(media: list[Own], models: Models) -> tuple[take5.Session, list[Event]]:
    session = take5.Session(models, rules=NEVER, name="mine")
    return session, pushed(session, media)


@pytest.fixture(scope="module")
def expected(steady: list[Own], models: Models) -> take5.Result:
    session = take5.Session(models)
    pushed(session, steady)
    assert session.best is not None
    assert session.best == session.result.best
    return session.result


@pytest.fixture(scope="module")
def file(video: Path, models: Models) -> take5.FileResult:
    return take5.select(video, exhaustive=True, models=models)


def same(one: take5.Result, other: take5.Result) -> None:
    """Equal to 1e-9, eligibility exactly."""
    assert [(w.start_s, w.eligible) for w in one.windows] == [(w.start_s, w.eligible) for w in other.windows]
    eligible = [[*(w for w in result.windows if w.eligible), *result.pool] for result in (one, other)]
    for a, b in zip(*eligible, strict=True):
        assert (a.start_s, a.end_s, a.views) == (b.start_s, b.end_s, b.views)
        for name in ("D", "MC", "MC_mouth", "MC_head", "I"):
            assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-9, abs=0)
    assert one.best is not None
    assert other.best is not None
    assert one.best.start_s == other.best.start_s


def test_a_session_has_the_answer_of_the_file(
    session: tuple[take5.Session, list[Event]], file: take5.FileResult
) -> None:
    same(session[0].result, file)
    assert {False, True} == {window.eligible for window in file.windows}
    mine, theirs = session[0].result.json(), file.json()
    exact = ("container_start_s", "duration_s", "source_fps", "frames", "parameters", "encoder_version")
    assert {key: mine[key] for key in exact} == {key: theirs[key] for key in exact}
    assert mine["video"] == "mine"


def test_a_session_has_every_number_of_a_replay(
    session: tuple[take5.Session, list[Event]], video: Path, models: Models
) -> None:
    replayed = list(Replay(MediaFile(video), models, Settings()).events())
    kinds = take5.Progress | take5.BestChanged
    mine = [
        replace(event, gain=None, standing=None) if isinstance(event, take5.Progress) else event for event in session[1]
    ]
    assert [event for event in mine if isinstance(event, kinds)] == [e for e in replayed if isinstance(e, kinds)]
    assert len(mine) > len(replayed) > 12
    last, expected = session[1][-1], replayed[-1]
    assert isinstance(last, take5.Finished)
    assert isinstance(expected, take5.Finished)
    assert last.selection == session[0].selection
    assert last.selection.verdicts == expected.selection.verdicts


@pytest.mark.parametrize("ahead_s", [-1.5, 6.5])
def test_the_order_of_pushes_does_not_matter(
    steady: list[Own], models: Models, expected: take5.Result, ahead_s: float
) -> None:
    heard = [one for one in steady if isinstance(one, Heard)]
    ragged = cut_raggedly(heard, seed=round(ahead_s * 10) + 20)
    session = take5.Session(models)
    pushed(session, interleaved(steady, ragged, ahead_s))
    same(session.result, expected)


def test_a_sample_rate_that_changes_is_one_track(steady: list[Own], models: Models, expected: take5.Result) -> None:
    """From 3 s on, at half the rate; the last block has its time, as after a hole."""
    heard = [one for one in steady if isinstance(one, Heard)]
    sound, rate = np.concatenate([block.samples for block in heard]), heard[0].rate
    begin = heard[0].time_s
    assert begin is not None
    first, second = sound[: 3 * rate], sound[3 * rate :]
    slower = np.stack([np.asarray(resample_poly(channel, 1, 2), np.float32) for channel in second.T], axis=1)
    session = take5.Session(models)
    blocks: list[Own] = [Heard(begin, first, rate), Heard(None, slower, rate // 2)]
    pushed(session, interleaved(steady, blocks, 0.0))
    assert session.best is not None
    assert expected.best is not None
    assert session.best.start_s == expected.best.start_s
    assert pytest.approx(expected.best.D, rel=0.05) == session.best.D
    mine, theirs = session.result.sound()[0].mean(axis=1), expected.sound()[0].mean(axis=1)
    assert np.argmax(np.correlate(mine[: rate * 4], theirs[500 : rate * 4 - 500])) == pytest.approx(500, abs=5)


def test_threads_may_share_the_models(steady: list[Own], models: Models, expected: take5.Result) -> None:
    sessions = [take5.Session(models) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        events = list(threads.map(lambda session: pushed(session, steady), sessions))
    for session in sessions:
        same(session.result, expected)
    assert events[0][:-1] == events[1][:-1]


def test_frames_without_a_time_follow_each_other(steady: list[Own], models: Models, expected: take5.Result) -> None:
    """Sixteen-bit stereo, twice the same, is the mono that it was."""
    session = take5.Session(models, fps=25)
    for one in steady:
        if isinstance(one, Shot):
            session.push_frame(one.pixels)
        else:
            whole = np.rint(one.samples * 32768).astype(np.int16)
            session.push_audio(np.repeat(whole, 2, axis=1), one.rate)
    session.finish()
    same(session.result, expected)


def test_the_clip_is_what_was_pushed(
    session: tuple[take5.Session, list[Event]], media: list[Own], file: take5.FileResult, tmp_path: Path
) -> None:
    folder = session[0].write(tmp_path / "mine")
    assert sorted(path.name for path in folder.iterdir()) == ["clip.mp4", "clip.wav", "report.json"]
    assert json.loads((folder / "report.json").read_text()) == session[0].result.json()
    best = session[0].best
    assert best is not None
    with av.open(str(folder / "clip.mp4")) as container:
        clip = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    own = [one.pixels for one in media if isinstance(one, Shot)][round(best.start_s * 25) :]
    assert len(clip) == 125
    assert max(np.abs(a.astype(int) - b).mean() for a, b in zip(clip, own, strict=False)) < 3
    assert (folder / "clip.wav").read_bytes() == (file.write(tmp_path / "theirs") / "clip.wav").read_bytes()
    with pytest.raises(take5.OutputExists, match="mine"):
        session[0].write(tmp_path / "mine")
    session[0].write(str(tmp_path / "mine"), force=True)


@pytest.mark.long
def test_a_bundle_is_made_of_what_was_pushed(
    session: tuple[take5.Session, list[Event]], file: take5.FileResult, tmp_path: Path
) -> None:
    (mine,) = session[0].result.bundle(tmp_path / "mine", "synctalk")
    (theirs,) = file.bundle(tmp_path / "theirs", "synctalk")
    assert (mine.frames, mine.folder.name) == (138, "mine")
    for name in ("0.lms", "137.lms"):
        places = [np.loadtxt(bundle.folder / "ori_imgs" / name) for bundle in (mine, theirs)]
        np.testing.assert_allclose(places[0], places[1], atol=1.5)


def test_the_best_window_can_be_had_as_arrays(session: tuple[take5.Session, list[Event]]) -> None:
    result = session[0].result
    frames = list(result.frames())
    sound, rate = result.sound()
    assert len(frames) == 125
    assert frames[0].shape == (360, 450, 3)
    assert sound.shape == (5 * rate, 1)
    assert np.abs(sound).max() > 0.05


def test_stop_says_that_a_rule_has_fired_and_going_on_is_allowed(steady: list[Own], models: Models) -> None:
    session = take5.Session(models, rules=take5.StopRules(stop_at=0, cap_s=6), seconds=2)
    events = [event for one in steady for event in push(session, one)]
    assert session.stop is not None
    assert session.stop.rule is StopRule.CAP
    assert [event.frame for event in events if isinstance(event, take5.Stopped)] == [150]
    frames = [event.frame for event in [*events, *session.finish()] if isinstance(event, take5.Progress)]
    assert frames == [25 * second for second in range(1, 8)]


def test_small_pictures_are_worth_one_warning(session: tuple[take5.Session, list[Event]]) -> None:
    warnings = [event for event in session[1] if isinstance(event, take5.Warned)]
    assert [(event.trouble, event.value) for event in warnings] == [(Trouble.LOW_RESOLUTION, [450, 360])]


def test_an_ended_session_takes_no_more_and_keeps_what_it_has(models: Models) -> None:
    with take5.Session(models) as session:
        session.push_frame(PICTURE)
        (finished,) = session.finish()
        assert session.finish() == []
    assert isinstance(finished, take5.Finished)
    assert session.best is None
    assert session.result.warnings == ("no sound came",)
    with pytest.raises(take5.ParameterError, match="has ended"):
        session.push_frame(PICTURE)
    with pytest.raises(take5.ParameterError, match="no window is eligible"):
        session.result.frames()


@pytest.mark.long
def test_what_is_held_does_not_grow(models: Models) -> None:
    session = take5.Session(models, seconds=1, rules=NEVER)
    chance = np.random.default_rng(0)
    sizes = []
    for second in range(36):
        session.push_audio(chance.normal(0, 0.1, (48_000, 2)).astype(np.float32), 48_000)
        for frame in range(10):
            session.push_frame(chance.integers(0, 255, (64, 64, 3), dtype=np.uint8), second + frame / 10)
        sizes.append(session._ring.size)
    assert max(sizes) == pytest.approx(max(sizes[:19]), rel=0.05)
    assert max(sizes) > 48_000 * 8 * 15  # half of it was longer ago


WRONG_FRAMES = {
    "another type": ([[0]], None, "numpy array uint8 .* list"),
    "floats": (PICTURE.astype(np.float32), None, "this is float32: scale"),
    "grey": (PICTURE[:, :, 0], None, r"\[64, 48\]"),
    "alpha": (np.zeros((64, 48, 4), np.uint8), None, "leave alpha out"),
    "too small": (np.zeros((64, 15, 3), np.uint8), None, "16 pixels a side"),
    "the same time": (PICTURE, 2.0, r"time_s=2\.0: the frame before it was at 2 s"),
    "no time": (PICTURE, float("nan"), "time_s=nan must be a finite number"),
    "text": (PICTURE, "3", "time_s='3' must be a finite number"),
    "far ahead of the sound": (PICTURE, 12.2, r"frames up to 12\.2 s, sound up to 2\.1 s: at most 10 s apart"),
}


@pytest.mark.parametrize("wrong", WRONG_FRAMES)
def test_a_frame_that_breaks_a_rule_is_told_and_left_out(models: Models, wrong: str) -> None:
    session = take5.Session(models)
    session.push_frame(PICTURE, 2.0)
    session.push_audio(SOUND, 16_000, 2.0)
    frame, time_s, text = WRONG_FRAMES[wrong]
    with pytest.raises(take5.ParameterError, match=text):
        session.push_frame(frame, time_s)  # type: ignore[arg-type] # that is what is refused
    session.push_frame(PICTURE)
    assert session._pictures.latest == round(2.04 * 705_600_000)


WRONG_SOUNDS = {
    "another type": ([0.0], 16_000, None, "numpy array .* list"),
    "doubles": (SOUND.astype(float), 16_000, None, r"float64: use \.astype\(np\.float32\)"),
    "transposed": (np.zeros((2, 1600), np.float32), 16_000, None, r"\[2, 1600\]: transpose"),
    "no number": (np.array([0, np.nan], np.float32), 16_000, None, "sample 1 of the block"),
    "not scaled": (SOUND + 3000, 16_000, None, "reaches 3000; float32 sound is in"),
    "a slow rate": (SOUND, 10, None, "sample_rate=10 must be 8000 to 768000 Hz"),
    "half a rate": (SOUND, 16_000.5, None, "must be a whole number"),
    "before it": (SOUND, 16_000, 1.9, r"time_s=1\.9: there is sound up to 2\.1 s already"),
    "no time": (SOUND, 16_000, float("inf"), "time_s=inf must be a finite number"),
    "far ahead of the frames": (SOUND, 16_000, 11.95, r"sound up to 12\.05 s, frames up to 2 s: at most 10 s apart"),
}


@pytest.mark.parametrize("wrong", WRONG_SOUNDS)
def test_sound_that_breaks_a_rule_is_told_and_left_out(models: Models, wrong: str) -> None:
    session = take5.Session(models)
    session.push_frame(PICTURE, 2.0)
    session.push_audio(SOUND, 16_000, 2.0)
    samples, rate, time_s, text = WRONG_SOUNDS[wrong]
    with pytest.raises(take5.ParameterError, match=text):
        session.push_audio(samples, rate, time_s)  # type: ignore[arg-type] # that is what is refused
    session.push_audio(SOUND, 16_000)
    assert session._sounds.latest == round(2.2 * 705_600_000)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 1001])
def test_a_frame_rate_that_is_none_is_refused(models: Models, fps: float) -> None:
    with pytest.raises(take5.ParameterError, match=f"fps={fps} must be 1 to 1000"):
        take5.Session(models, fps=fps)


def test_sound_that_comes_after_its_frames_have_been_forgotten_is_told(models: Models) -> None:
    session = take5.Session(models)
    for frame in range(100):
        session.push_frame(PICTURE, frame / 25)
    with pytest.raises(take5.ParameterError, match=r"sound would begin at 0 s.*up to 1\.96 s, had to be forgotten"):
        session.push_audio(SOUND, 16_000)
    session.push_audio(SOUND, 16_000, 3.0)
    assert session.selection.origin == 3 * 705_600_000


def test_sound_alone_before_the_first_frame_is_before_the_beginning(models: Models) -> None:
    session = take5.Session(models)
    for _ in range(130):
        session.push_audio(SOUND, 16_000)
    session.push_frame(PICTURE, 12.5)
    assert session.selection.origin == 12.5 * 705_600_000


def test_a_session_that_is_too_short_says_so(models: Models) -> None:
    with take5.Session(models) as session:
        session.push_frame(PICTURE)
        session.push_audio(SOUND, 16_000)
        session.finish()
    assert session.result.windows == ()
    assert session.result.warnings == ("picture and sound together last 0.04 s, less than a window",)


def test_a_session_with_windows_of_another_length_is_not_too_short(models: Models) -> None:
    with take5.Session(models, seconds=(10, 0.08), hop=0.04) as session:
        for _ in range(3):
            session.push_frame(PICTURE)
            session.push_audio(SOUND, 16_000)
        session.finish()
    assert [len(result.windows) for result in session.result.lengths] == [0, 2]
    assert session.result.warnings == ()


def test_a_window_that_is_held_no_more_is_no_clip(session: tuple[take5.Session, list[Event]], tmp_path: Path) -> None:
    result = session[0].result
    assert isinstance(result.material, RingRecording)
    gone = replace(result, material=replace(result.material, material=HeldMedia(Ring(), UNIT_FORMAT, 0)))
    with pytest.raises(take5.OutputError, match="holds 0 of 125 pictures only"):
        list(gone.frames())
    with pytest.raises(take5.Take5Error):
        gone.write(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_block_without_samples_says_that_there_was_no_sound(models: Models) -> None:
    session = take5.Session(models, seconds=1)
    session.push_audio(SOUND, 16_000)
    for second in range(4):
        for frame in range(25):
            session.push_frame(PICTURE, second + frame / 25)
        session.push_audio(SOUND[:0], 16_000, second + 1.0)
    session.finish()
    codes = [{rule.code for rule in window.reasons} for window in session.result.windows]
    assert len(codes) == 4
    assert all("sound_missing" in found for found in codes)
