"""HDR pictures to SDR: HLG and PQ to BT.709, by a table that FFmpeg interpolates in.

Light of up to 90 cd/m2 stays as it is, brighter light is compressed so that 1000 cd/m2 becomes SDR's white of 203
(the EETF of ITU-R BT.2390, on the brightest of red, green and blue, so that hues stay). HLG is taken to be seen on a
display of 1000 cd/m2 (ITU-R BT.2100). What lies outside the colours of BT.709 is clipped.
"""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BT709, BT2020 = 1, 9
PQ, HLG = 16, 18
NAMES = {PQ: "pq", HLG: "hlg"}
"""Transfer functions of HDR, by FFmpeg's number."""

HDR_PEAK, SDR_WHITE, PQ_PEAK = 1000.0, 203.0, 10_000.0
"""Light in cd/m2: of the brightest HDR picture, of white in SDR (ITU-R BT.2408), and of PQ's full signal."""

SDR_GAMMA = 2.4
"""Of a display for BT.709 (ITU-R BT.1886)."""

HLG_GAMMA = 1.2
HLG_A, HLG_B, HLG_C = 0.17883277, 0.28466892, 0.55991073
PQ_M1, PQ_M2, PQ_C1, PQ_C2, PQ_C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128

LUMINANCE_2020 = np.array([0.2627, 0.6780, 0.0593])
TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear BT.2020 to linear BT.709 (ITU-R BT.2087)."""

TABLE_SIZE = 65
"""Points along each of red, green and blue."""


def hdr_of(frame: av.VideoFrame) -> str | None:
    """Name of a frame's HDR transfer function, ``hlg`` or ``pq``; None for SDR."""
    return NAMES.get(frame.color_trc)


def tone_mapped(frame: av.VideoFrame) -> av.VideoFrame:
    """An HDR frame as SDR: RGB of 8 bits in BT.709."""
    mapper = _mapper(frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, frame.color_trc)
    return mapper.map(frame)


class _Mapper:
    """A chain of filters for frames of one size and format."""

    def __init__(self, width: int, height: int, layout: str, matrix: int, full: bool, transfer: int) -> None:
        self._lock = Lock()
        self._graph = Graph()
        known = f"video_size={width}x{height}:pix_fmt={layout}:time_base=1/25"
        spaces = "" if "rgb" in layout or "gbr" in layout else f":colorspace={matrix}:range={'pc' if full else 'tv'}"
        with TemporaryDirectory(prefix="take5-") as folder:
            table = Path(folder) / "sdr.cube"
            table.write_text(cube(transfer), encoding="ascii")
            nodes = [
                self._graph.add("buffer", known + spaces),
                self._graph.add("scale", "flags=bicubic+accurate_rnd+full_chroma_int"),
                self._graph.add("format", "gbrpf32le"),
                self._graph.add("lut3d", file=table.as_posix(), interp="tetrahedral"),
                self._graph.add("format", "rgb24"),
                self._graph.add("buffersink"),
            ]
            self._graph.link_nodes(*nodes).configure()

    def map(self, frame: av.VideoFrame) -> av.VideoFrame:
        with self._lock:
            self._graph.push(frame)
            mapped = self._graph.pull()
        assert isinstance(mapped, av.VideoFrame)  # noqa: S101 - a graph of pictures gives pictures
        mapped.color_primaries = mapped.color_trc = BT709
        return mapped


@lru_cache(maxsize=4)
def _mapper(width: int, height: int, layout: str, matrix: int, colour_range: int, transfer: int) -> _Mapper:
    full = colour_range == int(av.video.reformatter.ColorRange.JPEG)
    return _Mapper(width, height, layout, matrix if matrix in (BT709, BT2020) else BT2020, full, transfer)


@lru_cache(maxsize=2)
def cube(transfer: int) -> str:
    """The table of a transfer function, in the format of ``.cube`` files: red runs fastest."""
    steps = np.linspace(0.0, 1.0, TABLE_SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    rows = sdr(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer)
    return f"LUT_3D_SIZE {TABLE_SIZE}\n" + "".join(f"{r:.6f} {g:.6f} {b:.6f}\n" for r, g, b in rows.tolist())


def sdr(signal: Floats, transfer: int) -> Floats:
    """HDR signals [n, 3] in BT.2020 as signals of BT.709, both in [0, 1]."""
    light = _hlg_light(signal) if transfer == HLG else _pq_light(signal)
    brightest = np.minimum(light.max(axis=-1, keepdims=True), HDR_PEAK)
    scale = _compressed(brightest) / np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    linear = (light * scale / SDR_WHITE) @ TO_709.T
    return np.asarray(np.clip(linear, 0.0, 1.0) ** (1 / SDR_GAMMA))


def _compressed(light: Floats) -> Floats:
    """The EETF of BT.2390, in cd/m2: the identity up to its knee, then a Hermite spline up to SDR's white."""
    peak, white = _pq_signal(np.array(HDR_PEAK)), _pq_signal(np.array(SDR_WHITE))
    largest = white / peak
    knee = 1.5 * largest - 0.5
    shown = _pq_signal(light) / peak
    t = np.clip((shown - knee) / (1 - knee), 0.0, 1.0)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * largest
    return _pq_light(np.where(shown < knee, shown, bent) * peak)


def _hlg_light(signal: Floats) -> Floats:
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12)
    luminance = np.maximum(scene @ LUMINANCE_2020, 1e-9)[..., None]
    return np.asarray(HDR_PEAK * luminance ** (HLG_GAMMA - 1) * scene)


def _pq_light(signal: Floats) -> Floats:
    root = np.clip(signal, 0.0, 1.0) ** (1 / PQ_M2)
    return np.asarray(PQ_PEAK * (np.maximum(root - PQ_C1, 0.0) / (PQ_C2 - PQ_C3 * root)) ** (1 / PQ_M1))


def _pq_signal(light: Floats) -> Floats:
    power = (light / PQ_PEAK) ** PQ_M1
    return np.asarray(((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2)
