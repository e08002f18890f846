"""The received media of a clip: access units unchanged, PCM sound encoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.output.clip import encoded_sound
from take5.stream.recording.from_ring import SourceStretch
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit
from take5.stream.timeline.soundtrack import cut

VIDEO_CLOCK = Fraction(1, 90_000)


@dataclass(frozen=True)
class Kind:
    """A file format: file name, FFmpeg's format name, audio codec and its frame size in samples."""

    name: str
    container: str
    sound: str
    frame_size: int


MP4 = Kind("source.mp4", "mp4", "flac", 4608)
KINDS = {"vp8": Kind("source.webm", "webm", "libopus", 960)}
"""For pictures that MP4 cannot hold; in MP4 the sound is lossless."""


def write_source(folder: Path, stretch: SourceStretch) -> Path:
    """Write ``source.mp4`` (``source.webm`` for VP8) into ``folder``: from a keyframe, both tracks from 0.

    The units carry their parameters in band, as in every live source.
    """
    kind = KINDS.get(stretch.unit_format.codec, MP4)
    first = next(decode_units(stretch.units, stretch.unit_format), None)
    sound, rate = cut(stretch.blocks, stretch.start, stretch.stop)
    with av.open(str(folder / kind.name), "w", format=kind.container) as container:
        width, height = (0, 0) if first is None else first.picture.size
        video = container.add_mux_stream(stretch.unit_format.codec, rate=25, width=width, height=height)
        video.time_base = VIDEO_CLOCK
        audio = container.add_stream(kind.sound, rate=rate)
        assert isinstance(audio, av.AudioStream)  # noqa: S101 - as all these codecs are
        audio.codec_context.layout = "stereo" if len(sound) == 2 else "mono"
        for packet in _packets(stretch.units, stretch.start):
            packet.stream = video
            container.mux(packet)
        container.mux(encoded_sound(audio, sound, rate, kind.frame_size))
    return folder / kind.name


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
