"""Second looks: windows that were skipped, decoded from the ring and analysed."""

from collections.abc import Callable, Generator

import numpy as np

from take5.scoring.eligibility import Timing
from take5.scoring.errors import ParameterError
from take5.scoring.judging import JudgedWindow
from take5.stream.analysis.frames import FrameObservation
from take5.stream.analysis.judge import Synced, judge_window
from take5.stream.events import Event
from take5.stream.live.length import LengthScorer
from take5.stream.live.scorer import StreamScorer
from take5.stream.recording.from_ring import RingRecording
from take5.stream.settings import Settings

SecondLook = tuple[JudgedWindow, list[FrameObservation]]
"""The verdict on a window, and what was seen in each of its grid frames."""

Looks = Generator[SecondLook | None, None, None]
"""None for each frame that was analysed, and last the verdict."""


def second_look(window: JudgedWindow, recording: RingRecording, settings: Settings, synced: Synced) -> Looks:
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
    yield judge_window(window.score, seen, Timing(nothing, nothing, nothing), sound, settings, synced), seen


class SecondLooks:
    """Analyses the skipped windows that could still win, length by length, the highest D first, frame by frame.

    Parameters
    ----------
    scorer : StreamScorer
        Knows the windows, and takes the verdicts.
    """

    def __init__(self, scorer: StreamScorer) -> None:
        self._scorer = scorer
        self._begun: tuple[LengthScorer, JudgedWindow] | None = None
        self._frames: Looks | None = None

    @property
    def due(self) -> bool:
        """Whether a window is left that could win."""
        if self._begun is not None:
            length, window = self._begun
            if not length.selector.would_enter(window.score):
                self.close()
        return self._begun is not None or self._next() is not None

    def step(self, recording: Callable[[], RingRecording]) -> list[Event]:
        """Analyse the next frame; return the events of a verdict, none before the window's last frame.

        ``recording`` returns the contents of the ring. A window whose analysis fails is given up.
        """
        self._begun = self._begun or self._next()
        if self._begun is None:
            return []
        length, window = self._begun
        self._frames = self._frames or second_look(window, recording(), length.settings, length.synced)
        try:
            found = next(self._frames)
        except Exception:
            self.close()
            length.give_up(window)
            raise
        if found is None:
            return []
        self.close()
        return self._scorer.resolve(length, *found)

    def close(self) -> None:
        """Leave the window that is being analysed, and free its tracker."""
        if self._frames is not None:
            self._frames.close()
        self._begun = self._frames = None

    def _next(self) -> tuple[LengthScorer, JudgedWindow] | None:
        for length in self._scorer.lengths:
            if (window := length.next_unobserved()) is not None:
                return length, window
        return None
