"""One window length of a stream: its windows, its pool, and what of it has not been analysed."""

from dataclasses import replace

from take5.scoring.judging import JudgedWindow
from take5.scoring.score import WindowScore
from take5.scoring.selector import Selector
from take5.scoring.stretch import Stretch
from take5.scoring.window import ChunkFeatures, RollingWindow
from take5.stream.selection import Checked, checked
from take5.stream.settings import Settings


class LengthScorer:
    """Chunks in, windows of one length and the best of them out.

    Parameters
    ----------
    settings : Settings
        Those of this length.

    Attributes
    ----------
    windows : list of JudgedWindow
        Every window so far, in order of time, without its sound.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, self.parameters = settings, settings.parameters
        self.selector = Selector(self.parameters.pool)
        self.windows: list[JudgedWindow] = []
        self._rolling = RollingWindow(self.parameters, settings.gates, settings.shift.ms)
        self._unobserved: list[JudgedWindow] = []
        self._given_up: list[JudgedWindow] = []

    @property
    def best(self) -> WindowScore | None:
        """The best window so far."""
        return self.selector.best

    @property
    def frames(self) -> int:
        """Grid frames of a window."""
        return self.parameters.window_frames

    @property
    def span(self) -> int:
        """Grid frames of a window and those after it."""
        return self.frames + self.parameters.frames_after

    def push(self, chunk: ChunkFeatures) -> JudgedWindow | None:
        """Add the next chunk; return the window that ends with it, if one does."""
        judged = self._rolling.push(chunk)
        if judged is None:
            return None
        reported = replace(judged, sound=None)  # 53 kB that followers do not need
        self.windows.append(reported)
        self._offer(judged)
        return reported

    def skip(self, frames: int) -> None:
        """Pass over chunks: no window has anything of them."""
        self._rolling.skip(frames)

    def next_unobserved(self) -> JudgedWindow | None:
        """The window of highest D whose pictures were skipped and that would enter the pool if it were eligible."""
        self._unobserved = [w for w in self._unobserved if self.selector.would_enter(w.score)]
        return max(self._unobserved, key=lambda w: w.score.D, default=None)

    def resolve(self, judged: JudgedWindow) -> None:
        """Take the verdict on a window of :meth:`next_unobserved`."""
        start = judged.score.start
        index = next(i for i, window in enumerate(self.windows) if window.score.start == start)
        self.windows[index] = judged
        self._unobserved = [w for w in self._unobserved if w.score.start != start]
        self._offer(judged)

    def synced(self, window: JudgedWindow, stretch: Stretch) -> JudgedWindow:
        """Judge the sync of a window of :meth:`next_unobserved` by the windows before it."""
        return self._rolling.watch.synced(window, stretch)

    def give_up(self, window: JudgedWindow) -> None:
        """Leave a window of :meth:`next_unobserved` without a verdict."""
        self._unobserved = [w for w in self._unobserved if w.score.start != window.score.start]
        self._given_up.append(window)

    @property
    def complete(self) -> bool:
        """Whether every window that could win has been analysed, so that the choice is Algorithm 1's."""
        open_windows = [*self._unobserved, *self._given_up]
        return not any(self.selector.would_enter(window.score) for window in open_windows)

    @property
    def checked(self) -> Checked:
        """How many of the windows so far have a verdict."""
        return checked(self.windows, complete=self.complete)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the session as a whole, by its windows of this length."""
        return self._rolling.watch.warnings_with(None if self.best is None else self.best.start)

    @property
    def winning(self) -> list[WindowScore]:
        """The windows of the pool, the best one first."""
        return sorted(self.selector.pool, key=lambda window: window != self.best)

    @property
    def waiting(self) -> list[WindowScore]:
        """The windows whose pictures are not analysed and that could win, highest D first."""
        return sorted((window.score for window in self._unobserved), key=lambda score: -score.D)

    @property
    def after_best(self) -> tuple[int, int]:
        """Grid frames after the best window that its bundle has, half-open."""
        stop = 0 if self.best is None else self.best.start + self.span
        return stop - self.parameters.frames_after, stop

    @property
    def needed(self) -> list[tuple[int, int]]:
        """Grid frames of the windows that can win, with those after them, half-open."""
        return [(score.start, score.start + self.span) for score in (*self.selector.pool, *self.waiting)]

    def _offer(self, judged: JudgedWindow) -> None:
        """Let a window into the pool, or remember that its pictures would have to be analysed first."""
        if judged.eligible:
            self.selector.add(judged.score)
        elif judged.eligible is None and self.selector.would_enter(judged.score):
            self._unobserved.append(judged)
