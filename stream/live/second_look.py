"""A second look: a window that was skipped, decoded from the ring and analysed."""

from collections.abc import Iterator

import numpy as np

from take5.scoring.eligibility import Timing
from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.stream.analysis.frames import FrameObservation
from take5.stream.analysis.judge import judge_window
from take5.stream.recording.from_ring import RingRecording
from take5.stream.settings import Settings

SecondLook = tuple[JudgedWindow, list[FrameObservation]]
"""The verdict on a window, and what was seen in each of its grid frames."""


def second_look(window: JudgedWindow, recording: RingRecording, settings: Settings) -> Iterator[SecondLook | None]:
    """Analyse a skipped window whose sound and timestamps are in order.

    Yields None for each frame that was analysed, and last the verdict. A frame that the ring no longer has counts as
    damaged.
    """
    sound = window.sound
    if sound is None:
        raise ParameterError("a window is analysed again with the sound that it was skipped with")
    start, stop = window.score.start, window.score.start + settings.parameters.window_frames
    yield from recording.observe(start, stop)
    seen = recording.observations(start, stop)
    nothing = np.zeros(stop - start, dtype=np.bool_)
    yield judge_window(window.score, seen, Timing(nothing, nothing, nothing), sound, settings), seen
