"""Bundles: what each trainer reads back, by a reader of its own, and what a check finds in folders that are wrong."""

import hashlib
import json
import re
import shutil
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest
from ave_checkpoint import save
from beep_flash import backdrop, pairs
from jsonschema import Draft202012Validator
from numpy.typing import NDArray
from PIL import Image
from repository import ROOT
from trainer_commands import check_commands
from trainer_readers import READERS, read
from video_readers import AVATARS, watch

from take5.scoring.errors import NoFace, OutputExists, TooShort, UnreadableMedia
from take5.scoring.models.ave import Ave
from take5.scoring.parameters import frames_after
from take5.stream.analysis.frames import FrameObservation
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import check
from take5.stream.bundles.footage import Footage, footage, whole
from take5.stream.bundles.frames import image_size
from take5.stream.bundles.manifest import Origin
from take5.stream.bundles.preparation.pictures import read_picture
from take5.stream.bundles.trainers.registry import TRAINERS, trainer_named
from take5.stream.bundles.write import Bundle, wanted_for, write_bundles
from take5.stream.recording.from_file import FileRecording, open_recording
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.media import Picture

SCHEMA = ROOT / "docs" / "manifest.schema.json"
START = 50


def opened(path: Path, models: Models) -> FileRecording:
    return open_recording(MediaFile(path), models, lambda *_: None)


@pytest.fixture(scope="module")
def recording(short: Path, models: Models) -> FileRecording:
    return opened(short, models)


@pytest.fixture(scope="module")
def taken(recording: FileRecording) -> Footage:
    return footage(recording, START, 125)


@pytest.fixture(scope="module")
def bundles(taken: Footage, models: Models, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    wanted = wanted_for(list(TRAINERS), size=256, consent="form 7")
    made = write_bundles(taken, Origin("talk.mkv", 2.0), wanted, models, folder, "alice_2")
    return {bundle.trainer: bundle for bundle in made}


@pytest.mark.parametrize("trainer", READERS)
def test_a_reader_written_from_the_contract_alone_reads_the_bundle(trainer: str, bundles: dict[str, Bundle]) -> None:
    found = read(trainer, bundles[trainer].folder)
    assert (found.frames, found.size) == (138, (256, 256))
    assert len(found.train) == 125
    assert found.train == tuple(range(125))


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_bundle_keeps_its_contract(trainer: str, bundles: dict[str, Bundle]) -> None:
    assert list(check(bundles[trainer].folder, trainer_named(trainer))) == []


@pytest.mark.parametrize("trainer", AVATARS)
def test_a_reader_of_the_video_alone_reads_the_bundle(trainer: str, bundles: dict[str, Bundle]) -> None:
    found, folder = watch(trainer, bundles[trainer].folder), bundles[trainer].folder
    assert found.size == ((256, 256) if trainer == "mimictalk" else (450, 360))
    assert {path.name for path in folder.iterdir()} == {"alice_2.mp4", "manifest.json"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["crop"] is None) == (trainer == "livetalking")
    assert manifest["frames"] == manifest["train_frames"] == len(found.frames)
    assert bundles[trainer].train_frames == len(found.frames)


@pytest.mark.parametrize("trainer", [*READERS, *AVATARS])
def test_the_commands_run_what_is_left_and_nothing_else(trainer: str, bundles: dict[str, Bundle]) -> None:
    manifest = json.loads(bundles[trainer].manifest.read_text())
    commands = [step["command"] for step in manifest["left"]]
    check_commands(trainer, commands, manifest["train_frames"])
    assert not any("{" in command for command in commands)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_manifest_says_what_is_in_the_folder(trainer: str, bundles: dict[str, Bundle]) -> None:
    folder = bundles[trainer].folder
    manifest = json.loads((folder / "manifest.json").read_text())
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(manifest)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"manifest.json"}
    assert {file["path"] for file in manifest["files"]} == there
    for file in manifest["files"]:
        content = (folder / file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    if trainer not in AVATARS:
        assert (manifest["frames"], manifest["train_frames"], manifest["validation_frames"]) == (138, 125, 13)
        assert (manifest["note"], manifest["tracked_landmarks"]) == ("", [])
    assert (manifest["consent"], manifest["id"]) == ("form 7", "alice_2")


def test_landmarks_lie_on_the_face_of_the_images(taken: Footage, bundles: dict[str, Bundle], models: Models) -> None:
    """The tracker, shown the bundle's video, sees them where they were written."""
    folder = bundles["raw"].folder
    again = opened(folder / "alice_2.mp4", models)
    seen = whole(again, 0, 50)
    written = np.stack([np.loadtxt(folder / "ori_imgs" / f"{i}.lms") for i in range(50)])
    error = np.linalg.norm(seen.landmarks - written, axis=2)
    assert np.median(error) < 2.0  # of 256 pixels; the tracker's own noise between sizes
    assert taken.frames == again.frames == 138


def test_the_first_frames_are_the_window_that_was_scored(recording: FileRecording, bundles: dict[str, Bundle]) -> None:
    with wave.open(str(bundles["raw"].folder / "aud.wav")) as sound:
        assert sound.readframes(138 * 640) == recording.pcm(START, START + 138).astype("<i2").tobytes()


def test_the_rest_of_the_recording_is_there_for_the_background(bundles: dict[str, Bundle]) -> None:
    folder = bundles["synctalk"].folder
    paths = sorted((folder / "background").iterdir(), key=lambda path: int(path.stem))
    assert [path.name for path in paths] == [f"{index}.jpg" for index in range(len(paths))]
    assert len(paths) >= 2
    assert {image_size(path) for path in paths} == {(256, 256)}
    wall = [read_picture(path)[:20, :20].mean() for path in (folder / "ori_imgs/0.jpg", *paths)]
    assert max(wall) - min(wall) < 2, "the same square of the pictures"


def test_a_rest_that_cannot_be_decoded_costs_no_bundle(
    taken: Footage, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: int) -> Iterator[Picture]:
        raise UnreadableMedia("talk.mkv: cannot be read any more")
        yield

    monkeypatch.setattr(FileRecording, "spread", broken)
    few = replace(taken, frames=5, landmarks=taken.landmarks[:5], blendshapes=taken.blendshapes[:5])
    (made,) = write_bundles(few, Origin("talk.mkv", 2.0), wanted_for(["raw"], 256), models, tmp_path, "ann")
    assert list(check(made.folder, trainer_named("raw"))) == []
    assert not (made.folder / "background").exists()


@pytest.mark.long
def test_a_longer_window_holds_out_a_tenth_as_well(recording: FileRecording, models: Models, tmp_path: Path) -> None:
    """Trainers train on exactly the frames that were scored."""
    six = footage(recording, 25, 150)
    assert (six.frames, six.train, six.note) == (165, 150, "")
    wanted = wanted_for(["synctalk", "instag"], size=256)
    made = {
        bundle.trainer: bundle
        for bundle in write_bundles(six, Origin("talk.mkv", 1.0), wanted, models, tmp_path, "alice")
    }
    for trainer, bundle in made.items():
        manifest = json.loads(bundle.manifest.read_text())
        assert (manifest["frames"], manifest["train_frames"], manifest["validation_frames"]) == (165, 150, 15)
        assert read(trainer, bundle.folder).frames == 165
    assert read("synctalk", made["synctalk"].folder).train == tuple(range(150))
    commands = [step["command"] for step in json.loads(made["instag"].manifest.read_text())["left"]]
    assert any("train_face.py" in line and line.endswith("--N_views 150") for line in commands)


@pytest.mark.parametrize(("window", "after"), [(125, 13), (250, 25), (150, 15), (175, 18), (25, 3), (2, 1)])
def test_a_trainer_s_first_ten_elevenths_are_the_window(window: int, after: int) -> None:
    assert frames_after(window) == after
    assert (window + after) * 10 // 11 == window


def test_without_frames_after_it_the_window_is_the_bundle(recording: FileRecording) -> None:
    last = footage(recording, recording.frames - 25, 25)
    assert (last.frames, last.train) == (25, 22)
    assert "ends 0 frames after the window" in last.note


def test_frames_after_a_window_must_be_as_good_as_it(recording: FileRecording) -> None:
    assert footage(Blinded(**vars(recording), faceless=START + 130), START, 125).note.startswith("one of the 13 frames")
    assert "no_face at 7.20 s" in footage(Blinded(**vars(recording), faceless=START + 130), START, 125).note
    with pytest.raises(NoFace, match=r"2\.40 s"):
        footage(Blinded(**vars(recording), faceless=START + 10), START, 125)


@dataclass(frozen=True)
class Blinded(FileRecording):
    """The same film, in one frame of which nobody is seen."""

    faceless: int

    def observations(self, start: int, stop: int) -> list[FrameObservation]:
        observed = super().observations(start, stop)
        return [replace(one, face=None) if i == self.faceless else one for i, one in enumerate(observed, start)]


@pytest.mark.long
def test_ave_rows_are_of_the_clips_own_sound(taken: Footage, models: Models, tmp_path: Path) -> None:
    weights = save(tmp_path / "audio_visual_encoder.pth")
    made = list(
        write_bundles(
            taken,
            Origin("v", 0.0),
            wanted_for(["instag"], 256),
            replace(models, encoder=Ave(weights, "cpu")),
            tmp_path,
            "a",
        )
    )
    found = read("instag", made[0].folder)
    assert found.audio is not None
    assert found.audio.shape[0] == 125
    assert np.load(made[0].folder / "aud_ave.npy").shape == (139, 512, 1)
    assert list(check(made[0].folder, TRAINERS["instag"])) == []


def test_picture_and_sound_stay_together(models: Models, tmp_path: Path) -> None:
    """Flashes and beeps through crop, scale and both encoders."""
    recording = opened(backdrop(tmp_path / "marked.mkv", 8), models)
    dots = np.tile(
        np.stack(np.meshgrid(np.linspace(40, 200, 17), np.linspace(40, 200, 4)), -1).reshape(68, 2), (138, 1, 1)
    )
    marked = Footage(recording, 25, 138, dots, np.zeros((138, 52), np.float32))
    made = next(write_bundles(marked, Origin("v", 0.0), wanted_for(["raw"], 256), models, tmp_path, "a"))
    errors = [pair.error_ms for pair in pairs(made.folder / "a.mp4")]
    assert len(errors) >= 4
    assert max(map(abs, errors)) < 1.0


def test_nothing_is_replaced_unless_asked(recording: FileRecording, models: Models, tmp_path: Path) -> None:
    few, wanted = footage(recording, START, 36), wanted_for(["er-nerf"], 256)
    made = [*write_bundles(few, Origin("v", 0.0), wanted, models, tmp_path, "a")]
    (made[0].folder / "mine.txt").write_text("mine")
    with pytest.raises(OutputExists, match="exists already"):
        list(write_bundles(few, Origin("v", 0.0), wanted, models, tmp_path, "a"))
    assert (made[0].folder / "mine.txt").exists()
    list(write_bundles(few, Origin("v", 0.0), wanted, models, tmp_path, "a", force=True))
    assert not (made[0].folder / "mine.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["er-nerf"]


# What a check finds


def spoiled_video(folder: Path) -> None:
    with av.open(str(folder / "alice_2.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv444p"
        for index in range(138):
            frame = av.VideoFrame.from_ndarray(np.full((256, 256, 3), index, np.uint8), format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def float_wave(folder: Path) -> None:
    with av.open(str(folder / "aud.wav"), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 138 * 640), np.float32), format="flt", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def other_clip(folder: Path) -> None:
    shutil.copyfile(folder / "ori_imgs" / "0.jpg", folder / "ori_imgs" / "138.jpg")


def cut_off(name: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])

    return spoil


def impossible(folder: Path) -> None:
    whole = (folder / "bs.npy").read_bytes()
    (folder / "bs.npy").write_bytes(whole.replace(b"(138, 52)", b"(99999999999, 52)", 1))


def gray(folder: Path) -> None:
    Image.new("L", (256, 256)).save(folder / "ori_imgs" / "7.jpg")


def points(values: NDArray[np.float64]) -> Callable[[Path], object]:
    return lambda folder: np.savetxt(folder / "ori_imgs" / "9.lms", values)


def shape(folder: Path) -> None:
    np.save(folder / "bs.npy", np.zeros((125, 52)))


def oblong(folder: Path) -> None:
    shutil.copyfile(folder / "alice_2.mp4", folder / "square.mp4")
    with av.open(str(folder / "square.mp4")) as source, av.open(str(folder / "alice_2.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
        for frame in source.decode(video=0):
            container.mux(stream.encode(frame.reformat(width=256, height=144)))
        container.mux(stream.encode(None))
    (folder / "square.mp4").unlink()


SPOILED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "another mp4": ("synctalk", lambda f: shutil.copyfile(f / "alice_2.mp4", f / "b.mp4"), "any \\*.mp4"),
    "no mp4": ("er-nerf", lambda f: (f / "alice_2.mp4").unlink(), "alice_2.mp4: is missing"),
    "no video": ("er-nerf", lambda f: (f / "alice_2.mp4").write_bytes(b"none"), "cannot be read as video"),
    "30 fps": ("er-nerf", spoiled_video, "not 25 frames a second"),
    "4:4:4": ("er-nerf", spoiled_video, "yuv444p"),
    "no sound": ("er-nerf", lambda f: (f / "aud.wav").unlink(), "aud.wav: is missing"),
    "float sound": ("er-nerf", float_wave, "not integer PCM"),
    "short sound": ("er-nerf", lambda f: shutil.copyfile(f / "aud_novel.wav", f / "aud.wav"), "samples"),
    "an image missing": ("er-nerf", lambda f: (f / "ori_imgs" / "5.jpg").unlink(), "\\{5\\}.jpg: is missing"),
    "an image cut off": ("er-nerf", cut_off("ori_imgs/7.jpg"), "7.jpg: is not a whole JPEG"),
    "sound cut off": ("er-nerf", cut_off("aud.wav"), "aud.wav: is cut off: it has 44149 of its 88320"),
    "an array of impossible size": ("synctalk", impossible, "bs.npy: is not a numpy array"),
    "an archive cut off": ("synctalk", lambda f: (f / "bs.npy").write_bytes(b"PK\3\4cut"), "bs.npy: is not a numpy"),
    "an image whose number has zeros": (
        "er-nerf",
        lambda f: (f / "ori_imgs/7.jpg").rename(f / "ori_imgs/007.jpg"),
        "ori_imgs/\\{7\\}.jpg: is missing",
    ),
    "a gray image": ("er-nerf", gray, "7.jpg: is not a whole JPEG with three"),
    "a text as image": ("er-nerf", lambda f: (f / "ori_imgs" / "7.jpg").write_text("no"), "7.jpg: is not a whole JPEG"),
    "another clip's images": ("er-nerf", other_clip, "goes on to 138.jpg"),
    "an image with a name": ("er-nerf", lambda f: (f / "ori_imgs" / "a.png").touch(), "name as its number"),
    "points missing": ("er-nerf", lambda f: (f / "ori_imgs" / "9.lms").unlink(), "\\{9\\}.lms: is missing"),
    "67 points": ("er-nerf", points(np.ones((67, 2))), "68 lines"),
    "points elsewhere": ("er-nerf", points(np.full((68, 2), 900.0)), "not in the"),
    "points of no number": ("er-nerf", points(np.full((68, 2), np.nan)), "not finite"),
    "a small mouth": ("er-nerf", points(np.full((68, 2), 90.0)), "mouth is narr"),
    "blendshapes of another clip": ("synctalk", shape, "\\[125, 52\\]"),
    "no array": ("synctalk", lambda f: (f / "bs.npy").write_text("no"), "bs.npy: is not a numpy array"),
    "a picture that is not square": ("mimictalk", oblong, "256x144: it must be square"),
    "30 fps for an avatar": ("livetalking", spoiled_video, "not 25 frames a second"),
    "no mp4 for an avatar": ("livetalking", lambda f: (f / "alice_2.mp4").unlink(), "alice_2.mp4: is missing"),
    "wrong cut": ("gaussiantalker", lambda f: shutil.copyfile(f / "aud.wav", f / "aud_train.wav"), "aud_train.wav"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILED)
def test_a_check_names_file_rule_and_cure(case: str, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    trainer, spoil, text = SPOILED[case]
    folder = tmp_path / "alice_2"
    shutil.copytree(bundles["raw"].folder, folder)
    spoil(folder)
    violations = list(check(folder, trainer_named(trainer)))
    found = [str(violation) for violation in violations]
    assert any(re.search(text, violation) for violation in found), found
    assert all(violation.cure for violation in violations)


def test_a_broken_first_image_is_no_measure_of_the_others(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    folder = tmp_path / "alice_2"
    shutil.copytree(bundles["raw"].folder, folder)
    (folder / "ori_imgs" / "0.jpg").write_bytes(b"no")
    assert [violation.file for violation in check(folder, TRAINERS["er-nerf"])] == ["ori_imgs/0.jpg"]


def test_too_few_frames_are_told(recording: FileRecording, models: Models, tmp_path: Path) -> None:
    short = whole(recording, 0, 40)
    made = [*write_bundles(short, Origin("v", 0.0), wanted_for(["raw"], 256), models, tmp_path, "a")]
    with pytest.raises(TooShort, match="a bundle of 40 frames is too short: RAD-NeRF needs 64"):
        next(write_bundles(short, Origin("v", 0.0), wanted_for(["rad-nerf"]), models, tmp_path, "a"))
    assert any("needs 64" in str(violation) for violation in check(made[0].folder, TRAINERS["rad-nerf"]))
    assert not list(check(made[0].folder, TRAINERS["er-nerf"]))
