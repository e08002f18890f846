"""Measures of the face on a real photograph, untouched and spoilt."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from face_pictures import portrait, resized
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from take5.scoring.gates import face as faces
from take5.scoring.gates.measures import FrameMeasures, measure_frame
from take5.scoring.gates.picture import area_means, blur_effect, fixed_width, grain, measure_picture, whole_box
from take5.scoring.models.face import FaceObservation
from take5.stream.analysis.models import Models

Rgb = NDArray[np.uint8]


@pytest.fixture(scope="module")
def person(models: Models) -> FaceObservation:
    """What the tracker says of the portrait once it has settled."""
    with models.tracker(None) as tracker:
        seen = [tracker.track(portrait(), frame) for frame in range(10)]
    assert isinstance(seen[-1], FaceObservation)
    return seen[-1]


def measured(rgb: Rgb, person: FaceObservation) -> dict[str, float]:
    return dict(measure_picture(rgb, person.landmarks)._asdict())


def changed(change: Callable[[NDArray[np.float32]], NDArray[np.floating]]) -> Rgb:
    return np.asarray(np.rint(change(portrait().astype(np.float32))).clip(0, 255), np.uint8)


def test_a_good_photograph(person: FaceObservation) -> None:
    frame = measure_frame(portrait(), person, 40, 1.0)
    assert len(frame) == 1
    value = {name: float(getattr(frame, name)[0]) for name in frame.__dataclass_fields__}
    assert np.isfinite(list(value.values())).all()
    assert 80 < value["face_width"] < 120
    assert value["face_width"] < value["face_height"] < 2 * value["face_width"]
    assert 35 < value["inter_eye"] < 60
    assert value["closeness"] == pytest.approx(value["face_width"] / 512)
    assert value["margin"] > 0.3
    assert value["centre_y"] < -0.2 < value["centre_x"] < 0  # her face is in the upper half, left of the middle
    assert value["eye_open"] > 0.2 > value["blink"]
    assert value["mouth_open"] > 0.05  # she smiles, teeth to be seen
    assert 0.35 < value["blur"] < 0.6
    assert value["grain"] < 4
    assert 0.5 < value["brightness"] < 0.9
    assert value["overexposed"] < 0.03
    assert value["evenness"] > 0.8
    assert value["step"] == 40


def test_blur_grows_with_the_blur_and_hardly_with_the_light(person: FaceObservation) -> None:
    width = float(np.ptp(person.landmarks[:17, 0]))
    blurs = [
        measured(changed(partial(gaussian_filter, sigma=(share * width, share * width, 0))), person)["blur"]
        for share in (0, 0.01, 0.02, 0.04)
    ]
    assert np.diff(blurs).min() > 0.04
    assert blurs[2] > 0.7
    for factor in (0.3, 0.6):
        dim = measured(changed(partial(np.multiply, factor)), person)
        assert dim["blur"] == pytest.approx(blurs[0], abs=0.03)


@pytest.mark.parametrize("width", [1024, 1536])
def test_blur_does_not_depend_on_the_cameras_resolution(person: FaceObservation, width: int) -> None:
    """An enlarged picture has no more detail, and is no less sharp for its size."""
    large = resized(portrait(), width)
    one = measured(portrait(), person)["blur"]
    other = measure_picture(large, person.landmarks * width / 512).blur
    assert other == pytest.approx(one, abs=0.06)


@pytest.mark.parametrize("deviation", [4, 8, 16])
def test_grain_is_the_noises_deviation(person: FaceObservation, deviation: float) -> None:
    noise = np.random.default_rng(1).normal(0, deviation, portrait().shape)
    spoilt = measured(changed(lambda rgb: gaussian_filter(rgb, (1, 1, 0)) + noise), person)
    assert spoilt["grain"] == pytest.approx(deviation, rel=0.1)


def test_light(person: FaceObservation) -> None:
    plain = measured(portrait(), person)
    dark, bright = (measured(changed(partial(np.multiply, factor)), person) for factor in (0.25, 2.5))
    assert dark["brightness"] == pytest.approx(plain["brightness"] / 4, rel=0.05)
    assert bright["overexposed"] > 0.3 > plain["overexposed"] > dark["overexposed"] - 1e-9
    columns = (np.arange(512) > person.landmarks[30, 0])[None, :, None]
    side = measured(changed(lambda rgb: np.where(columns, rgb, rgb * 0.3)), person)
    assert side["evenness"] < 0.5 < plain["evenness"]


def test_only_the_face_is_measured(person: FaceObservation) -> None:
    """Everything else may be white noise."""
    left, top, right, bottom = (int(edge) for edge in whole_box(person.landmarks))
    noisy = np.random.default_rng(0).integers(0, 256, portrait().shape, dtype=np.uint8)
    face = np.s_[top - 2 : bottom + 2, left - 2 : right + 2]
    noisy[face] = portrait()[face]
    assert measured(noisy, person) == measured(portrait(), person)


def test_a_face_at_or_outside_the_edge_is_measured_as_far_as_it_is_seen(person: FaceObservation) -> None:
    left = int(person.landmarks[:, 0].mean())
    half = measure_frame(
        portrait()[:, left:], FaceObservation(person.landmarks - (left, 0), person.pose, person.blendshapes)
    )
    assert half.margin[0] < -0.3
    assert np.isfinite(half.blur[0])
    gone = measure_frame(
        portrait(), FaceObservation(person.landmarks + np.array([600, 0]), person.pose, person.blendshapes)
    )
    assert gone.margin[0] < -1
    assert np.isnan(gone.blur[0])


def test_without_a_face_only_the_step_is_known() -> None:
    frame = measure_frame(portrait(), None, 40)
    assert frame.step[0] == 40
    assert np.isnan(frame.blur[0])
    assert np.isnan(frame.face_width[0])


def test_eyes_and_mouth_of_drawn_points() -> None:
    eye = np.array([[0, 0], [1, -1], [2, -1], [3, 0], [2, 1], [1, 1]], dtype=np.float64)
    assert faces.eye_aspect(eye) == pytest.approx(2 / 3)
    assert faces.eye_aspect(eye * (1, 0)) == 0
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2]], dtype=np.float64)
    assert faces.polygon_area(square) == faces.polygon_area(square[::-1] + 7) == pytest.approx(4)
    lips = np.array([[0, 0], [1, -1], [2, -1], [3, -1], [4, 0], [3, 1], [2, 1], [1, 1]], dtype=np.float64)
    assert faces.mouth_gap(lips) == 2


def test_gaze_goes_with_the_eyes() -> None:
    names = {"down_left": 11, "down_right": 12, "in_left": 13, "in_right": 14, "out_left": 15, "out_right": 16}
    names |= {"up_left": 17, "up_right": 18}

    def shapes(**values: float) -> NDArray[np.float32]:
        blendshapes = np.zeros(52, dtype=np.float32)
        for name, value in values.items():
            blendshapes[names[name]] = value
        return blendshapes

    assert faces.gaze(shapes(out_left=0.8, in_right=0.6)) == pytest.approx((0.7, 0))
    assert faces.gaze(shapes(in_left=0.8, out_right=0.6)) == pytest.approx((-0.7, 0))
    assert faces.gaze(shapes(up_left=0.4, up_right=0.6)) == pytest.approx((0, 0.5))
    assert faces.gaze(shapes(down_left=1, down_right=1)) == pytest.approx((0, -1))


def test_the_distance_between_the_eyes_does_not_shrink_with_a_turn(person: FaceObservation) -> None:
    straight = faces.inter_eye(person.landmarks, 0)
    assert faces.inter_eye(person.landmarks, 60) == pytest.approx(2 * straight)


def test_area_means_are_the_means_of_the_areas() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (40, 7), dtype=np.uint8)
    fine = np.repeat(pixels, 100, axis=0).astype(np.float64)
    edges = np.linspace(1.25, 38.75, 16)  # 2.5 rows each
    expected = [fine[round(a * 100) : round(b * 100)].mean(axis=0) for a, b in pairwise(edges)]
    assert area_means(pixels, edges) == pytest.approx(np.array(expected), abs=0.01)
    whole = area_means(pixels, np.linspace(0, 40, 41))
    assert whole == pytest.approx(pixels.astype(np.float64), abs=1e-3)


def test_a_crop_at_the_picture_border_keeps_its_width() -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    assert fixed_width(rgb, (-10.0, -10.0, 30.5, 20.25)).shape == (64, 96)
    assert fixed_width(rgb, (50.0, 40.0, 99.0, 99.0)).shape == (64, 96)


def test_flat_pictures() -> None:
    flat = np.full((30, 30), 128, dtype=np.float32)
    assert blur_effect(flat) == 1
    assert grain(flat.astype(np.uint8)) == 0
    assert grain(np.zeros((2, 9), dtype=np.uint8)) == 0


def test_measures_slice_and_join() -> None:
    frames = [FrameMeasures.of_frame(yaw=i, step=40) for i in range(6)]
    joined = FrameMeasures.concatenate(frames)
    assert joined.yaw.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.isnan(joined.blur).all()
    again = FrameMeasures.concatenate([joined[:2], joined[2:5], joined[5:]])
    assert again.yaw.tolist() == joined.yaw.tolist()
    assert len(again) == 6
