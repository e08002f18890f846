"""Sound that comes late is moved on every way to a clip: flashes and beeps meet again, and what was received stays."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from beep_flash import beginnings, flashes, heard, paired, talker
from live_media import NEVER, drive, received
from own_media import own_media, pushed
from spools import written_at_once

import take5
from take5.client.cli import run
from take5.scoring.gates.av_offset import Correlation
from take5.stream.analysis.models import Models
from take5.stream.deliverables import CLIP_ONLY
from take5.stream.live.begin import begin_take
from take5.stream.live.session import LiveSession
from take5.stream.offline.repair import agreed_shift
from take5.stream.offline.slots import Slots
from take5.stream.output.take import write_live_take
from take5.stream.recording.from_file import open_recording
from take5.stream.recovery.recover import recover
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.spool.folder import unfinished
from take5.stream.spool.plan import Changes
from take5.stream.timeline.sound_shift import SoundShift

pytestmark = pytest.mark.long

SIZE = (450, 360)
LATE_MS = 220
EXACT_MS = 1.0
APART_S = 0.3


@pytest.fixture(scope="module", params=[LATE_MS, -LATE_MS])
def late(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    return talker(tmp_path_factory.mktemp("late") / "late.mkv", 8, SIZE, request.param), request.param


def errors(clip: Path) -> list[float]:
    begin, samples, rate = heard(clip)
    inside = [flash for flash in flashes(clip) if begin + APART_S < flash < begin + len(samples) / rate - APART_S]
    found = [pair.error_ms for pair in paired(inside, begin + beginnings(samples, rate), clip.name)]
    assert len(found) >= 3
    return found


def in_sync(clip: Path) -> bool:
    return max(map(abs, errors(clip))) <= EXACT_MS


def report(folder: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return parsed


def said(ms: int) -> str:
    return f"the sound was moved {abs(ms)} ms {'earlier' if ms > 0 else 'later'} (as given)"


def test_the_clip_of_a_file_is_in_sync(late: tuple[Path, int], models: Models, tmp_path: Path) -> None:
    video, ms = late
    selected = take5.select(video, models=models, av_offset=ms)
    folder = selected.write(tmp_path / "selected")
    assert in_sync(folder / "clip.mp4")
    assert report(folder)["av_offset_ms"] == ms
    assert said(ms) in report(folder)["warnings"]


@pytest.mark.long
@pytest.mark.parametrize("late", [LATE_MS], indirect=True)
def test_commands_for_files_take_the_option_and_bundles_and_pages_say_so(
    late: tuple[Path, int], tmp_path: Path
) -> None:
    video, ms = late
    offset, raw = ["--av-offset", str(ms)], ["--for", "raw", "--bundle-size", "256"]
    assert run(["select", str(video), "-o", str(tmp_path / "a"), "--report", *raw, *offset]) == 0
    assert run(["replay", str(video), "-o", str(tmp_path / "b"), *offset]) == 0
    selected, replayed = tmp_path / "a" / "late", tmp_path / "b" / "late"
    assert in_sync(replayed / "clip.mp4")
    assert said(ms) in report(replayed)["warnings"]
    assert report(selected)["best"] == pytest.approx(report(replayed)["best"], rel=1e-9)
    assert said(ms) in (selected / "report.html").read_text()
    assert run(["bundle", str(selected / "clip.mp4"), "-o", str(tmp_path / "c"), *raw, *offset]) == 0
    for place in (selected / "raw" / "late", tmp_path / "c" / "raw" / "clip"):
        manifest = json.loads((place / "manifest.json").read_text())
        assert manifest["source"]["av_offset_ms"] == ms
        assert said(ms) in manifest["warnings"]


def test_a_live_clip_is_in_sync_the_received_one_is_not_and_so_after_a_kill(
    late: tuple[Path, int], models: Models, tmp_path: Path
) -> None:
    video, ms = late
    unit_format, arrived = received(video)
    live = LiveSession(models, Settings(shift=SoundShift(ms)), NEVER, unit_format, "late")
    _, spool = begin_take(tmp_path / "killed", "late", live, CLIP_ONLY)
    assert spool is not None
    drive(live, arrived)
    result, changes = live.result(), live.unsaved()
    assert result is not None
    assert isinstance(changes, Changes)
    written_at_once(spool, [changes], lambda _: None)
    spool.close(remove=False)
    write_live_take(*result, tmp_path / "whole", lambda: None)
    (folder,) = unfinished(tmp_path / "killed")
    list(recover(folder, lambda *_: models))
    for take in (tmp_path / "whole", folder.take):
        assert in_sync(take / "clip.mp4")
        assert errors(take / "source.mp4") == pytest.approx([ms] * len(errors(take / "source.mp4")), abs=EXACT_MS)
        assert report(take)["av_offset_ms"] == ms


def test_a_program_moves_the_sound_of_its_frames(late: tuple[Path, int], models: Models, tmp_path: Path) -> None:
    video, ms = late
    session = take5.Session(models, rules=NEVER, av_offset=ms)
    pushed(session, list(own_media(video)))
    assert session.selection.best is not None
    assert in_sync(session.write(tmp_path / "own") / "clip.mp4")
    with pytest.raises(take5.ParameterError, match="av_offset=2000"):
        take5.Session(models, av_offset=2000)


def test_windows_that_agree_decide_how_far_the_sound_is_moved(
    late: tuple[Path, int], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = open_recording(MediaFile(late[0]), models, lambda *_: None)
    settings = Settings()
    peaks: Iterator[float] = iter([])

    def correlation(_: object, start: int) -> Correlation | None:  # noqa: ARG001
        frames = next(peaks, None)
        return None if frames is None else Correlation(np.exp(-(((np.arange(31) - 15 - frames) / 2) ** 2)), 1)

    monkeypatch.setattr(Slots, "correlation", correlation)
    monkeypatch.setattr(Slots, "analyse", lambda _, starts, most: [*range(most)])  # noqa: ARG005
    for found, expected in [
        ([5.5] * 3, SoundShift(220, 3)),
        ([-5.0] * 12, SoundShift(-200, 12)),
        ([5.5] * 2, SoundShift()),
        ([2.0] * 12, SoundShift()),
        ([-9.0, 0.0, 9.0, -4.5, 4.5], SoundShift()),
    ]:
        peaks = iter(found)
        assert agreed_shift(recording, settings) == expected


@pytest.mark.clips
def test_a_real_clip_is_repaired_and_one_in_sync_is_left_alone(
    clips: list[Path], models: Models, tmp_path: Path
) -> None:
    shortest = min(clips, key=lambda path: MediaFile(path).scan(lambda _: None).video_end)
    delayed = tmp_path / "delayed.mkv"
    _delay(shortest, delayed, LATE_MS)
    plain, repaired = (take5.select(path, models=models, av_offset="auto") for path in (shortest, delayed))
    assert plain.json()["av_offset_ms"] == 0
    assert repaired.json()["av_offset_ms"] == pytest.approx(LATE_MS, abs=30)
    assert plain.best is not None
    assert repaired.best is not None
    assert plain.best.start_s == repaired.best.start_s
    assert not any(window.reasons for window in repaired.windows)


def _delay(source: Path, target: Path, ms: int) -> None:
    """Copy a file with its sound late."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        tracks = given.streams.video[0], given.streams.audio[0]
        copies = {track.index: made.add_stream_from_template(track) for track in tracks}
        for packet in given.demux(*tracks):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if packet.stream is tracks[1]:
                later = round(ms / 1000 / packet.time_base)
                packet.pts, packet.dts = packet.pts + later, packet.dts + later
            packet.stream = copies[packet.stream.index]
            made.mux(packet)
