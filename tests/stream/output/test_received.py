"""What was received, as a file: no picture encoded again, both tracks from 0, also for VP8 and B-frames."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import click_time, clicks, number_of, numbered

from take5.stream.output.received import write_source
from take5.stream.recording.from_ring import SourceStretch
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, UnitFormat

SIZE = (320, 240)
START = 7 * FLICKS
FRAMES = 60


def units_of(codec: str, options: dict[str, str], size: tuple[int, int] = SIZE) -> list[AccessUnit]:
    """Numbered pictures, as a sender would encode them, in order of decoding."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = options
    packets = []
    for number in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(numbered(number, size), format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [AccessUnit(START + int(p.pts or 0) * FRAME_FLICKS, bytes(p), p.is_keyframe) for p in packets]


def blocks(click_s: float) -> list[AudioBlock]:
    sound = clicks([click_s], FRAMES / 25)
    return [
        AudioBlock(START + at * FLICKS // 48_000, sound[0, at : at + 960].astype(np.float32), 48_000)
        for at in range(0, sound.shape[1], 960)
    ]


@pytest.mark.parametrize(
    ("codec", "encoder", "options", "name"),
    [
        ("h264", "libx264", {"bf": "0", "g": "25", "preset": "ultrafast"}, "source.mp4"),
        ("h264", "libx264", {"bf": "2", "g": "25", "preset": "fast"}, "source.mp4"),
        ("vp8", "libvpx", {"g": "25", "deadline": "realtime", "b": "2000000"}, "source.webm"),
    ],
)
def test_pictures_and_sound_are_there_as_they_came(
    tmp_path: Path, codec: str, encoder: str, options: dict[str, str], name: str
) -> None:
    units = units_of(encoder, options)
    stretch = SourceStretch(units, UnitFormat(codec, None), blocks(1.0), START, START + FRAMES * FRAME_FLICKS, START)
    path = write_source(tmp_path, stretch)
    assert path.name == name
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
        assert [number_of(picture) for picture in pictures] == list(range(FRAMES))
        assert [round(f.time * 25) for f in frames if f.time is not None] == list(range(FRAMES))
    with av.open(str(path)) as container:
        pieces = [frame.to_ndarray().reshape(1, -1) for frame in container.decode(audio=0)]
    sound = np.concatenate(pieces, axis=1)[0].astype(np.float32)
    assert click_time(sound, 48_000) == pytest.approx(1.0, abs=1e-3 if codec == "vp8" else 1e-4)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize(
    ("codec", "encoder", "options"),
    [
        ("h264", "libx264", {"bf": "0", "g": "25", "preset": "ultrafast"}),
        ("vp8", "libvpx", {"g": "25", "deadline": "realtime", "b": "2000000"}),
    ],
)
def test_the_file_says_which_way_up_the_pictures_are(
    tmp_path: Path, codec: str, encoder: str, options: dict[str, str], turns: int
) -> None:
    units = [replace(unit, quarter_turns=turns) for unit in units_of(encoder, options)]
    stretch = SourceStretch(units, UnitFormat(codec, None), blocks(1.0), START, START + FRAMES * FRAME_FLICKS, START)
    with av.open(str(write_source(tmp_path, stretch))) as container:
        first = next(container.decode(video=0))
    assert first.rotation % 360 == 90 * turns
    assert (first.width, first.height) == SIZE


def test_pictures_of_another_size_than_the_windows_are_left_out(tmp_path: Path) -> None:
    """They begin with a keyframe: before the window, or among the frames after it."""
    options = {"bf": "0", "g": "10", "preset": "ultrafast"}
    wide, tall = units_of("libx264", options), units_of("libx264", options, SIZE[::-1])
    units = [*tall[:10], *wide[10:50], *(replace(unit, quarter_turns=1) for unit in wide[50:])]
    stop = START + FRAMES * FRAME_FLICKS
    stretch = SourceStretch(units, UnitFormat("h264", None), blocks(1.0), START, stop, START + 45 * FRAME_FLICKS)
    with av.open(str(write_source(tmp_path, stretch))) as container:
        frames = list(container.decode(video=0))
    pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
    assert [number_of(picture) for picture in pictures] == list(range(10, 50))
    assert {(frame.width, frame.height, frame.rotation) for frame in frames} == {(*SIZE, 0)}
    assert frames[0].time == 0.0
    with av.open(str(tmp_path / "source.mp4")) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert heard == pytest.approx(1.6 * 48_000, abs=1)
