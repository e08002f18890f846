"""A picture that stands still, whatever its codec made of it, and lips that stand still while there is speech.

A frozen picture that was encoded again is not bit for bit the same: noise of the coding comes and goes, and the tracker
sees the face move in it. So it is known by both, over two seconds: the face changes less than any living one, and the
lips stay where they are more exactly than any living person holds them. ``docs/gates.md`` has the measurements.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from take5.scoring.eligibility import Mask, runs
from take5.scoring.gates.av_offset import voice_without_mouth
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.picture import Floats
from take5.scoring.gates.sound import SPEECH, SoundMeasures

FROZEN_FRAMES = 50
"""Grid frames in which a living person moves for certain."""

CHANGE, CHANGE_SHARE = 0.3, 0.75
"""A frozen face changes by less than the first, in 8-bit steps, in this share of the frames: 0.25 at most in stills of
nine encodings, 0.59 at least in people. Keyframes of a still change more."""

LIPS = 0.0135
"""Lips of a frozen face stay within this, in inter-eye distances: RMS distance of each landmark from its mean place,
averaged. 0.012 at most in stills, 0.027 at least in people."""

VOICE_SHARE = 0.8
"""Share of the frames with speech that have still lips from which the voice is not theirs."""

LEAST_SPEECH = 0.2
"""With less speech, as a share of the frames, nothing is known of whose it is."""


def frozen_frames(measures: FrameMeasures, lips: Floats) -> Mask:
    """Which of n frames belong to two seconds or more of a frozen picture.

    Parameters
    ----------
    measures : FrameMeasures
        Of the n frames.
    lips : ndarray [n, 20, 2]
        Lip landmarks in square pixels; NaN where no face was tracked.

    Returns
    -------
    ndarray bool [n]
        False where that is unknown.
    """
    frozen = np.zeros(len(measures), dtype=np.bool_)
    if len(measures) < FROZEN_FRAMES:
        return frozen
    with np.errstate(invalid="ignore"):
        calm = np.quantile(sliding_window_view(measures.change, FROZEN_FRAMES), CHANGE_SHARE, axis=1) < CHANGE
        within = sliding_window_view(lips, FROZEN_FRAMES, axis=0)[calm]
        spread = np.sqrt(within.var(axis=-1).sum(axis=-1)).mean(axis=-1)
        eyes = np.median(sliding_window_view(measures.inter_eye, FROZEN_FRAMES)[calm], axis=1)
        firsts = np.flatnonzero(calm)[spread < LIPS * eyes]
    for first in firsts:
        frozen[first : first + FROZEN_FRAMES] = True
    return frozen


def still_findings(measures: FrameMeasures, lips: Floats, sound: SoundMeasures, start: int) -> list[Finding]:
    """What stands still in a window whose first grid frame is ``start``: the picture, or the lips under speech."""
    found = [Finding(Code.FROZEN_PICTURE, start + a, start + b) for a, b in runs(frozen_frames(measures, lips))]
    share = voice_without_mouth(lips, sound.speech)
    speech = float(np.mean(sound.speech >= SPEECH))
    if not found and share is not None and speech >= LEAST_SPEECH and share >= VOICE_SHARE * speech:
        found.append(Finding(Code.STILL_MOUTH, start, start + len(lips)))
    return found
