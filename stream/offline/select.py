"""Algorithm 1 on a finished file: all the sound, then only the pictures of the windows that can still win."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from take5.scoring.diversity import window_diversities
from take5.scoring.judging import JudgedWindow, heard_findings, judged
from take5.scoring.recording_sync import RecordingSync
from take5.scoring.score import WindowScore
from take5.scoring.session_watch import SessionWatch
from take5.scoring.stretch import Stretch
from take5.stream.analysis.file_scans import OnProgress, PictureScan
from take5.stream.analysis.frames import stretch_of
from take5.stream.analysis.judge import judge_window
from take5.stream.analysis.models import Models
from take5.stream.offline.repair import in_sync
from take5.stream.offline.slots import Slots
from take5.stream.recording.from_file import FileRecording, long_enough, open_recording
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile


@dataclass
class WindowJudge:
    """Judges windows: cheap checks first, faces only if those pass."""

    recording: FileRecording
    pictures: PictureScan
    settings: Settings
    verdicts: dict[int, JudgedWindow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._slots = Slots(self.recording, self.settings)
        self._sync = RecordingSync(self.settings.gates, self._slots.offset_by)

    def judge_until(self, ordered: Iterator[WindowScore], wanted: int) -> list[WindowScore]:
        """Judge windows in order until ``wanted`` are eligible; return those."""
        eligible: list[WindowScore] = []
        while len(eligible) < wanted:
            batch = list(islice(filter(self._sounds_good, ordered), wanted - len(eligible)))
            if not batch:
                break
            self.pictures.scan(self._span(window) for window in batch)
            eligible += [verdict.score for verdict in map(self.judge, batch) if verdict.eligible]
        return eligible

    def judge(self, window: WindowScore) -> JudgedWindow:
        """Score the motion of a window whose pictures have been analysed, and decide whether it may win."""
        start, stop = self._span(window)
        observed = [one for one in self.recording.observed_in(start, stop) if one is not None]
        heard = self.recording.heard_in(start, stop)
        verdict = judge_window(window, observed, *heard, self.settings, self._sync.judged)
        self.verdicts[start] = verdict
        return verdict

    def compare(self, best: WindowScore | None) -> tuple[str, ...]:
        """Add warnings to windows unlike the rest of the session; return the warnings about the whole."""
        watch, observed = SessionWatch(self.settings.gates, self.settings.shift.ms), self.recording.observed_in
        watch.sync = self._sync
        length, hop = self.settings.parameters.window_frames, self.settings.parameters.hop_frames
        pushed = latest = 0
        for start, verdict in sorted({**self._slots.judged, **self.verdicts}.items()):
            stop = start + length
            if verdict.eligible is None or None in observed(start, stop):
                continue
            for first in self.recording.rows.starts(hop, hop, pushed, stop):
                if None not in observed(first, first + hop):
                    if self.pictures.resized_within(latest, first):
                        watch.start_again()
                    watch.push(self._stretch(first, first + hop))
                    latest = first + hop
            pushed = stop
            compared = watch.compared(verdict, self._stretch(start, stop))
            if start in self.verdicts:
                self.verdicts[start] = compared
        return watch.warnings_with(None if best is None else best.start)

    def _stretch(self, start: int, stop: int) -> Stretch:
        """What was seen and heard in frames that have been analysed."""
        observed = [frame for frame in self.recording.observed_in(start, stop) if frame is not None]
        return stretch_of(observed, *self.recording.heard_in(start, stop))

    def _sounds_good(self, window: WindowScore) -> bool:
        """Whether a window's timestamps and sound pass, so that its pictures are worth analysing."""
        start, stop = self._span(window)
        timing, sound = self.recording.heard_in(start, stop)
        found = heard_findings(timing, sound, start, self.settings.gates)
        heard = judged(window, found, seen=False)
        if heard.reasons:
            self.verdicts.setdefault(start, heard)
        return not heard.reasons

    def _span(self, window: WindowScore) -> tuple[int, int]:
        return window.start, window.start + self.settings.parameters.window_frames


@dataclass(frozen=True)
class Selected:
    """A selection and its recording, from which the clip, bundles and features are made.

    ``others`` are those of other lengths: the same recording, with what was analysed for them.
    """

    selection: Selection
    recording: FileRecording
    others: tuple["Selected", ...] = ()

    @property
    def by_suffix(self) -> dict[str, "Selected"]:
        """Those of each length, by what the names of its files end with."""
        return dict(zip(self.selection.by_suffix, (self, *self.others), strict=True))


def select(
    file: MediaFile,
    models: Models,
    settings: Settings,
    *,
    exhaustive: bool = False,
    repair: bool = False,
    on_progress: OnProgress,
) -> Selected:
    """Choose the best window of a file, of each length.

    The sound is read and embedded once. Pictures are analysed for each length as if it were alone, so that its choice
    does not depend on the others; with ``exhaustive`` every frame is analysed, and once.

    Parameters
    ----------
    file : MediaFile
        The recording.
    models : Models
        The loaded models.
    settings : Settings
        Parameters and the paper's variant.
    exhaustive : bool
        Analyse every frame in one run, and judge every window.
    repair : bool
        Move the sound by the offset on which the first length's windows agree
        (:mod:`take5.stream.offline.repair`).
    on_progress : OnProgress
        Called with the progress.

    Raises
    ------
    TooShort
        If the recording is shorter than one window of any length.
    """
    settings = replace(settings, shift=file.shift)
    recording = open_recording(file, models, on_progress, settings.parameters.hop_frames)
    if repair:
        recording, settings = in_sync(recording, models, settings, on_progress)
    shortest = min(settings.lengths, key=lambda each: each.parameters.window_frames)
    long_enough(recording.file, recording.frames, shortest)
    first, *others = (
        _select(recording if exhaustive or not place else recording.again(), models, each, exhaustive=exhaustive)
        for place, each in enumerate(settings.lengths)
    )
    whole = replace(first.selection, others=tuple(other.selection for other in others))
    return Selected(whole, first.recording, tuple(others))


def _select(recording: FileRecording, models: Models, settings: Settings, *, exhaustive: bool) -> Selected:
    """Choose the best window of one length; none where the recording is shorter."""
    file, pictures, frames = recording.file, recording.scan, recording.frames
    windows = _windows(recording, settings)
    judge = WindowJudge(recording, pictures, settings)
    if exhaustive:
        pictures.scan([(0, frames)])
        for window in windows:
            judge.judge(window)
    strategy = settings.strategy
    pool = judge.judge_until(iter(strategy.order(windows)), strategy.wanted(settings.parameters.pool, len(windows)))
    best = strategy.winner(pool)
    said = (*_too_short(frames, settings), *judge.compare(best))
    selection = Selection(
        video=str(file.path),
        encoder=models.encoder.name,
        encoder_version=models.encoder.version,
        tracker=models.tracker_name,
        source_fps=file.source_fps,
        origin=file.origin,
        frames=frames,
        tracked=pictures.tracked,
        counts=recording.counts,
        best=best,
        pool=tuple(pool),
        verdicts=tuple(judge.verdicts.get(window.start, JudgedWindow(window, seen=False)) for window in windows),
        settings=settings,
        warnings=(*file.tracks.notes, *file.warnings, *settings.shift.notes, *said),
        tracks=file.tracks,
        channel=file.channel,
        tone_mapped=file.tone_mapped,
    )
    return Selected(selection, recording)


def _too_short(frames: int, settings: Settings) -> Iterator[str]:
    """Say so where a recording is shorter than a window."""
    if frames < settings.parameters.window_frames:
        yield f"it lasts {frames / 25:.2f} s; a window of this length is {settings.parameters.seconds:g} s"


def _windows(recording: FileRecording, settings: Settings) -> list[WindowScore]:
    """Every window whose frames all have rows."""
    parameters, rows = settings.parameters, recording.rows
    starts = list(rows.starts(parameters.window_frames, parameters.hop_frames))
    at = map(rows.row, starts)
    diversities = window_diversities(recording.heard.embeddings, parameters, settings.diversity, settings.seed, at)
    return [WindowScore(start, D) for start, D in zip(starts, diversities, strict=True)]
