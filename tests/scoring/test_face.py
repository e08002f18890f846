import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from face_pictures import FACE_WIDTH, Picture, close_up, moving, noise, portrait, resized, turned, wide_shot
from mediapipe.tasks.python import BaseOptions, vision
from scipy.spatial.transform import Rotation

from take5.client.api.mediapipe_stderr import hushed
from take5.scoring.errors import ModelDamaged, ParameterError
from take5.scoring.models.detector import Detection, region_around, tiles
from take5.scoring.models.face import (
    FIRST_MS,
    MS_PER_FRAME,
    FaceCounter,
    FaceFinder,
    FaceObservation,
    FaceReader,
    FaceTracker,
    Region,
    euler_zyx,
)
from take5.scoring.models.ibug import IBUG_68
from take5.scoring.models.runtime import Task, as_image
from take5.stream.model_files.cache import ensure


@pytest.fixture(scope="session")
def model() -> Path:
    return ensure("face_landmarker")


@pytest.fixture(scope="module")
def counter(model: Path) -> Iterator[FaceCounter]:
    with FaceCounter(model) as counter:
        yield counter


@pytest.fixture(scope="module")
def finder(model: Path) -> Iterator[FaceFinder]:
    with FaceFinder(model) as finder:
        yield finder


def look(model: Path, picture: Picture, region: Region | None = None) -> FaceObservation:
    with FaceTracker(model, region) as tracker:
        seen = tracker.track(picture, 0)
    assert seen is not None
    return seen


# --- the tracker's answer


def test_shapes_and_dtypes(model: Path) -> None:
    seen = look(model, portrait())
    assert (seen.landmarks.shape, seen.landmarks.dtype) == ((68, 2), np.dtype(np.float64))
    assert (seen.lips.shape, seen.lips.dtype) == ((20, 2), np.dtype(np.float64))
    assert (seen.pose.shape, seen.pose.dtype) == ((3,), np.dtype(np.float64))
    assert (seen.blendshapes.shape, seen.blendshapes.dtype) == ((52,), np.dtype(np.float32))
    np.testing.assert_array_equal(seen.lips, seen.landmarks[48:])


def test_it_is_what_mediapipes_own_result_says(model: Path) -> None:
    """Its C result is read directly; a version that lays it out otherwise must not go unnoticed."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as own, FaceTracker(model) as tracker:
        for frame, picture in enumerate([portrait(), turned(portrait(), 5.0), portrait()]):
            told = own.detect_for_video(as_image(picture), FIRST_MS + frame * MS_PER_FRAME)
            seen = tracker.track(picture, frame)
            assert seen is not None
            (mesh,), (shapes,), (matrix,) = (
                told.face_landmarks, told.face_blendshapes, told.facial_transformation_matrixes,
            )  # fmt: skip
            height, width = picture.shape[:2]
            points = [(mesh[vertex].x * width, mesh[vertex].y * height) for vertex in IBUG_68]
            np.testing.assert_array_equal(seen.landmarks, points)
            assert [seen.blendshapes[shape.index] for shape in shapes] == [np.float32(shape.score) for shape in shapes]
            np.testing.assert_array_equal(seen.pose, euler_zyx(np.asarray(matrix, dtype=np.float64)[:3, :3]))


def test_a_reader_sees_each_picture_alone_as_mediapipe_does(model: Path) -> None:
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)),
        running_mode=vision.RunningMode.IMAGE,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as own, FaceReader(model) as reader:
        for picture in [portrait(), turned(portrait(), 5.0), portrait()]:
            seen, told = reader.see(picture), own.detect(as_image(picture))
            assert seen is not None
            (mesh,), (shapes,) = told.face_landmarks, told.face_blendshapes
            height, width = picture.shape[:2]
            points = [(mesh[vertex].x * width, mesh[vertex].y * height) for vertex in IBUG_68]
            np.testing.assert_array_equal(seen.landmarks, points)
            assert [seen.blendshapes[shape.index] for shape in shapes] == [np.float32(shape.score) for shape in shapes]


def test_a_reader_sees_a_region_in_pixels_of_the_picture(model: Path) -> None:
    picture = portrait()
    height, width = picture.shape[:2]
    with FaceReader(model) as reader:
        whole, part = reader.see(picture), reader.see(picture, Region(40, 10, width - 50, height - 20))
        assert reader.see(noise(240, 320)) is None
    assert whole is not None
    assert part is not None
    assert np.abs(whole.landmarks - part.landmarks).mean() < 2
    with FaceReader(model) as reader, pytest.raises(ParameterError, match="does not fit"):
        reader.see(picture, Region(40, 10, width, height))


def test_landmarks_are_pixels_of_the_picture(model: Path) -> None:
    seen = look(model, portrait())
    x, y = seen.lips.mean(axis=0)  # her mouth in the well-known picture
    assert (x, y) == pytest.approx((222, 147), abs=6)
    twice = look(model, resized(portrait(), 1024))
    assert np.abs(twice.landmarks / 2 - seen.landmarks).max() < 1.5


def test_a_smile_is_a_smile(model: Path) -> None:
    assert look(model, portrait()).blendshapes.argmax() in {44, 45}  # mouthSmileLeft, mouthSmileRight


def test_no_face_is_none(model: Path) -> None:
    with FaceTracker(model) as tracker:
        assert tracker.track(noise(240, 320), 0) is None
        assert tracker.track(close_up(), 1) is not None


# --- any layout gives the same


def layouts(picture: Picture) -> dict[str, Picture]:
    padded = np.zeros((picture.shape[0] + 3, picture.shape[1] + 5, 3), np.uint8)
    padded[2:-1, 1:-4] = picture
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    return {
        "view": padded[2:-1, 1:-4],
        "fortran": np.asfortranarray(picture),
        "planar": planes.transpose(1, 2, 0),
        "bgr reversed": np.ascontiguousarray(picture[..., ::-1])[..., ::-1],
        "upside down twice": np.ascontiguousarray(picture[::-1])[::-1],
    }


@pytest.mark.parametrize("width", [450, 451])
def test_every_memory_layout_gives_the_same_answer(model: Path, width: int) -> None:
    picture = np.ascontiguousarray(portrait()[:, :width])
    expected = look(model, picture)
    for name, layout in layouts(picture).items():
        assert not layout.flags.c_contiguous, name
        seen = look(model, layout)
        np.testing.assert_array_equal(seen.landmarks, expected.landmarks, err_msg=name)
        np.testing.assert_array_equal(seen.pose, expected.pose, err_msg=name)


def test_odd_widths_are_read_right(model: Path) -> None:
    whole = look(model, portrait())
    for width in (333, 449, 450, 451):
        assert np.abs(look(model, portrait()[:, :width]).landmarks - whole.landmarks).max() < 1, width


def test_padded_rows_of_a_decoded_video(model: Path, tmp_path: Path) -> None:
    picture = np.ascontiguousarray(portrait()[:449, :451])
    with av.open(tmp_path / "odd.mp4", "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 451, 449, "yuv444p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        out.mux(stream.encode(None))
    with av.open(tmp_path / "odd.mp4") as source:
        frame = next(source.decode(video=0)).reformat(format="rgb24")
    plane = frame.planes[0]
    assert plane.line_size > 3 * 451
    rows = np.ndarray((449, 451, 3), np.uint8, buffer=bytes(plane), strides=(plane.line_size, 3, 1))
    seen = look(model, rows)
    np.testing.assert_array_equal(seen.landmarks, look(model, np.asarray(frame.to_ndarray(), np.uint8)).landmarks)
    assert np.abs(seen.landmarks - look(model, picture).landmarks).max() < 1


# --- pose


@pytest.mark.parametrize("degrees", [-10, 10])
def test_turning_the_picture_counter_clockwise_adds_to_roll(model: Path, degrees: float) -> None:
    change = look(model, turned(portrait(), degrees)).pose - look(model, portrait()).pose
    assert change[2] == pytest.approx(degrees, abs=0.5)
    assert change[:2] == pytest.approx([0, 0], abs=2)


def test_mirroring_turns_yaw_and_roll_over(model: Path) -> None:
    yaw, pitch, roll = look(model, turned(portrait(), 8)).pose
    mirrored = look(model, turned(portrait(), 8)[:, ::-1]).pose
    assert mirrored == pytest.approx([-yaw, pitch, -roll], abs=1.5)


def test_euler_angles_undo_rz_ry_rx() -> None:
    rng = np.random.default_rng(1)
    for yaw, pitch, roll in rng.uniform([-89, -179, -179], [89, 179, 179], (200, 3)):
        R = Rotation.from_euler("ZYX", [roll, yaw, pitch], degrees=True).as_matrix()
        assert euler_zyx(R) == pytest.approx([yaw, pitch, roll], abs=1e-9)


def test_signs_of_the_angles() -> None:
    nose = np.array([0.0, 0.0, 1.0])  # at the viewer; x to the picture's right, y up
    for yaw, pitch in ((20.0, 0.0), (0.0, 20.0)):
        R = Rotation.from_euler("ZYX", [0, yaw, pitch], degrees=True).as_matrix()
        x, y, _ = R @ nose
        assert (x > 0.3, y < -0.3) == (yaw > 0, pitch > 0)
        assert euler_zyx(R) == pytest.approx([yaw, pitch, 0])


def test_euler_angles_of_a_matrix_a_rounding_error_beyond_one() -> None:
    R = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0000001, 0.0, 0.0]])
    assert euler_zyx(R)[0] == 90


# --- repeatable


def test_two_trackers_agree_exactly_even_when_interleaved(model: Path) -> None:
    pictures = moving(30)
    with FaceTracker(model) as tracker:
        alone = [tracker.track(picture, i) for i, picture in enumerate(pictures)]
    with FaceTracker(model) as a, FaceTracker(model) as b:
        for i, picture in enumerate(pictures):
            for seen in (a.track(picture, i), b.track(picture, i)):
                expected = alone[i]
                assert seen is not None
                assert expected is not None
                np.testing.assert_array_equal(seen.landmarks, expected.landmarks)
                np.testing.assert_array_equal(seen.pose, expected.pose)
                np.testing.assert_array_equal(seen.blendshapes, expected.blendshapes)


def test_only_the_distance_of_frame_numbers_counts(model: Path) -> None:
    with FaceTracker(model) as a, FaceTracker(model) as b:
        for i, picture in enumerate(moving(8)):
            first, later = a.track(picture, i), b.track(picture, 100_000 + i)
            assert first is not None
            assert later is not None
            np.testing.assert_array_equal(later.landmarks, first.landmarks)


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
def test_other_pictures_are_refused(
    model: Path, counter: FaceCounter, finder: FaceFinder, picture: Picture, found: str
) -> None:
    with FaceTracker(model) as tracker, pytest.raises(ParameterError, match=f"rgb is {found}; it must be"):
        tracker.track(picture, 0)
    for refuse in (counter.count, finder.find):
        with pytest.raises(ParameterError, match=f"rgb is {found}; it must be"):
            refuse(picture)


def test_frames_must_increase(model: Path) -> None:
    with FaceTracker(model) as tracker:
        with pytest.raises(ParameterError, match="frame=-1 must be above"):
            tracker.track(close_up(), -1)
        tracker.track(close_up(), 3)
        for frame in (3, 2):
            with pytest.raises(ParameterError, match=f"frame={frame} must be above the frame before, 3"):
                tracker.track(close_up(), frame)
        assert tracker.track(close_up(), np.int64(4)) is not None  # type: ignore[arg-type] # numpy's numbers count, too


def test_closed_is_closed(model: Path) -> None:
    tracker, counter = FaceTracker(model), FaceCounter(model)
    for closed in (tracker, counter):
        closed.close()
        closed.close()
    with pytest.raises(ParameterError, match="closed"):
        tracker.track(close_up(), 0)
    with pytest.raises(ParameterError, match="closed"):
        counter.count(close_up())


def test_a_bad_model_file_is_named(model: Path, tmp_path: Path) -> None:
    damaged = {
        "missing.task": None,
        "empty.task": b"",
        "text.task": b"<html>not found</html>",
        "short.task": model.read_bytes()[:1_000_000],
    }
    for name, content in damaged.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        for make in (FaceTracker, FaceCounter, FaceFinder):
            with pytest.raises(ModelDamaged, match=name):
                make(path)


# --- how many, and where


def test_counts_faces(counter: FaceCounter) -> None:
    one = close_up()
    assert counter.count(noise(240, 320)) == 0
    assert counter.count(one) == 1
    assert counter.count(portrait()) == 1
    assert counter.count(np.concatenate([one, one], axis=1)) == 2
    assert counter.count(np.concatenate([one, one, one], axis=1)) == 2


@pytest.mark.parametrize(("share", "count"), [(0.30, 2), (0.20, 2), (0.15, 2), (0.06, 1)])
def test_a_second_face_counts_from_15_percent_of_the_width(counter: FaceCounter, share: float, count: int) -> None:
    second = resized(portrait()[30:230, 130:330], round(200 * share * 1280 / FACE_WIDTH))
    size = second.shape[0]
    picture = noise(max(720, size), 1280)
    picture[100:620, :520] = resized(close_up(), 520)
    picture[:size, -size:] = second
    assert counter.count(picture) == count


def test_finder_gives_the_whole_picture_when_the_face_is_wide_enough(finder: FaceFinder) -> None:
    assert finder.find(portrait()) == Region(0, 0, 512, 512)
    assert finder.find(close_up()) == Region(0, 0, 260, 260)


def test_finder_sees_no_face(finder: FaceFinder) -> None:
    assert finder.find(noise(270, 480)) is None
    assert finder.find(noise(1, 1)) is None


@pytest.mark.parametrize(("left", "top"), [(900, 300), (100, 100), (1000, 480), (107, 100), (0, 0)])
def test_a_face_of_8_percent_is_found_and_tracked(model: Path, finder: FaceFinder, left: int, top: int) -> None:
    picture = wide_shot(left, top)
    with FaceTracker(model) as tracker:
        assert tracker.track(picture, 0) is None
    region = finder.find(picture)
    assert region is not None
    assert region.width == region.height < 1080
    assert region.crop(picture).shape == (region.height, region.width, 3)
    seen = look(model, picture, region)
    alone = look(model, resized(portrait(), round(512 * 0.08 * 1920 / 95)))
    assert np.abs(seen.lips - np.add(alone.lips, (left, top))).max() < 1.5
    assert np.abs(seen.landmarks - np.add(alone.landmarks, (left, top))).max() < 3


def test_two_looks_at_the_same_scene_give_the_same_region(finder: FaceFinder) -> None:
    assert len({finder.find(wide_shot(960 + step, 300 + step // 2)) for step in range(0, 16, 5)}) == 1


def test_a_region_that_does_not_fit_is_refused(model: Path) -> None:
    with FaceTracker(model, Region(100, 0, 200, 200)) as tracker, pytest.raises(ParameterError, match="does not fit"):
        tracker.track(close_up(), 0)


@pytest.mark.parametrize(
    ("width", "height", "side"), [(1920, 1080, 1080), (1920, 1080, 540), (360, 288, 144), (7, 5, 2)]
)
def test_tiles_cover_the_picture_and_overlap_by_half(width: int, height: int, side: int) -> None:
    covered = np.zeros((height, width), int)
    for tile in tiles(width, height, side):
        part = tile.crop(covered[..., None])
        assert part.shape == (side, side, 1)
        part += 1
    assert covered.min() == 1
    assert covered[height // 2, side // 2 + 1 : width - side // 2 - 1].min() >= 2


def test_regions_stay_inside_the_picture() -> None:
    rng = np.random.default_rng(2)
    for _ in range(500):
        width, height = (int(n) for n in rng.integers(40, 2000, 2))
        size = int(rng.integers(1, min(width, height)))
        x, y = int(rng.integers(0, width - size)), int(rng.integers(0, height - size))
        region = region_around(Detection(0.9, x, y, size, size), width, height)
        assert region.left >= 0
        assert region.top >= 0
        assert region.left + region.width <= width
        assert region.top + region.height <= height
        assert region.left <= x + size / 2 <= region.left + region.width
        assert region.top <= y + size / 2 <= region.top + region.height


# --- quiet


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_what_the_garbage_collector_drops_is_closed_later(model: Path) -> None:
    """It may drop a tracker while a thread pool of MediaPipe is about to start a thread, and holds a lock."""
    busy, closed = threading.Lock(), []

    class Landmarker:
        def close(self) -> None:
            with busy:
                closed.append(self)

    def dropped() -> None:
        task = Task(model, Landmarker)
        cycle = [task]
        cycle.append(cycle)  # type: ignore[arg-type]

    gc.collect()
    with busy:
        dropped()
        gc.collect()
        assert closed == []
    Task(model, Landmarker).close()
    assert len(closed) == 2


def test_nothing_of_mediapipe_on_stderr_even_if_nobody_closes(model: Path) -> None:
    code = """
import sys
from pathlib import Path
import numpy as np
from skimage import data
from take5.scoring.models.face import FaceCounter, FaceFinder, FaceTracker
from take5.client.api.mediapipe_stderr import hushed
picture = data.astronaut()[:, :500]
trackers = [FaceTracker(Path(sys.argv[1]), quiet=hushed) for _ in range(2)]
counter, finder = FaceCounter(Path(sys.argv[1]), hushed), FaceFinder(Path(sys.argv[1]), hushed)
for frame in range(3):
    for tracker in trackers:
        tracker.track(picture * (frame > 0), frame)
    counter.count(picture), finder.find(picture)
print("our own error", file=sys.stderr)
"""
    done = run(code, str(model))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "our own error\n")


def test_only_chatter_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    chatter = b"W0000 00:00:17 1 graph.cc:174] x\nINFO: Created TensorFlow Lite\nI0000 00:00:17 y\n"
    noisy = chatter + b"E0000 00:00:17 z\nWest\nend"
    with hushed():
        os.write(2, noisy)
    assert capfd.readouterr().err == "E0000 00:00:17 z\nWest\nend"


def test_a_process_that_is_told_to_end_in_the_midst_stays_quiet() -> None:
    code = """
import os
from take5.client.api.mediapipe_stderr import hushed
try:
    with hushed():
        os.write(2, b"ours\\n")
        raise SystemExit
except SystemExit:
    os.write(2, b"W0000 00:00:17 from a thread that goes on\\n")
"""
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "ours\n")


def test_stderr_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), hushed():
        raise KeyError
    os.write(2, b"W0000 00:00:17 back\n")
    assert capfd.readouterr().err == "W0000 00:00:17 back\n"


def test_threads_take_turns_and_lose_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    before, barrier = os.fstat(2), threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(20):
            with hushed():
                os.write(2, b"%d %d\n" % (number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.fstat(2).st_ino == before.st_ino
    assert sorted(capfd.readouterr().err.splitlines()) == sorted(f"{n} {turn}" for n in range(8) for turn in range(20))


@pytest.mark.skipif(os.name == "nt", reason="closes a POSIX descriptor")
def test_works_without_a_stderr(model: Path) -> None:
    code = """
import os, sys
from pathlib import Path
os.close(2)
sys.stderr = None
from take5.scoring.models.face import FaceCounter
from skimage import data
print(FaceCounter(Path(sys.argv[1])).count(data.astronaut()))
"""
    done = run(code, str(model))
    assert (done.returncode, done.stdout) == (0, "1\n")
