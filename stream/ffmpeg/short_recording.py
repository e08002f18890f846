"""Checks a short recording that a browser has made, as bytes that anyone may have sent."""

import io
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from take5.scoring.errors import UnreadableMedia
from take5.stream.ffmpeg.container import LENIENT, reason

WEBM, MP4 = "webm", "mp4"
EBML = b"\x1a\x45\xdf\xa3"
DEMUXERS = {WEBM: "matroska", MP4: "mov"}
PICTURE_CODECS = frozenset({"vp8", "vp9", "av1", "libdav1d", "h264", "hevc"})
SOUND_CODECS = frozenset({"opus", "libopus", "vorbis", "aac", "alac", "pcm_f32le", "pcm_s16le"})
"""What browsers record with; no other decoder is given these bytes."""

PROBED = {"codec_whitelist": ",".join(sorted(PICTURE_CODECS | SOUND_CODECS))}
"""FFmpeg decodes a little of every track when it opens a file."""

MOST_PIXELS = 4096 * 2304
SILENT_DBFS = -60.0
WINDOW_S = 0.5


@dataclass(frozen=True)
class ShortRecording:
    """What a recording holds.

    Attributes
    ----------
    kind : str
        ``webm`` or ``mp4``.
    picture_s, sound_s : float
        How long they are; 0 for none. They are not measured beyond the longest time allowed.
    loudest_dbfs : float
        RMS of the loudest half second; minus infinity for digital silence.
    """

    kind: str
    picture_s: float
    sound_s: float
    loudest_dbfs: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(self.picture_s, self.sound_s)

    @property
    def silent(self) -> bool:
        """Whether nothing can be heard."""
        return self.loudest_dbfs < SILENT_DBFS


def read_recording(content: bytes, most_s: float) -> ShortRecording:
    """Read a WebM or MP4 recording, no further than ``most_s`` seconds and a little.

    Raises
    ------
    UnreadableMedia
        If it is neither, damaged, or made with something that browsers do not record with.
    """
    kind = _kind(content)
    try:
        with av.open(io.BytesIO(content), "r", format=DEMUXERS[kind], options=PROBED, **LENIENT) as container:
            return _read(container, kind, most_s)
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise UnreadableMedia(f"the recording cannot be read ({reason(error)})") from error


def _kind(content: bytes) -> str:
    if content.startswith(EBML):
        return WEBM
    if content[4:8] == b"ftyp":
        return MP4
    raise UnreadableMedia("the recording is neither WebM nor MP4")


def _read(container: InputContainer, kind: str, most_s: float) -> ShortRecording:
    picture, sound = Picture(most_s), Sound(most_s)
    videos, audios = container.streams.video[:1], container.streams.audio[:1]
    for stream in (*videos, *audios):
        codec = stream.codec_context
        if codec is None or codec.name not in PICTURE_CODECS | SOUND_CODECS:
            raise UnreadableMedia("the recording has a track that no browser records")
        codec.thread_count = 1
    for packet in container.demux(*videos, *audios) if videos or audios else ():
        (picture if packet.stream.type == "video" else sound).take(packet)
        if picture.seconds > most_s or sound.seconds > most_s:
            break
    return ShortRecording(kind, picture.seconds, sound.seconds, sound.loudest_dbfs)


class Picture:
    """The picture's length, by its packets; its first frame is decoded, to know that there is one."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._decoded = False
        self._first: float | None = None
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """How long it is; 0 if nothing can be seen."""
        return 0.0 if self._first is None or not self._decoded else self._last - self._first

    def take(self, packet: Any) -> None:
        """Take a packet."""
        if not self._decoded:
            codec = packet.stream.codec_context
            if codec.width * codec.height > MOST_PIXELS:
                raise UnreadableMedia("the recording's picture is too large")
            self._decoded = bool(packet.decode())
        if packet.pts is not None and packet.time_base is not None:
            at = float(packet.pts * packet.time_base)
            self._first = at if self._first is None else min(self._first, at)
            self._last = max(self._last, at + float((packet.duration or 0) * packet.time_base))


class Sound:
    """The sound's length and its loudest half second."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._seconds = self._window_s = self._power = 0.0
        self._loudest = 0.0
        self._resampler = av.AudioResampler(format="fltp")

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self._seconds

    @property
    def loudest_dbfs(self) -> float:
        """RMS of the loudest half second."""
        return float(10 * np.log10(self._loudest)) if self._loudest > 0 else -np.inf

    def take(self, packet: Any) -> None:
        """Take a packet."""
        for frame in packet.decode():
            for heard in self._resampler.resample(frame):
                self._hear(heard.to_ndarray(), heard.sample_rate)
            if self._seconds > self._most_s:
                return

    def _hear(self, samples: Any, rate: int) -> None:
        length_s = samples.shape[-1] / rate
        self._seconds += length_s
        self._window_s += length_s
        self._power += float(np.nan_to_num(np.mean(np.square(samples, dtype=np.float64)))) * length_s
        if self._window_s >= WINDOW_S:
            self._loudest = max(self._loudest, self._power / self._window_s)
            self._window_s = self._power = 0.0
