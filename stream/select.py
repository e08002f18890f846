"""Algorithm 1 on a finished file: all the sound, then only the pictures of the windows that can still win."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from take5.scoring.diversity import window_diversities
from take5.scoring.eligibility import Timing, timing_reasons
from take5.scoring.errors import TooShort
from take5.scoring.models.audio import AudioEncoder, EmbeddingStream
from take5.scoring.models.region import Region
from take5.scoring.parameters import LEAD_IN_FRAMES, SAMPLES_PER_FRAME
from take5.scoring.score import WindowScore
from take5.stream.clock import FRAME_TICKS
from take5.stream.grid import GridFrame
from take5.stream.media import AudioBlock, Picture
from take5.stream.scanner import SEEK_FRAMES, UNDECODABLE, Faces, FrameLook, FrameScanner, Models, judge_window
from take5.stream.selection import Selection, Settings, Verdict
from take5.stream.soundtrack import SoundTrack, silent_frames, to_pcm16
from take5.stream.sources.file import FileIndex, MediaFile

Floats = NDArray[np.float64]
Report = Callable[[str, int, int], None]
"""Called with the stage ("sound", "faces"), how much of it is done, and how much there is (0: not known)."""


@dataclass(frozen=True)
class Sound:
    """The sound of a recording on the session clock: PCM int16 [A] at 16 kHz, and N grid frames of it."""

    pcm: NDArray[np.int16]
    embeddings: Floats
    silent: NDArray[np.bool_]
    missing: NDArray[np.bool_]


class SoundScan:
    """Takes the blocks of a file and embeds them as they come."""

    def __init__(self, origin: int, encoder: AudioEncoder, report: Callable[[int], None]) -> None:
        self._track = SoundTrack(origin)
        self._stream = EmbeddingStream(encoder)
        self._report = report
        self._pcm: list[NDArray[np.int16]] = []
        self._silent: list[NDArray[np.bool_]] = []
        self._embeddings: list[NDArray[np.float32]] = []
        self._rest = np.zeros(0, np.float32)
        self._frames = 0

    def push(self, block: AudioBlock) -> None:
        """Add a block."""
        self._take(self._track.push(block))

    def finish(self, picture_frames: int) -> Sound:
        """End the sound; N is what both it and ``picture_frames`` last for."""
        self._take(self._track.finish())
        frames = min(picture_frames, self._track.frames())
        self._embeddings.append(self._stream.finish(frames))
        padding = -len(self._rest) % SAMPLES_PER_FRAME
        self._silent.append(silent_frames(np.pad(self._rest, (0, padding))))
        pcm = np.concatenate([*self._pcm, np.zeros(0, np.int16)])
        return Sound(
            pcm=np.pad(pcm, (0, max(0, frames * SAMPLES_PER_FRAME - len(pcm)))),
            embeddings=np.concatenate(self._embeddings).astype(np.float64)[:frames],
            silent=np.concatenate(self._silent)[:frames],
            missing=self._track.missing(0, frames),
        )

    def _take(self, samples: NDArray[np.float32]) -> None:
        self._pcm.append(to_pcm16(samples))
        self._embeddings.append(self._stream.push(samples))
        rest = np.concatenate([self._rest, samples])
        whole = len(rest) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
        self._silent.append(silent_frames(rest[:whole]))
        self._rest = rest[whole:]
        self._frames += whole // SAMPLES_PER_FRAME
        self._report(self._frames)


class PictureScan:
    """Looks at stretches of the grid, each frame once; each run begins a lead-in early."""

    def __init__(self, file: MediaFile, index: FileIndex, frames: int, models: Models, report: Report) -> None:
        self._file, self._index, self._models, self._report = file, index, models, report
        self.looks: list[FrameLook | None] = [None] * frames
        self.tracked = 0
        self._region: Region | None = None
        self._sought = False

    def scan(self, spans: Iterable[tuple[int, int]]) -> None:
        """Look at what was not looked at before in these half-open stretches."""
        stretches = list(self._unseen(spans))
        wanted = self.tracked + sum(stop - start for start, stop in stretches)
        for start, stop in stretches:
            self._run(max(0, start - LEAD_IN_FRAMES), start, stop, wanted)

    def _unseen(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Stretches without a look; two with less than a lead-in between them are one."""
        wanted = np.zeros(len(self.looks) + 1, dtype=np.bool_)
        for start, stop in spans:
            wanted[start:stop] = True
        wanted[:-1] &= np.array([look is None for look in self.looks])
        edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted]).astype(np.int8))).tolist()
        pairs = list(zip(edges[::2], edges[1::2], strict=True))
        joined: list[tuple[int, int]] = []
        for start, stop in pairs:
            if joined and start - joined[-1][1] <= LEAD_IN_FRAMES:
                joined[-1] = (joined[-1][0], stop)
            else:
                joined.append((start, stop))
        yield from joined

    def _run(self, lead_in: int, start: int, stop: int, wanted: int) -> None:
        self._seek()
        with Faces(self._models, self._region) as faces:
            scanner = FrameScanner(faces)
            for frame in self._file.grid_frames(self._index, lead_in, stop):
                self._keep(frame.index, scanner.look(frame), start)
                self._report("faces", self.tracked, wanted)
        for missed in range(start, stop):
            self._keep(missed, UNDECODABLE, start)

    def _seek(self) -> None:
        """Find the face's region where a stream finds it: in the first frames with a face."""
        if self._sought:
            return
        self._sought = True
        with Faces(self._models) as faces:
            for frame in self._file.grid_frames(self._index, 0, min(SEEK_FRAMES, len(self.looks))):
                if faces.seek(frame.shown.picture.rgb(), frame.index):
                    break
            self._region = faces.region

    def _keep(self, frame: int, look: FrameLook, start: int) -> None:
        if frame >= start and self.looks[frame] is None:
            self.looks[frame] = look
            self.tracked += look is not UNDECODABLE


@dataclass
class Judge:
    """Judges windows: cheap looks first, faces only where those pass."""

    timing: Timing
    pictures: PictureScan
    settings: Settings
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    def visit(self, ordered: Iterator[WindowScore], wanted: int) -> list[WindowScore]:
        """Look at windows in order until ``wanted`` are eligible; return those."""
        eligible: list[WindowScore] = []
        while len(eligible) < wanted:
            batch = list(islice(filter(self._timely, ordered), wanted - len(eligible)))
            if not batch:
                break
            self.pictures.scan(self._span(window) for window in batch)
            eligible += [verdict.score for verdict in map(self.judge, batch) if verdict.eligible]
        return eligible

    def judge(self, window: WindowScore) -> Verdict:
        """Score the motion of a window whose pictures have been looked at, and decide whether it may win."""
        start, stop = self._span(window)
        looks = [look for look in self.pictures.looks[start:stop] if look is not None]
        judged = judge_window(window, looks, self.timing[start:stop], self.settings.parameters)
        verdict = Verdict(judged.score, judged.eligible, judged.reasons)
        self.verdicts[start] = verdict
        return verdict

    def _timely(self, window: WindowScore) -> bool:
        start, stop = self._span(window)
        reasons = tuple(timing_reasons(self.timing[start:stop], start))
        if reasons:
            self.verdicts[start] = Verdict(window, eligible=False, reasons=reasons)
        return not reasons

    def _span(self, window: WindowScore) -> tuple[int, int]:
        return window.start, window.start + self.settings.parameters.window_frames


@dataclass(frozen=True)
class Scored:
    """A recording's selection, with what the clip and the features file are made of."""

    selection: Selection
    file: MediaFile
    index: FileIndex
    heard: Sound
    looks: list[FrameLook | None]

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return (frame.shown.picture for frame in self.file.grid_frames(self.index, start, stop))

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """What grid frames [start, stop) sound like: float32 [C, n], and samples per second."""
        origin = self.file.origin
        return self.file.sound(origin + start * FRAME_TICKS, origin + stop * FRAME_TICKS)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """What was scored of grid frames [start, stop): 16 kHz, int16."""
        return self.heard.pcm[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME]


def select(file: MediaFile, models: Models, settings: Settings, *, exhaustive: bool = False, report: Report) -> Scored:
    """Choose the best window of a file.

    Parameters
    ----------
    file : MediaFile
        The recording.
    models : Models
        What looks and listens.
    settings : Settings
        Parameters and the paper's variants.
    exhaustive : bool
        Look at every frame in one run, and judge every window.
    report : Report
        Told about progress.

    Raises
    ------
    TooShort
        If the recording is shorter than one window.
    """
    scan = SoundScan(file.origin, models.encoder, lambda frames: report("sound", frames, file.stated_frames))
    index = file.scan(scan.push)
    grid, counts = file.grid(index)
    sound = scan.finish(len(grid))
    frames = len(sound.embeddings)
    long_enough(file, frames, settings)
    windows = _windows(sound.embeddings, settings)
    pictures = PictureScan(file, index, frames, models, report)
    judge = Judge(_timing(grid[:frames], sound), pictures, settings)
    if exhaustive:
        pictures.scan([(0, frames)])
        for window in windows:
            judge.judge(window)
    strategy = settings.strategy
    pool = judge.visit(iter(strategy.order(windows)), strategy.wanted(settings.parameters.pool, len(windows)))
    selection = Selection(
        video=str(file.path),
        encoder=models.encoder.name,
        encoder_version=models.encoder.version,
        source_fps=file.source_fps,
        origin=file.origin,
        frames=frames,
        tracked=pictures.tracked,
        counts=counts,
        best=strategy.winner(pool),
        pool=tuple(pool),
        verdicts=tuple(judge.verdicts.get(window.start, Verdict(window)) for window in windows),
        settings=settings,
        warnings=tuple(file.warnings),
    )
    return Scored(selection, file, index, sound, pictures.looks)


def long_enough(file: MediaFile, frames: int, settings: Settings) -> None:
    """Raise TooShort if a recording of so many grid frames has no window."""
    if frames < settings.parameters.window_frames:
        raise TooShort(
            f"{file.path}: picture and sound together last {frames / 25:.2f} s; "
            f"one window is {settings.parameters.seconds} s: record longer, or choose shorter --seconds"
            + "".join(f" ({warning})" for warning in file.warnings)
        )


def _windows(embeddings: Floats, settings: Settings) -> list[WindowScore]:
    diversities = window_diversities(embeddings, settings.parameters, settings.diversity, settings.seed)
    return [WindowScore(settings.parameters.window_span(j)[0], D) for j, D in enumerate(diversities)]


def _timing(grid: list[GridFrame[int]], sound: Sound) -> Timing:
    return Timing(np.array([frame.missing for frame in grid], dtype=np.bool_), sound.missing, sound.silent)
