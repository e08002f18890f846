"""Opening media files with FFmpeg (PyAV): tracks, errors, and packets as far as they can be read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from take5.scoring.errors import UnreadableMedia
from take5.stream.timeline.clock import FLICKS, fraction, to_flicks

CHANNEL_WEIGHTS = {"LFE": 0.0, "BL": 0.7, "BR": 0.7, "SL": 0.7, "SR": 0.7, "BC": 0.7}
"""Share of a channel in the mono mix, before normalisation; 1 for front channels."""

TRANSPORT_PACKETS = (188, 192, 204)
"""Bytes of a packet of an MPEG transport stream: bare, with a time code, with error correction."""

LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""Lets files with tags that are not UTF-8 be read; the default from PyAV 19."""

JUMP_BACK_FLICKS = FLICKS
"""Packets may be out of order by a second."""

AnyStream = av.VideoStream | av.AudioStream
AnyPacket: TypeAlias = "av.Packet[Any]"


@contextmanager
def opened(path: Path, name: object = None) -> Iterator[InputContainer]:
    """Open a media file; FFmpeg's errors become :class:`UnreadableMedia` of ``name``, by default the path."""
    called = path if name is None else name
    container = _open(path, called)
    try:
        yield container
    except av.FFmpegError as error:
        raise _unreadable(called, error) from error
    finally:
        container.close()


def _open(path: Path, name: object) -> InputContainer:
    try:
        if path.is_dir():
            raise UnreadableMedia(f"{name}: is a folder, not a media file")
        if not path.exists():
            raise UnreadableMedia(f"{name}: no such file")
        if path.stat().st_size == 0:
            raise UnreadableMedia(f"{name}: is empty (0 bytes)")
        # "file:" keeps FFmpeg from treating a name such as "http:x" or "concat:x" as a protocol.
        container: InputContainer = av.open(f"file:{path}", "r", **LENIENT)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    return container


def _unreadable(name: object, error: Exception) -> UnreadableMedia:
    return UnreadableMedia(f"{name}: FFmpeg cannot read it as a media file ({reason(error)})")


def reason(error: Exception) -> str:
    """Message of an FFmpeg or system error, without its number and file name."""
    return getattr(error, "strerror", None) or str(error)


def seek(container: InputContainer, to: int, stream: av.VideoStream | None = None) -> None:
    """Seek to the keyframe at or before a time in the stream's time base, or in microseconds; else stay at the start.

    AVI and FLV refuse times before their first packet.
    """
    with suppress(av.FFmpegError):
        container.seek(to, stream=stream, backward=True)


def packets(
    container: InputContainer,
    *streams: AnyStream,
    on_break: Callable[[str], None] = lambda _: None,
    on_jump_back: Callable[[int], None] = lambda _: None,
) -> Iterator[AnyPacket]:
    """Packets with data of the given tracks, as far as the file can be read.

    Packets that an edit list discards are included: others refer to them, and the decoder does not output them.
    Damage ends the iteration, since what follows cannot be read; ``on_break`` is called with the reason. Where time
    jumps back, what overlaps is left out; ``on_jump_back`` is called with the flicks.
    """
    forward = Forward(on_jump_back)
    demuxed = container.demux(*streams)
    while True:
        try:
            packet = next(demuxed, None)
        except (av.FFmpegError, OSError) as error:
            on_break(reason(error))
            return
        if packet is None:
            return
        if packet.size and forward.takes(packet):
            yield packet


class Forward:
    """Passes over packets of a track that lie more than a second before its newest one, up to the next keyframe."""

    def __init__(self, on_jump_back: Callable[[int], None]) -> None:
        self._on_jump_back = on_jump_back
        self._newest: dict[int, int] = {}
        self._waiting: set[int] = set()

    def takes(self, packet: AnyPacket) -> bool:
        """Whether a packet goes on in time."""
        track = packet.stream_index
        if packet.dts is None or packet.time_base is None:
            return track not in self._waiting
        at = to_flicks(packet.dts, packet.time_base)
        newest = self._newest.get(track, at)
        if at < newest - JUMP_BACK_FLICKS and track not in self._waiting:
            self._waiting.add(track)
            self._on_jump_back(newest - at)
        if track in self._waiting and (at <= newest or not packet.is_keyframe):
            return False
        self._waiting.discard(track)
        self._newest[track] = max(newest, at)
        return True


def stated_end(container: InputContainer, *streams: AnyStream) -> int | None:
    """End of the tracks as stated by the file, in flicks; None if it does not state one."""
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
    """Whether the file ends in the middle of a packet of an MPEG transport stream, which does not state its length."""
    size = path.stat().st_size
    return container.format.name == "mpegts" and all(size % packet for packet in TRANSPORT_PACKETS)


def sample_aspect(stream: av.VideoStream) -> Fraction:
    """Width over height of one pixel; 1 if not stated."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return fraction(aspect) if aspect else Fraction(1)


def frame_duration(stream: av.VideoStream) -> Fraction:
    """Nominal seconds of one frame; 1/25 if not stated."""
    rate = stream.average_rate or stream.guessed_rate
    return 1 / fraction(rate) if rate else Fraction(1, 25)


def channels(frame: av.AudioFrame) -> NDArray[np.float32]:
    """The frame's sound as float32 [channels, samples] in [-1, 1]; NaN becomes silence."""
    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        return np.asarray((samples.astype(np.float32) - 128.0) / 128.0, dtype=np.float32)
    if samples.dtype.kind == "i":
        return np.asarray(samples.astype(np.float32) * np.float32(-1.0 / np.iinfo(samples.dtype).min))
    return np.nan_to_num(np.asarray(samples, dtype=np.float32), posinf=0.0, neginf=0.0)


def mono(frame: av.AudioFrame, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix the frame's channels [C, n] to one, float32 [n], no louder than the loudest of them."""
    return np.asarray(_weights(frame.layout.name, len(samples)) @ samples, dtype=np.float32)


@lru_cache
def _weights(layout: str, count: int) -> NDArray[np.float64]:
    """Share of each of ``count`` channels of a layout in the mono mix."""
    weights = np.array([CHANNEL_WEIGHTS.get(channel.name, 1.0) for channel in av.AudioLayout(layout).channels])
    if len(weights) != count or not weights.any():
        weights = np.ones(count)
    return np.asarray(weights / weights.sum())
