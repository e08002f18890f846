"""Where head, mouth and eyelids of the talking head are at any time of a script."""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from demo.talker.face import Pose
from demo.talker.portrait import Scene
from demo.talker.script import Head, Script, Stretch, starts_s

REST = 0.42  # the mouth's opening about which it swings
SWAY_PX, SWAY_RAD = 3.5, 0.02
SHAKE_HZ, SHAKE_PX = 9.2, 1.3
HEAD_EASE_S, LIPS_EASE_S = 0.4, 0.24  # in which motion swells and dies away at the ends of a stretch
BLINK_S, BLINK_FIRST_S, BLINK_EVERY_S = 0.28, 1.5, 3.1


@dataclass(frozen=True)
class Moment:
    """One frame of the video.

    Parameters
    ----------
    index : int
        Which frame: it stands at ``index / fps`` seconds.
    pose : Pose
        The head's pose.
    scene : Scene
        The people in the picture.
    grain : int
        Which noise lies over it.
    repeats : bool
        Whether it repeats the previous frame: the picture is frozen.
    """

    index: int
    pose: Pose
    scene: Scene
    grain: int
    repeats: bool


def mouth(stretch: Stretch, t: float) -> float:
    """Commanded opening, 0 to 1, t seconds into the stretch; at rest where stretches meet."""
    swing = sum(wave.amplitude * math.sin(2 * math.pi * wave.hz * t + wave.phase) for wave in stretch.lips)
    return min(max(REST + _swell(stretch, t, LIPS_EASE_S) * swing, 0.0), 1.0)


def _swell(stretch: Stretch, t: float, ease_s: float) -> float:
    """From 0 at the stretch's ends to 1, smoothly, within ``ease_s``."""
    x = min(max(min(t, stretch.duration_s - t) / ease_s, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def pose(stretch: Stretch, t: float) -> Pose:
    """The head's pose t seconds into the stretch."""
    opening, closed, swell = mouth(stretch, t), _blink(t), _swell(stretch, t, HEAD_EASE_S)
    if stretch.head is Head.SWAY:
        x, y = (swell * math.sin(2 * math.pi * hz * t) for hz in (0.4, 0.6))
        return Pose(opening, SWAY_PX * x, SWAY_PX * y / 3, SWAY_RAD * x, closed)
    if stretch.head is Head.SHAKE:
        return Pose(opening, swell * SHAKE_PX * math.sin(2 * math.pi * SHAKE_HZ * t), blink=closed)
    return Pose(opening, blink=closed)


def _blink(t: float) -> float:
    since = (t - BLINK_FIRST_S) % BLINK_EVERY_S
    return math.sin(math.pi * since / BLINK_S) ** 2 if t >= BLINK_FIRST_S and since < BLINK_S else 0.0


def moments(script: Script, fps: Fraction) -> Iterator[Moment]:
    """Every frame of the video that is not in a hole."""
    starts = starts_s(script)
    scenes = (Scene.EMPTY, Scene.TALKER, Scene.TWO)
    for index in range(math.ceil(starts[-1] * fps)):
        which = bisect_right(starts, index / fps) - 1
        stretch, start = script[which], starts[which]
        hole = stretch.hole_start_ms
        if not hole <= (index / fps - start) * 1000 < hole + stretch.picture_hole_ms:
            shown = math.ceil(start * fps) if stretch.frozen else index
            posed = pose(stretch, float(shown / fps - start))
            yield Moment(index, posed, scenes[stretch.faces], grain=shown, repeats=shown != index)
