"""Masks on drawn pictures whose parts are known."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from take5.scoring.errors import ParameterError
from take5.scoring.masks.appearance import Appearance, AppearanceSeen
from take5.scoring.masks.background import BackgroundSeen
from take5.scoring.masks.colours import BELOW_JAW, FACE_PALETTE, Scheme, face_mask, face_weights
from take5.scoring.masks.geometry import filled
from take5.scoring.masks.guided import Guided
from take5.scoring.masks.labels import HEAD, Label, labelled, person
from take5.scoring.masks.parsing import Small, labels_of, small_landmarks, small_maps
from take5.scoring.masks.resizing import enlarged, shrunk
from take5.scoring.masks.steadying import SmallMaps, steadied
from take5.scoring.masks.torso import DARKER, NECK_ROWS, torso_picture, without_background

from drawn_person import BACK, SIZE, DrawnPerson  # isort: skip


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def seen(drawn: DrawnPerson, *, classes: bool = False) -> Small:
    """What a perfect network of half the size would say."""
    half = SIZE // 2
    truth = drawn.labels
    maps = [person(truth)]
    if classes:
        face = [Label.FACE, Label.MOUTH]
        parts: list[list[Label]] = [[Label.BACKGROUND], [Label.HAIR], [Label.NECK], face, [Label.TORSO], []]
        maps = [np.isin(truth, part) for part in parts]
    small = np.stack([shrunk(each.astype(np.float32), half, half) for each in maps], axis=-1)
    landmarks = small_landmarks(drawn.landmarks, (SIZE, SIZE), (half, half))
    return Small(shrunk(drawn.rgb, half, half), small, landmarks)


def parsed(drawn: DrawnPerson, *, classes: bool = False) -> np.ndarray:
    small = seen(drawn, classes=classes)
    learned = AppearanceSeen()
    learned.add(small.rgb, small.person > 0.5, small.landmarks)
    return labels_of(small_maps(small, learned.appearance()), drawn.rgb, drawn.landmarks)


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("long_hair", [False, True])
def test_a_drawn_person_is_divided_as_drawn(classes: bool, long_hair: bool) -> None:
    drawn = DrawnPerson(long_hair=long_hair)
    labels = parsed(drawn, classes=classes)
    for parts in (HEAD, (Label.HAIR,), (Label.NECK,), (Label.TORSO,), (Label.BACKGROUND,)):
        assert iou(labelled(labels, *parts), labelled(drawn.labels, *parts)) > 0.9, parts


def test_the_division_turns_with_the_head() -> None:
    drawn = DrawnPerson(roll=0.25)
    labels = parsed(drawn)
    assert iou(labelled(labels, *HEAD), labelled(drawn.labels, *HEAD)) > 0.93
    assert iou(labelled(labels, Label.NECK), labelled(drawn.labels, Label.NECK)) > 0.8


def test_the_edge_follows_the_picture_where_the_network_is_coarse() -> None:
    drawn = DrawnPerson()
    small = seen(drawn)
    coarse = enlarged(shrunk(small.seen, 64, 64), SIZE // 2, SIZE // 2)
    labels = labels_of(
        small_maps(Small(small.rgb, coarse, small.landmarks), Appearance.of(np.zeros((3, 16**3)))),
        drawn.rgb,
        drawn.landmarks,
    )
    simple = enlarged(coarse, SIZE, SIZE)[..., 0] >= 0.5
    truth = person(drawn.labels)
    assert (person(labels) ^ truth).sum() < 0.6 * (simple ^ truth).sum()


def test_the_head_of_a_person_of_one_colour_is_found_by_place_alone() -> None:
    drawn = DrawnPerson()
    drawn.rgb[person(drawn.labels)] = (90, 90, 90)
    labels = parsed(drawn)
    assert iou(labelled(labels, *HEAD), labelled(drawn.labels, *HEAD)) > 0.95
    below = labelled(drawn.labels, Label.NECK, Label.TORSO)
    assert iou(labelled(labels, Label.NECK, Label.TORSO), below) > 0.95


def test_nobody_is_background() -> None:
    drawn = DrawnPerson()
    small = seen(drawn)
    nobody = Small(small.rgb, np.zeros_like(small.seen), small.landmarks)
    labels = labels_of(small_maps(nobody, Appearance.of(np.zeros((3, 16**3)))), drawn.rgb, drawn.landmarks)
    assert not person(labels).any()


# --- pieces


def test_a_polygon_is_filled_to_its_edges() -> None:
    square = filled(np.array([[1.5, 2.5], [6.5, 2.5], [6.5, 5.5], [1.5, 5.5]]), 8, 9)
    expected = np.zeros((8, 9), bool)
    expected[3:6, 2:7] = True
    np.testing.assert_array_equal(square, expected)
    assert not filled(np.array([[-9.0, -9.0], [-5.0, -9.0], [-5.0, -5.0]]), 8, 9).any()


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7), (12, 18), (30, 40)])
def test_sizes_change_without_shifting_a_ramp(height: int, width: int) -> None:
    ramp = np.broadcast_to((np.arange(18, dtype=np.float32) + 0.5)[None], (12, 18))
    other = shrunk(ramp, height, width)
    assert other.shape == (height, width)
    inner = slice(2, -2)
    expected = (np.arange(width) + 0.5) * 18 / width
    np.testing.assert_allclose(other[0, inner], expected[inner], atol=0.02)


def test_guided_maps_are_the_same_for_some_pixels_and_in_their_own_size() -> None:
    rng = np.random.default_rng(0)
    luma, maps = rng.random((20, 24), np.float32), rng.random((2, 20, 24), np.float32)
    fitted = Guided.fitted(maps, luma)
    rows, columns = np.mgrid[0:20, 0:24].reshape(2, -1)
    at = fitted.at(rows, columns, luma[rows, columns], luma.shape)
    np.testing.assert_allclose(at.reshape(20, 24, 2), fitted.small(luma), atol=1e-5)
    flat = Guided.fitted(np.full((1, 20, 24), 0.3, np.float32), luma).small(luma)
    np.testing.assert_allclose(flat, 0.3, atol=1e-3)


def test_what_rests_is_steadied_and_what_moves_is_not() -> None:
    rng = np.random.default_rng(1)
    still = np.full((16, 16), 0.5, np.float32)
    noisy = [rng.normal(0.5, 0.1, (1, 16, 16)).astype(np.float32) for _ in range(9)]
    calm = list(steadied(SmallMaps(each, still) for each in noisy))
    assert len(calm) == 9
    assert np.std([each.maps for each in calm]) < 0.75 * np.std(noisy)
    flicker = [SmallMaps(each, np.full((16, 16), i % 2, np.float32)) for i, each in enumerate(noisy)]
    for before, after in zip(flicker, steadied(flicker), strict=True):
        np.testing.assert_allclose(after.maps, before.maps, atol=1e-5)
    assert list(steadied([])) == []


# --- background


def test_the_background_is_what_was_seen_furthest_from_the_person() -> None:
    wall = np.random.default_rng(2).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    behind = BackgroundSeen(60, 80)
    assert behind.background() is None
    for left in (5, 45):
        mask = np.zeros((60, 80), bool)
        mask[20:, left : left + 20] = True
        behind.add(np.where(mask[..., None], np.uint8(9), wall), mask)
    found = behind.background()
    assert found is not None
    assert found.seen.all()
    np.testing.assert_array_equal(found.picture, wall)


def test_what_was_never_seen_is_taken_from_nearby() -> None:
    wall = np.zeros((40, 60, 3), np.uint8)
    wall[:, 30:] = 200
    mask = np.zeros((40, 60), bool)
    mask[10:, 10:50] = True
    behind = BackgroundSeen(40, 60)
    behind.add(np.where(mask[..., None], np.uint8(77), wall), mask)
    found = behind.background()
    assert found is not None
    assert not found.seen[10:, 10:50].any()
    assert not (found.picture == 77).any()
    assert (found.picture[39, 12], found.picture[39, 47]) == (pytest.approx(0), pytest.approx(200))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda wall: wall, True),
        (lambda wall: wall + np.array([12, 2, 6], np.uint8), True),  # a camera that adjusts
        (lambda wall: wall // 2, False),  # the light was switched off
        (lambda wall: np.roll(wall, 11, axis=1), False),  # the camera was moved
    ],
)
def test_a_picture_of_another_place_or_in_another_light_is_told(
    change: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]], same: bool
) -> None:
    wall = np.random.default_rng(2).integers(60, 240, (60, 80, 3), dtype=np.uint8)
    mask, other = np.zeros((60, 80), bool), np.zeros((60, 80), bool)
    mask[20:, 30:50], other[20:, 10:30] = True, True
    behind = BackgroundSeen(60, 80)
    behind.add(wall, mask)
    found = behind.background()
    assert found is not None
    shown = np.where(other[..., None], np.uint8(9), change(wall))
    matched = found.matched(shown, other)
    assert (matched is not None) == same
    if matched is not None:
        np.testing.assert_array_equal(matched[~other], wall[~other])
    assert found.matched(wall, ~mask) is None, "nothing to compare"


def test_a_person_who_fills_every_picture_leaves_no_background() -> None:
    behind = BackgroundSeen(20, 20)
    behind.add(np.zeros((20, 20, 3), np.uint8), np.ones((20, 20), bool))
    assert behind.background() is None
    with pytest.raises(ParameterError, match="pictures of one size"):
        behind.add(np.zeros((20, 21, 3), np.uint8), np.ones((20, 21), bool))


# --- what trainers read


def test_colours_are_the_trainers() -> None:
    order = [Label.BACKGROUND, Label.FACE, Label.MOUTH, Label.HAIR, Label.NECK, Label.TORSO]
    assert list(Label) == order
    white, blue, green, red = [255] * 3, [0, 0, 255], [0, 255, 0], [255, 0, 0]
    assert Scheme.HEAD.palette.tolist() == [white, blue, blue, blue, green, red]
    assert Scheme.FACE_AND_HAIR.palette.tolist() == [white, blue, [100] * 3, [0] * 3, green, red]
    assert FACE_PALETTE[[0, 255]].tolist() == [white, blue]


def test_the_face_ends_at_ears_and_hair_and_a_little_below_the_jaw() -> None:
    drawn = DrawnPerson()
    face = face_mask(drawn.labels, drawn.landmarks)
    assert not (face & labelled(drawn.labels, Label.HAIR)).any()
    chin = round(drawn.landmarks[8, 1])
    column = np.flatnonzero(face[:, round(drawn.landmarks[8, 0])])
    assert abs(column[-1] - (chin + BELOW_JAW - 1)) <= 2
    weights = face_weights(drawn.labels, drawn.landmarks)
    assert (weights[face].mean() > 240, weights[:20].max()) == (True, 0)
    assert not face_mask(np.zeros_like(drawn.labels), drawn.landmarks).any()


def test_only_the_background_is_replaced() -> None:
    drawn = DrawnPerson()
    other = np.full_like(drawn.rgb, 7)
    shown = without_background(drawn.rgb, drawn.labels, other)
    inside = person(drawn.labels)
    np.testing.assert_array_equal(shown[inside], drawn.rgb[inside])
    assert (shown[~inside] == 7).all()


@pytest.mark.parametrize("to_mean", [False, True])
def test_the_torso_goes_on_below_the_head(to_mean: bool) -> None:
    drawn = DrawnPerson()
    before = drawn.rgb.copy()
    rgba = torso_picture(drawn.rgb, drawn.labels, np.full_like(drawn.rgb, BACK), to_mean=to_mean)
    np.testing.assert_array_equal(drawn.rgb, before)
    alpha, neck = rgba[..., 3] > 0, labelled(drawn.labels, Label.NECK)
    assert set(np.unique(rgba[..., 3])) == {0, 255}
    assert (rgba[~alpha] == 0).all()
    assert alpha[neck | labelled(drawn.labels, Label.TORSO)].all()
    middle = round(drawn.landmarks[8, 0])
    top = neck[:, middle].argmax()
    first = alpha[:, middle].argmax()
    assert NECK_ROWS - 4 <= top - first <= NECK_ROWS + 3
    own = drawn.rgb[neck].mean(axis=0)
    expected = own if to_mean else own * DARKER ** (top - first - 2)
    np.testing.assert_allclose(rgba[first + 4, middle - 4 : middle + 5, :3].mean(axis=0), expected, atol=9)
    torso = labelled(drawn.labels, Label.TORSO)
    untouched = torso & ~alpha_edges(neck)
    np.testing.assert_array_equal(rgba[untouched, :3], drawn.rgb[untouched])


def alpha_edges(mask: np.ndarray) -> np.ndarray:
    """Within some pixels of a mask."""
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(mask, iterations=8))


def test_a_torso_needs_neither_neck_nor_head() -> None:
    drawn = DrawnPerson()
    for gone in (Label.NECK, Label.TORSO, Label.FACE):
        labels = np.where(drawn.labels == gone, Label.BACKGROUND, drawn.labels).astype(np.uint8)
        rgba = torso_picture(drawn.rgb, labels, drawn.rgb, to_mean=True)
        assert rgba.shape == (SIZE, SIZE, 4)
    nothing = torso_picture(drawn.rgb, np.zeros_like(drawn.labels), drawn.rgb)
    assert not nothing.any()
