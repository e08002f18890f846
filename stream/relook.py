"""A second look: a window that was passed over, decoded from the ring and tracked."""

from collections.abc import Iterator

import numpy as np

from take5.scoring.eligibility import Timing
from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.region import Region
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.stream.scanner import UNDECODABLE, Faces, FrameLook, FrameScanner, Models, judge_window
from take5.stream.selection import Settings
from take5.stream.sources.units import RingMaterial


def relook(
    window: JudgedWindow, material: RingMaterial, models: Models, region: Region | None, settings: Settings
) -> Iterator[JudgedWindow | None]:
    """Look at a window of which sound and timestamps are in order.

    Yields None for each frame that was looked at, and last the verdict. The ring is asked for its units at the first
    frame; a frame that it no longer has counts as damaged.
    """
    sound = window.sound
    if sound is None:
        raise ParameterError("a window is looked at again with the sound that it was passed over with")
    start, stop = window.score.start, window.score.start + settings.parameters.window_frames
    looks: dict[int, FrameLook] = {}
    with Faces(models, region) as faces:
        scanner = FrameScanner(faces)
        for frame in material.grid_frames(max(0, start - LEAD_IN_FRAMES), stop):
            looks[frame.index] = scanner.look(frame)
            yield None
    nothing = np.zeros(stop - start, dtype=np.bool_)
    in_order = Timing(nothing, nothing, nothing)
    seen = [looks.get(i, UNDECODABLE) for i in range(start, stop)]
    yield judge_window(window.score, seen, in_order, sound, settings)
