"""A second look: a window that was passed over, decoded from the ring and tracked."""

from collections.abc import Iterator

from take5.scoring.judging import JudgedWindow
from take5.scoring.models.region import Region
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.scoring.score import WindowScore
from take5.stream.scanner import UNDECODABLE, Faces, FrameLook, FrameScanner, Models, judge_window
from take5.stream.selection import Settings
from take5.stream.sources.units import RingMaterial


def relook(
    window: WindowScore, material: RingMaterial, models: Models, region: Region | None, settings: Settings
) -> Iterator[JudgedWindow | None]:
    """Look at a window of which sound and timestamps are in order.

    Yields None for each frame that was looked at, and last the verdict. The ring is asked for its units at the first
    frame; a frame that it no longer has counts as damaged.
    """
    start, stop = window.start, window.start + settings.parameters.window_frames
    looks: dict[int, FrameLook] = {}
    with Faces(models, region) as faces:
        scanner = FrameScanner(faces)
        for frame in material.grid_frames(max(0, start - LEAD_IN_FRAMES), stop):
            looks[frame.index] = scanner.look(frame)
            yield None
    yield judge_window(window, [looks.get(i, UNDECODABLE) for i in range(start, stop)], [], settings)
