"""Opening media files with FFmpeg (PyAV): which tracks, which errors, and packets as far as they can be read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from numpy.typing import NDArray

from take5.scoring.errors import MissingTrack, UnreadableMedia
from take5.stream.timeline.clock import fraction, to_flicks

CHANNEL_WEIGHTS = {"LFE": 0.0, "BL": 0.7, "BR": 0.7, "SL": 0.7, "SR": 0.7, "BC": 0.7}
"""Share of a channel in the mono mix, before normalisation; 1 for front channels."""

TRANSPORT_PACKETS = (188, 192, 204)
"""Bytes of a packet of an MPEG transport stream: bare, with a time code, with error correction."""

LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""Tags that are no UTF-8 do not keep a file from being read; from version 19 on PyAV is so by itself."""

AnyStream = av.VideoStream | av.AudioStream
AnyPacket: TypeAlias = "av.Packet[Any]"


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a media file; everything that FFmpeg has against it becomes :class:`UnreadableMedia`."""
    container = _open(path)
    try:
        yield container
    except av.FFmpegError as error:
        raise _unreadable(path, error) from error
    finally:
        container.close()


def _open(path: Path) -> InputContainer:
    try:
        if path.is_dir():
            raise UnreadableMedia(f"{path}: is a folder, not a media file")
        if not path.exists():
            raise UnreadableMedia(f"{path}: no such file")
        if path.stat().st_size == 0:
            raise UnreadableMedia(f"{path}: is empty (0 bytes)")
        # "file:" keeps FFmpeg from reading a name such as "http:x" or "concat:x" as something else than a name.
        container: InputContainer = av.open(f"file:{path}", "r", **LENIENT)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return container


def _unreadable(path: Path, error: Exception) -> UnreadableMedia:
    return UnreadableMedia(f"{path}: FFmpeg cannot read it as a media file ({reason(error)})")


def reason(error: Exception) -> str:
    """What FFmpeg or the system says of an error, without its number and file name."""
    return getattr(error, "strerror", None) or str(error)


def video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """The file's main moving picture; a cover picture is none."""
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    best = container.streams.best("video")
    if best in moving and isinstance(best, av.VideoStream):
        return best
    if not moving:
        raise MissingTrack(f"{path}: has no video track; take5 needs picture and sound")
    return moving[0]


def audio_stream(container: InputContainer, path: Path) -> av.AudioStream:
    """The file's main sound."""
    best = container.streams.best("audio")
    if not isinstance(best, av.AudioStream):
        raise MissingTrack(f"{path}: has no audio track; take5 needs picture and sound")
    return best


def seek(container: InputContainer, to: int, stream: av.VideoStream | None = None) -> None:
    """Go to the keyframe at or before a time in the stream's time base, or in microseconds; else stay at the start.

    AVI and FLV refuse times before their first packet.
    """
    with suppress(av.FFmpegError):
        container.seek(to, stream=stream, backward=True)


def packets(
    container: InputContainer, *streams: AnyStream, on_break: Callable[[str], None] = lambda _: None
) -> Iterator[AnyPacket]:
    """Packets with data of the given tracks, as far as the file can be read.

    An edit list discards some: they must be decoded, for others refer to them, and the decoder shows none of them.
    A broken place ends the iteration, since what follows cannot be read; ``on_break`` is told why.
    """
    demuxed = container.demux(*streams)
    while True:
        try:
            packet = next(demuxed, None)
        except (av.FFmpegError, OSError) as error:
            on_break(reason(error))
            return
        if packet is None:
            return
        if packet.size:
            yield packet


def stated_end(container: InputContainer, *streams: AnyStream) -> int | None:
    """When the tracks end by what the file says of itself, in flicks; None where it says nothing."""
    ends = [
        to_flicks((stream.start_time or 0) + stream.duration, stream.time_base)
        for stream in streams
        if stream.duration is not None and stream.time_base is not None
    ]
    if len(ends) == len(streams):
        return max(ends)
    if container.duration is None:
        return None
    return to_flicks((container.start_time or 0) + container.duration, Fraction(1, av.time_base))


def torn(container: InputContainer, path: Path) -> bool:
    """Whether the file ends in the middle of a packet of an MPEG transport stream, which says nothing of its length."""
    size = path.stat().st_size
    return container.format.name == "mpegts" and all(size % packet for packet in TRANSPORT_PACKETS)


def sample_aspect(stream: av.VideoStream) -> Fraction:
    """Width over height of one pixel; 1 where the file does not say."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return fraction(aspect) if aspect else Fraction(1)


def frame_duration(stream: av.VideoStream) -> Fraction:
    """Nominal seconds of one frame; 1/25 where the file does not say."""
    rate = stream.average_rate or stream.guessed_rate
    return 1 / fraction(rate) if rate else Fraction(1, 25)


def channels(frame: av.AudioFrame) -> NDArray[np.float32]:
    """The frame's sound as float32 [channels, samples] in [-1, 1]; what is no number is silence."""
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        return np.asarray((samples.astype(np.float32) - 128.0) / 128.0, dtype=np.float32)
    scale = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
    return np.nan_to_num(np.asarray(samples / scale, dtype=np.float32), posinf=0.0, neginf=0.0)


def mono(frame: av.AudioFrame, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix the frame's channels [C, n] to one, float32 [n], no louder than the loudest of them."""
    weights = np.array([CHANNEL_WEIGHTS.get(channel.name, 1.0) for channel in frame.layout.channels])
    if len(weights) != len(samples) or not weights.any():
        weights = np.ones(len(samples))
    return np.asarray((weights / weights.sum()) @ samples, dtype=np.float32)
