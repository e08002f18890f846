"""A picture that changes its size or is turned: only windows with the change are out, and every way agrees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from described_media import write_described
from live_media import drive, live_session
from own_media import own_media, pushed
from resized_media import turned, write_resized
from talker_choice import score

import take5
from take5.scoring.gates.findings import Code
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.live.replay import Replay
from take5.stream.offline.select import Selected
from take5.stream.output.take import write_live_take, write_take
from take5.stream.recording.base import ClipMedia
from take5.stream.recording.from_file import open_recording
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.file_decoding import SeekingDecoder
from take5.stream.timeline.media import UnitFormat

pytestmark = pytest.mark.long

SMALLER, BACK, GRID_BACK = 7.4, 8.6, 215
DESCRIBED_S = 10
SIZE, SMALL, TALL = (450, 360), (300, 240), (288, 360)
TURNED_S = 18.2


@pytest.fixture(scope="module")
def resized(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Smaller for a moment, and from then on as before."""
    path = tmp_path_factory.mktemp("sizes") / "resized.ts"
    return write_resized(path, short, [(SMALLER, SMALL), (BACK, SIZE)])


@pytest.fixture(scope="module")
def exhaustive(resized: Path, models: Models) -> Selected:
    return score(resized, models, exhaustive=True)


def test_only_windows_with_the_change_are_out(exhaustive: Selected) -> None:
    verdicts = exhaustive.selection.verdicts
    changed = {v.score.start // 25: [r for r in v.reasons if r.code is Code.SIZE_CHANGED] for v in verdicts}
    assert [start for start, reasons in changed.items() if reasons] == list(range(3, 9))
    assert [(r.start, r.stop) for r in changed[4]] == [(185, 186), (215, 216)]
    assert all(v.eligible for v in verdicts if v.score.start // 25 not in range(3, 9))
    assert exhaustive.selection.best is not None
    assert exhaustive.selection.best.start > GRID_BACK


def test_the_stream_agrees_with_the_finished_file(resized: Path, exhaustive: Selected, models: Models) -> None:
    *_, last = Replay(MediaFile(resized), models, Settings()).events()
    assert isinstance(last, Finished)
    told = [(v.score.start, v.eligible, v.reasons, v.warnings) for v in last.selection.verdicts]
    assert told == [(v.score.start, v.eligible, v.reasons, v.warnings) for v in exhaustive.selection.verdicts]
    for mine, theirs in zip(last.selection.verdicts, exhaustive.selection.verdicts, strict=True):
        assert (mine.score.motion is None) == (theirs.score.motion is None)
        if mine.score.motion is not None and theirs.score.motion is not None:
            assert pytest.approx(theirs.score.motion.MC, rel=1e-9) == mine.score.motion.MC


def test_a_window_after_the_change_has_the_lead_in_that_there_is(
    resized: Path, exhaustive: Selected, models: Models
) -> None:
    """A run over it alone begins where the run over everything began again, so it sees exactly the same."""
    recording = open_recording(MediaFile(resized), models, lambda *_: None)
    seen = recording.observations(225, 350)
    for mine, theirs in zip(seen, exhaustive.recording.observed[225:350], strict=True):
        assert mine.face is not None
        assert theirs is not None
        assert theirs.face is not None
        assert (mine.face.landmarks == theirs.face.landmarks).all()


def verdicts_of(selection: Selection) -> list[tuple[object, ...]]:
    return [(v.score.start, v.eligible, v.reasons, v.warnings) for v in selection.verdicts]


def test_a_session_of_frames_agrees_too(resized: Path, exhaustive: Selected, models: Models, tmp_path: Path) -> None:
    """Its clips are decoded over the change."""
    session = take5.Session(models)
    pushed(session, list(own_media(resized)))
    assert verdicts_of(session.selection) == verdicts_of(exhaustive.selection)
    mine, theirs = session.selection.best, exhaustive.selection.best
    assert mine is not None
    assert theirs is not None
    assert mine.start == theirs.start
    assert pytest.approx(theirs.I, rel=1e-9) == mine.I
    session.write(tmp_path / "clip")
    with av.open(str(tmp_path / "clip" / "clip.mp4")) as container:
        assert [(frame.width, frame.height) for frame in container.decode(video=0)] == [SIZE] * 125


@pytest.fixture(scope="module")
def described(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 that is smaller from a time on, by a second sample description."""
    return write_described(tmp_path_factory.mktemp("sizes") / "described.mp4", short, DESCRIBED_S, SMALL)


def test_a_second_sample_description_is_followed(described: Path, models: Models, tmp_path: Path) -> None:
    chosen = score(described, models, exhaustive=True)
    verdicts = chosen.selection.verdicts
    out = [v.score.start // 25 for v in verdicts if any(r.code is Code.SIZE_CHANGED for r in v.reasons)]
    assert out == [DESCRIBED_S - 5 + before for before in range(1, 5)]
    run = Replay(MediaFile(described), models, Settings())
    *_, last = run.events()
    assert isinstance(last, Finished)
    assert verdicts_of(last.selection) == verdicts_of(chosen.selection)
    best = last.selection.best
    assert best is not None
    assert best.start >= DESCRIBED_S * 25
    takes: dict[str, tuple[Selection, ClipMedia]] = {
        "select": (chosen.selection, chosen.recording),
        "replay": (last.selection, run.material),
    }
    for name, (selection, material) in takes.items():
        write_take(selection, material, tmp_path / name)
        with av.open(str(tmp_path / name / "clip.mp4")) as container:
            assert [(frame.width, frame.height) for frame in container.decode(video=0)] == [SMALL] * 125


@pytest.fixture(scope="module")
def held(short: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A capture from a phone that is turned on its side, and the take of its best window."""
    live = live_session(models, UnitFormat("h264", None))
    drive(live, turned(short, TURNED_S, TALL[0]))
    made = live.result()
    assert made is not None
    folder = tmp_path_factory.mktemp("turned") / "take"
    write_live_take(*made, folder, lambda: None)
    return made, folder


def test_a_phone_that_is_turned_is_scored_upright(held: tuple[Any, Path]) -> None:
    (selection, recording), _ = held
    out = [v.score.start // 25 for v in selection.verdicts if any(r.code is Code.SIZE_CHANGED for r in v.reasons)]
    assert out == [14, 15]
    assert selection.best.start == 300
    picture = next(iter(recording.pictures(300, 301)))
    assert picture.size == TALL


def test_the_clip_is_upright_and_what_was_received_says_how_it_is_turned(held: tuple[Any, Path]) -> None:
    with av.open(str(held[1] / "clip.mp4")) as container:
        frames = list(container.decode(video=0))
        assert {(frame.width, frame.height, frame.rotation) for frame in frames} == {(*TALL, 0)}
        assert len(frames) == 125
    with av.open(str(held[1] / "source.mp4")) as container:
        frames = list(container.decode(video=0))
        assert {(frame.width, frame.height, frame.rotation) for frame in frames} == {(*TALL[::-1], 90)}
    again = MediaFile(held[1] / "source.mp4")
    assert next(iter(open_pictures(again))) == TALL


def open_pictures(file: MediaFile) -> Iterator[tuple[int, int]]:
    index = file.scan(lambda _: None)
    return (frame.shown.picture.size for frame in file.grid_frames(index, 0, 5))


def test_files_without_a_change_are_not_decoded_for_it(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = MediaFile(short)
    monkeypatch.setattr(SeekingDecoder, "_from", None)
    assert file.scan(lambda _: None).resized == ()
