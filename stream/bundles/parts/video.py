"""``<name>.mp4``: H.264, 4:2:0, 25 frames a second, each 40 ms after the one before, with sound from 0."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from take5.scoring.parameters import FPS
from take5.stream.bundles.frames import Jpeg, cropped
from take5.stream.bundles.part import Draft, Found, Violation, missing
from take5.stream.bundles.picture_faces import PictureFaces
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.output.clip import write_clip
from take5.stream.timeline.clock import fraction
from take5.stream.timeline.media import Picture

CODEC, LAYOUTS = "h264", ("yuv420p", "yuvj420p")
IMAGES_WAITING = 8
"""Largest number of frames waiting to become images."""

REMAKE = "make the bundle again with take5 bundle"


@dataclass(frozen=True)
class Video:
    """The video; ``alone`` if a trainer uses whichever ``*.mp4`` it finds, ``square`` if it stretches all others."""

    alone: bool = False
    needed: bool = True
    least: int = 1
    square: bool = False

    def paths(self, name: str, frames: int) -> list[str]:  # noqa: ARG002 - of every part
        """Its one file."""
        return [f"{name}.mp4"]

    def write(self, draft: Draft) -> None:
        """Write it; if faces are wanted, the images of the same frames too, which are cropped once."""
        footage = draft.footage
        cut = cropped(footage.material.pictures(footage.start, footage.stop), draft.crop)
        sound = footage.material.sound(footage.start, footage.stop)
        shown = _shown(cut) if draft.faces is None else _also_as_images(cut, draft, draft.faces)
        write_clip(draft.folder / f"{draft.name}.mp4", shown, *sound, draft.preset)

    def check(self, found: Found) -> Iterator[Violation]:
        """Yield violations."""
        file = f"{found.name}.mp4"
        videos = sorted(path.name for path in found.folder.glob("*.mp4"))
        if file not in videos:
            yield missing(file, "name the video after its folder, or make the bundle with take5 bundle")
            return
        if self.alone and len(videos) > 1:
            yield Violation(", ".join(videos), "the trainer uses any *.mp4 in the folder", f"keep {file} alone")
        yield from self._check_stream(found.folder / file)

    def _check_stream(self, path: Path) -> Iterator[Violation]:
        try:
            info = probe(path)
        except (av.FFmpegError, IndexError) as error:
            yield Violation(path.name, f"cannot be read as video ({error})", REMAKE)
            return
        if info.codec != CODEC or info.layout not in LAYOUTS:
            yield Violation(path.name, f"is {info.codec} {info.layout}; trainers read H.264 in yuv420p", REMAKE)
        if info.width % 2 or info.height % 2:
            yield Violation(path.name, f"{info.width}x{info.height}: width and height must be even", REMAKE)
        if self.square and info.width != info.height:
            yield Violation(path.name, f"{info.width}x{info.height}: it must be square, or faces are distorted", REMAKE)
        if not info.steady:
            yield Violation(path.name, f"is not {FPS} frames a second, each 40 ms after the one before", REMAKE)
        if info.frames < self.least:
            yield Violation(path.name, f"has {info.frames} frames; {self.least} are needed", "use a longer clip")


@dataclass(frozen=True)
class WholeVideo(Video):
    """The video of the whole picture, not cropped."""

    def write(self, draft: Draft) -> None:
        """Write it."""
        footage = draft.footage
        pictures = footage.material.pictures(footage.start, footage.stop)
        sound = footage.material.sound(footage.start, footage.stop)
        write_clip(draft.folder / f"{draft.name}.mp4", pictures, *sound, draft.preset)


def _shown(frames: Iterable[av.VideoFrame]) -> Iterator[Picture]:
    return (DecodedPicture(frame, Fraction(1), 0) for frame in frames)


def _also_as_images(frames: Iterable[av.VideoFrame], draft: Draft, faces: PictureFaces) -> Iterator[Picture]:
    """Yield the frames for the video, while other threads write them as images and see their faces."""
    jpeg, images = Jpeg(draft.crop.size), draft.folder / "ori_imgs"
    images.mkdir()

    def write(index: int, frame: av.VideoFrame) -> None:
        (images / f"{index}.jpg").write_bytes(jpeg.encode(frame))

    with ThreadPoolExecutor(1, "take5-images") as beside:
        waiting: deque[Future[None]] = deque()
        for index, frame in enumerate(frames):
            waiting.append(beside.submit(write, index, frame))
            faces.add(frame)
            if len(waiting) > IMAGES_WAITING:
                waiting.popleft().result()
            yield DecodedPicture(frame, Fraction(1), 0)
        for image in waiting:
            image.result()


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video file; ``steady`` means 25 frames a second."""

    codec: str
    layout: str
    width: int
    height: int
    frames: int
    steady: bool


def probe(path: Path) -> VideoInfo:
    """Read a video's packets, without decoding.

    Raises
    ------
    av.FFmpegError, IndexError
        If it has no video.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        times = sorted(packet.pts * packet.time_base for packet in container.demux(stream) if packet.pts is not None)
        tick = fraction(stream.time_base or 0)
    steps = {b - a for a, b in pairwise(times)}
    layout = context.format.name if context.format else "?"
    steady = tick > 0 and all(abs(step - Fraction(1, FPS)) <= tick for step in steps)
    return VideoInfo(context.name, layout, context.width, context.height, len(times), steady)
