"""Decoded sound as numbers in [-1, 1], and its mix."""

from typing import Any

import av
import numpy as np
import pytest

from take5.stream.ffmpeg.container import channels, mono

LAYOUTS = {"mono": 1, "stereo": 2, "5.1": 6}
CHANCE = np.random.default_rng(3)


def frame(samples: np.ndarray[Any, Any], layout: str, kind: str) -> av.AudioFrame:
    """A frame of samples [C, n]."""
    given = samples if kind.endswith("p") else np.ascontiguousarray(samples.T).reshape(1, -1)
    return av.AudioFrame.from_ndarray(given, format=kind, layout=layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("kind", "bits"), [("s16", 16), ("s16p", 16), ("s32", 32), ("s32p", 32)])
def test_integers_are_divided_by_their_full_scale(layout: str, kind: str, bits: int) -> None:
    limits = np.iinfo(np.int16 if bits == 16 else np.int32)
    samples = CHANCE.integers(limits.min, limits.max, (LAYOUTS[layout], 960), dtype=limits.dtype, endpoint=True)
    samples[0, :3] = limits.min, limits.max, 0
    found = channels(frame(samples, layout, kind))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, (samples / 2.0 ** (bits - 1)).astype(np.float32))


def test_bytes_are_around_128() -> None:
    samples = np.array([[0, 64, 128, 255]], np.uint8)
    np.testing.assert_array_equal(channels(frame(samples, "mono", "u8")), [[-1, -0.5, 0, 127 / 128]])


def test_numbers_that_are_not_finite_are_silence() -> None:
    samples = np.array([[0.5, np.nan, np.inf, -np.inf, 1.5]], np.float32)
    np.testing.assert_array_equal(channels(frame(samples, "mono", "fltp")), [[0.5, 0, 0, 0, 1.5]])


@pytest.mark.parametrize(
    ("layout", "shares"),
    [("mono", [1]), ("stereo", [0.5, 0.5]), ("5.1", np.array([1, 1, 1, 0, 0.7, 0.7]) / 4.4)],
)
def test_the_mix_has_each_channel_by_its_share(layout: str, shares: list[float]) -> None:
    samples = CHANCE.uniform(-1, 1, (len(shares), 960)).astype(np.float32)
    given = frame(samples, layout, "fltp")
    np.testing.assert_array_equal(mono(given, channels(given)), (np.array(shares) @ samples).astype(np.float32))


def test_channels_that_a_layout_does_not_have_count_alike() -> None:
    samples = CHANCE.uniform(-1, 1, (2, 960)).astype(np.float32)
    given = frame(samples[:1], "mono", "fltp")
    np.testing.assert_allclose(mono(given, samples), samples.mean(axis=0), atol=1e-7)
