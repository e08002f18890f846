"""The pose of a head in each picture, from the landmarks that do not move with speech.

``solve`` begins with each picture by itself (``start``), adjusts poses, shape and focal length together (``adjust``,
``normal_equations``), and lets the head move as heads do (``steady``). ``head`` says which landmarks are meant and in
which coordinates, ``camera`` what a camera sees, ``focal`` what is expected of it, ``surface`` what the whole face
looks like in the end.
"""

from take5.scoring.head_pose.camera import Cameras
from take5.scoring.head_pose.solve import HeadPose, head_pose
from take5.scoring.head_pose.surface import average_face, spread_points

__all__ = ["Cameras", "HeadPose", "average_face", "head_pose", "spread_points"]
