"""The head's coordinates, and its landmarks that do not move with speech."""

import numpy as np

from take5.scoring.head_pose.camera import Floats

MIDDLE = (168, 6, 197, 195, 5, 8, 9)
"""From between the brows down the bridge of the nose."""

PAIRS = (
    *(
        (196, 419),
        (188, 412),
        (174, 399),
        (122, 351),
        (3, 248),
        (114, 343),
        (217, 437),
        (245, 465),
        (193, 417),
        (51, 281),
    ),
    *((111, 340), (116, 345), (117, 346), (227, 447), (234, 454)),
    *((143, 372), (34, 264), (139, 368), (35, 265), (156, 383), (162, 389), (127, 356), (124, 353), (21, 251)),
    *((226, 446), (130, 359), (243, 463)),
    *((70, 300), (46, 276)),
)
"""Sides of the nose, cheekbones, temples, corners of the eyes, outer ends of the brows. On four real clips, seen in
single pictures, each differs from a rigid head by at most 0.4 % of the face's width (the lips: 1 to 3 %)."""

RIGID = np.array([*MIDDLE, *(point for pair in PAIRS for point in pair)])
"""Vertices of MediaPipe's mesh [65]."""

METRES, ORIGIN = 0.0095, np.array([0.0, 0.0035, -0.0185])
"""From MediaPipe's canonical face, in cm, to the coordinates of the trainers' face model: metres, x to the picture's
right, y up, z out of the face, the origin in the middle of its vertices. Fitted to its 68 landmarks, from which the
canonical ones then differ by 2.5 mm; a rotation would be below 2 degrees, and is left out."""


def head_points(canonical: Floats) -> Floats:
    """Points [J, 3] of the canonical face, given in cm, in the head's coordinates in metres."""
    return np.asarray(canonical * METRES + ORIGIN)
