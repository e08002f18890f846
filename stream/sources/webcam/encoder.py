"""A camera's packets to access units: encoded ones as they are, raw pictures encoded once."""

import re
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from take5.stream.ffmpeg.container import AnyPacket, frame_duration, sample_aspect
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.timeline.media import UnitFormat

PASSED_ON = ("h264", "mjpeg")
"""Codecs of cameras whose packets are kept as they are."""

CRF = "10"
"""x264's quality, so that the one encoding between camera and clip is not seen."""

IDR = re.compile(rb"\x00\x00\x01[\x25\x45\x65]")
"""The start of a slice of a picture that needs no other."""


@dataclass(frozen=True)
class CameraUnit:
    """An access unit of a camera.

    Attributes
    ----------
    data : bytes
        Its bytes.
    keyframe : bool
        Decoding can begin with it.
    stamp_s : float
        When it was taken, in seconds of the camera's clock.
    arrival_s : float
        When it arrived, in seconds of the computer's.
    """

    data: bytes
    keyframe: bool
    stamp_s: float
    arrival_s: float


class UnitMaker:
    """Packets of a camera in, access units out, each at once.

    Parameters
    ----------
    stream : av.VideoStream
        The camera's.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._codec = stream.codec_context.name
        self._time_base = stream.time_base or Fraction(1, av.time_base)
        self._encoder: UnitEncoder | None = None
        self.errors = 0
        codec = self._codec if self._codec in PASSED_ON else "h264"
        self.unit_format = UnitFormat(codec, None, sample_aspect(stream))

    def make(self, packet: AnyPacket, arrival_s: float) -> list[CameraUnit]:
        """Make the units of one packet; what cannot be decoded is counted and left out."""
        if self._codec in PASSED_ON:
            data = bytes(packet)
            keyframe = self._codec == "mjpeg" or IDR.search(data) is not None
            return [CameraUnit(data, keyframe, self._stamp(packet.pts, arrival_s), arrival_s)]
        try:
            frames = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            self.errors += 1
            return []
        return [unit for frame in frames for unit in self._encode(frame, arrival_s)]

    def _encode(self, frame: av.VideoFrame, arrival_s: float) -> list[CameraUnit]:
        stamp_s = self._stamp(frame.pts, arrival_s)
        frame = DecodedPicture(frame, Fraction(1), 0).encodable()
        self._encoder = self._encoder or UnitEncoder(frame, 1 / frame_duration(self._stream))
        return self._encoder.encode(frame, stamp_s, arrival_s)

    def _stamp(self, pts: int | None, arrival_s: float) -> float:
        return arrival_s if pts is None else float(pts * self._time_base)


class UnitEncoder:
    """Pictures in, H.264 with parameters in band out, each at once and a keyframe a second.

    Parameters
    ----------
    frame : av.VideoFrame
        The first of them; all have its size and its format.
    rate : Fraction
        Pictures a second.
    """

    def __init__(self, frame: av.VideoFrame, rate: Fraction) -> None:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - libx264 is one
        context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
        context.framerate, context.time_base = rate, 1 / rate
        context.gop_size = max(1, round(rate))
        context.colorspace, context.color_range = frame.colorspace, frame.color_range
        context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": CRF, "threads": "1"}
        self._context, self._count = context, 0
        self._waiting: deque[tuple[float, float]] = deque()

    def encode(self, frame: av.VideoFrame, stamp_s: float, arrival_s: float) -> list[CameraUnit]:
        """Encode one picture."""
        frame.pts, frame.time_base, frame.pict_type = self._count, self._context.time_base, PictureType.NONE
        self._count += 1
        self._waiting.append((stamp_s, arrival_s))
        packets = self._context.encode(frame)
        return [CameraUnit(bytes(packet), packet.is_keyframe, *self._waiting.popleft()) for packet in packets]
