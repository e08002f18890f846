"""Can a trainer be trained on a window at all? Some never end, or crash, on a clip that lacks one thing.

That every frame has one face is rule (a); even width and height are ensured when the clip is cut.
"""

from collections.abc import Callable, Iterable

import numpy as np

from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.series import Floats, closure, deepest_closure, narrowest_mouth, quantile

BUNDLE_PX = 512
FACE_SHARE = 0.5
LARGEST_SCALE = 1.5
"""A bundle's pictures: the face is half of 512 pixels wide, and enlarged by no more than this."""

OPEN_MOUTH_PX = 20
"""Least area in pixels of an open mouth for a frame to be trained on in a mouth stage."""

CLOSED_MOUTH = 0.1
"""Largest opening of a closed mouth, in inter-eye distances."""

WIDEST_SHARE = 0.05
TRAINED_SHARE = 10 / 11
"""Share of the frames that are trained on; some of the widest 5 % of the openings must be among them."""

REFERENCE_FRAME = 2
"""Reference frame of SyncTalk's flow step."""

REFERENCE_CLOSURE, REFERENCE_YAW, REFERENCE_BLUR = 0.5, 30.0, 0.75

Check = Callable[[FrameMeasures], tuple[float, str] | None]
"""Value and rule that a window fails, or None."""


def blinks(least: float) -> Check:
    """The eyes close this far at least once: 0 open, 1 shut."""

    def check(measures: FrameMeasures) -> tuple[float, str] | None:
        deepest = deepest_closure(measures)
        return None if deepest >= least else (deepest, f"a blink that closes the eyes by {least:g} or more")

    return check


def opens(measures: FrameMeasures) -> tuple[float, str] | None:
    """The mouth opens wide enough, in pixels of the bundle, for some frames to be trained on."""
    scale = min(LARGEST_SCALE, BUNDLE_PX * FACE_SHARE / quantile(measures.face_width, 0.5))
    area = quantile(measures.mouth_area, 0.95) * scale**2
    return None if area >= OPEN_MOUTH_PX else (area, f"a mouth open by {OPEN_MOUTH_PX} px or more in the bundle")


def closes(measures: FrameMeasures) -> tuple[float, str] | None:
    """The mouth closes."""
    narrow = narrowest_mouth(measures)
    rule = f"a mouth that closes to {CLOSED_MOUTH:g} eye distances or less"
    return None if narrow <= CLOSED_MOUTH else (narrow, rule)


def opens_early(measures: FrameMeasures) -> tuple[float, str] | None:
    """Some of the widest openings are among the frames that are trained on."""
    wide = measures.mouth_open >= quantile(measures.mouth_open, 1 - WIDEST_SHARE)
    first = float(np.argmax(wide)) / len(wide)
    return None if first < TRAINED_SHARE else (first, "a wide opening in the first 10/11 of the frames")


def begins_well(measures: FrameMeasures) -> tuple[float, str] | None:
    """The reference frame shows a face with open eyes, not turned away, not cut, not blurred."""
    at = slice(REFERENCE_FRAME, REFERENCE_FRAME + 1)
    closed: Floats = closure(measures)[at]
    frame = measures[at]
    good = (
        (closed < REFERENCE_CLOSURE)
        & (np.abs(frame.yaw) < REFERENCE_YAW)
        & (frame.margin > 0)
        & (frame.blur < REFERENCE_BLUR)
    )
    rule = f"frame {REFERENCE_FRAME} with open eyes, facing the camera, whole and sharp"
    return None if bool(good.all()) else (float(REFERENCE_FRAME), rule)


MOUTH: dict[Code, Check] = {Code.MOUTH_TOO_SMALL: opens, Code.MOUTH_NEVER_CLOSES: closes}

NEEDS: dict[str, dict[Code, Check]] = {
    "synctalk": {**MOUTH, Code.REFERENCE_FRAME_BAD: begins_well},
    "instag": {**MOUTH, Code.BLINK_TOO_WEAK: blinks(0.35)},
    "er-nerf": MOUTH,
    "rad-nerf": MOUTH,
    "talkinggaussian": {**MOUTH, Code.BLINK_TOO_WEAK: blinks(0.6), Code.MOUTH_OPENS_LATE: opens_early},
    "gaussiantalker": MOUTH,
    "mimictalk": {},
    "livetalking": {},
    "raw": {},
}
"""Requirements of each trainer, by name."""


def known_trainer(name: str) -> str:
    """Return the name of a trainer whose needs are known.

    Raises
    ------
    ParameterError
        If they are not.
    """
    if name not in NEEDS:
        raise ParameterError(f"unknown trainer {name!r}; choose one of {', '.join(NEEDS)}")
    return name


def trainability_findings(trainers: Iterable[str], measures: FrameMeasures, start: int) -> list[Finding]:
    """Return why one of these trainers cannot be trained on a window; every finding rejects.

    Parameters
    ----------
    trainers : iterable of str
        Names of trainers. A requirement shared by several is reported once.
    measures : FrameMeasures
        Of the window's frames.
    start : int
        The window's first grid frame.

    Raises
    ------
    ParameterError
        If a trainer is not known.
    """
    needs = [need for trainer in trainers for need in NEEDS[known_trainer(trainer)].items()]
    if not np.isfinite(measures.face_width).all():
        return []  # rule (a) has rejected it
    lacking: dict[Code, Finding] = {}
    for code, check in needs:
        if code not in lacking and (lack := check(measures)) is not None:
            lacking[code] = Finding(code, start, start + len(measures), value=lack[0], rule=lack[1])
    return list(lacking.values())
