"""The clip's colours against FFmpeg's decoding of its source, and what the clip says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import Audio, Video, silence, steady, write_media
from numpy.typing import NDArray

from take5.stream.bundles.crop import Crop
from take5.stream.bundles.frames import cropped
from take5.stream.ffmpeg.tone_mapping import HLG, PQ
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.output.clip import write_clip
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.media import AccessUnit, Picture

PATCH, GRID = 16, (6, 8)
SIZE = (PATCH * GRID[1], PATCH * GRID[0])
LIMITED, FULL, BT709, BT601, BT2020 = 1, 2, 1, 5, 9
FRAMES = 20
NOT_STATED = {"colorspace": 2, "color_range": 0, "color_primaries": 2, "color_trc": 2}
"""FFmpeg's numbers."""

LEVELS = 3.0
"""How far colours may be from FFmpeg's, of 255."""

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float64]


def patches(colours: NDArray[np.generic]) -> NDArray[np.generic]:
    """A picture of 48 patches [48, 3]."""
    rows = colours.reshape(*GRID, 3)
    return np.ascontiguousarray(rows.repeat(PATCH, axis=0).repeat(PATCH, axis=1))


def means(rgb: NDArray[np.generic]) -> Floats:
    """Mean colours of the patches [48, 3], without their edges, where colours mix."""
    cells = rgb.reshape(GRID[0], PATCH, GRID[1], PATCH, 3)[:, 5:-5, :, 5:-5]
    return np.asarray(cells.mean(axis=(1, 3)).reshape(-1, 3), np.float64)


def colours() -> Rgb:
    """Greys, skin, and colours within all formats' reach."""
    chance = np.random.default_rng(1).integers(30, 225, (48, 3))
    chance[:8] = np.linspace(8, 248, 8)[:, None]
    chance[8:11] = [(224, 172, 105), (141, 85, 36), (255, 219, 172)]
    return chance.astype(np.uint8)


@dataclass(frozen=True)
class Source:
    """How pictures are stored, with FFmpeg's numbers of matrix and range."""

    codec: str
    layout: str
    ending: str
    matrix: int = 2
    colour_range: int = 0
    options: tuple[tuple[str, str], ...] = ()


LOSSLESS = (("qp", "0"),)
SOURCES = {
    "OBS, lossless RGB": Source("libx264rgb", "rgb24", "mkv", options=LOSSLESS),
    "RGB in FFV1": Source("ffv1", "bgr0", "mkv"),
    "Ut Video": Source("utvideo", "gbrp", "avi"),
    "RGB in VP9": Source("libvpx-vp9", "gbrp", "mkv", options=(("lossless", "1"),)),
    "full range, BT.709": Source("libx264", "yuv420p", "mp4", BT709, FULL, (("crf", "4"),)),
    "full range, BT.601": Source("libx264", "yuvj420p", "mkv", BT601, FULL, (("crf", "4"),)),
    "full range of 10 bits": Source("libx264", "yuv444p10le", "mkv", BT709, FULL, (("crf", "4"),)),
    "full range in VP9": Source("libvpx-vp9", "yuv420p", "mkv", BT709, FULL, (("crf", "4"), ("b", "0"))),
    "MJPEG": Source("mjpeg", "yuvj422p", "avi", BT601, FULL, (("qmin", "1"), ("qmax", "1"))),
}


def encoded(path: Path, source: Source) -> Path:
    frame = av.VideoFrame.from_ndarray(np.asarray(patches(colours()), np.uint8), format="rgb24")
    matrix = None if source.matrix == 2 else source.matrix
    reach = None if not source.colour_range else source.colour_range
    frame = frame.reformat(format=source.layout, dst_colorspace=matrix, dst_color_range=reach, interpolation=0x42004)
    if matrix is not None:
        frame.colorspace, frame.color_range = source.matrix, source.colour_range
    video = Video(SIZE, source.codec, source.layout, options=dict(source.options))
    audio = Audio(codec="pcm_s16le", format="s16") if source.ending == "avi" else Audio()
    return tagged_media(path, [frame] * FRAMES, video, audio, (source.matrix, source.colour_range, 2, 2))


def tagged_media(
    path: Path, frames: Sequence[av.VideoFrame], video: Video, audio: Audio, tags: tuple[int, int, int, int]
) -> Path:
    """Write frames, and what the file says of their matrix, range, primaries and transfer function."""
    for frame in frames:
        frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = tags
    stated = zip(NOT_STATED.items(), tags, strict=True)
    options = {name: str(tag) for (name, unknown), tag in stated if tag != unknown}
    options |= video.options
    return write_media(
        path,
        frames,
        steady(len(frames), 25),
        silence(len(frames) / 25),
        Video(video.size, video.codec, video.pix_fmt, options=options),
        audio,
    )


def shown(path: Path) -> tuple[Floats, av.VideoFrame]:
    """FFmpeg's colours of the last picture, and the picture."""
    with av.open(str(path)) as container:
        *_, last = container.decode(video=0)
    return means(last.reformat(format="rgb24", interpolation=0x42004).to_ndarray()), last


def of_units(file: MediaFile) -> list[Picture]:
    units = [media for media in file.media() if isinstance(media, AccessUnit)]
    return [frame.picture for frame in decode_units(units, file.unit_format)]


def of_file(file: MediaFile) -> list[Picture]:
    index = file.scan(lambda _: None)
    return [cell.shown.picture for cell in file.grid_frames(index, 0, FRAMES)]


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_rgb_or_of_full_range_becomes_bt709_of_limited_range(tmp_path: Path, name: str) -> None:
    source = SOURCES[name]
    path = encoded(tmp_path / f"a.{source.ending}", source)
    expected, original = shown(path)
    assert np.abs(expected - colours()).max() < 2 * LEVELS  # the source itself is as it was meant
    file = MediaFile(path)
    for pictures in (of_file(file), of_units(file)):
        assert len(pictures) == FRAMES
        assert np.abs(means(pictures[-1].rgb()) - expected).max() < LEVELS
        write_clip(tmp_path / "clip.mp4", pictures, silence(FRAMES / 25), 48_000)
        found, clip = shown(tmp_path / "clip.mp4")
        assert (clip.format.name, clip.colorspace, clip.color_range) == ("yuv420p", BT709, LIMITED)
        assert (clip.color_primaries, clip.color_trc) == (BT709, BT709)
        assert np.abs(found - expected).max() < LEVELS
    assert file.tone_mapped is None
    assert original.format.name != clip.format.name or original.color_range == FULL


def test_a_bundle_of_rgb_has_its_colours(tmp_path: Path) -> None:
    file = MediaFile(encoded(tmp_path / "a.mkv", SOURCES["OBS, lossless RGB"]))
    (frame, *_) = cropped(of_file(file), Crop(0, 0, SIZE[1], SIZE[1], face_cut=False))
    decoded = frame.reformat(format="rgb24", interpolation=0x42004).to_ndarray()
    rgb = decoded.reshape(6, PATCH, 6, PATCH, 3)[:, 5:-5, :, 5:-5]
    expected = colours().reshape(*GRID, 3)[:, :6]
    assert np.abs(rgb.mean(axis=(1, 3)) - expected)[expected.min(axis=-1) > 20].max() < LEVELS


HDR_LIGHT = np.concatenate([np.linspace(2, 88, 8)[:, None] * np.ones(3), 88 * np.random.default_rng(2).random((32, 3))])
"""In cd/m2 of BT.709's red, green and blue: nothing that is compressed."""

BRIGHT = np.array([120, 160, 203, 300, 450, 600, 800, 1000.0])[:, None] * np.ones(3)


TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def hdr_signal(light: Floats, transfer: int) -> Floats:
    """Signals of BT.2020 for light in cd/m2 of BT.709 [n, 3], by the formulas of ITU-R BT.2100."""
    wide = light @ TO_2020.T
    if transfer == PQ:
        y = (wide / 10_000) ** 0.1593017578125
        return np.asarray(((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375)
    shown_light = wide / 1000
    luminance = (shown_light @ [0.2627, 0.6780, 0.0593])[:, None]
    scene = shown_light * luminance ** ((1 - 1.2) / 1.2)
    logarithm = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), logarithm))


@pytest.mark.parametrize(("name", "transfer"), [("hlg", HLG), ("pq", PQ)])
def test_hdr_is_mapped_to_sdr(tmp_path: Path, name: str, transfer: int) -> None:
    light = np.concatenate([HDR_LIGHT, BRIGHT])
    signal = np.rint(np.clip(hdr_signal(light, transfer), 0, 1) * 65535).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(np.asarray(patches(signal), np.uint16), format="rgb48le")
    frame = frame.reformat(format="yuv420p10le", dst_colorspace=BT2020, dst_color_range=LIMITED, interpolation=0x42004)
    options = {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1:lossless=1"}
    video = Video(SIZE, "libx265", "yuv420p10le", options=options)
    path = tagged_media(tmp_path / "a.mp4", [frame] * FRAMES, video, Audio(), (BT2020, LIMITED, BT2020, transfer))
    file = MediaFile(path)
    assert file.tone_mapped == name
    assert any(name.upper() in warning for warning in file.warnings)
    expected = 255 * (light[: len(HDR_LIGHT)] / 203) ** (1 / 2.4)
    for pictures in (of_file(file), of_units(file)):
        write_clip(tmp_path / "clip.mp4", pictures, silence(FRAMES / 25), 48_000)
        found, clip = shown(tmp_path / "clip.mp4")
        tags = clip.format.name, clip.colorspace, clip.color_range, clip.color_primaries, clip.color_trc
        assert tags == ("yuv420p", BT709, LIMITED, BT709, BT709)
        for seen in (means(pictures[-1].rgb()), found):
            bright = expected.max(axis=1) > 30  # below, a level of 10 bits is more than one of the clip
            assert np.abs(seen[: len(HDR_LIGHT)] - expected)[bright].max() < LEVELS
            grey = seen[len(HDR_LIGHT) :]
            assert np.ptp(grey, axis=1).max() < LEVELS
            assert (np.diff(grey.mean(axis=1))[:4] > 1).all()
            assert grey[2].mean() == pytest.approx(230, abs=LEVELS)
            assert grey[-1].mean() == pytest.approx(255, abs=LEVELS)
