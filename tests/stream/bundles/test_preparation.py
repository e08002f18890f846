"""Preparations: files that each trainer's code turns back into the same cameras, and the manifest that says so."""

import json
import re
import shutil
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import prepared
import pytest
from heads import SIDE, Floats, by_rays, by_splats, face, nodding, tracked, tracked_rotation, transforms
from jsonschema import validate
from long_values import long_after
from repository import ROOT
from trainer_readers import READERS

from take5.scoring.errors import NoFace, OutputError, OutputExists, ParameterError, UnreadableMedia
from take5.scoring.head_pose.head import RIGID, head_points
from take5.scoring.models.face import FaceReader
from take5.scoring.models.landmarks import Mesh
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import progress
from take5.stream.bundles.footage import footage
from take5.stream.bundles.manifest import Origin
from take5.stream.bundles.masks.preparation import FILES
from take5.stream.bundles.preparation.action_units import closed_eyes
from take5.stream.bundles.preparation.conventions import euler_angles
from take5.stream.bundles.preparation.pictures import see_pictures
from take5.stream.bundles.preparation.preparation import SeenPictures
from take5.stream.bundles.preparation.prepare import FaceModel, prepare
from take5.stream.bundles.preparation.registry import PREPARATIONS, preparations_for
from take5.stream.bundles.trainers.registry import PREPARABLE, TRAINERS
from take5.stream.bundles.write import wanted_for, write_bundles
from take5.stream.model_files.cache import ensure
from take5.stream.output.folder_lock import locked
from take5.stream.recording.from_file import open_recording
from take5.stream.sources.file import MediaFile

FRAMES, TRAIN = 138, 125
UNITS = {"synctalk": 1000.0}  # of a face model in a metre; the others' is in decimetres
FACE = face()
POINTS = head_points(FACE.vertices)


def real_model() -> FaceModel:
    path = ensure("face_landmarker", lambda _: None)
    return FaceModel(lambda: FaceReader(path), FACE, "face_landmarker", "0" * 64)


@pytest.fixture(scope="module")
def bundles(short: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = footage(open_recording(MediaFile(short), models, lambda *_: None), 50, TRAIN)
    folder = tmp_path_factory.mktemp("bundles")
    list(write_bundles(made, Origin("talk.mkv", 2.0), wanted_for([*READERS, "raw"], 256), models, folder, "ann"))
    return folder


@pytest.fixture
def bundle(bundles: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundles / "er-nerf" / "ann", tmp_path / "ann"))


def seen(blinks: Floats | None = None) -> SeenPictures:
    """A head whose cameras are known."""
    blendshapes = np.zeros((FRAMES, 52), np.float32)
    if blinks is not None:
        blendshapes[:, 9] = blendshapes[:, 10] = blinks
    return SeenPictures(Path(), (SIDE, SIDE), nodding(FRAMES).project(POINTS), blendshapes, FACE)


def written(trainer: str, folder: Path, given: SeenPictures) -> dict[str, Any]:
    return {each.name: each.write(folder, given) for each in preparations_for(trainer)}


@pytest.mark.parametrize("angles", [(0.3, 0, 0), (0, 0.3, 0), (0, 0, 0.3), (0.2, -0.4, 0.1)])
def test_angles_are_those_of_the_trackers_rotation(angles: tuple[float, float, float]) -> None:
    rotation = tracked_rotation(np.array(angles))
    np.testing.assert_allclose(euler_angles(rotation[np.newaxis])[0], angles, atol=1e-12)


@pytest.mark.parametrize("trainer", long_after(2, READERS))
def test_each_loader_gets_the_same_camera_back(trainer: str, tmp_path: Path) -> None:
    given = seen()
    written(trainer, tmp_path, given)
    head = given.head.cameras.project(POINTS)
    np.testing.assert_allclose(tracked(tmp_path, "track_params.pt", POINTS, UNITS.get(trainer, 10.0)), head, atol=0.01)
    train, val = transforms(tmp_path)
    numbers = [frame["img_id"] for content in (train, val) for frame in content["frames"]]
    assert numbers == list(range(FRAMES))
    assert len(train["frames"]) == int(FRAMES * 10 / 11) == TRAIN
    for read in (by_rays, by_splats):
        np.testing.assert_allclose(np.concatenate([read(train, POINTS), read(val, POINTS)]), head, atol=0.01)
    if trainer == "synctalk":
        np.testing.assert_allclose(tracked(tmp_path, "bundle_adjustment.pt", POINTS, 1.0), head, atol=0.01)
    landmarks = np.linalg.norm(head - given.meshes, axis=2)[:, RIGID]
    assert np.median(landmarks) < 0.5


def test_gaussians_begin_on_the_face(tmp_path: Path) -> None:
    import torch

    written("gaussiantalker", tmp_path, seen())
    vertices = torch.load(tmp_path / "track_params.pt")["vertices"]
    assert vertices.shape == (1, 34_650, 3)
    average = vertices.mean(dim=0).double().numpy() / 10
    np.testing.assert_allclose(average.max(axis=0), POINTS.max(axis=0), atol=0.004)
    np.testing.assert_allclose(average.min(axis=0), POINTS.min(axis=0), atol=0.004)


def test_blinks_have_openfaces_scale(tmp_path: Path) -> None:
    """0.15 are this person's open eyes, 0.65 closed ones; loaders take 2 and more for closed."""
    blinks = np.full(FRAMES, 0.15)
    blinks[40:43] = 0.35, 0.65, 0.35
    written("er-nerf", tmp_path, seen(blinks))
    names, *rows = [line.split(",") for line in (tmp_path / "au.csv").read_text().splitlines()]
    assert names[-1] == " AU45_r"
    assert len(rows) == FRAMES
    closed = np.array([float(row[-1]) for row in rows])
    assert closed[0] == 0
    assert 0.8 < closed[40] < 1.7
    assert 2 < closed[41] < 4
    assert closed_eyes(np.ones((3, 52), np.float32)).max() == 5


@pytest.mark.parametrize("trainer", long_after(1, ["synctalk", "instag", "gaussiantalker"]))
def test_a_bundle_is_prepared_in_place(trainer: str, bundles: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundles / trainer / "ann", tmp_path / "ann"))
    before = json.loads((folder / "manifest.json").read_text())
    made = prepare(folder, real_model())
    after = json.loads((folder / "manifest.json").read_text())
    validate(after, json.loads((ROOT / "docs" / "manifest.schema.json").read_text(encoding="utf-8")))
    assert made.progress.violations == ()
    assert not list(folder.glob(".*"))
    gone = [step["what"] for step in before["left"] if step not in after["left"]]
    assert gone == [step for step in after["done"] if step not in before["done"]]
    assert {"head tracking", "transforms"} <= set(gone)
    assert any(step.startswith("action units") for step in gone) == (trainer in ("er-nerf", "gaussiantalker"))
    paths = [file["path"] for file in after["files"]]
    assert len(paths) == len(set(paths))
    assert {"track_params.pt", "transforms_train.json", "transforms_val.json"} <= set(paths)
    record = after["preparation"]
    assert record["experimental"] is True
    assert 0 < record["head_pose"]["reprojection_px"] < 1
    assert 0 < record["head_pose"]["focal_sd_px"] < record["head_pose"]["focal_px"] / 2
    assert after["crop"]["picture"] == [450, 360]


@dataclass
class Blind:
    """Sees no face in some of the pictures, nor around the face in others."""

    unseen: tuple[int, ...]
    around: bool
    asked: list[bool] = field(default_factory=list)

    def mesh(self, rgb: object, region: object = None) -> Mesh | None:  # noqa: ARG002 - of every reader
        number = self.asked.count(False) - (region is not None)
        self.asked.append(region is not None)
        if number in self.unseen and not (self.around and region is not None):
            return None
        return Mesh(nodding(FRAMES).project(POINTS)[number], np.zeros(52, np.float32), np.eye(4))


def sees_all() -> FaceModel:
    return FaceModel(lambda: nullcontext(Blind((), around=False)), FACE, "fast", "0" * 64)


@pytest.mark.long
def test_poses_that_are_there_are_kept(bundle: Path) -> None:
    (bundle / "transforms_val.json").write_text("the trainer's own")
    with pytest.raises(OutputExists, match=r"transforms_val\.json: exists already; .* --force"):
        prepare(bundle, sees_all())
    assert (bundle / "transforms_val.json").read_text() == "the trainer's own"
    assert not (bundle / "track_params.pt").exists()
    prepare(bundle, sees_all(), force=True)
    prepare(bundle, sees_all(), force=True)
    paths = [file["path"] for file in json.loads((bundle / "manifest.json").read_text())["files"]]
    assert paths.count("transforms_val.json") == 1


def test_a_face_is_looked_for_again_around_the_landmarks(bundle: Path) -> None:
    reader = Blind((3, 9), around=True)
    found = see_pictures(bundle, FACE, lambda: nullcontext(reader), None, lambda *_: None)
    assert found.frames == FRAMES
    assert reader.asked.count(True) == 2


def test_pictures_without_a_face_are_named_and_nothing_is_written(bundle: Path) -> None:
    before = {path: path.read_bytes() for path in bundle.iterdir() if path.is_file()}
    blind = FaceModel(lambda: nullcontext(Blind((3, 9), around=False)), FACE, "blind", "0" * 64)
    with pytest.raises(NoFace, match="no face is seen in the pictures 3, 9, so they have no pose; run the trainer's"):
        prepare(bundle, blind)
    assert {path: path.read_bytes() for path in bundle.iterdir() if path.is_file()} == before


def test_what_is_not_a_bundle_is_refused(bundles: Path, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match=r"manifest\.json: cannot be read .* give a bundle"):
        prepare(tmp_path, sees_all())
    with pytest.raises(ParameterError, match="a bundle for raw needs no preparation"):
        prepare(bundles / "raw" / "ann", sees_all())
    (bundle / "ori_imgs" / "7.jpg").write_bytes(b"no picture")
    with pytest.raises(UnreadableMedia, match=r"7\.jpg: is not a readable picture"):
        prepare(bundle, sees_all())
    (bundle / "ori_imgs" / "7.jpg").unlink()
    with pytest.raises(UnreadableMedia, match=r"ori_imgs: 7\.jpg missing"):
        prepare(bundle, sees_all())
    for text in ("[]", '{"trainer": "er-nerf"}', '{"trainer": "x", "files": []}', "{"):
        (bundle / "manifest.json").write_text(text)
        with pytest.raises(UnreadableMedia, match="is not the manifest of a bundle"):
            prepare(bundle, sees_all())


def test_every_trainer_of_the_scored_window_is_prepared() -> None:
    assert set(PREPARATIONS) == set(READERS) == set(PREPARABLE)


@pytest.mark.long
def test_what_an_interrupted_preparation_has_moved_is_replaced_by_the_next(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced, replace = list[Path](), Path.replace

    def interrupted(path: Path, place: Path) -> Path:
        replaced.append(place)
        if len(replaced) == 3:  # the list of what is moved, and one of the files
            raise KeyboardInterrupt
        return Path(replace(path, place))

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(bundle, sees_all())
    monkeypatch.undo()
    assert (bundle / "au.csv").exists()
    assert "preparation" not in json.loads((bundle / "manifest.json").read_text())
    (bundle / ".preparation-killed").mkdir()
    prepare(bundle, sees_all())
    assert not [path for path in bundle.iterdir() if path.name.startswith(".")]
    with pytest.raises(OutputExists):
        prepare(bundle, sees_all())


def test_two_processes_never_prepare_the_same_bundle(bundle: Path) -> None:
    with locked(bundle), pytest.raises(OutputError, match="another process prepares it"):
        prepare(bundle, sees_all())


def test_a_bundle_that_is_deleted_meanwhile_does_not_come_back(bundle: Path) -> None:
    def deleting(done: int, _: int) -> None:
        if done == FRAMES:
            shutil.rmtree(bundle)

    with pytest.raises(OutputError, match="cannot be written"):
        prepare(bundle, sees_all(), on_picture=deleting)
    assert not bundle.exists()


LEFT = {"synctalk": 0, "rad-nerf": 1, "er-nerf": 1, "talkinggaussian": 3, "gaussiantalker": 1, "instag": 3}


@pytest.mark.parametrize("trainer", LEFT)
def test_so_many_commands_are_left_before_training_once_all_is_prepared(
    trainer: str, bundles: Path, tmp_path: Path
) -> None:
    folder, all_steps = tmp_path / "ann", tmp_path / "all"
    shutil.copytree(bundles / trainer / "ann", folder)
    all_steps.mkdir()
    prepared.prepare(all_steps)  # as the trainers' own steps do
    ours: tuple[Any, ...] = (*preparations_for(trainer), FILES[trainer])
    for path in (path for each in ours for path in each.paths(FRAMES)):
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(all_steps / path, folder / path)
    left = [step.command for step in progress(folder, TRAINERS[trainer]).left]
    first = next(number for number, command in enumerate(left) if re.search(r"(main|train\w*)\.py", command))
    assert first == LEFT[trainer], left[:first]
    title = TRAINERS[trainer].title
    assert f"| {title} | {first} |" in (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")
