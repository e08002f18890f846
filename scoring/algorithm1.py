"""Algorithm 1 of ISExplore, as the paper has it: a finished recording in, the most informative window out.

This is the reference: it computes each window on its own, straight from the formulas, and the streaming form
(:mod:`take5.scoring.window`, :mod:`take5.scoring.selector`) is tested against it. Source: Sun et al., 2025, "Is It
Truly Necessary to Process and Fit Minutes-Long Reference Videos for Personalized Talking Face Generation?", sections
3.3 to 3.5 and Algorithm 1. Where the paper is silent, ``docs/mathematics.md`` gives our reading.
"""

from collections.abc import Callable
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from take5.scoring.motion import Motion, above_threshold, hfr
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore, best, rank
from take5.scoring.views import VIEW_DEGREES

Floats = NDArray[np.float64]


def diversity(embeddings: Floats) -> float:
    """D of one window (section 3.3): ``2 / (F (F - 1)) * sum over i < k of ||e_i - e_k||``; embeddings [F, E]."""
    return float(pdist(embeddings).mean())


def motion_complexity(lips: Floats, threshold: float) -> Motion:
    """MC of one window (section 3.4): lips [F, 20, 2] in square pixels, threshold in cycles per frame."""
    frames = len(lips)
    centre = lips.mean(axis=1)
    mouth = np.linalg.norm(lips - centre[:, None], axis=2)
    head = np.linalg.norm(np.diff(centre, axis=0, prepend=centre[:1]), axis=1)
    magnitude = np.abs(np.fft.fft(np.column_stack([mouth, head]), axis=0))
    high = above_threshold(np.minimum(np.arange(frames), frames - np.arange(frames)), frames, threshold)
    return hfr(magnitude, np.ones(frames), high)


def camera_views(pose: Floats) -> int:
    """Views of one window (section 3.5): distinct roundings of pose [F, 3] in degrees to multiples of 5."""
    return len(np.unique(np.rint(pose / VIEW_DEGREES), axis=0))


def choose(
    embeddings: Floats, lips: Floats, pose: Floats, eligible: Callable[[int], bool], parameters: Parameters
) -> tuple[WindowScore | None, list[WindowScore]]:
    """Algorithm 1: the best window and the pool, in order of D.

    Parameters
    ----------
    embeddings, lips, pose : ndarray [N, E], [N, 20, 2], [N, 3]
        Features of the whole recording, one row per grid frame.
    eligible : callable
        Whether the window that starts at a grid frame may win.
    parameters : Parameters
        Lengths, m and T.
    """
    spans = [parameters.window_span(j) for j in range(parameters.window_count(len(embeddings)))]
    ranked = rank([WindowScore(start, diversity(embeddings[start:stop])) for start, stop in spans])
    pool = [
        WindowScore(
            window.start,
            window.D,
            motion_complexity(lips[window.start : window.start + parameters.window_frames], parameters.hfr_threshold),
            camera_views(pose[window.start : window.start + parameters.window_frames]),
        )
        for window in islice((w for w in ranked if eligible(w.start)), parameters.pool)
    ]
    return best(pool), pool
