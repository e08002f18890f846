"""The windows of a file by which its sync is known: at multiples of a window's length, analysed on demand."""

from collections.abc import Iterable
from itertools import islice

from take5.scoring.gates.av_offset import AvOffset, Correlation
from take5.scoring.judging import JudgedWindow, heard_findings, judged
from take5.scoring.recording_sync import MOST_WINDOWS, recording_offset, slot_of, slots_before
from take5.scoring.score import WindowScore
from take5.stream.analysis.frames import stretch_of
from take5.stream.analysis.judge import judge_window
from take5.stream.recording.from_file import FileRecording
from take5.stream.settings import Settings


class Slots:
    """Correlations of a file's windows, for :func:`take5.scoring.recording_sync.recording_offset`.

    Attributes
    ----------
    judged : dict of int to JudgedWindow
        What was found in those whose pictures were analysed, by their first grid frame; they have no D.
    """

    def __init__(self, recording: FileRecording, settings: Settings) -> None:
        self.judged: dict[int, JudgedWindow] = {}
        self._recording, self._settings = recording, settings
        self._length = settings.parameters.window_frames
        self._known: dict[int, Correlation | None] = {}

    def offset_by(self, stop: int, length: int) -> AvOffset:
        """Offset of the recording at grid frame ``stop``."""
        self.analyse(slots_before(stop, length), MOST_WINDOWS)
        return recording_offset(stop, length, self.correlation)

    def analyse(self, starts: Iterable[int], most: int) -> list[int]:
        """Analyse the pictures of the first windows that may count, in as few runs as possible; return their starts."""
        ruled_out = {start for start, correlation in self._known.items() if correlation is None}
        may_count = (start for start in starts if start not in ruled_out and self._sounds_good(start))
        chosen = list(islice(may_count, most))
        self._recording.scan.scan((start, start + self._length) for start in chosen)
        return chosen

    def correlation(self, start: int) -> Correlation | None:
        """The correlation of the window at grid frame ``start``; None if there is none, or it does not count."""
        if start not in self._known:
            self._known[start] = self._correlation(start) if self._sounds_good(start) else None
        return self._known[start]

    def _sounds_good(self, start: int) -> bool:
        """Whether there is such a window, and its timestamps and sound are in order."""
        if not self._recording.rows.has(start, start + self._length):
            return False
        timing, sound = self._recording.heard_in(start, start + self._length)
        found = heard_findings(timing, sound, start, self._settings.gates)
        return not judged(WindowScore(start, 0.0), found, seen=False).reasons

    def _correlation(self, start: int) -> Correlation | None:
        self._recording.scan.scan([(start, start + self._length)])
        observed = [one for one in self._recording.observed_in(start, start + self._length) if one is not None]
        heard = self._recording.heard_in(start, start + self._length)
        window = self.judged[start] = judge_window(WindowScore(start, 0.0), observed, *heard, self._settings)
        return slot_of(window, stretch_of(observed, *heard))
