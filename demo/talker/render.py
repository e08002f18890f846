"""Renders picture and sound of a script to a file.

The picture is H.264 without B-frames, visually lossless, with a keyframe every second except while it is frozen. The
sound is PCM in .mkv: silence is zeros, and a hole begins and ends at the exact sample. In .mp4 and .mov it is AAC, and
a hole begins up to 21 ms late. A hole is a gap in the timestamps: nothing is put in its place.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from demo.talker.face import Studio
from demo.talker.motion import Moment, moments
from demo.talker.portrait import Bytes
from demo.talker.script import Script, TalkerError, starts_s
from demo.talker.voice import SAMPLE_RATE, Samples, sound

if TYPE_CHECKING:  # generic to type checkers only
    SoundPacket = av.Packet[AudioStream]

Profile = Literal["high", "baseline"]
SoundCodec = Literal["pcm_s16le", "aac"]
SOUND_CODECS: dict[str, SoundCodec] = {".mkv": "pcm_s16le", ".mp4": "aac", ".mov": "aac"}
QUANTISER = "17"
PACKET_SAMPLES = 960  # 20 ms: Matroska counts in whole ms


def render(
    script: Script,
    path: Path,
    size: tuple[int, int] = (1280, 720),
    fps: Fraction = Fraction(25),
    seed: int = 0,
    profile: Profile = "high",
) -> None:
    """Write the video.

    Parameters
    ----------
    script : Script
        What happens in it.
    path : Path
        The file; its suffix (.mkv, .mov, .mp4) chooses the container. An existing one is replaced.
    size : tuple of int
        Width and height in pixels, both even.
    fps : Fraction
        Frames per second.
    seed : int
        Of the noise in picture and sound; the same seed gives the same frames and samples.
    profile : str
        Of H.264: ``baseline`` is what ``take5 push`` sends as stored.
    """
    _check(script, path, size, fps)
    write(path, list(moments(script, fps)), sound(script, seed), sound_holes(script), size, fps, seed, profile)


def write(
    path: Path,
    shots: list[Moment],
    spoken: Samples,
    holes: list[tuple[int, int]],
    size: tuple[int, int],
    fps: Fraction,
    seed: int,
    profile: Profile = "high",
) -> None:
    """Write the video of these frames and this sound; ``holes`` are half-open spans of samples to leave out."""
    with av.open(path, "w") as container:
        picture_track = _picture_track(container, size, fps, shots, profile)
        sound_track = container.add_stream(SOUND_CODECS[path.suffix], rate=SAMPLE_RATE, layout="mono")
        pieces = _sound_packets(sound_track, spoken, holes)
        waiting = next(pieces, None)
        for frame in _pictures(shots, Studio(*size, seed=seed), fps):
            while waiting is not None and _start(waiting) <= (frame.pts or 0) / fps:
                container.mux(waiting)
                waiting = next(pieces, None)
            container.mux(picture_track.encode(frame))
        container.mux(picture_track.encode())
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


def _picture_track(
    container: OutputContainer, size: tuple[int, int], fps: Fraction, shots: list[Moment], profile: Profile
) -> VideoStream:
    track = container.add_stream("libx264", rate=fps)
    track.width, track.height = size
    track.pix_fmt = "yuv420p"
    context = track.codec_context
    context.time_base = 1 / fps
    context.gop_size = 100_000  # the pictures ask for each keyframe
    context.thread_count = 1  # the bytes do not depend on the machine's cores
    context.options = {"preset": "veryfast", "tune": "zerolatency", "profile": profile, "qp": QUANTISER}
    context.options |= {"forced-idr": "1", "sc_threshold": "0", "x264-params": _zones(shots)}
    return track


def _zones(shots: list[Moment]) -> str:
    """Fine keyframes, and the coarsest quantiser for all repeats.

    An encoder refines a still. A frozen picture must decode to exactly the same samples every time: after a keyframe
    at quantiser 11 (17 - 6 log2 2) an error is too small for quantiser 51 to see, and every block is skipped.
    """
    repeats = [place for place, shot in enumerate(shots) if shot.repeats]
    begins = [place for place in repeats if not shots[place - 1].repeats]
    ends = [place for place in repeats if place + 1 == len(shots) or not shots[place + 1].repeats]
    zones = "/".join(f"{begin},{end},q=51" for begin, end in zip(begins, ends, strict=True))
    return f"ipratio=2:zones={zones}" if zones else "ipratio=2"


def _pictures(shots: list[Moment], studio: Studio, fps: Fraction) -> Iterator[av.VideoFrame]:
    """The frames, the first of every second marked as a keyframe unless it repeats another."""
    still: Bytes | None = None
    second = -1
    for shot in shots:
        if still is None or not shot.repeats:
            still = studio.draw(shot.pose, shot.scene, shot.grain)
        frame = av.VideoFrame.from_ndarray(still.reshape(-1, studio.width), format="yuv420p")
        frame.pts, frame.time_base = shot.index, 1 / fps
        previous, second = second, int(shot.index / fps)
        frame.pict_type = PictureType.I if second != previous and not shot.repeats else PictureType.NONE
        yield frame


def _start(packet: "SoundPacket") -> Fraction:
    return (packet.pts or 0) * (packet.time_base or Fraction(0))


def _sound_packets(track: AudioStream, spoken: Samples, holes: list[tuple[int, int]]) -> Iterator["SoundPacket"]:
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


def _moved(
    packets: list["SoundPacket"], joints: NDArray[np.int64], holes: list[tuple[int, int]]
) -> Iterator["SoundPacket"]:
    for packet in packets:
        if packet.pts is not None:
            passed = int(np.searchsorted(joints[:-1], packet.pts, side="right"))
            packet.pts += sum(end - begin for begin, end in holes[:passed])
            packet.dts = packet.pts
            yield packet
