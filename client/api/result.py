"""What a program gets: the chosen window, every other one, and what can be made of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.client.api.models import StrPath
from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Finding
from take5.scoring.idle import Idle, idle_lengths
from take5.scoring.judging import JudgedWindow
from take5.stream.analysis.frames import stack_observations, unseen
from take5.stream.analysis.models import Models
from take5.stream.bundles.contract import Shows
from take5.stream.bundles.crop import SIZE
from take5.stream.bundles.write import Bundle, bundle_lengths, wanted_for
from take5.stream.offline.idle_clip import find_idle
from take5.stream.output.take import add_report_page, write_features, write_take
from take5.stream.recording.base import Recording
from take5.stream.recording.from_file import FileRecording
from take5.stream.selection import Selection
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json


@dataclass(frozen=True)
class BrokenRule:
    """What is wrong with a window (``docs/mathematics.md``, ``docs/gates.md``), and where.

    Attributes
    ----------
    code : str
        Which rule.
    start_s, end_s : float
        The stretch that breaks it, half-open, in seconds of session time.
    value : float or None
        The worst that was measured there, in the rule's unit.
    rule : str
        What it should have been, in words; empty where the code says it all.
    """

    code: str
    start_s: float
    end_s: float
    value: float | None = None
    rule: str = ""

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """A finding, in seconds."""
        start_s, end_s = frame_seconds(finding.start), frame_seconds(finding.stop)
        return cls(str(finding.code), start_s, end_s, finding.value, finding.rule)


@dataclass(frozen=True)
class Window:
    """One window.

    Attributes
    ----------
    start_s, end_s : float
        Half-open, in seconds of session time.
    D : float
        Audio diversity, >= 0; higher is better.
    MC, MC_mouth, MC_head : float or None
        Motion complexity in [0, 1], whole and by its parts; lower is better. None where the face was not followed
        through the window, or its frames were not analysed.
    views : int or None
        Head directions; fewer is better. None likewise.
    I : float or None
        Informativeness, D / MC; higher is better. None likewise.
    eligible : bool or None
        Whether it may win; None if its frames were not analysed.
    reasons : tuple of BrokenRule
        Why not.
    warnings : tuple of BrokenRule
        What a trainer would rather not have; it decides nothing.
    """

    start_s: float
    end_s: float
    D: float
    MC: float | None
    MC_mouth: float | None
    MC_head: float | None
    views: int | None
    I: float | None  # noqa: E741 - the paper's name
    eligible: bool | None
    reasons: tuple[BrokenRule, ...] = ()
    warnings: tuple[BrokenRule, ...] = ()

    @classmethod
    def of(cls, verdict: JudgedWindow, frames: int) -> Self:
        """A judged window, ``length`` grid frames long."""
        score, motion = verdict.score, verdict.score.motion
        return cls(
            start_s=frame_seconds(score.start),
            end_s=frame_seconds(score.start + frames),
            D=score.D,
            MC=None if motion is None else motion.MC,
            MC_mouth=None if motion is None else motion.MC_mouth,
            MC_head=None if motion is None else motion.MC_head,
            views=score.views,
            I=score.I,
            eligible=verdict.eligible,
            reasons=tuple(map(BrokenRule.of, verdict.reasons)),
            warnings=tuple(map(BrokenRule.of, verdict.warnings)),
        )


@dataclass(frozen=True)
class Features:
    """What was scored of the N grid frames of a recording.

    Attributes
    ----------
    audio : ndarray float64 [N, E]
        Audio embeddings.
    lips : ndarray float64 [N, 20, 2]
        Lip landmarks iBUG 48..67 in square pixels; NaN where no face was tracked, or the frame was not analysed.
    pose : ndarray float64 [N, 3]
        Yaw, pitch, roll in degrees; NaN likewise.
    faces : ndarray float64 [N]
        Faces seen in a frame; -1 where they were not counted.
    frame : ndarray int64 [N]
        Grid frame of each row: 0, 1, ... without the frames inside long holes.
    """

    audio: NDArray[np.float64]
    lips: NDArray[np.float64]
    pose: NDArray[np.float64]
    faces: NDArray[np.float64]
    frame: NDArray[np.int64]


@dataclass(frozen=True)
class Result:
    """What was found in one recording.

    Attributes
    ----------
    best : Window or None
        The chosen window; None where none is eligible.
    pool : tuple of Window
        Those among which it was chosen, in the order in which they were analysed.
    windows : tuple of Window
        Every window, in order of time.
    encoder : str
        What D was measured with.
    duration_s : float
        How long picture and sound last together.
    warnings : tuple of str
        Such as a file that was cut off.
    selection : Selection
        The same with everything that is in the report.
    material : Recording
        What clips and bundles are made of.
    models : Models
        What it was scored with.
    others : tuple of Result
        The same for windows of other lengths.
    """

    best: Window | None
    pool: tuple[Window, ...]
    windows: tuple[Window, ...] = field(repr=False)
    encoder: str
    duration_s: float
    warnings: tuple[str, ...]
    selection: Selection = field(repr=False)
    material: Recording = field(repr=False, compare=False)
    models: Models = field(repr=False, compare=False)
    others: tuple[Self, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, selection: Selection, material: Recording, models: Models) -> Self:
        """What a program gets for a selection."""
        frames = selection.settings.parameters.window_frames
        windows = {verdict.score.start: Window.of(verdict, frames) for verdict in selection.verdicts}
        return cls(
            best=None if selection.best is None else windows[selection.best.start],
            pool=tuple(windows[score.start] for score in selection.pool),
            windows=tuple(windows.values()),
            encoder=selection.encoder,
            duration_s=frame_seconds(selection.frames),
            warnings=selection.warnings,
            selection=selection,
            material=material,
            models=models,
            others=tuple(cls.of(other, material, models) for other in selection.others),
        )

    @property
    def tracker(self) -> str:
        """The face tracker that MC was measured with."""
        return self.selection.tracker

    @property
    def seconds(self) -> float:
        """Length of a window."""
        return self.selection.settings.parameters.seconds

    @property
    def lengths(self) -> tuple[Self, ...]:
        """The result for each length of windows, this one first."""
        return self, *self.others

    def json(self) -> Json:
        """The object that ``take5 select --json`` prints (``docs/output.md``)."""
        return self.selection.json()

    def write(self, folder: StrPath, *, force: bool = False) -> Path:
        """Write ``clip.mp4``, ``clip.wav`` and ``report.json``, and other lengths' clips, such as ``clip-10s.mp4``.

        The report alone where no window is eligible.

        Raises
        ------
        OutputExists
            If there is such a folder and ``force`` is false.
        OutputError
            If it cannot be written; nothing is left behind.
        """
        write_take(self.selection, self.material, Path(folder), force=force)
        return Path(folder)

    def bundle(
        self,
        folder: StrPath,
        *trainers: str,
        name: str | None = None,
        size: int = SIZE,
        consent: str | None = None,
        force: bool = False,
    ) -> tuple[Bundle, ...]:
        """Write the best window as trainers take it, as ``folder/<trainer>/<name>/``, of other lengths ``<name>-10s``.

        Parameters
        ----------
        folder : path
            Where.
        *trainers : str
            For whom, such as "synctalk" (``docs/trainers/``).
        name : str, optional
            The person's, as trainers will call it; by default the folder's.
        size : int
            Side of the pictures in pixels.
        consent : str, optional
            Reference to the person's consent, for the manifest.
        force : bool
            Replace bundles that exist.

        Raises
        ------
        ParameterError
            If a trainer is not known, or cannot use the name.
        NoIdle
            If a bundle shows the idle clip, and there is none.
        OutputExists, OutputError
            If a bundle exists already, or cannot be written.
        """
        wanted = wanted_for(trainers, size, consent)
        idle = self._idle() if wanted.of(Shows.IDLE).trainers else None
        parts = zip(self.selection.by_suffix, self.lengths, strict=True)
        chosen = {suffix: (replace(part.selection, idle=idle), part.material) for suffix, part in parts}
        return tuple(bundle_lengths(chosen, self.models, wanted, Path(folder), name, force=force))

    def _idle(self) -> Idle | None:
        """The idle clip, which is looked for in a file now."""
        settings, material = self.selection.settings, self.material
        if self.selection.idle is not None or not isinstance(material, FileRecording):
            return self.selection.idle
        return find_idle(material, settings.gates, idle_lengths(settings.parameters.window_frames))

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode the pictures of the best window: uint8 [H, W, 3] RGB, 25 a second, one at a time."""
        return (picture.rgb() for picture in self.material.pictures(*self._span()))

    def sound(self) -> tuple[NDArray[np.float32], int]:
        """What the best window sounds like: float32 [n, C] in [-1, 1], C 1 or 2, and samples per second."""
        sound, rate = self.material.sound(*self._span())
        return sound.T, rate

    def _span(self) -> tuple[int, int]:
        best = self.selection.best
        if best is None:
            raise ParameterError(f"{self.selection.video}: no window is eligible; its windows' reasons say why")
        return best.start, best.start + self.selection.settings.parameters.window_frames


@dataclass(frozen=True)
class FileResult(Result):
    """What was found in a file; it is read again for clips."""

    material: FileRecording = field(repr=False, compare=False)

    def features(self) -> Features:
        """What was scored, frame by frame: the arrays of ``take5 select --features``."""
        frames = [frame or unseen(missing=False) for frame in self.material.observed]
        observations = stack_observations(frames)
        lips, pose = np.stack([frame.lips for frame in frames]), np.stack([frame.pose for frame in frames])
        faces = np.where(observations.seen, np.maximum(observations.faces, observations.tracked), -1)
        numbers = self.material.rows.numbers()
        return Features(self.material.heard.embeddings[:], lips, pose, faces.astype(np.float64), numbers)

    def write_features(self, path: StrPath) -> Path:
        """Write them to an .npz file, with ``fps``, as ``take5 select --features`` does."""
        write_features(self.material, Path(path))
        return Path(path)

    def write_report(self, folder: StrPath) -> Path:
        """Write ``report.html`` and ``report.png``, for people to look at, to a folder that :meth:`write` has made."""
        add_report_page(self.selection, self.material, Path(folder))
        return Path(folder)
