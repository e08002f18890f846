"""What a check finds in a folder in which the trainers' own steps have begun: done, wrong, next."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from prepared import TRAIN, N, action_units, numbered, poses, prepare
from trainer_readers import READERS

from take5.scoring.errors import UnreadableMedia
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import check, progress
from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.footage import footage
from take5.stream.bundles.manifest import Origin
from take5.stream.bundles.trainers.registry import trainer_named
from take5.stream.bundles.write import wanted_for, write_bundles
from take5.stream.recording.from_file import open_recording
from take5.stream.sources.file import MediaFile


@pytest.fixture(scope="module")
def bundle(short: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recording = open_recording(MediaFile(short), models, lambda *_: None)
    made = footage(recording, 50, TRAIN)
    folder = tmp_path_factory.mktemp("raw")
    (one,) = write_bundles(made, Origin("talk.mkv", 2.0), wanted_for(["raw"], 256), models, folder, "ann")
    return one.folder


@pytest.fixture(scope="module")
def ready(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ready") / "ann"
    shutil.copytree(bundle, folder)
    prepare(folder)
    return folder


def few_parts(trainer: TrainerContract) -> TrainerContract:
    """The same without the bundle's own parts, which have their tests: only the steps are checked."""
    return replace(trainer, parts=(), done=())


@pytest.mark.parametrize("trainer", READERS)
def test_a_fresh_bundle_has_only_its_own_steps_done(trainer: str, bundle: Path) -> None:
    contract = trainer_named(trainer)
    found = progress(bundle, contract)
    assert (found.violations, found.done) == ((), contract.done)
    assert found.next is not None
    assert found.next.command == contract.left[0].of("ann", TRAIN).command


@pytest.mark.parametrize("trainer", READERS)
def test_a_prepared_folder_is_right_and_training_is_next(trainer: str, ready: Path) -> None:
    contract = trainer_named(trainer)
    found = progress(ready, contract)
    assert found.violations == ()
    made = [step for step in contract.left if step.makes]
    assert list(found.done) == [*contract.done, *(step.what for step in made)]
    assert found.next is not None
    assert found.next.command == contract.left[len(made)].of("ann", TRAIN).command


Spoil = Callable[[Path], object]


def remove(*names: str) -> Spoil:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def depth_on_one_gpu(folder: Path) -> None:
    for name in ("depth", "normal"):
        shutil.rmtree(folder / "sapiens" / name)
        numbered(folder / "sapiens" / name / "sapiens_0.3b", ".npy", range(34))


def linked_to_nothing(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(folder / "gone")

    return spoil


def renamed_features(folder: Path) -> None:
    (folder / "aud_ds.npy").rename(folder / "aud.npy")


def bad_poses(text: str) -> Spoil:
    return lambda folder: (folder / "transforms_val.json").write_text(text)


WRONG: dict[str, tuple[str, Spoil, str, str]] = {
    "a parsing missing": (
        "er-nerf",
        remove("parsing/7.png", "parsing/9.png"),
        "parsing/<i>.png: has 136 of 138 files; missing: 7, 9",
        "--task 4",
    ),
    "a mask missing": ("synctalk", remove("parsing/7_face.png"), "parsing/<i>_face.png: has 137 of 138", "--task 3"),
    "another clip's parsing": (
        "er-nerf",
        lambda f: numbered(f / "parsing", ".png", range(N, 150)),
        "goes on to 149.png",
        "another clip",
    ),
    "an empty tooth mask": (
        "instag",
        lambda f: (f / "teeth_mask" / "3.npy").write_bytes(b""),
        "teeth_mask/3.npy: is empty",
        "create_teeth_mask",
    ),
    "tooth masks missing": (
        "talkinggaussian",
        remove("teeth_mask/137.npy"),
        "teeth_mask/<i>.npy: has 137 of 138",
        "create_teeth_mask",
    ),
    "depth on one GPU": (
        "instag",
        depth_on_one_gpu,
        "sapiens/depth/sapiens_0.3b/<i>.npy: has 34 of 138",
        "TOTAL_GPUS=1",
    ),
    "normals on one GPU": ("instag", depth_on_one_gpu, "sapiens/normal/sapiens_0.3b/<i>.npy: has 34 of 138", "run.sh"),
    "a torso missing": ("gaussiantalker", remove("torso_imgs/0.png"), "torso_imgs/<i>.png: has 137 of 138", "--task 6"),
    "a row missing": (
        "er-nerf",
        lambda f: action_units(f, N - 1),
        "au.csv: has 137 rows for 138 frames",
        "sed -i '$p' data/ann/au.csv",
    ),
    "rows of another clip": (
        "gaussiantalker",
        lambda f: action_units(f, 300),
        "au.csv: has 300 rows for 138",
        "FeatureExtraction",
    ),
    "no blanks": ("er-nerf", lambda f: action_units(f, blank=""), "no blank before AU45_r", "sed -i"),
    "no blanks, all": ("instag", lambda f: action_units(f, blank=""), "no blank before AU01_r, AU04_r", "sed -i"),
    "a unit missing": (
        "talkinggaussian",
        lambda f: action_units(f, names=["AU45_r"]),
        "no column AU01_r, AU04_r",
        "FeatureExtraction",
    ),
    "empty units": ("er-nerf", lambda f: (f / "au.csv").write_text(""), "no column AU45_r", "FeatureExtraction"),
    "features misnamed": (
        "er-nerf",
        renamed_features,
        "aud.npy: is not the name",
        "mv data/ann/aud.npy data/ann/aud_ds.npy",
    ),
    "features of other sound": (
        "gaussiantalker",
        lambda f: np.save(f / "aud_ds.npy", np.zeros((90, 16, 29))),
        "has 90 rows for 138",
        "extract_ds",
    ),
    "features without windows": (
        "er-nerf",
        lambda f: np.save(f / "aud_ds.npy", np.zeros((N, 29))),
        r"is [138, 29], not [N, 16, 29]",
        "extract_ds",
    ),
    "features of no number": (
        "rad-nerf",
        lambda f: np.save(f / "aud_eo.npy", np.full((N, 16, 44), np.nan)),
        "NaN",
        "--task 2",
    ),
    "no features": ("rad-nerf", lambda f: (f / "aud_eo.npy").write_text("no"), "not a numpy array", "--task 2"),
    "poses for some": (
        "er-nerf",
        lambda f: poses(f, "train", range(100)),
        "has 100 poses; of 138 frames, 125",
        "--task 9",
    ),
    "poses of a longer clip": (
        "synctalk",
        lambda f: poses(f, "val", range(130, 150)),
        "poses of images that are missing: 138, 139",
        "--task 10",
    ),
    "poses of a larger clip": (
        "er-nerf",
        lambda f: poses(f, "val", range(TRAIN, N), 512),
        "is for images of 512x512, but they are 256x256",
        "--task 9",
    ),
    "no poses": ("er-nerf", lambda f: poses(f, "val", range(0)), "transforms_val.json: has no pose", "--task 9"),
    "a pose file missing": ("er-nerf", remove("transforms_val.json"), "transforms_val.json: is missing", "--task 9"),
    "poses cut off": ("er-nerf", bad_poses('{"frames": [{"img'), "transforms_val.json: is not JSON", "--task 9"),
    "poses of nothing": ("er-nerf", bad_poses("[]"), "transforms_val.json: is not JSON", "--task 9"),
    "poses without numbers": ("er-nerf", bad_poses('{"frames": [{}]}'), "transforms_val.json: is not JSON", "--task 9"),
    "poses without a size": (
        "er-nerf",
        bad_poses('{"frames": [{"img_id": 130}], "cx": null, "cy": "a"}'),
        "is for images of -1x-1, but they are 256x256",
        "--task 9",
    ),
    "poses nested without end": ("er-nerf", bad_poses("[" * 100_000), "transforms_val.json: is not JSON", "--task 9"),
    "a parsing linked to nothing": (
        "er-nerf",
        linked_to_nothing("parsing/7.png"),
        "parsing/<i>.png: has 137 of 138 files; missing: 7",
        "--task 4",
    ),
    "a parsing whose number has zeros": (
        "er-nerf",
        lambda f: (f / "parsing" / "7.png").rename(f / "parsing" / "007.png"),
        "parsing/<i>.png: has 137 of 138 files; missing: 7",
        "--task 4",
    ),
    "units that are no numbers": (
        "er-nerf",
        lambda f: (f / "au.csv").write_text((f / "au.csv").read_text().replace("0.5", "nan")),
        "au.csv: has no number as AU45_r of the frames 0, 1, 2, 3, 4, ...",
        "FeatureExtraction",
    ),
    "features that are texts": (
        "er-nerf",
        lambda f: np.save(f / "aud_ds.npy", np.full((N, 16, 29), "a")),
        "aud_ds.npy: is <U1, not of floats",
        "extract_ds",
    ),
    "a small background": (
        "instag",
        lambda f: Image.new("RGB", (64, 64)).save(f / "bc.jpg"),
        "is 64x64, but the images are 256x256",
        "--task 5",
    ),
    "no background": ("er-nerf", lambda f: (f / "bc.jpg").write_text("no"), "bc.jpg: is not a whole JPEG", "--task 5"),
    "empty tracking": (
        "er-nerf",
        lambda f: (f / "track_params.pt").write_bytes(b""),
        "track_params.pt: is empty",
        "--task 8",
    ),
}


@pytest.fixture
def spoilt(ready: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "ann"
    shutil.copytree(ready, folder)
    return folder


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_and_its_step_is_next(case: str, spoilt: Path) -> None:
    trainer, spoil, text, cure = WRONG[case]
    contract = few_parts(trainer_named(trainer))
    spoil(spoilt)
    found = progress(spoilt, contract)
    assert list(found.violations) == list(check(spoilt, contract))
    (violation,) = [one for one in found.violations if text in str(one)]
    assert cure in violation.cure
    wrong = next(step for step in contract.left if step.what not in found.done)
    assert found.next is not None
    assert found.next.what == wrong.what.format(id="ann")


@pytest.mark.parametrize("name", ["parsing", "gt_imgs", "teeth_mask", "sapiens"])
def test_what_is_not_made_yet_is_left_and_not_wrong(name: str, spoilt: Path) -> None:
    contract = few_parts(trainer_named("instag"))
    shutil.rmtree(spoilt / name)
    found = progress(spoilt, contract)
    assert found.violations == ()
    assert len(found.done) == sum(bool(step.makes) for step in contract.left) - 1


def test_the_training_poses_in_place_of_those_held_out_are_right(spoilt: Path) -> None:
    shutil.copyfile(spoilt / "transforms_train.json", spoilt / "transforms_val.json")
    assert list(check(spoilt, few_parts(trainer_named("gaussiantalker")))) == []


def test_a_link_goes_by_its_own_name(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bob").symlink_to(ready)
    (missing,) = (one for one in check(tmp_path / "bob", trainer_named("er-nerf")) if "missing" in one.rule)
    assert missing.file == "bob.mp4"
    monkeypatch.chdir(ready)
    assert list(check(Path(), trainer_named("er-nerf"))) == []
    assert list(check(ready / "parsing" / "..", trainer_named("er-nerf"))) == []


def test_what_may_not_be_read_is_an_error(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, _mode: str) -> None:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr("wave.open", refuse)
    with pytest.raises(UnreadableMedia, match=r"aud\.wav: cannot be read \(Permission denied\)"):
        progress(spoilt, trainer_named("er-nerf"))


def test_where_the_bundle_itself_is_wrong_no_step_is_next(spoilt: Path) -> None:
    (spoilt / "ori_imgs" / "5.lms").unlink()
    found = progress(spoilt, trainer_named("er-nerf"))
    assert found.next is None
    assert "task 1: sound" not in found.done
    assert len(found.violations) == 1


def test_the_last_of_several_models_of_depth_is_read(spoilt: Path) -> None:
    numbered(spoilt / "sapiens" / "depth" / "sapiens_1b", ".npy", range(3))
    found = list(check(spoilt, few_parts(trainer_named("instag"))))
    assert [violation.file for violation in found] == ["sapiens/depth/sapiens_1b/<i>.npy"]
