"""Pictures and maps in another size."""

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.labels import Float32


def shrunk(picture: npt.NDArray[np.generic], height: int, width: int) -> Float32:
    """A picture [H, W, ...] as float32 [height, width, ...]: the mean of the pixels that each new one covers.

    Sizes need not divide each other; larger ones are interpolated (:func:`enlarged`).
    """
    tall, wide = picture.shape[:2]
    if tall < height or wide < width:
        return enlarged(picture.astype(np.float32), height, width)
    if tall % height == 0 and wide % width == 0:
        return _block_means(picture, tall // height, wide // width)
    across = _means(picture.astype(np.float32), height).swapaxes(0, 1)
    return _means(across, width).swapaxes(0, 1)


def _block_means(picture: npt.NDArray[np.generic], high: int, wide: int) -> Float32:
    total = np.zeros((picture.shape[0] // high, picture.shape[1] // wide, *picture.shape[2:]), dtype=np.float32)
    for row in range(high):
        for column in range(wide):
            total += picture[row::high, column::wide]
    total /= np.float32(high * wide)
    return total


def _means(rows: Float32, count: int) -> Float32:
    """Means over ``count`` equal stretches of the first axis, exact to parts of a row."""
    edges = np.linspace(0, len(rows), count + 1)
    before = np.concatenate([np.zeros((1, *rows.shape[1:])), np.cumsum(rows, axis=0, dtype=np.float64)])
    whole = np.minimum(edges.astype(int), len(rows) - 1)
    part = (edges - whole).reshape(-1, *[1] * (rows.ndim - 1))
    sums = before[whole] + part * rows[whole]
    return np.asarray(np.diff(sums, axis=0) * (count / len(rows)), dtype=np.float32)


def enlarged(grid: Float32, height: int, width: int) -> Float32:
    """A map [h, w, ...] at [height, width, ...], bilinear; pixel centres keep their places, edges are repeated."""
    return _between(_between(grid, height).swapaxes(0, 1), width).swapaxes(0, 1)


def _between(rows: Float32, count: int) -> Float32:
    place = np.clip((np.arange(count) + 0.5) * len(rows) / count - 0.5, 0, len(rows) - 1)
    low = place.astype(int)
    share = (place - low).astype(np.float32).reshape(-1, *[1] * (rows.ndim - 1))
    lower = rows[low]
    result: Float32 = lower + share * (rows[np.minimum(low + 1, len(rows) - 1)] - lower)
    return result
