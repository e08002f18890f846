"""Generated talkers whose head moves in a known way, and what poses and landmarks of them should be."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.head_pose.measures import Floats, rms
from demo.talker import DEFAULT, Script
from demo.talker.face import Pose, Studio, at_rest
from demo.talker.motion import pose
from demo.talker.render import render
from take5.scoring.parameters import FPS
from take5.stream.wire import Json

SIZE = (1280, 720)
SECONDS = 7
"""Of a talker: those of a window, and of the frames that are held out."""

MOVING = {"talker, swaying": "hello", "talker, shaking": "shaking"}
"""Which stretches of the demo's script are drawn."""


@dataclass(frozen=True)
class Truth:
    """Where the head truly is in each picture of a bundle.

    Attributes
    ----------
    poses : tuple of Pose
        Of the puppet.
    left, top, scale : float
        Of the square that the bundle shows, in pixels of the video, and how much larger it is there.
    """

    poses: tuple[Pose, ...]
    left: float
    top: float
    scale: float

    @property
    def rolls(self) -> Floats:
        """Turns counter-clockwise in the picture, in radians."""
        return np.array([-np.arctan(pose.roll) for pose in self.poses])

    def trembling(self, points: Floats) -> float:
        """By how much points of the face [N, J, 2], seen in the bundle, move against the true head: RMS in pixels."""
        studio = Studio(*SIZE)
        x, y = np.moveaxis(points / self.scale + (self.left, self.top), -1, 0)
        back = np.stack([at_rest(*studio.in_photograph(y[i], x[i]), each) for i, each in enumerate(self.poses)])
        off = np.linalg.norm(back - back.mean(axis=0), axis=1)
        return rms(off) * studio.scale * self.scale


def moving_talkers(folder: Path) -> dict[str, tuple[Path, Script]]:
    """Draw them; return each video with its script."""
    made: dict[str, tuple[Path, Script]] = {}
    for title, name in MOVING.items():
        stretch = next(each for each in DEFAULT if each.name == name)
        script, path = (replace(stretch, duration_s=SECONDS),), folder / f"{name}.mkv"
        render(script, path, SIZE)
        made[title] = path, script
    return made


def truth_of(script: Script, manifest: Json) -> Truth:
    """What is true of a bundle that was cut from a talker of one stretch."""
    first, crop = manifest["source"]["start_frame"], manifest["crop"]
    poses = tuple(pose(script[0], (first + i) / FPS) for i in range(manifest["frames"]))
    return Truth(poses, crop["left"], crop["top"], crop["size"] / crop["side"])
