"""Measures from the pixels of a face in one frame: blur, grain, light.

Blur is measured on a crop of fixed width, so that it depends on the visible detail of the face, not on the camera's
resolution. Takes about half a millisecond, whatever the size of the picture.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.face import BROWS, JAW

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]

CROP_WIDTH = 96
"""Width in pixels at which blur is measured, brow to brow: a face of about 128 pixels."""

BLUR_TAPS = 9
"""Length of the mean filter in the blur effect; the paper's."""

GRAIN_PX = 160
"""Longest side of the part in which grain is estimated, in the picture's own pixels."""

LIGHT_SAMPLES = 96
"""Columns and rows of a face sampled for its light, at most about twice as many."""

CLIPPED = 247
"""8-bit luma from which a pixel is overexposed; OFIQ's limit (ISO/IEC 29794-5, over-exposure)."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

OUTER_LIPS = slice(48, 60)
LEFT_CHEEK, RIGHT_CHEEK = [36, 31, 48, 3], [45, 35, 54, 13]  # eye corner, nostril, mouth corner, jaw around each
CHEEK_SIDE = 0.16
"""Side of the square in which a cheek is measured, relative to the face's width."""


class PictureMeasures(NamedTuple):
    """See :class:`take5.scoring.gates.measures.FrameMeasures` for the units."""

    blur: float
    grain: float
    brightness: float
    overexposed: float
    evenness: float


NOTHING_SEEN = PictureMeasures(*[float("nan")] * 5)
"""Measures of a face outside the picture."""


def measure_picture(rgb: Picture, landmarks: Floats) -> PictureMeasures:
    """Measure the face at these 68 landmarks in a picture uint8 [H, W, 3]."""
    eyes_to_mouth, face = detail_box(landmarks), whole_box(landmarks)
    if not (_inside(eyes_to_mouth, rgb) and _inside(face, rgb)):
        return NOTHING_SEEN
    brightness, evenness = cheek_light(rgb, landmarks)
    return PictureMeasures(
        blur=blur_effect(fixed_width(rgb, eyes_to_mouth)),
        grain=grain(_middle(_cut(rgb, eyes_to_mouth)[..., 1])),
        brightness=brightness,
        overexposed=overexposed(_cut(rgb, face)),
        evenness=evenness,
    )


def detail_box(landmarks: Floats) -> Box:
    """Left, top, right, bottom of the most detailed part: from the brows to below the lips."""
    left, right = landmarks[BROWS, 0].min(), landmarks[BROWS, 0].max()
    return float(left), float(landmarks[BROWS, 1].min()), float(right), float(landmarks[OUTER_LIPS, 1].max())


def whole_box(landmarks: Floats) -> Box:
    """Left, top, right, bottom from the brows to the chin, ear to ear."""
    left, right = landmarks[JAW, 0].min(), landmarks[JAW, 0].max()
    return float(left), float(landmarks[BROWS, 1].min()), float(right), float(landmarks[JAW, 1].max())


def fixed_width(rgb: Picture, box: Box) -> Values:
    """The box's green channel at :data:`CROP_WIDTH`, each pixel the mean of the area that it covers.

    Green stands in for luma, of which it has most of the weight.
    """
    left, top, right, bottom = _clipped(box, rgb)
    rows = max(3, round(CROP_WIDTH * (bottom - top) / (right - left)))
    part = np.ascontiguousarray(_cut(rgb, box)[..., 1])
    lines = area_means(part, np.linspace(top - int(top), bottom - int(top), rows + 1))
    across = np.linspace(left - int(left), right - int(left), CROP_WIDTH + 1)
    return area_means(np.ascontiguousarray(lines.T), across).T


def area_means(pixels: NDArray[Any], edges: Floats) -> Values:
    """Means [n, w] of the rows of ``pixels`` [h, w] between neighbouring ones of n + 1 even ``edges`` in [0, h].

    Computed as differences of the running sum, interpolated between rows.
    """
    total = np.zeros((len(pixels) + 1, pixels.shape[1]), dtype=np.float32)
    np.cumsum(pixels, axis=0, dtype=np.float32, out=total[1:])
    row = np.minimum(edges.astype(np.intp), len(pixels) - 1)
    at_edges = total[row] + (edges - row).astype(np.float32)[:, None] * pixels[row]
    return np.asarray((at_edges[1:] - at_edges[:-1]) / np.float32(edges[1] - edges[0]), dtype=np.float32)


def blur_effect(luma: Values) -> float:
    """How little a picture [H, W] changes when it is blurred once more, in [0, 1]: 0 sharp, 1 flat.

    Of the differences d between neighbours, and b the same after a mean filter of :data:`BLUR_TAPS`, the share that
    survives, ``1 - sum max(0, |d| - |b|) / sum |d|``, in the direction where more does.

    Crete, Dolmiere, Ladret and Nicolas, "The Blur Effect: Perception and Estimation with a New No-Reference Perceptual
    Blur Metric", SPIE 6492, 2007.
    """
    return max(_kept(luma, axis) for axis in (0, 1))


def _kept(luma: Values, axis: int) -> float:
    lines = luma if axis == 0 else luma.T
    mirrored = np.pad(lines, ((BLUR_TAPS // 2, BLUR_TAPS // 2), (0, 0)), "symmetric")
    sharp = np.abs(lines[1:] - lines[:-1])
    # Of the mean filter's neighbouring outputs, only one sample enters and one leaves.
    blurred = np.abs(mirrored[BLUR_TAPS:] - mirrored[:-BLUR_TAPS]) / np.float32(BLUR_TAPS)
    whole = sharp.sum(dtype=np.float64)
    return 1 - float(np.maximum(sharp - blurred, 0).sum(dtype=np.float64) / whole) if whole > 0 else 1.0


def grain(channel: Picture) -> float:
    """Standard deviation of the noise in one channel uint8 [H, W], in 8-bit steps.

    The median absolute response of the difference of two Laplacians, which hardly responds to edges and shading,
    divided by that of white noise of deviation 1: 6 * 0.6745.

    Immerkaer, "Fast Noise Variance Estimation", Computer Vision and Image Understanding 64, 1996; with the median
    instead of the mean, so that lashes and hair do not count.
    """
    if min(channel.shape) < 3:
        return 0.0
    y = channel.astype(np.int16)
    across = y[:, :-2] - 2 * y[:, 1:-1] + y[:, 2:]
    response = np.abs(across[:-2] - 2 * across[1:-1] + across[2:])
    return _median(response) / (6 * 0.6745)


def _median(steps: NDArray[np.int16]) -> float:
    """Median of small whole numbers, interpolated between them so that it does not jump by whole steps."""
    counts = np.bincount(steps.ravel())
    below = np.cumsum(counts) - counts
    half = steps.size / 2
    step = int(np.searchsorted(below + counts, half))
    return max(0.0, step - 0.5 + (half - float(below[step])) / float(counts[step]))


def cheek_light(rgb: Picture, landmarks: Floats) -> tuple[float, float]:
    """Mean luma of both cheeks in [0, 1], and the darker one's relative to the lighter one's.

    NaN if one is not in the picture.
    """
    half = CHEEK_SIDE / 2 * float(np.ptp(landmarks[JAW, 0]))
    lights = []
    for cheek in (LEFT_CHEEK, RIGHT_CHEEK):
        x, y = landmarks[cheek].mean(axis=0).tolist()
        box = (x - half, y - half, x + half, y + half)
        lights.append(float(_luma(_cut(rgb, box)).mean()) / 255 if _inside(box, rgb) else float("nan"))
    darker, lighter = sorted(lights)
    return (darker + lighter) / 2, darker / lighter if lighter > 0 else 1.0


def overexposed(rgb: Picture) -> float:
    """Share of the pixels whose luma is :data:`CLIPPED` or more, in [0, 1]."""
    return float((_luma(rgb) >= CLIPPED).mean())


def _luma(rgb: Picture) -> NDArray[np.float32]:
    """Luma [h, w] in 8-bit steps, of every k-th row and column of a large face."""
    down, across = (max(1, side // LIGHT_SAMPLES) for side in rgb.shape[:2])
    red, green, blue = (
        rgb[::down, ::across, channel].astype(np.float32) * weight for channel, weight in enumerate(LUMA)
    )
    return np.asarray(red + green + blue, dtype=np.float32)


def _middle(channel: Picture) -> Picture:
    top, left = (max(0, (side - GRAIN_PX) // 2) for side in channel.shape)
    return channel[top : top + GRAIN_PX, left : left + GRAIN_PX]


def _clipped(box: Box, rgb: Picture) -> Box:
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, float(rgb.shape[1])), min(bottom, float(rgb.shape[0]))


def _inside(box: Box, rgb: Picture) -> bool:
    """Whether at least 2x2 pixels of the box are in the picture."""
    left, top, right, bottom = _clipped(box, rgb)
    return right - left >= 2 and bottom - top >= 2


def _cut(rgb: Picture, box: Box) -> Picture:
    """The pixels that the box touches."""
    left, top, right, bottom = _clipped(box, rgb)
    return rgb[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
