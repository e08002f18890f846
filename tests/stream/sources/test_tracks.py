"""Which tracks of a file are used: those with a decoder, the one with the most speech, or those that are asked for."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from batch_workers import RECIPE
from media_files import clicks, numbered_media, steady
from track_files import with_silent_tracks, without_decoder

import take5
from take5.client.cli import run
from take5.scoring.errors import MissingTrack, ParameterError
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.ffmpeg.tracks import UsedTracks, WantedTracks
from take5.stream.live.replay import Replay
from take5.stream.settings import Settings
from take5.stream.sources import speech_tracks
from take5.stream.sources.file import MediaFile
from take5.stream.sources.speech_tracks import with_most_speech
from take5.stream.timeline.clock import FRAME_FLICKS


@pytest.fixture(scope="module")
def second(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talker whose speech is on the second of three audio tracks, as OBS may have it."""
    return with_silent_tracks(short, tmp_path_factory.mktemp("second") / "second.mkv", before=1, after=1)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Two seconds with a picture and three sounds."""
    film = numbered_media(tmp_path / "one.mp4", steady(50, 25), clicks([1.0], 2.0))
    return with_silent_tracks(film, tmp_path / "three.mp4", before=1, after=1)


@pytest.mark.long
def test_the_track_with_the_most_speech_is_used(
    short: Path, second: Path, models: Models, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["select", str(second), "-o", str(tmp_path), "--report", "--json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["tracks"] == {"audio": 2, "video": 1}
    [warning] = report["warnings"]
    assert warning.startswith("audio track 2 is used (speech sampled in track 1: 0 s, 2: 1")
    assert f"second.mkv: {warning}" in said.err
    assert "audio track 2, video track 1" in (tmp_path / "second" / "report.html").read_text()
    alone = take5.select(short, models=models)
    assert alone.best is not None
    assert report["best"]["start_s"] == alone.best.start_s
    assert alone.warnings == ()
    assert alone.json()["tracks"] == {"audio": 1, "video": 1}
    *_, last = Replay(MediaFile(second), models, Settings()).events()
    assert isinstance(last, Finished)
    assert last.selection.best is not None
    assert (last.json()["result"]["tracks"], last.selection.warnings) == (report["tracks"], (warning,))
    assert last.json()["result"]["best"]["start_s"] == alone.best.start_s


def test_a_track_that_is_asked_for_is_used_and_silence_names_the_others(
    second: Path, models: Models, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["select", str(second), "-o", str(tmp_path), "--audio-track", "3", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["tracks"]["audio"] == 3
    assert report["warnings"][0].startswith("audio track 3 (aac, mono) is silent; the file also has audio track 1 (")
    assert report["warnings"][0].endswith(": choose with --audio-track")
    assert take5.select(second, audio_track=1, models=models).best is None
    with pytest.raises(ParameterError, match="video_track=0 must be 1 or more"):
        take5.select(second, video_track=0, models=models)


def test_a_track_that_does_not_exist_is_refused_with_those_that_do(three: Path) -> None:
    with pytest.raises(MissingTrack, match=r"has no audio track 4; it has audio track 1 \(aac, mono\) and 2 \(aac"):
        MediaFile(three, wanted=WantedTracks(audio=4))
    with pytest.raises(MissingTrack, match=r"has no video track 2; it has video track 1 \(h264, 96x64\)$"):
        MediaFile(three, wanted=WantedTracks(video=2))


def test_a_track_without_a_decoder_is_left_out_and_the_next_is_used(three: Path, models: Models) -> None:
    without_decoder(three, [1])
    file = MediaFile(three)
    note = "audio track 1 (no decoder) cannot be decoded and is left out; track 2 (aac, mono) is used"
    assert file.tracks == UsedTracks(2, 1, (note,))
    assert with_most_speech(file, models.speech).tracks.notes[0] == note
    with pytest.raises(MissingTrack, match=r"no decoder for audio track 1; the file also has audio track 2 .* and 3 "):
        MediaFile(three, wanted=WantedTracks(audio=1))
    without_decoder(three, [2, 3])
    with pytest.raises(MissingTrack, match=r"three.mp4: FFmpeg has no decoder for any audio track; convert"):
        MediaFile(three)


def test_a_picture_without_a_decoder_does_not_end_a_batch(
    three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_decoder(three, [0])
    arguments = ["-o", str(tmp_path / "out"), "--jobs", "1", "--json", "--seconds", "1"]
    assert run(["select", str(three), str(tmp_path / "one.mp4"), *arguments]) == 1
    refused, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert "FFmpeg has no decoder for its only video track; convert" in refused["error"]
    assert done["video"] == str(tmp_path / "one.mp4")


def test_a_long_recording_is_listened_to_in_parts(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = MediaFile(three)
    assert len(speech_tracks._samples(file)) == 1
    monkeypatch.setattr(speech_tracks, "SAMPLE_S", 0.2)
    parts = speech_tracks._samples(file)
    assert len(parts) == 6
    assert all(file.origin <= start < stop for start, stop in parts)
    assert parts[-1][1] < file.origin + file.stated_frames * FRAME_FLICKS
    assert all(before[1] < after[0] for before, after in pairwise(parts))
    heard = [number for part in parts for number, _ in speech_tracks._blocks(file, file.audio_tracks, part)]
    assert {*heard} == {1, 2, 3}


def test_tracks_that_are_asked_for_are_part_of_the_recipe() -> None:
    keys = {replace(RECIPE, tracks=tracks).key() for tracks in (WantedTracks(), WantedTracks(1), WantedTracks(2))}
    assert len(keys) == 3
    assert RECIPE.key() in keys
