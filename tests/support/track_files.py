"""Files with several tracks, and with tracks that have no decoder."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

RATE, FRAME = 48_000, 1024


def with_silent_tracks(source: Path, target: Path, *, before: int, after: int = 0) -> Path:
    """Copy a film, with tracks of digital silence before and after its sound."""
    with av.open(str(source)) as film, av.open(str(target), "w") as output:
        video, sound = film.streams.video[0], film.streams.audio[0]
        seconds = float((video.duration or 0) * (video.time_base or 0)) or float((film.duration or 0) / av.time_base)
        copies: dict[int, av.VideoStream | av.AudioStream] = {video.index: output.add_stream_from_template(video)}
        silent = [_silent(output) for _ in range(before)]
        copies[sound.index] = output.add_stream_from_template(sound)
        silent += [_silent(output) for _ in range(after)]
        for stream in silent:
            for first in range(0, round(seconds * RATE), FRAME):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, FRAME), np.float32), "fltp", "mono")
                frame.sample_rate, frame.pts = RATE, first
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        for packet in film.demux(video, sound):
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                output.mux(packet)
    return target


def _silent(output: av.container.OutputContainer) -> av.AudioStream:
    stream = output.add_stream("aac", rate=RATE)
    assert isinstance(stream, av.AudioStream)
    stream.codec_context.layout = "mono"
    return stream


def without_decoder(path: Path, tracks: Sequence[int]) -> Path:
    """Rename, in place, the codecs of some tracks of an MP4 file to ones that FFmpeg does not know."""
    data = path.read_bytes()
    parts = data.split(b"stsd")
    for track in tracks:
        for name in (b"mp4a", b"esds", b"avc1", b"avcC"):
            parts[track + 1] = parts[track + 1].replace(name, b"x" + name[1:], 1)
    path.write_bytes(b"stsd".join(parts))
    return path
