"""The tracker that runs MediaPipe's networks directly: near MediaPipe's own, and without a memory beyond a second."""

import builtins
import resource
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_pictures import Picture, close_up, moving, noise, portrait, turned, wide_shot

pytest.importorskip("ai_edge_litert", reason="the extra litert is not installed")
pytest.importorskip("cv2", reason="the extra litert is not installed")

from take5.client.api.models import load_models
from take5.client.cli.batch import ModelChoice
from take5.scoring.errors import LibraryMissing, ModelDamaged, ParameterError
from take5.scoring.models.face import FaceObservation, FaceReader, FaceTracker, Region
from take5.scoring.models.litert import Network
from take5.scoring.models.litert_tracker import LiteRTTracker
from take5.scoring.models.steadying import Steadying
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.stream.model_files.cache import ensure

EYES = [36, 45]
"""Outer corners of the eyes among the 68 points."""

Seen = list[FaceObservation]
Kind = type[LiteRTTracker] | type[FaceTracker]


@pytest.fixture(scope="module")
def model() -> Path:
    return ensure("face_landmarker")


def run(
    kind: type[LiteRTTracker] | type[FaceTracker],
    model: Path,
    pictures: Sequence[Picture],
    region: Region | None = None,
) -> list[FaceObservation | None]:
    with kind(model, region) as tracker:
        return [tracker.track(picture, frame) for frame, picture in enumerate(pictures)]


def sure(seen: Sequence[FaceObservation | None]) -> Seen:
    found = [each for each in seen if each is not None]
    assert len(found) == len(seen)
    return found


def same(one: FaceObservation, other: FaceObservation) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in (
            (one.landmarks, other.landmarks), (one.pose, other.pose), (one.blendshapes, other.blendshapes)
        )
    )  # fmt: skip


def eye_distance(seen: FaceObservation) -> float:
    left, right = seen.landmarks[EYES]
    return float(np.linalg.norm(right - left))


# --- beside MediaPipe's own


@pytest.mark.parametrize("picture", [portrait(), close_up(), turned(portrait(), 12), portrait()[:, ::-1]])
def test_it_agrees_with_mediapipes_tracker_on_a_still_picture(model: Path, picture: Picture) -> None:
    pictures = [np.ascontiguousarray(picture)] * 5
    own, theirs = (sure(run(kind, model, pictures))[-1] for kind in (LiteRTTracker, FaceTracker))
    apart = np.linalg.norm(own.landmarks - theirs.landmarks, axis=1) / eye_distance(theirs)
    assert (apart.mean() < 0.02, apart.max() < 0.06) == (True, True)
    assert np.abs(own.pose - theirs.pose).max() < 2
    assert np.abs(own.blendshapes - theirs.blendshapes).mean() < 0.02
    assert np.abs(own.blendshapes - theirs.blendshapes).max() < 0.2


def test_it_agrees_with_mediapipes_tracker_while_the_face_moves(model: Path) -> None:
    pictures = moving(30)
    own, theirs = (sure(run(kind, model, pictures)) for kind in (LiteRTTracker, FaceTracker))
    apart = [
        np.linalg.norm(a.landmarks - b.landmarks, axis=1).mean() / eye_distance(b)
        for a, b in zip(own, theirs, strict=True)
    ]
    assert max(apart) < 0.04
    assert max(np.abs(a.pose - b.pose).max() for a, b in zip(own, theirs, strict=True)) < 2.5


def test_shapes_and_dtypes_are_those_of_the_other(model: Path) -> None:
    own, theirs = (sure(run(kind, model, [portrait()]))[0] for kind in (LiteRTTracker, FaceTracker))
    for name in ("landmarks", "lips", "pose", "blendshapes"):
        a, b = getattr(own, name), getattr(theirs, name)
        assert (a.shape, a.dtype) == (b.shape, b.dtype), name
    assert own.blendshapes.argmax() in {44, 45}  # mouthSmileLeft, mouthSmileRight


def test_it_hardly_shakes_on_noise(model: Path) -> None:
    rng = np.random.default_rng(3)
    still = close_up().astype(np.int16)
    noisy = [
        np.clip(still + np.round(rng.normal(0, 3, still.shape)).astype(np.int16), 0, 255).astype(np.uint8)
        for _ in range(60)
    ]
    steadied = sure(run(LiteRTTracker, model, noisy))[30:]
    with FaceReader(model) as reader:
        bare = sure([reader.see(picture) for picture in noisy[30:]])
    shaking, unsteadied = (
        np.linalg.norm(np.diff([each.lips for each in seen], axis=0), axis=2).mean() for seen in (steadied, bare)
    )
    assert shaking < 0.0005 * eye_distance(steadied[0])
    assert shaking < 0.25 * unsteadied


# --- repeatable


@pytest.mark.parametrize("later", [1, 8, 20])
def test_runs_that_begin_at_different_times_agree_in_every_bit_after_a_second(model: Path, later: int) -> None:
    pictures = moving(later + LEAD_IN_FRAMES + 30)
    whole, late = (sure(run(LiteRTTracker, model, each)) for each in (pictures, pictures[later:]))
    assert not same(whole[later], late[0])
    for one, other in zip(whole[later + LEAD_IN_FRAMES :], late[LEAD_IN_FRAMES:], strict=True):
        assert same(one, other)


def test_two_trackers_interleaved_agree_with_one_alone(model: Path) -> None:
    pictures = moving(12)
    alone = sure(run(LiteRTTracker, model, pictures))
    with LiteRTTracker(model) as a, LiteRTTracker(model) as b:
        for i, picture in enumerate(pictures):
            assert all(same(each, alone[i]) for each in sure([a.track(picture, i), b.track(picture, 100_000 + i)]))


def test_what_is_older_than_a_second_has_no_influence() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(0, 0.1, (80, 478, 3)).astype(np.float32)
    whole, late = Steadying(), Steadying()
    everything = [whole.push(points, 10.0) for points in rows]
    part = [late.push(points, 10.0) for points in rows[17:]]
    for one, other in zip(everything[17 + LEAD_IN_FRAMES - 1 :], part[LEAD_IN_FRAMES - 1 :], strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(everything[17], part[0])


def test_a_resting_landmark_is_steadied_and_a_jumping_one_is_not() -> None:
    rng = np.random.default_rng(5)
    rest = rng.normal(0, 0.02, (60, 4, 3)).astype(np.float32)
    steadying = Steadying()
    steadied = np.array([steadying.push(points, 10.0) for points in rest])
    assert steadied[30:].std() < 0.3 * rest[30:].std()
    jumped = rest[0] + 5
    np.testing.assert_allclose(steadying.push(jumped, 10.0), jumped, atol=1e-5)


# --- lost and found


def test_a_face_that_was_lost_is_found_again(model: Path) -> None:
    there, away = close_up(), noise(260, 260)
    seen = run(LiteRTTracker, model, [there, there, away, away, there])
    assert [each is not None for each in seen] == [True, True, False, False, True]
    first, again = sure([seen[0], seen[4]])
    assert same(first, again)


def test_a_face_that_jumps_is_seen_in_the_same_frame(model: Path) -> None:
    def at(left: int) -> Picture:
        picture = noise(260, 700)
        picture[:, left : left + 260] = close_up()
        return picture

    before, after = sure(run(LiteRTTracker, model, [at(0), at(440)]))
    assert np.abs(after.landmarks - before.landmarks - (440, 0)).max() < 3


def test_without_a_face_there_is_none(model: Path) -> None:
    black = np.zeros((240, 320, 3), np.uint8)
    assert run(LiteRTTracker, model, [noise(240, 320), black, noise(7, 5)]) == [None] * 3


def test_a_small_face_is_tracked_in_its_region(model: Path) -> None:
    picture, region = wide_shot(900, 300), Region(945, 270, 540, 540)
    assert run(LiteRTTracker, model, [picture]) == [None]
    own, theirs = (sure(run(kind, model, [picture] * 3, region))[-1] for kind in (LiteRTTracker, FaceTracker))
    assert np.linalg.norm(own.landmarks - theirs.landmarks, axis=1).mean() < 0.03 * eye_distance(theirs)


# --- rules


@pytest.mark.parametrize(
    ("picture", "found"),
    [
        (np.zeros((64, 64), np.uint8), r"uint8 \(64, 64\)"),
        (np.zeros((64, 64, 4), np.uint8), r"uint8 \(64, 64, 4\)"),
        (np.zeros((64, 64, 3), np.float32), r"float32 \(64, 64, 3\)"),
        (np.zeros((64, 0, 3), np.uint8), r"uint8 \(64, 0, 3\)"),
        ([[0]], "list"),
    ],
)
def test_other_pictures_are_refused(model: Path, picture: Picture, found: str) -> None:
    with LiteRTTracker(model) as tracker, pytest.raises(ParameterError, match=f"rgb is {found}; it must be"):
        tracker.track(picture, 0)


def test_any_memory_layout_gives_the_same(model: Path) -> None:
    expected = sure(run(LiteRTTracker, model, [portrait()]))[0]
    for layout in (np.asfortranarray(portrait()), np.ascontiguousarray(portrait()[..., ::-1])[..., ::-1]):
        assert same(sure(run(LiteRTTracker, model, [layout]))[0], expected)


def test_frames_must_increase(model: Path) -> None:
    with LiteRTTracker(model) as tracker:
        with pytest.raises(ParameterError, match="frame=-1 must be above"):
            tracker.track(close_up(), -1)
        tracker.track(close_up(), 3)
        for frame in (3, 2):
            with pytest.raises(ParameterError, match=f"frame={frame} must be above the frame before, 3"):
                tracker.track(close_up(), frame)
        assert tracker.track(close_up(), np.int64(4)) is not None  # type: ignore[arg-type] # numpy's numbers count, too


def test_a_region_that_does_not_fit_is_refused(model: Path) -> None:
    with LiteRTTracker(model, Region(100, 0, 200, 200)) as tracker, pytest.raises(ParameterError, match="does not fit"):
        tracker.track(close_up(), 0)


def test_closed_is_closed(model: Path) -> None:
    tracker = LiteRTTracker(model)
    assert tracker.track(close_up(), 0) is not None
    tracker.close()
    tracker.close()
    with pytest.raises(ParameterError, match="closed"):
        tracker.track(close_up(), 1)


@pytest.mark.long
def test_memory_stays_flat_over_a_thousand_frames(model: Path) -> None:
    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    pictures = moving(10)
    with LiteRTTracker(model) as tracker:
        for frame in range(100):
            tracker.track(pictures[frame % 10], frame)
        before = peak()
        for frame in range(100, 1000):
            tracker.track(pictures[frame % 10], frame)
    assert peak() - before < 4096  # KiB


# --- what is missing


@pytest.mark.parametrize("content", [None, b"", b"<html>not found</html>", "short"])
def test_a_bad_model_file_is_named(model: Path, tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "bad.task"
    if content is not None:
        path.write_bytes(model.read_bytes()[:1_000_000] if isinstance(content, str) else content)
    with pytest.raises(ModelDamaged, match=r"bad\.task"):
        LiteRTTracker(path)


@pytest.mark.parametrize("member", ["face_landmarks_detector.tflite", "face_blendshapes.tflite"])
def test_a_damaged_member_is_named(model: Path, tmp_path: Path, member: str) -> None:
    path = tmp_path / "bad.task"
    with zipfile.ZipFile(model) as whole, zipfile.ZipFile(path, "w") as bad:
        for name in whole.namelist():
            bad.writestr(name, b"no network" if name == member else whole.read(name))
    with pytest.raises(ModelDamaged, match=rf"bad\.task: LiteRT cannot use {member}"):
        LiteRTTracker(path)


def test_a_face_that_is_not_the_canonical_one_is_named(model: Path, tmp_path: Path) -> None:
    member, path = "geometry_pipeline_metadata_landmarks.binarypb", tmp_path / "bad.task"
    with zipfile.ZipFile(model) as whole, zipfile.ZipFile(path, "w") as bad:
        for name in whole.namelist():
            bad.writestr(name, whole.read(name)[:1000] if name == member else whole.read(name))
    with pytest.raises(ModelDamaged, match=rf"bad\.task: {member} in this model file is not a face"):
        LiteRTTracker(path)


@pytest.mark.parametrize(
    ("module", "package"), [("ai_edge_litert", "ai-edge-litert"), ("cv2", "opencv-python-headless")]
)
def test_a_missing_package_is_named_when_the_models_are_loaded(
    model: Path, monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    bring = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ImportError(f"No module named {name!r}")
        return bring(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    choice = ModelChoice("speech-embedding", None, "cpu", "litert")
    for load in (lambda: load_models(tracker="litert"), choice.load, choice.listener, lambda: LiteRTTracker(model)):
        with pytest.raises(LibraryMissing, match=rf"needs the package {package}.*pip install \"take5\[litert\]\""):
            load()


def test_a_network_that_the_file_does_not_have(model: Path) -> None:
    with pytest.raises(ModelDamaged, match="cannot read nose"):
        Network(model, "nose")


def test_nothing_of_litert_on_stderr(model: Path) -> None:
    code = """
import sys
from pathlib import Path
from skimage import data
from take5.client.api.mediapipe_stderr import hushed
from take5.scoring.models.litert_tracker import LiteRTTracker
tracker = LiteRTTracker(Path(sys.argv[1]), quiet=hushed)
for frame in range(3):
    tracker.track(data.astronaut() * (frame > 0), frame)
print("our own error", file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "our own error\n")
