"""Which tracks of a file can be sent as they are stored, without decoding and encoding them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import av
from av.container import InputContainer
from av.video.reformatter import ColorRange

from take5.stream.ffmpeg.container import AnyPacket, packets
from take5.stream.ffmpeg.decoders import PictureDecoder, SoundDecoder
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.ffmpeg.sizes import size_header
from take5.stream.ffmpeg.tracks import tracks_of
from take5.stream.sources.channel import place_of
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FRAME_FLICKS, to_flicks, to_seconds
from take5.stream.timeline.media import AudioBlock, VideoFrame

PROFILES = ("Baseline", "Constrained Baseline")
"""Profiles that every WebRTC receiver takes."""

OPUS_RATE, MOST_CHANNELS = 48_000, 2

LONGEST_GOP_S = 2.0
"""Largest distance between keyframes: stored pictures cannot answer a request for a keyframe after a loss."""

MAX_BITRATE, MAX_PICTURE_BYTES = 8_000_000, 500_000
"""The limits of pictures that are encoded."""


@dataclass(frozen=True)
class Stored:
    """Why tracks have to be encoded; None for a track that is sent as stored.

    Attributes
    ----------
    file : MediaFile
        The file.
    pictures, sound : str or None
        The reasons.
    begin : int
        Time in the file at which sending begins, in flicks: a keyframe, if the pictures are sent as stored.
    """

    file: MediaFile
    pictures: str | None
    sound: str | None
    begin: int

    def __str__(self) -> str:
        parts = {"pictures": self.pictures, "sound": self.sound}
        return ", ".join(f"{name} {'as stored' if why is None else f'encoded ({why})'}" for name, why in parts.items())


@dataclass(frozen=True)
class StoredPacket:
    """A packet of a track that is sent as stored, and its time in the file in flicks."""

    pts: int
    end: int
    packet: AnyPacket


class StoredPicture(StoredPacket):
    """A picture as stored."""


class StoredSound(StoredPacket):
    """A stretch of sound as stored."""


Outgoing = VideoFrame | AudioBlock | StoredPicture | StoredSound


class NotAsStored(Exception):
    """Why a track cannot be sent as stored."""


def encoded(file: MediaFile) -> Stored:
    """Both tracks are encoded."""
    return Stored(file, "as asked", "as asked", file.origin)


def as_stored(file: MediaFile, seconds: float = inf) -> Stored:
    """Decide for each track; the packets of the pictures are read, up to ``seconds``."""
    pictures = sound = None
    begin = file.origin
    with file.opened() as container:
        video, audio = streams(file, container)
        try:
            _check_sound(file, audio)
        except NotAsStored as reason:
            sound = str(reason)
        try:
            _check_codec(video)
            _check_picture(first_picture(file), video)
            begin = _check_packets(file, container, video, seconds)
        except NotAsStored as reason:
            pictures = str(reason)
    return Stored(file, pictures, sound, begin)


def streams(file: MediaFile, container: InputContainer) -> tuple[av.VideoStream, av.AudioStream]:
    """The tracks of a file that are used."""
    video = container.streams[tracks_of(container, "video")[file.tracks.video - 1].index]
    audio = container.streams[tracks_of(container, "audio")[file.tracks.audio - 1].index]
    assert isinstance(video, av.VideoStream)  # noqa: S101 - the file has not changed since
    assert isinstance(audio, av.AudioStream)  # noqa: S101
    return video, audio


def first_picture(file: MediaFile) -> DecodedPicture:
    """The first picture of a file."""
    picture = next(media for media in file.media() if isinstance(media, VideoFrame)).picture
    assert isinstance(picture, DecodedPicture)  # noqa: S101 - files deliver no other
    return picture


def outgoing(file: MediaFile, stored: Stored) -> Iterator[Outgoing]:
    """Pictures and sound of a file, in its order: as packets where they are sent as stored, else decoded."""
    if stored.pictures is not None and stored.sound is not None:
        yield from (media for media in file.media() if isinstance(media, VideoFrame | AudioBlock))
        return
    with file.opened() as container:
        video, audio = streams(file, container)
        pictures, sounds = PictureDecoder(video), SoundDecoder(audio, place_of(file.channel), file.shift)
        for packet in packets(container, video, audio):
            if packet.stream_index == video.index:
                yield from _picture(packet) if stored.pictures is None else pictures.decode(packet)
            else:
                yield from _sound(packet) if stored.sound is None else sounds.decode(packet)
        yield from pictures.decode(None) if stored.pictures is not None else ()
        yield from sounds.decode(None) if stored.sound is not None else ()


def _picture(packet: AnyPacket) -> Iterator[StoredPicture]:
    if packet.pts is not None and packet.time_base is not None:
        pts = to_flicks(packet.pts, packet.time_base)
        yield StoredPicture(pts, pts + FRAME_FLICKS, packet)


def _sound(packet: AnyPacket) -> Iterator[StoredSound]:
    if packet.pts is not None and packet.time_base is not None:
        pts = to_flicks(packet.pts, packet.time_base)
        yield StoredSound(pts, pts + to_flicks(packet.duration or 0, packet.time_base), packet)


def _check_sound(file: MediaFile, audio: av.AudioStream) -> None:
    codec = audio.codec_context
    if codec.codec.canonical_name != "opus":
        raise NotAsStored(f"{codec.codec.canonical_name} is not Opus")
    if codec.layout.nb_channels > MOST_CHANNELS:
        raise NotAsStored(f"it has {codec.layout.nb_channels} channels")
    if place_of(file.channel) is not None or file.shift.flicks:
        raise NotAsStored("one channel is used, or it is moved")


def _check_codec(video: av.VideoStream) -> None:
    codec = video.codec_context
    if codec.codec.canonical_name != "h264":
        raise NotAsStored(f"{codec.codec.canonical_name} is not H.264")
    if codec.profile not in PROFILES:
        raise NotAsStored(f"its profile is {codec.profile}, not Baseline")
    if not codec.extradata:
        raise NotAsStored("it has no parameter sets")
    if codec.pix_fmt != "yuv420p" or codec.color_range == ColorRange.JPEG:
        raise NotAsStored("it is not 8-bit 4:2:0 of limited range")


def _check_picture(picture: DecodedPicture, video: av.VideoStream) -> None:
    if picture.quarter_turns or picture.mirrored:
        raise NotAsStored("it has to be turned")
    if picture.hdr is not None:
        raise NotAsStored("it is HDR")
    if picture.size != (video.codec_context.width, video.codec_context.height):
        raise NotAsStored("its pixels are not square")
    if any(side % 2 for side in picture.size):
        raise NotAsStored("its size is odd")


def _check_packets(file: MediaFile, container: InputContainer, video: av.VideoStream, seconds: float) -> int:
    """The last keyframe up to the beginning of both tracks."""
    keyframes: list[int] = []
    headers: set[bytes] = set()
    times: list[int] = []
    size = 0
    for packet in packets(container, video):
        if packet.pts is None or video.time_base is None or packet.is_corrupt or packet.is_discard:
            raise NotAsStored("some of its pictures are damaged, cut off or without a time")
        pts = to_flicks(packet.pts, video.time_base)
        if times and pts <= times[-1]:
            raise NotAsStored("it has B-frames")
        headers |= {size_header("h264", packet)} if packet.is_keyframe else set()
        if len(headers) > 1:
            raise NotAsStored("its parameters change")
        if packet.size > MAX_PICTURE_BYTES:
            raise NotAsStored(f"a picture has {packet.size // 1000} kB")
        keyframes += [pts] * packet.is_keyframe
        times.append(pts)
        size += packet.size
        if to_seconds(pts - file.origin) > seconds:
            break
    if not keyframes:
        raise NotAsStored("it has no keyframe")
    _check_rates([*keyframes, times[-1]], 8 * size / max(1.0, to_seconds(times[-1] - times[0])))
    return max((pts for pts in keyframes if pts <= file.origin), default=file.origin)


def _check_rates(keyframes: list[int], bitrate: float) -> None:
    longest = max(to_seconds(after - before) for before, after in pairwise(keyframes))
    if longest > LONGEST_GOP_S:
        raise NotAsStored(f"its keyframes are {longest:.1f} s apart")
    if bitrate > MAX_BITRATE:
        raise NotAsStored(f"it has {bitrate / 1e6:.0f} Mbit/s")
