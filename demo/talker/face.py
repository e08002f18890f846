"""Draws a talking head: a photograph whose head, jaw and eyelids follow commands.

Only a patch around the head is ever warped, at the photograph's own size; it is then enlarged into the frame, so that a
large frame costs little more than a small one. The warp is an inverse map, from a pixel p of the patch to the place in
the photograph that it shows:

1. Head: ``u = p - w(p) * (shift + turn about the neck)``. The weight w is 1 on head and hair and falls to 0 towards the
   shoulders: the head moves, the body stays.
2. Jaw: below the split line (upper edge of the lower lip) ``q = u - (0, drop * a(u))``, a = 1 at the lip's middle. A
   place between the line and the dropped lip shows the dark of the mouth; a negative drop lifts the lip over the teeth.
3. Eyelids: the skin above an eye is stretched down over it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates, spline_filter

from demo.talker import portrait
from demo.talker.portrait import Bytes, Floats, Points, Scene, smoothstep

VIEW_WIDTH, VIEW_HEIGHT = 420.0, 500.0  # of the photograph, in a frame, at most: the face then takes 21 % of the width
VIEW_CENTRE_X, VIEW_TOP = 225.0, 4.0
TOP, LEFT, BOTTOM, RIGHT = 0, 106, 226, 346  # the patch
JAW = (slice(128, 214), slice(66, 170))  # rows, columns of the patch that the jaw can move
EYES = (slice(84, 112), slice(80, 160))
DARK, TONGUE = (40.0, 124.0, 138.0), (74.0, 118.0, 158.0)  # Y, Cb, Cr inside the mouth
CLOSED_DROP, OPEN_DROP = -4.4, 9.5  # of the lower lip, at mouth = 0 and 1
LID_SKIN = 7.0  # rows above an eye that are stretched over it
NOISE_SIGMA = 1.0  # grey levels of sensor noise
NOISE_ROOM = 64  # offsets of the noise pattern, in each direction


@dataclass(frozen=True)
class Pose:
    """What the head does in one frame.

    Parameters
    ----------
    mouth : float
        Opening, 0 (closed) to 1 (wide open).
    dx, dy : float
        Shift of the head in pixels of the photograph.
    roll : float
        Turn of the head about the neck in radians.
    blink : float
        0 (eyes open) to 1 (closed).
    """

    mouth: float = 0.3
    dx: float = 0.0
    dy: float = 0.0
    roll: float = 0.0
    blink: float = 0.0


def at_rest(y: Floats, x: Floats, pose: Pose, share: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """Where in the photograph is what appears at a row and a column: step 1, the share that moves with the head.

    With a share of 1, that of the face, it undoes the head's motion.
    """
    uy: Floats = y - share * (pose.dy + pose.roll * (x - portrait.NECK_X))
    ux: Floats = x - share * (pose.dx - pose.roll * (y - portrait.NECK_Y))
    return uy, ux


class Puppet:
    """The patch around the head, warped at the photograph's size."""

    def __init__(self) -> None:
        self._y, self._x = portrait.grid(TOP, BOTTOM, LEFT, RIGHT)
        distance = np.hypot((self._x - 226) / 104, (self._y - 95) / 112)
        self._head = smoothstep((1.14 - distance) / 0.36)
        self._split = _Polynomial(portrait.SPLIT, 4)
        self._lids = [
            (_Polynomial(upper, 2), _Polynomial(lower, 2))
            for upper, lower in zip(portrait.UPPER_LIDS, portrait.LOWER_LIDS, strict=True)
        ]

    def warp(self, pose: Pose, scene: Scene) -> list[Bytes]:
        """Y, Cb and Cr of the patch, the last two at half its size."""
        uy, ux = at_rest(self._y, self._x, pose, self._head)
        drop = (CLOSED_DROP + (OPEN_DROP - CLOSED_DROP) * pose.mouth) * _jaw(uy[JAW], ux[JAW])
        qy = uy.copy()
        qy[JAW] -= drop
        lower, dark, tongue = self._lips(uy[JAW], ux[JAW], drop)
        warped = []
        for k, step in enumerate((1, 2, 2)):
            thin = np.s_[::step, ::step]
            shown = _sample(scene, k, qy[thin], ux[thin])
            upper = _sample(scene, k, uy[JAW][thin], ux[JAW][thin])
            inside = DARK[k] + (TONGUE[k] - DARK[k]) * tongue[thin]
            jaw = shown[_thinned(JAW, step)]
            jaw[:] = lower[thin] * jaw + (1 - lower[thin]) * (upper + dark[thin] * (inside - upper))
            if pose.blink > 0:
                self._blink(shown, uy[EYES][thin], ux[EYES][thin], pose.blink, (scene, k, step))
            warped.append(np.clip(shown + 0.5, 0, 255).astype(np.uint8))
        return warped

    def _lips(self, y: Floats, x: Floats, drop: Floats) -> tuple[Floats, Floats, Floats]:
        """Coverage by all that hangs on the lower lip, by the dark above it, and the tongue's share of the dark."""
        below = y - self._split(x)
        lower = _coverage(below - drop)
        dark = _coverage(below) * np.clip(drop / 1.5, 0, 1)
        tongue = smoothstep((below - drop + 4) / 5) * np.clip(drop / OPEN_DROP, 0, 1)
        return lower, dark, tongue

    def _blink(self, shown: Floats, y: Floats, x: Floats, blink: float, plane: tuple[Scene, int, int]) -> None:
        eyes = shown[_thinned(EYES, plane[2])]
        for upper, lower in self._lids:
            lid = upper(x)
            opening = np.maximum(lower(x) - lid, 0)
            edge, top = lid + blink * opening, lid - LID_SKIN
            stretched = np.where(y > top, top + (y - top) * LID_SKIN / (edge - top), y)
            over = _coverage(edge - y) * np.clip(opening, 0, 1)
            eyes += over * (_sample(*plane[:2], stretched, x) - eyes)


class _Polynomial:
    """A smooth curve near some points of the face, steady beyond the outer ones."""

    def __init__(self, points: Points, degree: int) -> None:
        self._low, self._high = points[0][0], points[0][-1]
        self._middle = (self._low + self._high) / 2
        self._coefficients = np.polyfit(np.subtract(points[0], self._middle), points[1], degree).astype(np.float32)

    def __call__(self, x: Floats) -> Floats:
        value: Floats = np.polyval(self._coefficients, np.clip(x, self._low, self._high) - np.float32(self._middle))
        return value


def _thinned(box: tuple[slice, slice], step: int) -> tuple[slice, slice]:
    rows, columns = box
    return slice(rows.start // step, rows.stop // step), slice(columns.start // step, columns.stop // step)


def _jaw(y: Floats, x: Floats) -> Floats:
    """Share of the lower lip's drop at a place of the face: 0 at the corners of the mouth and at the neck."""
    chin = smoothstep((y - 150) / 25)
    across = np.clip(1 - ((x - portrait.MOUTH_X) / (portrait.MOUTH_HALF_WIDTH + 18 * chin)) ** 2, 0, 1) ** (1 + chin)
    share: Floats = across * smoothstep((208 - y) / 38) * smoothstep((y - 132) / 4)
    return share


def _coverage(rows: Floats) -> Floats:
    """Share of a pixel behind an edge a number of rows above its centre."""
    share: Floats = np.clip(rows / 1.2 + 0.5, 0, 1)
    return share


@cache
def _splines(scene: Scene) -> list[Floats]:
    """Cubic spline coefficients: a sample is equally sharp wherever between the pixels it falls."""
    return [spline_filter(plane, order=3, output=np.float32) for plane in portrait.planes(scene)]


def _sample(scene: Scene, plane: int, y: Floats, x: Floats) -> Floats:
    """Values of a plane at places given for pixel centres of luma, or for every second of them for chroma."""
    centre = np.float32(0.5 if plane else 0)
    coordinates = (y + centre, x + centre)
    value: Floats = map_coordinates(
        _splines(scene)[plane], coordinates, np.float32, order=3, mode="nearest", prefilter=False
    )
    return value


class Studio:
    """Frames of a given size, in which the puppet stands before its background.

    Parameters
    ----------
    width, height : int
        Size of a frame in pixels, both even.
    seed : int
        Of the sensor noise.

    Attributes
    ----------
    scale : float
        Pixels of a frame for one of the photograph.
    """

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        self.width, self.height = width, height
        view_width = min(VIEW_WIDTH, VIEW_HEIGHT * width / height)
        self.scale = width / view_width
        self._left = VIEW_CENTRE_X - view_width / 2
        self._puppet = Puppet()
        left, top = self._even(LEFT + 2 - self._left, math.ceil), self._even(TOP - VIEW_TOP, math.ceil)
        right, bottom = self._even(RIGHT - 2 - self._left, math.floor), self._even(BOTTOM - 2 - VIEW_TOP, math.floor)
        self._area = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, NOISE_SIGMA, (height + NOISE_ROOM, width + NOISE_ROOM))
        self._noise = np.rint(noise).clip(-8, 8).astype(np.int8).view(np.uint8)
        self._backgrounds: dict[Scene, list[Bytes]] = {}

    def in_photograph(self, y: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Row and column in the photograph of those of a frame."""
        return y / self.scale + VIEW_TOP, x / self.scale + self._left

    def _even(self, length: float, towards: Callable[[float], int]) -> int:
        """Even number of the frame's pixels for a length in the photograph, so that it also falls on whole chroma."""
        return 2 * towards(length * self.scale / 2)

    def _background(self, scene: Scene) -> list[Bytes]:
        if scene not in self._backgrounds:
            self._backgrounds[scene] = self._scaled(scene)
        return [plane.copy() for plane in self._backgrounds[scene]]

    def _scaled(self, scene: Scene) -> list[Bytes]:
        view = (self._left, VIEW_TOP, self._left + self.width / self.scale, VIEW_TOP + self.height / self.scale)
        sizes = ((self.width, self.height), *[(self.width // 2, self.height // 2)] * 2)
        return [
            _enlarge(plane.astype(np.uint8), size, view)
            for plane, size in zip(portrait.planes(scene), sizes, strict=True)
        ]

    def draw(self, pose: Pose, scene: Scene = Scene.TALKER, grain: int = 0) -> Bytes:
        """One frame as yuv420p, the three planes one after the other: shape (height * width * 3 / 2,).

        Parameters
        ----------
        pose : Pose
            The head's pose.
        scene : Scene
            The people in the picture.
        grain : int
            Which of the 4096 noise patterns lies over the frame; neighbours differ.
        """
        planes = self._background(scene)
        if scene is not Scene.EMPTY:
            self._paste(planes, self._puppet.warp(pose, scene))
        dy, dx = divmod(grain * 1237 % NOISE_ROOM**2, NOISE_ROOM)
        luma = np.clip(planes[0], 16, 235, out=planes[0])
        luma += self._noise[dy : dy + self.height, dx : dx + self.width]  # modulo 256: adds negative noise too
        return np.concatenate([plane.ravel() for plane in planes])

    def _paste(self, planes: list[Bytes], patch: list[Bytes]) -> None:
        left, top, right, bottom = self._area
        box = tuple(edge / self.scale for edge in self._area)
        box = (box[0] + self._left - LEFT, box[1] + VIEW_TOP - TOP, box[2] + self._left - LEFT, box[3] + VIEW_TOP - TOP)
        for plane, piece, step in zip(planes, patch, (1, 2, 2), strict=True):
            size = ((right - left) // step, (bottom - top) // step)
            area = np.s_[top // step : bottom // step, left // step : right // step]
            plane[area] = _enlarge(piece, size, tuple(edge / step for edge in box))


def _enlarge(plane: Bytes, size: tuple[int, int], box: tuple[float, ...]) -> Bytes:
    left, top, right, bottom = box
    image = Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC, box=(left, top, right, bottom))
    return np.asarray(image)
