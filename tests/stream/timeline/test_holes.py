"""Long holes: what is passed over, that it costs nothing, and that a stream and a file agree about it."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from long_values import long_after
from torn_media import tear

from take5 import Session
from take5.scoring.gates.findings import Code
from take5.scoring.score import WindowScore
from take5.stream.analysis.models import Models
from take5.stream.events import Finished, Progress
from take5.stream.live.replay import Replay
from take5.stream.offline.idle_clip import find_idle
from take5.stream.offline.select import select
from take5.stream.output.take import add_report_page, write_features, write_take
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.aligner import Aligner
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.holes import SOUND_FRAMES, Rows, passed_over
from take5.stream.timeline.media import AudioBlock, Timed, UnseenFrame
from take5.stream.timeline.soundtrack import SoundTrack

RATE = 48_000
HOP = 25


@pytest.mark.parametrize(
    ("hole", "passed"),
    [
        ((30, 31), (0, 0)),
        ((25, 100), (50, 75)),
        ((26, 125), (75, 100)),
        ((25, 74), (0, 0)),
        ((1, 25 * 10**9), (50, 25 * 10**9 - 25)),
    ],
)
def test_the_first_and_the_last_chunk_of_a_hole_stay(hole: tuple[int, int], passed: tuple[int, int]) -> None:
    assert passed_over(hole, HOP) == passed


def test_sound_is_passed_over_as_its_frames_are_grouped() -> None:
    assert passed_over((0, 225), HOP, SOUND_FRAMES) == (25, 125)
    assert passed_over((0, 125), HOP, SOUND_FRAMES) == (0, 0)


def test_windows_with_anything_of_it_are_left_out() -> None:
    rows = Rows(600, [(250, 300), (0, 0), (275, 325)])
    assert [*rows.starts(125, 25)] == [*range(0, 126, 25), *range(325, 476, 25)]
    assert [*rows.starts(25, 25, 210, 360)] == [225, 325]


def test_rows_are_numbered_across_what_is_passed_over() -> None:
    rows = Rows(10**12, [(100, 10**11), (10**12 - 25, 2 * 10**12)])
    assert rows.stretches == [(0, 100), (10**11, 10**12 - 25)]
    assert rows.span(50, 10**11 + 5) == slice(50, 105)
    assert (rows.frame(99), rows.frame(100)) == (99, 10**11)
    assert (rows.row(500), rows.row(10**12)) == (100, rows.count)
    assert [*rows.within(90, 10**11 + 1)] == [(90, 100), (10**11, 10**11 + 1)]
    assert (rows.has(99, 100), rows.has(99, 101), rows.has(10**12 - 25, 10**12 - 24)) == (True, False, False)
    assert (Rows(0).count, Rows(0).numbers().size, [*Rows(3).numbers()]) == (0, 0, [0, 1, 2])


@pytest.mark.parametrize("rate", [48_000, 44_056])
def test_sound_after_a_hole_before_the_picture_is_in_its_place(rate: int) -> None:
    beep = np.zeros(rate, np.float32)
    beep[rate // 2] = 1
    for before, after in ((-3600, -2), (-20, 30)):
        track = SoundTrack(0, HOP)
        pieces = [track.push(AudioBlock(at * FLICKS, beep, rate)) for at in (before, after, 30 + abs(after))]
        sound = np.concatenate([*pieces, track.finish()])
        at = np.flatnonzero(sound > 0.25 * sound.max()) / 16_000
        left_out = sum(stop - start for start, stop in track.left_out) / 25
        assert at[-1] + left_out == pytest.approx(30.5 + abs(after), abs=2 / rate + 1 / 16_000)
        assert len(sound) < 40 * 16_000


Outcome = tuple[list[int], int, list[tuple[int, int]]]
"""Numbers of the grid frames, count of samples, and what was left out of the sound."""


def both(seconds: float, *, picture: bool = True, sound: bool = True) -> Outcome:
    """Two seconds, a hole in one track or in both, two seconds."""
    aligner, indices, samples = Aligner(0, HOP), list[int](), 0
    for after in (0.0, seconds):
        for tick in range(50):
            pts = round((2 * (after > 0) + tick / 25) * FLICKS)
            media: list[Timed] = [
                UnseenFrame(pts + round(after * picture * FLICKS)),
                AudioBlock(pts + round(after * sound * FLICKS), np.ones(RATE // 25, np.float32), RATE),
            ]
            for item in media:
                aligned = aligner.push(item)
                indices += [frame.index for frame in aligned.frames]
                samples += sum(len(piece) for piece in aligned.samples)
    return indices, samples, aligner.sound_left_out


@pytest.mark.parametrize("seconds", [30.0, 40_000.0, 12 * 3600.0])
def test_a_hole_costs_the_same_whatever_its_length(seconds: float) -> None:
    tracemalloc.start()
    indices, samples, left_out = both(seconds)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert len(indices) < 160
    assert samples < 10 * 16_000
    assert indices[-1] == 2 * 50 + round(seconds) * 25 - 1
    assert sum(stop - first for first, stop in left_out) * 640 + samples == pytest.approx(
        (4 + seconds) * 16_000, abs=999
    )


def test_a_hole_of_one_track_leaves_the_other_as_it_is() -> None:
    indices, _, left_out = both(30.0, sound=False)
    assert left_out == []
    assert np.flatnonzero(np.diff(indices) > 1).size == 1
    indices, _, left_out = both(30.0, picture=False)
    assert indices == list(range(100))
    assert left_out == [(75, 775)]


@pytest.fixture(scope="module")
def torn(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float, str], Path]:
    """A film with a hole after 8 s in its picture, its sound, or both."""
    return lambda seconds, kinds: tear(short, tmp_path_factory.mktemp("torn") / "torn.mkv", 8, seconds, kinds)


SINCE_1970 = 2e9


@pytest.mark.long
@pytest.mark.parametrize(
    ("seconds", "kinds"), long_after(1, [(9.0, "audio"), (9.0, "video"), (SINCE_1970, "video audio")])
)
def test_a_stream_and_a_file_agree(
    torn: Callable[[float, str], Path], models: Models, seconds: float, kinds: str
) -> None:
    path = torn(seconds, kinds)
    *events, last = Replay(MediaFile(path), models, Settings()).events()
    assert isinstance(last, Finished)
    streamed = last.selection
    told = [event.window.score.start for event in events if isinstance(event, Progress) and event.window is not None]
    assert [window.score.start for window in streamed.verdicts] == told
    batch = select(MediaFile(path), models, Settings(), on_progress=lambda *_: None).selection
    assert [window.score.start for window in batch.verdicts] == told
    assert len(told) < 16 + 8
    assert {reason.code for one in streamed.verdicts for reason in one.reasons} >= {
        Code.FRAMES_MISSING if "video" in kinds else Code.SOUND_MISSING
    }
    for one, other in zip(batch.verdicts, streamed.verdicts, strict=True):
        if one.eligible is not None:
            assert one.eligible is other.eligible, one
        assert pytest.approx(other.score.D, rel=1e-9) == one.score.D
    assert batch.best is not None
    assert streamed.best is not None
    assert batch.best.start == streamed.best.start
    assert [window.start for window in batch.pool] == [window.start for window in streamed.pool]


@pytest.mark.long
def test_a_hole_in_a_file_costs_the_same_whatever_its_length(
    torn: Callable[[float, str], Path], models: Models, tmp_path: Path
) -> None:
    seconds = SINCE_1970
    path, settings = torn(seconds, "video audio"), Settings()
    tracemalloc.start()
    found = select(MediaFile(path), models, settings, exhaustive=True, on_progress=lambda *_: None)
    write_take(found.selection, found.recording, tmp_path / "take")
    add_report_page(found.selection, found.recording, tmp_path / "take")
    write_features(found.recording, tmp_path / "features.npz")
    idle = find_idle(found.recording, settings.gates)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250_000_000
    assert idle is None or idle.stop < 225 or idle.start > seconds * 25
    features = np.load(tmp_path / "features.npz")
    gap = round(seconds) * 25
    assert len(features["audio"]) == len(features["frame"]) < 500 + 200
    assert features["frame"][-1] == found.recording.frames - 1 == pytest.approx(499 + gap, abs=3)
    assert found.selection.tracked < 500 + 200
    last = found.selection.verdicts[-1].score.start
    assert last == pytest.approx(gap + 375, abs=25)
    assert found.selection.window_json(WindowScore(last, 0))["container_start_s"] == pytest.approx(last / 25, abs=0.1)
    after = found.recording.timing_of(gap, gap + 300)
    assert after.frames_missing[:150].all()
    assert not after.frames_missing[-75:].any()


def test_a_session_passes_over_a_hole(models: Models) -> None:
    frame, sound = np.zeros((64, 64, 3), np.uint8), np.full(1920, 0.1, np.float32)
    with Session(models) as session:
        for begin in (0, 17):
            for tick in range(200):
                session.push_frame(frame, begin + tick / 25)
                session.push_audio(sound, 48_000, begin + tick / 25)
        *_, last = session.finish()
    assert isinstance(last, Finished)
    starts = [window.score.start for window in last.selection.verdicts]
    assert (starts[0], starts[-1], last.selection.frames) == (0, 500, 625)
    assert not {*range(125, 325, 25)} & {*starts}
