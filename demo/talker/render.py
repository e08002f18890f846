"""Puts picture and sound of a script into a file.

The picture is H.264, visually lossless, a keyframe every second, no B-frames. The sound is PCM in .mkv and .mov, so that
silence is zeros and a hole ends at the very sample; .mp4 gets AAC, in which a hole begins up to 21 ms late. A hole is a
gap in the timestamps: nothing is put in its place.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from demo.talker.face import Studio
from demo.talker.motion import Moment, moments
from demo.talker.script import Script, TalkerError, starts_s
from demo.talker.voice import SAMPLE_RATE, Samples, sound

SoundCodec = Literal["pcm_s16le", "aac"]
SOUND_CODECS: dict[str, SoundCodec] = {".mkv": "pcm_s16le", ".mov": "pcm_s16le", ".mp4": "aac"}
PACKET_SAMPLES = 960  # 20 ms: Matroska counts in whole ms


def render(
    script: Script, path: Path, size: tuple[int, int] = (1280, 720), fps: Fraction = Fraction(25), seed: int = 0
) -> None:
    """Write the video.

    Parameters
    ----------
    script : Script
        What happens in it.
    path : Path
        The file; its ending (.mkv, .mov, .mp4) chooses the container. An older one is replaced.
    size : tuple of int
        Width and height in pixels, both even.
    fps : Fraction
        Frames per second.
    seed : int
        Of the noise in picture and sound; the same seed gives the same frames and samples.
    """
    _check(script, path, size, fps)
    spoken = sound(script, seed)
    with av.open(path, "w") as container:
        camera = _Camera(_picture_track(container, size, fps), Studio(*size, seed=seed), fps)
        sound_track = container.add_stream(SOUND_CODECS[path.suffix], rate=SAMPLE_RATE, layout="mono")
        pieces = _sound_packets(sound_track, spoken, sound_holes(script))
        waiting = next(pieces, None)
        for moment in moments(script, fps):
            while waiting is not None and _start(waiting) <= moment.index / fps:
                container.mux(waiting)
                waiting = next(pieces, None)
            for packet in camera.shoot(moment):
                container.mux(packet)
        container.mux(camera.track.encode())
        while waiting is not None:
            container.mux(waiting)
            waiting = next(pieces, None)


def sound_holes(script: Script) -> list[tuple[int, int]]:
    """Half-open spans of samples that are missing, in order."""
    per_ms = SAMPLE_RATE // 1000
    begins = [
        (start * SAMPLE_RATE + stretch.hole_start_ms * per_ms, stretch.sound_hole_ms * per_ms)
        for start, stretch in zip(starts_s(script), script, strict=False)
    ]
    return [(begin, begin + length) for begin, length in begins if length]


def _check(script: Script, path: Path, size: tuple[int, int], fps: Fraction) -> None:
    if path.suffix not in SOUND_CODECS:
        raise TalkerError(f"{path} must end in {', '.join(SOUND_CODECS)}")
    if any(side < 64 or side % 2 for side in size):
        raise TalkerError(f"size={size[0]}x{size[1]}: both sides must be even and at least 64")
    if size[0] < size[1] and any(stretch.faces == 2 for stretch in script):
        raise TalkerError(f"size={size[0]}x{size[1]}: a frame with two faces must be at least as wide as high")
    if fps < 1:
        raise TalkerError(f"fps={fps} must be at least 1")


def _picture_track(container: OutputContainer, size: tuple[int, int], fps: Fraction) -> VideoStream:
    track = container.add_stream("libx264", rate=fps)
    track.width, track.height = size
    track.pix_fmt = "yuv420p"
    context = track.codec_context
    context.time_base = 1 / fps
    context.gop_size = 100_000  # the camera asks for each keyframe
    context.thread_count = 1  # the bytes do not depend on the machine's cores
    context.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "17", "sc_threshold": "0", "forced-idr": "1"}
    return track


class _Camera:
    """Draws and encodes.

    A frozen stretch must decode to the same picture again and again, but an encoder refines a still. So its first frame
    is a keyframe, and what that decodes to is what is encoded for all the others: nothing is left to refine.
    """

    def __init__(self, track: VideoStream, studio: Studio, fps: Fraction) -> None:
        self.track = track
        self._studio, self._fps = studio, fps
        self._second = -1
        self._still: tuple[int, av.VideoFrame] | None = None

    def shoot(self, moment: Moment) -> list[av.Packet]:
        """The packets of one frame."""
        if self._still is not None and self._still[0] == moment.frozen_at:
            return self._encode(self._still[1], moment.index, PictureType.NONE)
        second = int(moment.index / self._fps)
        first = second != self._second or moment.frozen_at is not None
        self._second = second
        packets = self._encode(self._picture(moment), moment.index, PictureType.I if first else PictureType.NONE)
        if moment.frozen_at is not None:
            self._still = (moment.frozen_at, _decoded(self.track, packets))
        return packets

    def _picture(self, moment: Moment) -> av.VideoFrame:
        drawn = self._studio.draw(moment.pose, moment.scene, moment.grain)
        return av.VideoFrame.from_ndarray(drawn.reshape(-1, self._studio.width), format="yuv420p")

    def _encode(self, frame: av.VideoFrame, index: int, kind: PictureType) -> list[av.Packet]:
        frame.pts, frame.time_base, frame.pict_type = index, 1 / self._fps, kind
        return self.track.encode(frame)


def _decoded(track: VideoStream, packets: list[av.Packet]) -> av.VideoFrame:
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = track.codec_context.extradata
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    if len(frames) != 1:
        raise TalkerError(f"the encoder gave {len(frames)} frames for one: this FFmpeg cannot draw a frozen stretch")
    return frames[0]


def _start(packet: av.Packet) -> Fraction:
    return (packet.pts or 0) * (packet.time_base or Fraction(0))


def _sound_packets(track: AudioStream, spoken: Samples, holes: list[tuple[int, int]]) -> Iterator[av.Packet]:
    """The sound without its holes, encoded as one piece, each packet then moved to its place on the clock."""
    whole = np.rint(spoken * 32768).clip(-32768, 32767).astype(np.int16)
    begins = [0, *(end for _, end in holes)]
    ends = [*(begin for begin, _ in holes), len(whole)]
    joints = np.cumsum([end - begin for begin, end in zip(begins, ends, strict=True)])  # without the holes
    clock = 0
    for begin, end in zip(begins, ends, strict=True):
        for first in range(begin, end, PACKET_SAMPLES):
            samples = whole[first : min(first + PACKET_SAMPLES, end)]
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), clock
            clock += len(samples)
            yield from _moved(track.encode(frame), joints, holes)
    yield from _moved(track.encode(None), joints, holes)


def _moved(packets: list[av.Packet], joints: NDArray[np.int64], holes: list[tuple[int, int]]) -> Iterator[av.Packet]:
    for packet in packets:
        if packet.pts is not None:
            passed = int(np.searchsorted(joints[:-1], packet.pts, side="right"))
            packet.pts += sum(end - begin for begin, end in holes[:passed])
            packet.dts = packet.pts
            yield packet
