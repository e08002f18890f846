"""Mask files as their readers read them: OpenCV's defaults, Pillow, and the trainers' comparisons of colours."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import av
import cv2
import numpy as np
import pytest
from drawn_person import BACK, DrawnPerson
from PIL import Image

from take5.scoring.errors import LibraryMissing, ModelDamaged, UnreadableMedia
from take5.scoring.masks.labels import HEAD, Label, labelled, person
from take5.scoring.masks.resizing import shrunk
from take5.scoring.models.segmenter import Segmenter
from take5.stream.bundles.masks.labelled import label_pictures
from take5.stream.bundles.masks.labelling import labelled_ahead, labelling
from take5.stream.bundles.masks.pictures import ImageEncoder
from take5.stream.bundles.masks.preparation import FILES, Masks
from take5.stream.model_files.cache import ensure

FRAMES = 7
BLIND = 16


@dataclass
class BundleOf:
    folder: Path
    frames: int = FRAMES


class ColourSegmenter:
    """Tells a drawn person from its flat background; sees nobody in a picture with a black corner."""

    name, sha256, height, width = "colour", "00", 128, 128

    def see(self, small: np.ndarray) -> np.ndarray:
        if small[0, 0].max() < BLIND:
            return np.zeros_like(small[..., :1])
        apart = np.abs(small - BACK).max(axis=-1, keepdims=True)
        return np.asarray(np.clip((apart - 20) / 20, 0, 1), dtype=np.float32)


@pytest.fixture(scope="module")
def drawn() -> DrawnPerson:
    return DrawnPerson(long_hair=True)


@pytest.fixture(scope="module")
def bundle(drawn: DrawnPerson, tmp_path_factory: pytest.TempPathFactory) -> BundleOf:
    folder = tmp_path_factory.mktemp("ann")
    (folder / "ori_imgs").mkdir()
    for index in range(FRAMES):
        cv2.imwrite(str(folder / f"ori_imgs/{index}.jpg"), drawn.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
        np.savetxt(folder / f"ori_imgs/{index}.lms", drawn.landmarks, "%f")
    return BundleOf(folder)


@pytest.fixture(scope="module", params=sorted(FILES))
def written(request: pytest.FixtureRequest, bundle: BundleOf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp(request.param)
    masks = Masks(FILES[request.param], labelling(ColourSegmenter))
    said = masks.write(out, bundle)
    assert said["model"] == {"name": "colour", "sha256": "00"}
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert there == set(masks.paths(FRAMES))
    return out


def image(path: Path, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    read = cv2.imread(str(path), flags)
    assert read is not None
    return np.asarray(read)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_parsing_has_the_colours_that_opencv_readers_compare(written: Path, drawn: DrawnPerson) -> None:
    seen = image(written / "parsing/3.png")
    assert seen.shape == drawn.rgb.shape
    gaussian = "talkinggaussian" in written.name or "instag" in written.name
    head = (Label.FACE,) if gaussian else HEAD
    for colour, parts in {(255, 0, 0): head, (0, 255, 0): (Label.NECK,), (0, 0, 255): (Label.TORSO,)}.items():
        assert iou((seen == colour).all(axis=-1), labelled(drawn.labels, *parts)) > 0.85, parts
    assert iou((seen == 255).all(axis=-1), ~person(drawn.labels)) > 0.95
    known = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    known += [(0, 0, 0), (100, 100, 100)] if gaussian else []
    assert {tuple(map(int, colour)) for colour in np.unique(seen.reshape(-1, 3), axis=0)} == set(known)


@pytest.mark.parametrize("written", ["instag", "talkinggaussian"], indirect=True)
def test_gaussian_readers_find_face_hair_and_mouth(written: Path, drawn: DrawnPerson) -> None:
    seen = np.array(Image.open(written / "parsing/0.png").convert("RGB")) * 1.0
    face = (seen[..., 2] > 254) & (seen[..., 0] == 0) & (seen[..., 1] == 0)
    assert iou(face, labelled(drawn.labels, Label.FACE)) > 0.9
    assert iou(np.asarray((seen < 1).all(axis=-1)), labelled(drawn.labels, Label.HAIR)) > 0.85
    assert iou(np.asarray((seen == 100).all(axis=-1)), labelled(drawn.labels, Label.MOUTH)) > 0.95


@pytest.mark.parametrize("written", ["synctalk"], indirect=True)
def test_synctalk_reads_the_weight_of_the_face_and_the_mask_of_the_head(written: Path, drawn: DrawnPerson) -> None:
    weight = (255 - image(written / "parsing/2_face.png")[:, :, 1]) / 255.0
    assert iou(weight > 0.5, labelled(drawn.labels, Label.FACE, Label.MOUTH)) > 0.85
    mask = np.array(Image.open(written / "face_mask/2.png"))
    assert mask.shape == drawn.rgb.shape
    assert set(np.unique(mask)) == {0, 255}
    assert iou(mask[:, :, 0] > 250, labelled(drawn.labels, *HEAD)) > 0.9


def test_background_and_pictures_are_as_large_as_the_images(written: Path, drawn: DrawnPerson) -> None:
    behind = image(written / "bc.jpg", cv2.IMREAD_UNCHANGED)
    assert behind.shape == drawn.rgb.shape
    assert np.abs(behind.astype(int) - BACK).mean() < 4
    shown = image(written / "gt_imgs/6.jpg", cv2.IMREAD_UNCHANGED)[..., ::-1]
    inside = person(drawn.labels)
    assert np.abs(shown[inside].astype(int) - drawn.rgb[inside]).mean() < 6


def test_the_torso_has_four_channels(written: Path, drawn: DrawnPerson) -> None:
    torso = image(written / "torso_imgs/5.png", cv2.IMREAD_UNCHANGED)
    assert torso.shape == (*drawn.labels.shape, 4)
    assert np.array(Image.open(written / "torso_imgs/5.png")).shape == torso.shape
    place = labelled(drawn.labels, Label.TORSO)
    assert (torso[place, 3] == 255).mean() > 0.97
    sure = place & (torso[..., 3] == 255)
    assert np.abs(torso[sure][:, :3][:, ::-1].astype(int) - drawn.rgb[sure]).mean() < 6


def test_a_damaged_image_or_landmarks_are_named(bundle: BundleOf, tmp_path: Path) -> None:
    broken = BundleOf(tmp_path / "bob", 1)
    (broken.folder / "ori_imgs").mkdir(parents=True)
    (broken.folder / "ori_imgs/0.jpg").write_bytes(b"\xff\xd8 not a picture")
    with pytest.raises(UnreadableMedia, match=r"0\.lms: must have 68 lines"):
        Masks(FILES["er-nerf"], labelling(ColourSegmenter)).write(tmp_path, broken)
    (broken.folder / "ori_imgs/0.lms").write_bytes((bundle.folder / "ori_imgs/0.lms").read_bytes())
    with pytest.raises(UnreadableMedia, match=r"0\.jpg: is not a readable image"):
        Masks(FILES["er-nerf"], labelling(ColourSegmenter)).write(tmp_path, broken)


def elsewhere(drawn: DrawnPerson, where: Path, *pictures: np.ndarray) -> tuple[float, int]:
    """Share of the background that is seen, and number of other pictures that show it."""
    for folder in ("ori_imgs", "background"):
        (where / folder).mkdir(parents=True)
    for path, picture in [("ori_imgs/0", drawn.rgb), *((f"background/{i}", each) for i, each in enumerate(pictures))]:
        cv2.imwrite(str(where / f"{path}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
    np.savetxt(where / "ori_imgs/0.lms", drawn.landmarks, "%f")
    said = Masks(FILES["er-nerf"], labelling(ColourSegmenter)).write(where, BundleOf(where, 1))
    return said["background_seen"], said["background_pictures"]


def test_the_rest_of_the_recording_shows_more_of_the_background(drawn: DrawnPerson, tmp_path: Path) -> None:
    aside = np.roll(drawn.rgb, 40, axis=1)
    aside[:, :40] = BACK
    empty = np.full_like(drawn.rgb, BACK)
    alone, _ = elsewhere(drawn, tmp_path / "alone")
    beside, count = elsewhere(drawn, tmp_path / "beside", aside)
    assert count == 1
    assert beside > alone + 0.03
    assert elsewhere(drawn, tmp_path / "gone", aside, empty) == (1.0, 2)


def test_another_light_another_size_and_a_person_who_is_not_found_are_no_background(
    drawn: DrawnPerson, tmp_path: Path
) -> None:
    alone, _ = elsewhere(drawn, tmp_path / "alone")
    dark, small = np.full_like(drawn.rgb, BACK // 2), np.full((64, 64, 3), BACK, np.uint8)
    missed = drawn.rgb.copy()
    missed[:BLIND, :BLIND] = 0
    assert elsewhere(drawn, tmp_path / "others", dark, small, missed) == (alone, 0)


def test_a_damaged_picture_of_the_rest_costs_nothing_else(drawn: DrawnPerson, tmp_path: Path) -> None:
    alone, _ = elsewhere(drawn, tmp_path, np.full_like(drawn.rgb, BACK))
    (tmp_path / "background/1.jpg").write_bytes(b"\xff\xd8 not a picture")
    said = Masks(FILES["er-nerf"], labelling(ColourSegmenter)).write(tmp_path / "out", BundleOf(tmp_path, 1))
    assert (said["background_seen"], said["background_pictures"]) == (alone, 1)


def test_labels_that_are_made_ahead_are_the_same(bundle: BundleOf) -> None:
    asked = labelling(ColourSegmenter)(bundle.folder, FRAMES)
    with labelled_ahead(ColourSegmenter, bundle.folder) as ahead:
        made = ahead(bundle.folder, FRAMES)
    assert made.paths == asked.paths
    np.testing.assert_array_equal(made.labels, asked.labels)


def test_labels_that_nobody_waits_for_any_more_are_not_made(bundle: BundleOf) -> None:
    seen = list[int]()

    class Slow(ColourSegmenter):
        def see(self, small: np.ndarray) -> np.ndarray:
            seen.append(len(seen))
            left.wait(10)
            return super().see(small)

    left = Event()
    threading.Timer(0.2, left.set).start()
    with pytest.raises(KeyError), labelled_ahead(Slow, bundle.folder):
        raise KeyError("what is done meanwhile fails")
    assert seen in ([], [0])


def test_the_rest_of_the_recording_is_left_once_the_labels_are_not_needed(drawn: DrawnPerson, tmp_path: Path) -> None:
    elsewhere(drawn, tmp_path, np.full_like(drawn.rgb, BACK))
    (picture,), (other,) = (tmp_path / "ori_imgs").glob("*.jpg"), (tmp_path / "background").iterdir()
    asked, segmenter = list[int](), Counting()

    def check(done: int) -> None:
        asked.append(done)
        if len(asked) == 3:
            raise KeyError("no longer needed")

    with pytest.raises(KeyError):
        label_pictures([picture], drawn.landmarks[None], segmenter, check, [other, other])
    assert (asked, segmenter.seen) == ([1, 1, 1], 1)


class Counting(ColourSegmenter):
    """Counts the pictures that it is shown."""

    seen = 0

    def see(self, small: np.ndarray) -> np.ndarray:
        self.seen += 1
        return super().see(small)


def test_what_is_wrong_is_said_to_who_asks(bundle: BundleOf) -> None:
    def damaged() -> ColourSegmenter:
        raise ModelDamaged("x.tflite: is damaged")

    with labelled_ahead(damaged, bundle.folder) as labels, pytest.raises(ModelDamaged, match=r"x\.tflite"):
        labels(bundle.folder, FRAMES)


@pytest.mark.parametrize("channels", [3, 4])
def test_png_is_exact(channels: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 42, channels), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(ImageEncoder().encode(pixels))
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "a.png")), pixels)


# --- the network


def test_the_network_sees_the_generated_talker() -> None:
    from demo.talker.face import Pose, Studio

    segmenter = Segmenter(ensure("selfie_segmentation"))
    assert segmenter.sha256 == hashlib.sha256(ensure("selfie_segmentation").read_bytes()).hexdigest()
    assert not segmenter.has_classes
    frame = av.VideoFrame.from_ndarray(Studio(640, 480).draw(Pose()).reshape(-1, 640), format="yuv420p")
    seen = segmenter.see(shrunk(frame.to_ndarray(format="rgb24"), segmenter.height, segmenter.width))
    assert seen.shape == (256, 256, 1)
    assert 0 <= seen.min() <= seen.max() <= 1
    assert np.median(seen[60:200, 110:140]) > 0.9
    assert np.median(seen[:100, :30]) < 0.1


def test_a_damaged_or_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="cannot read this model file"):
        Segmenter(tmp_path / "none.tflite")
    content = ensure("selfie_segmentation").read_bytes()
    (tmp_path / "torn.tflite").write_bytes(content[:2000])
    with pytest.raises(ModelDamaged, match=r"torn\.tflite: LiteRT cannot use this model file"):
        Segmenter(tmp_path / "torn.tflite")


def test_without_litert_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(LibraryMissing, match=r'segmentation of persons needs .*pip install "take5\[litert\]"'):
        Segmenter(ensure("selfie_segmentation"))
