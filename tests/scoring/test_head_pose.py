"""Head poses of heads whose motion is known, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from heads import SIDE, Floats, angles_apart, face, nodding, person

from take5.scoring.errors import ParameterError
from take5.scoring.head_pose import HeadPose, average_face, head_pose, spread_points
from take5.scoring.head_pose.adjust import Estimate
from take5.scoring.head_pose.focal import expected_focal
from take5.scoring.head_pose.head import METRES, MIDDLE, PAIRS, RIGID, head_points
from take5.scoring.head_pose.normal_equations import Step
from take5.scoring.head_pose.steady import steadied

FACE = face()
FRAMES = 138


def solved(meshes: Floats) -> HeadPose:
    return head_pose(meshes, (SIDE, SIDE), FACE.vertices)


def test_landmarks_that_do_not_move_are_in_pairs_of_the_left_and_the_right() -> None:
    left, right = (FACE.vertices[[pair[side] for pair in PAIRS]] for side in (0, 1))
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=0.05)  # cm
    np.testing.assert_allclose(FACE.vertices[list(MIDDLE), 0], 0, atol=1e-6)
    assert len(set(RIGID)) == len(RIGID)


def test_slopes_are_those_of_the_projection() -> None:
    cameras, points, tiny = nodding(5), head_points(FACE.vertices[RIGID]), 1e-7
    estimate, slopes = Estimate(cameras, points), cameras.slopes(points)
    np.testing.assert_allclose(slopes.seen, cameras.project(points))
    still = Step(np.zeros((5, 6)), np.zeros(points.size + 1))
    for column in range(6):
        step = replace(still, poses=np.tile(tiny * np.eye(6)[column], (5, 1)))
        moved = (estimate.moved(step).residuals(slopes.seen)) / tiny
        np.testing.assert_allclose(slopes.by_pose[..., column], moved, rtol=1e-4, atol=1e-3)
    for column in range(3):
        shift = np.zeros_like(points)
        shift[:, column] = tiny
        moved = (cameras.project(points + shift) - slopes.seen) / tiny
        np.testing.assert_allclose(slopes.by_point[..., column], moved, rtol=1e-4, atol=1e-3)
    longer = replace(cameras, focal=cameras.focal * np.exp(tiny))
    np.testing.assert_allclose(slopes.by_log_focal, (longer.project(points) - slopes.seen) / tiny, rtol=1e-4, atol=1e-3)


def test_a_head_of_the_expected_shape_is_found_exactly() -> None:
    """No noise: what is left is how far the expected focal length and the smoothing pull."""
    true = nodding(FRAMES, turn=0.3)
    found = solved(true.project(head_points(FACE.vertices)))
    assert found.reprojection_px < 0.02
    assert abs(np.log(found.cameras.focal / true.focal)) < 0.05
    assert angles_apart(found.cameras.rotations, true.rotations).max() < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_outliers_cost_little(seed: int) -> None:
    chance, true, shape = np.random.default_rng(seed), nodding(FRAMES), person(seed)
    seen = true.project(shape) + chance.normal(0, 0.7, (FRAMES, 468, 2))
    seen[chance.random((FRAMES, 468)) < 0.05] += 25.0
    found = solved(seen)
    clean = np.linalg.norm(found.cameras.project(found.shape) - true.project(shape)[:, RIGID], axis=2)
    assert np.sqrt((clean**2).mean()) < 0.5  # px; a landmark alone is off by 1
    turned = angles_apart(found.cameras.rotations, true.rotations)
    assert np.median(turned) < 1.5
    assert np.ptp(turned) < 2.0  # what is common is a matter of the head's axes
    assert abs(np.log(found.cameras.focal / true.focal)) < 3 * found.focal_log_sd


@pytest.mark.long
def test_the_uncertainty_covers_the_focal_length() -> None:
    """Standardised errors over lenses, distances and people; a head that turns further says more."""
    apart: list[float] = []
    certain: dict[float, list[float]] = {}
    for seed, (focal, distance) in enumerate([(700, 0.5), (900, 0.8), (1400, 0.7), (1800, 0.9)]):
        for turn in (0.3, 1.5):
            true = nodding(60, focal, distance, turn)
            noise = np.random.default_rng(seed).normal(0, 0.5, (60, 468, 2))
            found = solved(true.project(person(seed)) + noise)
            apart.append(np.log(found.cameras.focal / focal) / found.focal_log_sd)
            certain.setdefault(turn, []).append(found.focal_log_sd)
    assert max(map(abs, apart)) < 3
    assert np.sqrt(np.mean(np.square(apart))) < 1.5
    assert np.mean(certain[1.5]) < np.mean(certain[0.3])


@pytest.mark.long
def test_other_pictures_of_the_person_make_the_focal_length_more_certain() -> None:
    shape, still, turning = person(4), nodding(60, 1500, 0.9, 0.1), nodding(120, 1500, 0.9, 2.0)
    alone = solved(still.project(shape))
    both = head_pose(still.project(shape), (SIDE, SIDE), FACE.vertices, more=turning.project(shape))
    assert both.focal_log_sd < alone.focal_log_sd
    assert abs(np.log(both.cameras.focal / 1500)) < abs(np.log(alone.cameras.focal / 1500))
    assert len(both.cameras.rotations) == 60


def test_a_webcams_angle_of_view_is_expected_where_the_picture_is_not_cut() -> None:
    near = expected_focal(1500.0, None, 512)
    assert near.focal == pytest.approx(1500 * 0.65)
    assert expected_focal(1500.0, 600.0, 512) == near
    wide = expected_focal(1500.0, 1280.0, 512)
    assert 1280 / 2 / np.tan(np.deg2rad(35)) < wide.focal < near.focal
    assert wide.log_sd < near.log_sd


def test_smoothing_takes_trembling_away_and_leaves_the_motion() -> None:
    chance, moving = np.random.default_rng(5), nodding(FRAMES, turn=0.3)
    trembling = replace(moving, translations=moving.translations + chance.normal(0, 0.0005, (FRAMES, 3)))
    steady = steadied(trembling, np.tile(np.eye(6) * 0.0005**-2, (FRAMES, 1, 1)))
    before, after = (np.diff(each.translations - moving.translations, axis=0) for each in (trembling, steady))
    assert np.sqrt((after**2).mean()) < 0.4 * np.sqrt((before**2).mean())
    assert np.abs(steady.translations - moving.translations).mean() < 0.0005
    assert angles_apart(steady.rotations, moving.rotations).max() < 0.1


def test_smoothing_keeps_a_steady_motion_and_its_time() -> None:
    moving = nodding(50, turn=0.5)
    straight = np.column_stack([np.linspace(-0.02, 0.02, 50), np.zeros(50), np.full(50, -0.6)])
    cameras = replace(moving, rotations=np.tile(np.eye(3), (50, 1, 1)), translations=straight)
    information = np.tile(np.diag([1e6] * 3 + [1e8] * 3), (50, 1, 1))
    np.testing.assert_allclose(steadied(cameras, information).translations, straight, atol=1e-9)
    two = replace(cameras, translations=straight[:2], rotations=cameras.rotations[:2])
    assert steadied(two, information[:2]) is two


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_few_pictures_are_enough(frames: int) -> None:
    true = nodding(frames)
    found = solved(true.project(head_points(FACE.vertices)))
    assert found.reprojection_px < 0.5
    assert found.cameras.rotations.shape == (frames, 3, 3)


def test_mirrored_landmarks_are_refused() -> None:
    seen = nodding(10).project(head_points(FACE.vertices))
    with pytest.raises(ParameterError, match="frame 0 looks away from the camera: its landmarks are mirrored"):
        solved((SIDE, 0) + seen * (-1, 1))


def test_landmarks_that_are_not_of_a_face_are_refused() -> None:
    seen = nodding(10).project(head_points(FACE.vertices))
    line = seen.copy()
    line[3] = np.linspace((0, 0), (500, 200), 468)
    with pytest.raises(ParameterError, match="frame 3 lie on a line or at one place"):
        solved(line)
    spot = seen.copy()
    spot[4] = (100.0, 100.0)
    with pytest.raises(ParameterError, match="frame 4 lie on a line or at one place"):
        solved(spot)
    shaken = seen + np.random.default_rng(0).normal(0, 20, seen.shape)
    with pytest.raises(ParameterError, match="px from any pose of one face"):
        solved(shaken)


def test_pictures_without_a_face_are_named() -> None:
    seen = nodding(10).project(head_points(FACE.vertices))
    seen[[2, 7]] = np.nan
    with pytest.raises(ParameterError, match="frame 2, 7: landmarks must be finite; leave out pictures"):
        solved(seen)
    with pytest.raises(ParameterError, match=r"meshes of shape \[0, 468, 2\]"):
        solved(seen[:0])
    with pytest.raises(ParameterError, match=r"meshes of shape \[10, 68, 2\]"):
        solved(seen[:, :68])


def test_the_average_face_is_the_persons() -> None:
    cameras, shape = nodding(60), person(6, 0.004)
    seen = cameras.project(shape) + np.random.default_rng(6).normal(0, 0.3, (60, 468, 2))
    made = average_face(cameras, seen, head_points(FACE.vertices))
    assert np.sqrt(((made - shape) ** 2).sum(axis=1).mean()) < 0.0015


def test_spread_points_lie_on_the_face() -> None:
    vertices = FACE.vertices * METRES
    points = spread_points(vertices, FACE.triangles, 5000)
    assert points.shape == (5000, 3)
    assert (points.min(axis=0) >= vertices.min(axis=0)).all()
    assert (points.max(axis=0) <= vertices.max(axis=0)).all()
    corner = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]])
    flat = spread_points(corner, np.array([[0, 1, 2]]), 4000)
    assert (flat.sum(axis=1) <= 1).all()
    np.testing.assert_allclose(flat.mean(axis=0), (1 / 3, 1 / 3, 0), atol=0.02)
    np.testing.assert_array_equal(points, spread_points(vertices, FACE.triangles, 5000))
