"""``track_params.pt`` and ``transforms_*.json``: the head's pose in each picture, as trainers track it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.scoring.head_pose import Cameras, average_face, spread_points
from take5.scoring.head_pose.head import RIGID, head_points
from take5.scoring.models.tensors import stored_tensors
from take5.stream.bundles.footage import SPLIT
from take5.stream.bundles.parts.made import SPLITS
from take5.stream.bundles.preparation.conventions import DECIMETRES, camera_poses, euler_angles
from take5.stream.bundles.preparation.preparation import SeenPictures
from take5.stream.wire import Json

TRACKED, ADJUSTED = "track_params.pt", "bundle_adjustment.pt"


@dataclass(frozen=True)
class HeadPoseFiles:
    """The poses.

    Attributes
    ----------
    units : float
        Units of the translations in ``track_params.pt`` in a metre.
    adjusted : bool
        Whether the trainer reads ``bundle_adjustment.pt``, in metres, before it makes the transforms.
    points : int
        How many points of the face ``track_params.pt`` has as ``vertices`` [1, points, 3], in the same units; the
        trainer averages over the first axis.
    """

    units: float = DECIMETRES
    adjusted: bool = False
    points: int = 0
    name: str = "head_pose"

    def paths(self, frames: int) -> list[str]:  # noqa: ARG002 - of every preparation
        """Its files."""
        return [TRACKED, *([ADJUSTED] if self.adjusted else []), *map(_transforms, SPLITS)]

    def write(self, folder: Path, seen: SeenPictures) -> Json:
        """Write them."""
        cameras = seen.head.cameras
        _save(folder / TRACKED, cameras, self.units, _points(seen, self.points) * self.units)
        if self.adjusted:
            _save(folder / ADJUSTED, cameras, 1.0)
        _write_transforms(folder, cameras)
        return {
            "reprojection_px": round(seen.head.reprojection_px, 3),
            "focal_px": round(cameras.focal, 1),
            "focal_sd_px": round(cameras.focal * seen.head.focal_log_sd, 1),
            "distance_m": round(seen.head.distance_m, 3),
            "landmarks": len(RIGID),
        }


def _points(seen: SeenPictures, count: int) -> NDArray[np.float64]:
    """Points of the average face in metres, [count, 3]."""
    if not count:
        return np.empty((0, 3))
    expected = head_points(seen.face.vertices)
    face = average_face(seen.head.cameras, seen.meshes[:, : len(expected)], expected)
    return spread_points(face, seen.face.triangles, count)


def _save(path: Path, cameras: Cameras, units: float, points: NDArray[np.float64] | None = None) -> None:
    content = {
        "euler": euler_angles(cameras.rotations),
        "trans": cameras.translations * units,
        "focal": np.array([cameras.focal]),
    }
    if points is not None and len(points):
        content["vertices"] = points[np.newaxis]
    path.write_bytes(stored_tensors(content))


def _write_transforms(folder: Path, cameras: Cameras) -> None:
    poses = camera_poses(cameras).astype(np.float32)
    train = len(poses) * SPLIT[0] // SPLIT[1]
    for split, numbers in zip(SPLITS, (range(train), range(train, len(poses))), strict=True):
        frames = [{"img_id": i, "aud_id": i, "transform_matrix": poses[i].tolist()} for i in numbers]
        content = {"focal_len": cameras.focal, "cx": cameras.centre[0], "cy": cameras.centre[1], "frames": frames}
        (folder / _transforms(split)).write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")


def _transforms(split: str) -> str:
    return f"transforms_{split}.json"
