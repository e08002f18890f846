"""What systems that read only a bundle's video would find in it, written from their own code alone."""

import re
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

NAME = re.compile(r"[A-Za-z0-9_-]+")  # the name goes unquoted into shell commands
AVATARS = ("mimictalk", "livetalking")


@dataclass(frozen=True)
class Watched:
    """What a system that reads only the video has of it: frames in order, in RGB."""

    size: tuple[int, int]
    frames: list[NDArray[np.uint8]]


def watch(trainer: str, folder: Path) -> Watched:
    """Read ``folder``, ``data/<ID>`` of a checkout, as MimicTalk's or LiveTalking's first step would."""
    assert NAME.fullmatch(folder.name), f"{folder.name!r}: the name goes into shell commands unquoted"
    path = folder / f"{folder.name}.mp4"
    assert list(folder.glob("*.mp4")) == [path], f"{folder}: one mp4 by the folder's name"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264", f"{path.name}: {stream.codec_context.name}"
        assert stream.average_rate == 25, f"{path.name}: {stream.average_rate} frames a second; no rate is converted"
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(stream)]
    height, width = frames[0].shape[:2]
    if trainer == "mimictalk":
        assert height == width, f"{path.name}: {width}x{height} would be stretched to 512x512"
        assert len(frames) >= 50, f"{path.name}: the face is fitted in batches of 50 frames"
    else:
        assert len(frames) >= 5, f"{path.name}: boxes are smoothed over 5 frames"
    return Watched((width, height), frames)
