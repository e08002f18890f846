"""What a bundle lacks for its trainer, as warnings for its manifest."""

import numpy as np

from take5.scoring.idle import CLOSED_LIPS
from take5.scoring.parameters import FPS
from take5.stream.bundles.contract import Shows, TrainerContract
from take5.stream.bundles.part import Draft
from take5.stream.bundles.rest import lip_gaps

AVATAR_FACE = 256
"""Width in pixels that LiveTalking's larger model scales a face to."""


def shortcomings(trainer: TrainerContract, draft: Draft, size: int) -> list[str]:
    """The warnings for one bundle, whose pictures should have sides of ``size`` pixels."""
    said = _whole_picture(draft) if trainer.shows is Shows.IDLE else draft.crop.warnings(size)
    frames = draft.footage.frames
    if frames < trainer.advised:
        said.append(
            f"{frames / FPS:g} s are less than the {trainer.advised / FPS:g} s that {trainer.title} expects; "
            f"take5 --seconds {trainer.advised // FPS} chooses longer windows"
        )
    if draft.faces is not None:
        said += draft.seen.warnings()
    return said


def _whole_picture(draft: Draft) -> list[str]:
    said, landmarks = [], draft.footage.landmarks
    width = round(float(np.median(np.ptp(landmarks[:, :, 0], axis=1))))
    if width < AVATAR_FACE:
        said.append(f"the face is {width} pixels wide; below {AVATAR_FACE} it is enlarged: sit closer")
    open_frames = int((lip_gaps(landmarks) > CLOSED_LIPS).sum())
    if open_frames:
        said.append(f"the lips are open in {open_frames} of {len(landmarks)} frames: avatars speak over closed lips")
    return said
