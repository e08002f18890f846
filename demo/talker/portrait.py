"""The photograph behind the talking head, and the measures of its face.

It is scikit-image's ``astronaut`` (Eileen Collins; NASA, public domain), 512 x 512. All measures are in its pixels, x
to the right, y down; those of mouth and eyes were read off MediaPipe's landmarks once.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data

Floats = NDArray[np.floating[Any]]  # float32 in fact
Bytes = NDArray[np.uint8]
Points = tuple[tuple[float, ...], tuple[float, ...]]

SIZE = 512
NECK_X, NECK_Y = 225.0, 190.0
MOUTH_X, MOUTH_HALF_WIDTH = 223.6, 21.2
SPLIT: Points = (  # upper edge of the lower lip, from corner to corner
    (202.5, 206.9, 209.5, 213.2, 217.6, 223.0, 228.4, 233.0, 236.7, 239.5, 244.5),
    (139.6, 142.6, 144.8, 146.8, 148.1, 148.9, 148.6, 147.4, 145.7, 143.7, 140.8),
)
UPPER_LIDS: tuple[Points, ...] = (
    ((194.5, 197.2, 202.6, 209.7, 214.5), (101.0, 99.1, 97.8, 100.1, 103.8)),
    ((235.5, 240.6, 248.1, 253.5, 256.0), (105.2, 101.7, 100.2, 102.2, 104.2)),
)
LOWER_LIDS: tuple[Points, ...] = (
    ((194.5, 198.3, 204.2, 210.8, 214.5), (101.0, 102.9, 104.2, 103.8, 103.8)),
    ((235.5, 239.2, 245.9, 252.0, 256.0), (105.2, 105.4, 106.5, 105.8, 104.2)),
)


class Scene(StrEnum):
    """Who is in the picture."""

    TALKER = "talker"
    EMPTY = "empty"
    TWO = "two"


def grid(top: int, bottom: int, left: int, right: int) -> tuple[Floats, Floats]:
    """Row and column of every pixel of a box."""
    rows, columns = np.mgrid[top:bottom, left:right]
    return rows.astype(np.float32), columns.astype(np.float32)


def smoothstep(x: Floats) -> Floats:
    """0 below 0, 1 above 1, and smooth in between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


@cache
def planes(scene: Scene) -> Floats:
    """Y, Cb and Cr of a scene (BT.601, limited range), all at full size: shape (3, 512, 512)."""
    photo: Bytes = data.astronaut()
    draw: dict[Scene, Callable[[Bytes], Bytes]] = {Scene.EMPTY: _backdrop, Scene.TWO: _with_second_face}
    rgb = draw[scene](photo) if scene in draw else photo
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(format="yuv444p")
    return np.moveaxis(frame.to_ndarray(channel_last=True), -1, 0).astype(np.float32)


def _backdrop(photo: Bytes) -> Bytes:
    """The empty studio: the colours of its wall, spread smoothly over the figure."""
    y, x = grid(0, SIZE, 0, SIZE)
    wall = (x > 105) & (x < 345) & (y < 140) & (np.hypot((x - 226) / 90, (y - 90) / 105) > 1)
    weight = gaussian_filter(wall.astype(np.float32), 60) + 1e-6
    spread = np.stack(
        [gaussian_filter(photo[..., c] * wall.astype(np.float32), 60) / weight for c in range(3)], axis=-1
    )
    head = np.hypot((x - 226) / 105, (y - 95) / 115)
    body = np.hypot((x - 215) / 215, (y - 330) / 225)
    figure = smoothstep((1.12 - np.minimum(head, body)) / 0.2)[..., None]
    return (photo + figure * (spread - photo)).astype(np.uint8)


def _with_second_face(photo: Bytes) -> Bytes:
    """The same head once more, mirrored and smaller, at the right of the first one."""
    width, height = 130, 150
    head = Image.fromarray(photo[8:198, 144:309][:, ::-1]).resize((width, height), Image.Resampling.BICUBIC)
    y, x = grid(0, height, 0, width)
    alpha = smoothstep((1 - np.hypot((x - width / 2) / 63, (y - height * 0.46) / 72)) / 0.15)[..., None]
    result = photo.astype(np.float32)
    area = result[60 : 60 + height, 316 : 316 + width]
    area += alpha * (np.asarray(head) - area)
    return result.astype(np.uint8)
