"""Filters of maps and pictures, by OpenCV: several times as fast as SciPy's. It belongs to the extra ``litert``."""

from types import ModuleType

import numpy as np
import numpy.typing as npt

from take5.scoring.masks.labels import Float32, Labels, Mask

Picture = npt.NDArray[np.uint8]


def opencv() -> ModuleType:
    """OpenCV, imported when masks are made."""
    import cv2

    module: ModuleType = cv2
    return module


def decoded(content: bytes) -> Picture | None:
    """The pixels of an image file, RGB [H, W, 3]; None if it is not one."""
    cv2 = opencv()
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    return None if found is None else np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB))


def window_means(maps: Float32, size: int) -> Float32:
    """Mean of a map [h, w], or of several [h, w, C], over windows of ``size`` pixels a side; edges are repeated."""
    cv2 = opencv()
    return np.asarray(cv2.blur(maps, (size, size), borderType=cv2.BORDER_REPLICATE)).reshape(maps.shape)


def blurred(picture: Float32, sigma: float, radius: int) -> Float32:
    """A picture [H, W, ...] blurred by a Gaussian cut off at a radius; edges are mirrored."""
    cv2 = opencv()
    weights = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma))
    weights /= weights.sum()
    smooth = cv2.sepFilter2D(picture, -1, weights, weights, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smooth).reshape(picture.shape)


def enlarged(maps: Float32, height: int, width: int) -> Float32:
    """Maps [h, w, C] at [height, width, C], bilinear; pixel centres keep their places, edges are repeated."""
    cv2 = opencv()
    large = cv2.resize(maps, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large).reshape(height, width, -1)


def repeated(labels: Labels, height: int, width: int) -> Labels:
    """Labels [h, w] at [height, width]: each pixel has that of the one that it lies in."""
    cv2 = opencv()
    return np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST))


def near_edges(labels: Labels, within: int) -> Mask:
    """Pixels at most ``within`` pixels, across and down, from one of another label."""
    cv2 = opencv()
    window = np.ones((2 * within + 1, 2 * within + 1), np.uint8)
    return np.asarray(cv2.dilate(labels, window) != cv2.erode(labels, window))


def replaced(picture: Picture, where: Mask, other: Picture) -> Picture:
    """A picture [H, W, 3] with the pixels of another one where a mask [H, W] says."""
    return np.asarray(opencv().copyTo(other, where.view(np.uint8), picture.copy()))


def with_alpha(picture: Picture) -> Picture:
    """A picture [H, W, 3] with an alpha channel of 255."""
    cv2 = opencv()
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA))


def distances(mask: Mask) -> npt.NDArray[np.float32]:
    """Distance of each pixel from the nearest one of a mask that is not empty; 0 in it."""
    cv2 = opencv()
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
