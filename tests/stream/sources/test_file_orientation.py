"""The eight orientations of a file's pictures, against what FFmpeg shows."""

import gc
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph
from media_files import Audio, Video, numbered, orient, silence, steady, write_media
from numpy.typing import NDArray

from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.output.clip import write_clip
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.media import AccessUnit, Picture

SIZE = (128, 96)
ORIENTATIONS = {
    "as stored": (1, 0, 0, 1),
    "turned 90": (0, 1, -1, 0),
    "turned 180": (-1, 0, 0, -1),
    "turned 270": (0, -1, 1, 0),
    "left and right swapped": (-1, 0, 0, 1),
    "top and bottom swapped": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "transposed over the other diagonal": (0, -1, -1, 0),
}

Rgb = NDArray[np.uint8]


def display_matrix(frame: av.VideoFrame) -> bytes:
    stated: Any = frame.side_data.get("DISPLAYMATRIX")
    return bytes(stated)


def as_ffmpeg_shows(frame: av.VideoFrame) -> Rgb:
    """A frame through the filters that the ffmpeg program inserts for its display matrix (ffmpeg_filter.c)."""
    matrix = struct.unpack("=9i", display_matrix(frame))
    theta = -frame.rotation % 360  # av_display_rotation_get counts the other way
    filters: list[tuple[str, str]] = []
    if theta == 90:
        filters = [("transpose", "cclock_flip" if matrix[3] > 0 else "clock")]
    elif theta == 180:
        filters = [("hflip", "")] * (matrix[0] < 0) + [("vflip", "")] * (matrix[4] < 0)
    elif theta == 270:
        filters = [("transpose", "clock_flip" if matrix[3] < 0 else "cclock")]
    elif matrix[4] < 0:
        filters = [("vflip", "")]
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25))
    graph.link_nodes(source, *(graph.add(*one) for one in filters), graph.add("buffersink")).configure()
    graph.push(frame)
    shown = graph.pull()
    assert isinstance(shown, av.VideoFrame)
    return np.asarray(shown.to_ndarray(format="rgb24"), np.uint8)


def oriented(path: Path, name: str, size: tuple[int, int] = SIZE) -> Path:
    """A second of pictures without any symmetry, with a display matrix."""
    picture = numbered(0b100110, size)
    picture[: size[1] // 4, : size[0] // 4] = 128, 60, 20
    write_media(
        path, [picture] * 25, steady(25, 25), silence(1.0), Video(size, options={"crf": "4"}), Audio(codec="aac")
    )
    orient(path, ORIENTATIONS[name])
    return path


def pictures_of(file: MediaFile) -> list[Picture]:
    index = file.scan(lambda _: None)
    return [cell.shown.picture for cell in file.grid_frames(index, 0, 20)]


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_pictures_and_clip_are_what_ffmpeg_shows(tmp_path: Path, name: str) -> None:
    path = oriented(tmp_path / "a.mp4", name)
    with av.open(str(path)) as container:
        expected = as_ffmpeg_shows(next(container.decode(video=0))) if name != "as stored" else None
    file = MediaFile(path)
    pictures = pictures_of(file)
    shown = pictures[0].rgb()
    if expected is not None:
        assert pictures[0].size == expected.shape[1::-1]
        assert np.abs(shown.astype(int) - expected).max() <= 3
    write_clip(tmp_path / "clip.mp4", pictures, silence(0.8), 48_000)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        clip = next(container.decode(video=0))
    assert clip.side_data.get("DISPLAYMATRIX") is None
    assert np.abs(clip.to_ndarray(format="rgb24").astype(int) - shown).mean() < 1.5


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_the_units_of_a_file_are_decoded_alike(tmp_path: Path, name: str) -> None:
    """As a replay's clip is."""
    file = MediaFile(oriented(tmp_path / "a.mp4", name))
    units = [media for media in file.media() if isinstance(media, AccessUnit)]
    decoded = next(iter(decode_units(units, file.unit_format))).picture
    assert (decoded.rgb() == pictures_of(file)[0].rgb()).all()


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_an_odd_size_becomes_even(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.mp4"
    picture = np.random.default_rng(0).integers(60, 200, (97, 131, 3), dtype=np.uint8)
    write_media(path, [picture] * 3, steady(3, 25), silence(0.5), Video((131, 97), pix_fmt="yuv444p"))
    orient(path, ORIENTATIONS[name])
    for each in pictures_of(MediaFile(path)):
        assert isinstance(each, DecodedPicture)
        width, height = each.size
        frame = each.encodable()
        assert (frame.width, frame.height) == (width // 2 * 2, height // 2 * 2)


def test_a_matrix_without_an_inverse_changes_nothing(tmp_path: Path) -> None:
    path = oriented(tmp_path / "a.mp4", "left and right swapped")
    file = MediaFile(path)
    pictures = pictures_of(file)
    assert pictures[0].rgb()[4, -4].tolist() == pytest.approx([128, 60, 20], abs=12)
    orient(path, (0, 0, 0, 0))
    assert pictures_of(MediaFile(path))[0].rgb()[4, 4].tolist() == pytest.approx([128, 60, 20], abs=12)


def test_frames_are_freed_without_the_garbage_collector(tmp_path: Path) -> None:
    """PyAV ties a frame whose side data were read into a cycle: memory would grow with the video."""
    file = MediaFile(oriented(tmp_path / "a.mp4", "transposed"))
    index = file.scan(lambda _: None)
    gc.collect()
    gc.disable()
    try:
        for cell in file.grid_frames(index, 0, 20):
            assert cell.shown.picture.size == SIZE[::-1]
        alive = sum(isinstance(each, av.VideoFrame) for each in gc.get_objects())
    finally:
        gc.enable()
    assert alive < 6
