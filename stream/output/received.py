"""The received media of a clip: access units unchanged, PCM sound encoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av

from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.output.clip import encoded_sound
from take5.stream.recording.from_ring import SourceStretch
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, UnitFormat
from take5.stream.timeline.soundtrack import cut

VIDEO_CLOCK = Fraction(1, 90_000)

TKHD_MATRIX = 44
"""Bytes from the name of an MP4's track header, version 0, to its display matrix."""


@dataclass(frozen=True)
class Kind:
    """A file format: FFmpeg's name, which is the end of its files' names, too, audio codec and its frame size."""

    container: str
    sound: str
    frame_size: int


MP4 = Kind("mp4", "flac", 4608)
KINDS = {"vp8": Kind("webm", "libopus", 960)}
"""For pictures that MP4 cannot hold; in MP4 the sound is lossless."""


def write_source(folder: Path, stretch: SourceStretch, suffix: str = "") -> Path:
    """Write ``source.mp4`` (``source.webm`` for VP8) into ``folder``: from a keyframe, both tracks from 0.

    ``suffix`` comes after ``source`` in its name.

    The units carry their parameters in band, as in every live source. Pictures of another size or orientation than the
    window's are left out, from the nearest keyframes on; the file states the orientation.
    """
    kind = KINDS.get(stretch.unit_format.codec, MP4)
    stretch = alike(stretch)
    first = next(decode_units(stretch.units, stretch.unit_format), None)
    sound, rate = cut(stretch.blocks, stretch.start, stretch.stop)
    path = folder / f"source{suffix}.{kind.container}"
    with av.open(str(path), "w", format=kind.container) as container:
        turns = (stretch.unit_format.quarter_turns + _unit_at(stretch).quarter_turns) % 4 if stretch.units else 0
        width, height = (0, 0) if first is None else first.picture.size[:: -1 if turns % 2 else 1]
        video = _video_stream(container, stretch.unit_format.codec, (width, height), turns)
        audio = container.add_stream(kind.sound, rate=rate)
        assert isinstance(audio, av.AudioStream)  # noqa: S101 - as all these codecs are
        audio.codec_context.layout = "stereo" if len(sound) == 2 else "mono"
        for packet in _packets(stretch.units, stretch.start):
            packet.stream = video
            container.mux(packet)
        container.mux(encoded_sound(audio, sound, rate, kind.frame_size))
    if turns and kind is MP4:
        turn_mp4(path, turns)
    return path


def _video_stream(
    container: av.container.OutputContainer, codec: str, size: tuple[int, int], turns: int
) -> av.VideoStream:
    """A stream that packets are put into; VP8, which needs no parameters, may be an encoder's, which can be turned.

    Before PyAV 18.1 it cannot be: then the file does not say how the pictures are turned.
    """
    if turns and codec == "vp8" and hasattr(av.VideoStream, "set_display_rotation"):
        encoder = container.add_stream("libvpx", rate=25)
        encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
        encoder.set_display_rotation(90 * turns)
        encoder.time_base = VIDEO_CLOCK
        return encoder
    video = container.add_mux_stream(codec, rate=25, width=size[0], height=size[1])
    assert isinstance(video, av.VideoStream)  # noqa: S101 - as all these codecs are
    video.time_base = VIDEO_CLOCK
    return video


def turn_mp4(path: Path, turns: int) -> None:
    """Let players turn the first track of an MP4 counterclockwise by quarter turns: write its display matrix."""
    with path.open("r+b") as file:
        at, kind = 0, b""
        while kind != b"moov":
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8))
            content = at + 8
            at += size if size != 1 else struct.unpack(">Q", file.read(8))[0]
        file.seek(content)
        place = content + file.read(at - content).index(b"tkhd") + TKHD_MATRIX
        one = 1 << 16
        cos, sin = [(one, 0), (0, -one), (-one, 0), (0, one)][turns % 4]
        file.seek(place)
        file.write(struct.pack(">9i", cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30))


def alike(stretch: SourceStretch) -> SourceStretch:
    """The part of a stretch around its window whose groups of pictures have the window's size and orientation."""
    starts = [place for place, unit in enumerate(stretch.units) if unit.keyframe]
    if len(starts) < 2:
        return stretch
    units = stretch.units
    groups = [units[start:stop] for start, stop in zip(starts, [*starts[1:], len(units)], strict=True)]
    kinds = [_kind(group[0], stretch.unit_format) for group in groups]
    shown = max((i for i, group in enumerate(groups) if group[0].pts <= stretch.shown), default=0)
    first, after = shown, shown
    while first > 0 and kinds[first - 1] == kinds[shown]:
        first -= 1
    while after < len(groups) and kinds[after] == kinds[shown]:
        after += 1
    start = stretch.start if first == 0 else min(unit.pts for unit in groups[first])
    stop = stretch.stop if after == len(groups) else groups[after][0].pts
    return replace(stretch, units=[unit for group in groups[first:after] for unit in group], start=start, stop=stop)


def _kind(keyframe: AccessUnit, unit_format: UnitFormat) -> tuple[tuple[int, int] | None, int]:
    """Size and orientation of the pictures that a keyframe begins."""
    first = next(decode_units([keyframe], unit_format), None)
    return None if first is None else first.picture.size, keyframe.quarter_turns


def _unit_at(stretch: SourceStretch) -> AccessUnit:
    """The unit that the window shows."""
    shown = (unit for unit in stretch.units if unit.pts <= stretch.shown)
    return max(shown, key=lambda unit: unit.pts, default=stretch.units[0])


def _packets(units: list[AccessUnit], start: int) -> Iterator[AnyPacket]:
    """Units with their times; with reordered pictures, decoding times are moved earlier as needed."""
    ordered = sorted(unit.pts for unit in units)
    early = max((shown - unit.pts for shown, unit in zip(ordered, units, strict=True)), default=0)
    for shown, after, unit in zip(ordered, [*ordered[1:], None], units, strict=True):
        packet = av.Packet(unit.data)
        packet.time_base, packet.is_keyframe = VIDEO_CLOCK, unit.keyframe
        packet.pts, packet.dts = _clock(unit.pts - start), _clock(shown - start - early)
        packet.duration = _clock(FLICKS // 25 if after is None else after - shown)
        yield packet


def _clock(ticks: int) -> int:
    return round(ticks * VIDEO_CLOCK.denominator / FLICKS)
