"""Heads whose poses are known: what a camera sees of them, and what the trainers' loaders make of their pose files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from take5.scoring.head_pose import Cameras
from take5.scoring.head_pose.head import head_points
from take5.scoring.models.face_geometry import CanonicalFace, canonical_face
from take5.stream.model_files.cache import ensure

Floats = NDArray[np.float64]
SIDE = 512


def face() -> CanonicalFace:
    return canonical_face(ensure("face_landmarker", lambda _: None))


def nodding(frames: int, focal: float = 1100.0, distance_m: float = 0.65, turn: float = 1.0) -> Cameras:
    """A head that looks around and leans forward, as much as ``turn`` says."""
    t = np.linspace(0, frames / 25, frames)
    angles = turn * np.column_stack([0.10 * np.sin(2 * t), 0.35 * np.sin(1.3 * t), 0.08 * np.cos(0.9 * t)])
    moved = 0.02 * turn * np.column_stack([np.sin(t), np.cos(1.7 * t), np.sin(0.7 * t)])
    rotations = Rotation.from_euler("XYZ", angles).as_matrix()
    return Cameras(rotations, moved - (0.0, 0.0, distance_m), focal, (SIDE / 2, SIDE / 2))


def person(seed: int = 0, differs_m: float = 0.003) -> Floats:
    """Vertices [468, 3] in metres of a face that differs from the canonical one."""
    points = head_points(face().vertices)
    return np.asarray(points + np.random.default_rng(seed).normal(0, differs_m, points.shape))


def angles_apart(one: Floats, other: Floats) -> Floats:
    """Degrees between rotations [N, 3, 3]."""
    apart = Rotation.from_matrix(one).inv() * Rotation.from_matrix(other)
    return np.asarray(np.rad2deg(apart.magnitude()))


def tracked_rotation(euler: Floats) -> Floats:
    """The rotation [3, 3] that the trackers mean by three angles; their code joins columns, not rows."""
    (sa, sb, sc), (ca, cb, cc) = np.sin(euler), np.cos(euler)
    about_x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_z = np.array([[cc, sc, 0], [-sc, cc, 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z)


def tracked(folder: Path, file: str, points: Floats, units: float) -> Floats:
    """Where the trackers' own projection puts points [J, 3] (metres) in every frame, [N, J, 2]."""
    import torch

    content = {key: value.double().numpy() for key, value in torch.load(folder / file).items()}
    seen = []
    for euler, trans in zip(content["euler"], content["trans"], strict=True):
        placed = points * units @ tracked_rotation(euler).T + trans
        x = -content["focal"][0] * placed[:, 0] / placed[:, 2] + SIDE / 2
        seen.append(np.column_stack([x, content["focal"][0] * placed[:, 1] / placed[:, 2] + SIDE / 2]))
    return np.array(seen)


def transforms(folder: Path) -> list[dict[str, Any]]:
    """Both files: the frames of the second follow those of the first."""
    return [json.loads((folder / f"transforms_{split}.json").read_text()) for split in ("train", "val")]


def by_rays(content: dict[str, Any], points: Floats) -> Floats:
    """Where NeRFs see points: their rays start at the camera's place and point along -z of its axes."""
    seen = []
    for frame in content["frames"]:
        pose = np.array(frame["transform_matrix"])
        local = (points - pose[:3, 3]) @ pose[:3, :3]
        across = content["focal_len"] / -local[:, 2]
        seen.append(np.column_stack([content["cx"] + across * local[:, 0], content["cy"] - across * local[:, 1]]))
    return np.array(seen)


def by_splats(content: dict[str, Any], points: Floats) -> Floats:
    """Where Gaussian splats are drawn: y and z are turned round, then the world is moved before the camera."""
    seen = []
    for frame in content["frames"]:
        pose = np.array(frame["transform_matrix"])
        pose[:3, 1:3] *= -1
        placed = (np.linalg.inv(pose) @ np.column_stack([points, np.ones(len(points))]).T)[:3]
        centre = np.array([content["cx"], content["cy"]])
        seen.append((content["focal_len"] * placed[:2] / placed[2]).T + centre)
    return np.array(seen)
