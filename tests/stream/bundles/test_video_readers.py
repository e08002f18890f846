"""The readers of the video alone: they take a good one and refuse each kind of broken one."""

from pathlib import Path

import av
import numpy as np
import pytest
from video_readers import watch


def put(folder: Path, frames: int = 75, rate: int = 25, size: tuple[int, int] = (64, 64)) -> Path:
    folder.mkdir()
    with av.open(str(folder / f"{folder.name}.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for level in range(frames):
            picture = np.full((size[1], size[0], 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return folder


@pytest.mark.parametrize(("trainer", "size"), [("mimictalk", (64, 64)), ("livetalking", (96, 64))])
def test_a_good_video_is_read(trainer: str, size: tuple[int, int], tmp_path: Path) -> None:
    found = watch(trainer, put(tmp_path / "ann", size=size))
    assert (len(found.frames), found.size) == (75, size)
    assert found.frames[0].mean() < found.frames[-1].mean()


@pytest.mark.parametrize(
    ("trainer", "video", "told"),
    [
        ("mimictalk", {"size": (96, 64)}, "stretched"),
        ("mimictalk", {"frames": 40}, "batches of 50"),
        ("mimictalk", {"rate": 30}, "30 frames a second"),
        ("livetalking", {"rate": 30}, "30 frames a second"),
        ("livetalking", {"frames": 4}, "over 5 frames"),
    ],
)
def test_a_broken_video_is_refused(trainer: str, video: dict[str, int], told: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=told):
        watch(trainer, put(tmp_path / "ann", **video))  # type: ignore[arg-type] # of several types


def test_a_second_video_and_a_bad_name_are_refused(tmp_path: Path) -> None:
    folder = put(tmp_path / "ann")
    (folder / "b.mp4").touch()
    with pytest.raises(AssertionError, match="one mp4"):
        watch("livetalking", folder)
    with pytest.raises(AssertionError, match="unquoted"):
        watch("livetalking", put(tmp_path / "a b"))
