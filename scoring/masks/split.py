"""The person divided into face, hair, neck and torso.

Where a network tells the person from the background only, a pixel's part follows from two things: its place relative to
the face (u to the side of the chin, v below it, in widths of the face), and its colour compared with the person's own
skin, hair and clothes. Inside the face's outline it is the face. Scores are log probabilities; a softmax makes them
probabilities.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, label

from take5.scoring.masks.appearance import Appearance
from take5.scoring.masks.geometry import BROWS, EYES, FaceFrame, Points, face_outline, filled
from take5.scoring.masks.labels import Float32, Mask

PARTS = ("face", "hair", "neck", "torso")
"""Order of the maps below."""

FACE, HAIR, NECK, TORSO = range(4)
MOST = 4.0
"""Largest log likelihood of a colour, either way: place decides where colours surprise."""

SURE = 12.0
EARS_ABOVE, NECK_ABOVE = -0.42, -0.1
"""Skin beside the face is the ear above the first line, the neck below the second, in widths above the chin."""


def part_maps(rgb: Float32, person: Mask, landmarks: Points, appearance: Appearance) -> Float32:
    """Probabilities of the four parts at each pixel, were it the person's.

    Parameters
    ----------
    rgb : ndarray float32 [h, w, 3]
        The picture, small.
    person : ndarray bool [h, w]
        Where the person is.
    landmarks : ndarray float64 [68, 2]
        iBUG points in pixels of the small picture.
    appearance : Appearance
        The person's colours.

    Returns
    -------
    ndarray float32 [4, h, w]
        In the order of :data:`PARTS`; they add up to 1.
    """
    scores = _scores(rgb, landmarks, appearance)
    maps = np.exp(scores - scores.max(axis=0))
    maps /= maps.sum(axis=0)
    return connected(maps, person, landmarks)


def class_maps(classes: Float32, person: Mask, landmarks: Points) -> Float32:
    """The same from a network's probabilities of background, hair, body skin, face skin, clothes and others.

    Body skin is the neck where it is near the chin, else (hands, arms) the torso; others (glasses, hats, headphones)
    belong to the head above the chin, else to the torso.
    """
    _, hair, body, face, clothes, others = np.moveaxis(classes, -1, 0)
    u, v = FaceFrame.of(landmarks).grid(*person.shape)
    near, above = _step(1.1 - np.hypot(u, v), 0.1), _step(-v, 0.1)
    inside = filled(face_outline(landmarks), *person.shape)
    maps = np.stack([face + others * above, hair, body * near, clothes + body * (1 - near) + others * (1 - above)])
    maps[FACE] += 0.5 * inside * body  # a jaw in shadow
    maps += np.float32(1e-4)
    maps /= maps.sum(axis=0)
    return connected(maps, person, landmarks)


def _scores(rgb: Float32, landmarks: Points, appearance: Appearance) -> Float32:
    shape = rgb.shape[:2]
    u, v = FaceFrame.of(landmarks).grid(*shape)
    side, under = np.abs(u), np.maximum(v, 0)
    skin, hair, clothes, shaded = np.clip(appearance.likelihoods(rgb), -MOST, MOST)
    ear, below = _step(EARS_ABOVE - v, 0.06), _step(v - NECK_ABOVE, 0.08)
    column = _step(NECK_SIDE + 0.35 * under - side, 0.05)  # of the neck, which widens into the shoulders
    scores = np.empty((len(PARTS), *shape), dtype=np.float32)
    scores[FACE] = skin - 7 + 8 * ear
    scores[HAIR] = hair + 3 * _step(-0.25 - v, 0.1) - (2 + under + 4 * column) * below
    scores[NECK] = shaded + 5 * column - 3 - 8 * ear - 3 * np.maximum(under - 0.35, 0)
    scores[TORSO] = np.maximum(clothes, UNKNOWN) - 8 * _step(-0.3 - v, 0.05) + np.clip(4 * (under - 0.2), -1, 3)
    scores[TORSO] -= 1.5 * column * _step(0.25 - v, 0.1)
    outline, brows = face_outline(landmarks), float(FaceFrame.of(landmarks).inside(landmarks[BROWS])[:, 1].mean())
    middle = outline.mean(axis=0)
    scores[FACE] += BESIDE * (filled(middle + CHEEKS * (outline - middle), *shape) & (v < NECK_ABOVE))
    scores[FACE] += SURE * (filled(outline, *shape) & (v > brows))
    return scores


UNKNOWN = -1.0
"""Least log likelihood of clothes: theirs may be any colour."""

BESIDE, CHEEKS = 7.0, 1.07
"""Score of a face around its outline and on its forehead, where hair may hang; landmarks keep inside the cheeks."""

NECK_SIDE = 0.34
"""Half the width of a neck under the jaw, in widths of the face."""


def _step(x: npt.NDArray[np.floating], soft: float) -> Float32:
    """0 below 0, 1 above 0, linear over ``soft`` to both sides."""
    result: Float32 = np.clip(x / (2 * soft) + 0.5, 0, 1).astype(np.float32)
    return result


def connected(maps: Float32, person: Mask, landmarks: Points) -> Float32:
    """The maps without islands: hair hangs from above the eyes, and the neck on the face; others win elsewhere."""
    best = maps.argmax(axis=0)
    eyes = min(max(int(landmarks[EYES, 1].min()), 0), len(person) - 1)
    above = np.zeros_like(person)
    above[: eyes + 1] = True
    for part, holder in ((HAIR, above), (NECK, binary_dilation(person & (best == FACE)))):
        mine = person & (best == part)
        maps[part][mine & ~_attached(mine, holder)] = 0
    maps /= maps.sum(axis=0) + np.float32(1e-9)
    return maps


def _attached(mine: Mask, holder: Mask) -> Mask:
    """Components of a mask with a pixel in another."""
    numbers, count = label(mine)
    keep = np.zeros(count + 1, dtype=np.bool_)
    keep[np.unique(numbers[holder & mine])] = True
    keep[0] = False
    return np.asarray(keep[numbers])
