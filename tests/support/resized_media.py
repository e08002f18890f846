"""A video whose picture changes its size and its shape on the way, as a sender's does."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, VideoFrame

UPRIGHT_TURNS = 1
"""Counterclockwise quarter turns that bring the pictures of an upright phone upright."""

Change = tuple[float, tuple[int, int]]
"""Seconds from the first picture, and the size from then on."""


def write_resized(path: Path, original: Path, changes: Sequence[Change]) -> Path:
    """Write a transport stream like ``original``, scaled to another size from each change on; sound as MP2."""
    with av.open(str(original)) as source, av.open(str(path), "w", format="mpegts") as output:
        video, audio = source.streams.video[0], source.streams.audio[0]
        shown = output.add_mux_stream("h264", rate=25, width=video.width, height=video.height)
        assert isinstance(shown, av.VideoStream)
        shown.time_base = Fraction(1, 90_000)
        heard = output.add_stream("mp2", rate=48_000)
        assert isinstance(heard, av.AudioStream)
        heard.bit_rate = 384_000
        resampler = av.AudioResampler("s16", heard.layout, 48_000, 1152)
        encoder, size = None, (video.width, video.height)
        waiting = list(changes)
        for packet in source.demux(video, audio):
            for frame in packet.decode():
                if isinstance(frame, av.AudioFrame):
                    for piece in resampler.resample(frame):
                        output.mux(heard.encode(piece))
                    continue
                assert isinstance(frame, av.VideoFrame)
                assert frame.time is not None
                if waiting and frame.time >= waiting[0][0] - 0.001:
                    _mux(output, shown, encoder, None)
                    encoder, size = None, waiting.pop(0)[1]
                encoder = encoder or _encoder(size)
                picture = frame.reformat(width=size[0], height=size[1], format="yuv420p")
                picture.pts, picture.time_base = round(frame.time * 90_000), Fraction(1, 90_000)
                picture.pict_type = av.video.frame.PictureType.NONE
                _mux(output, shown, encoder, picture)
        _mux(output, shown, encoder, None)
        output.mux(heard.encode(None))
    return path


def _encoder(size: tuple[int, int]) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, 90_000), Fraction(25)
    encoder.options = {"preset": "veryfast", "crf": "12", "bf": "0", "g": "25", "tune": "zerolatency"}
    encoder.thread_count = 1
    return encoder


def _mux(
    output: av.container.OutputContainer,
    stream: av.VideoStream,
    encoder: VideoCodecContext | None,
    picture: av.VideoFrame | None,
) -> None:
    packets: list[AnyPacket] = [] if encoder is None else encoder.encode(picture)
    for packet in packets:
        packet.stream = stream
        output.mux(packet)


def turned(path: Path, until_s: float, width: int) -> list[Received]:
    """A talker's media as from a phone that is held upright until a time, and then on its side.

    Until then, pictures are ``width`` wide and coded lying on their side; they say how to turn them.
    """
    coded: dict[bool, VideoCodecContext] = {}
    arrived: list[Received] = []
    for media in MediaFile(path).media():
        if isinstance(media, AudioBlock):
            arrived.append(media)
        elif isinstance(media, VideoFrame):
            rgb, upright = media.picture.rgb(), media.pts < until_s * FLICKS
            if upright:
                left = (rgb.shape[1] - width) // 2
                rgb = np.ascontiguousarray(np.rot90(rgb[:, left : left + width], -UPRIGHT_TURNS))
            if upright not in coded:
                coded[upright] = _encoder((rgb.shape[1], rgb.shape[0]))
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = media.pts * 90_000 // FLICKS, Fraction(1, 90_000)
            (packet,) = coded[upright].encode(frame)
            turns = UPRIGHT_TURNS if upright else 0
            arrived.append(AccessUnit(media.pts, bytes(packet), packet.is_keyframe, quarter_turns=turns))
    return arrived
