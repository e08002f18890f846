"""What ``bench.head_pose`` measures, on motion that is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from bench.head_pose.measures import apart, fixed_points, speed_errors, turn_error
from bench.head_pose.talkers import MOVING, Truth, truth_of
from demo.talker import DEFAULT
from demo.talker.face import Pose, Studio
from demo.talker.portrait import NECK_X, NECK_Y
from take5.scoring.head_pose import Cameras

FRAMES = 40
RNG = np.random.default_rng(0)


def turning(roll: np.ndarray | float = 0.0) -> Cameras:
    """A head that turns from side to side, and may roll."""
    yaw = 0.3 * np.sin(np.linspace(0, 6, FRAMES))
    turned = Rotation.from_euler("zyx", np.column_stack([np.broadcast_to(roll, FRAMES), yaw, 0 * yaw]))
    place = np.column_stack([0.02 * yaw, 0.01 * yaw, -0.7 + 0 * yaw])
    return Cameras(turned.as_matrix(), place, 900.0, (256.0, 256.0))


def test_a_track_that_follows_the_picture_has_no_speed_error() -> None:
    texture = gaussian_filter(RNG.normal(0, 1, (200, 260)), 3)
    texture = (127 + 40 * texture / texture.std()).clip(0, 255).astype(np.uint8)
    grey = [np.ascontiguousarray(texture[:, 2 * number : 200 + 2 * number]) for number in range(8)]
    start = RNG.uniform(50, 150, (12, 2))
    followed = np.stack([start - (2.0 * number, 0.0) for number in range(8)])
    right, still = speed_errors(grey, [followed, np.repeat(start[None], 8, axis=0)])
    assert right < 0.1
    assert still == pytest.approx(2.0, abs=0.1)


def test_a_constant_rotation_of_the_head_does_not_count() -> None:
    rotations = turning().rotations
    offset = Rotation.from_euler("xyz", [0.2, -0.1, 0.3]).as_matrix()
    assert apart(rotations, rotations @ offset) == pytest.approx(0, abs=1e-6)
    trembling = Rotation.from_rotvec(np.deg2rad(RNG.normal(0, 1, (FRAMES, 3)))).as_matrix()
    assert apart(rotations @ trembling, rotations) == pytest.approx(np.sqrt(3), rel=0.3)


def test_a_static_point_is_found_where_it_is() -> None:
    cameras, points = turning(), np.array([[0.02, 0.03, 0.01], [-0.02, 0.03, 0.01]])
    seen = cameras.project(points)
    exact = fixed_points(cameras, seen)
    assert (exact.residual_px, exact.across_mm, exact.depth_mm) == pytest.approx((0, 0, 0), abs=1e-6)
    blurred = fixed_points(cameras, seen + RNG.normal(0, 1, seen.shape))
    assert blurred.residual_px == pytest.approx(1.18, abs=0.2)
    assert blurred.depth_mm > blurred.across_mm > 0


def test_a_roll_is_told_from_turns_out_of_the_picture() -> None:
    rolls = 0.1 * np.sin(np.linspace(0, 9, FRAMES))
    rolling = Rotation.from_rotvec(np.outer(rolls, (0, 0, 1))).as_matrix()
    ahead = np.tile((0.0, 0.0, -0.7), (FRAMES, 1))
    right = turn_error(rolling, ahead, rolls)
    assert (right.within, right.out) == pytest.approx((0, 0), abs=1e-6)
    assert turn_error(rolling, ahead, 0 * rolls).within == pytest.approx(np.rad2deg(0.1 / np.sqrt(2)), rel=0.1)
    nodding = Rotation.from_rotvec(np.outer(rolls, (1, 0, 0))).as_matrix()
    assert turn_error(nodding, ahead, 0 * rolls).out == pytest.approx(np.rad2deg(0.1 / np.sqrt(2)), rel=0.1)


def test_points_that_move_as_the_puppet_does_do_not_tremble() -> None:
    poses = tuple(Pose(dx=3 * np.sin(i), dy=np.cos(i), roll=0.02 * np.sin(i / 2)) for i in range(FRAMES))
    truth, studio = Truth(poses, left=300, top=40, scale=0.8), Studio(1280, 720)
    rest = RNG.uniform((190, 60), (260, 170), (20, 2))
    top, left = (float(each[0]) for each in studio.in_photograph(np.zeros(1), np.zeros(1)))
    shown = []
    for pose in poses:
        back = np.array([[1, pose.roll], [-pose.roll, 1]])
        shift = (pose.dx + pose.roll * NECK_Y, pose.dy - pose.roll * NECK_X)
        photograph = np.linalg.solve(back, (rest + shift).T).T
        shown.append(((photograph - (left, top)) * studio.scale - (300, 40)) * 0.8)
    points = np.stack(shown)
    assert truth.trembling(points) == pytest.approx(0, abs=1e-4)
    assert truth.trembling(points + RNG.normal(0, 0.5, points.shape)) == pytest.approx(0.5 * np.sqrt(2), rel=0.1)


def test_the_talkers_move_as_their_script_says() -> None:
    script = tuple(each for each in DEFAULT if each.name == MOVING["talker, swaying"])
    manifest = {"source": {"start_frame": 25}, "frames": 10, "crop": {"left": 1, "top": 2, "side": 700, "size": 512}}
    truth = truth_of(script, manifest)
    assert len(truth.poses) == 10
    assert truth.scale == pytest.approx(512 / 700)
    assert np.ptp(truth.rolls) > 0
