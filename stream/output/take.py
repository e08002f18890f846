"""A take on disk: the folder with the clip and its report, and the features that were scored."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from take5.scoring.parameters import FPS
from take5.stream.analysis.frames import NO_LIPS, NO_POSE
from take5.stream.events import ChunkNote
from take5.stream.output.atomic import REPORT_PREFIX, new_file, new_folder, sync_files, sync_folder, writing
from take5.stream.output.clip import QUICK, SMALL, write_clip, write_wave
from take5.stream.output.received import write_source
from take5.stream.recording.base import ClipMedia
from take5.stream.recording.from_file import FileRecording
from take5.stream.recording.from_ring import RingRecording
from take5.stream.report.data import ReportData, film_hops, film_notes, report_data
from take5.stream.report.render_process import write_report_apart
from take5.stream.report.write import PAGE, write_report_page
from take5.stream.selection import Selection

REPORT = "report.json"
ACCEPTED = "accepted.json"


def write_take(selection: Selection, material: ClipMedia, folder: Path, *, force: bool = False) -> None:
    """Write ``folder/{clip.mp4, clip.wav, report.json}``; only the report if no window is eligible.

    Other lengths add their own clip and sound, such as ``clip-10s.mp4`` and ``clip-10s.wav``.
    """
    with new_folder(folder, force=force) as temporary:
        _write(selection, material, temporary, SMALL)


def write_live_take(
    selection: Selection, recording: RingRecording, folder: Path, wait_for_frames_after: Callable[[], None]
) -> list[str]:
    """Write a capture's take with the fast preset, and the received access units; return the file names.

    They are synced to the disk, for the spool that holds the same is removed afterwards. The wait for the frames after
    the window is in between.
    """
    with new_folder(folder) as temporary:
        _write(selection, recording, temporary, QUICK)
        if selection.leading.best is not None:
            wait_for_frames_after()
        for suffix, chosen in selection.by_suffix.items():
            if chosen.best is not None:
                start, stop = chosen.best.start, chosen.best.start + chosen.window_frames
                source = recording.material.source(start, stop, stop + chosen.settings.parameters.frames_after)
                write_source(temporary, source, suffix)
        sync_files(temporary)
        names = sorted(path.name for path in temporary.iterdir())
    with writing(folder):
        sync_folder(folder.parent)
    return names


def _write(selection: Selection, material: ClipMedia, folder: Path, preset: str) -> None:
    for suffix, chosen in selection.by_suffix.items():
        if chosen.best is not None:
            span = chosen.best.start, chosen.best.start + chosen.window_frames
            write_clip(folder / f"clip{suffix}.mp4", material.pictures(*span), *material.sound(*span), preset)
            write_wave(folder / f"clip{suffix}.wav", material.pcm(*span))
    if selection.idle is not None:
        still = selection.idle.start, selection.idle.stop
        write_clip(folder / "idle.mp4", material.pictures(*still), *material.sound(*still), preset)
        write_wave(folder / "idle.wav", material.pcm(*still))
    write_report(selection, folder / REPORT)


def add_report_page(selection: Selection, recording: FileRecording, folder: Path) -> None:
    """Write ``report.html`` and ``report.png`` to a take's folder."""
    hop = selection.settings.parameters.hop_frames
    data = report_data(selection.leading, recording, film_notes(recording, hop), film_hops(recording, hop))
    _add_report(data, folder, write_report_page)


def add_live_report_page(
    selection: Selection, recording: RingRecording, notes: Iterable[ChunkNote], folder: Path
) -> list[str]:
    """Write a capture's report page in a separate process; return the file names."""
    return _add_report(report_data(selection.leading, recording, notes), folder, write_report_apart)


def _add_report(data: ReportData, folder: Path, write: Callable[[ReportData, Path], list[str]]) -> list[str]:
    with writing(folder / PAGE), TemporaryDirectory(prefix=REPORT_PREFIX, dir=folder) as temporary:
        names = write(data, Path(temporary))
        for name in names:
            (Path(temporary) / name).replace(folder / name)
    return names


def files_of(suffix: str, names: Iterable[str], selection: Selection) -> list[str]:
    """Those of a take's files that one length has; the first clip of a take also has what belongs to no length."""
    others = [other for other in selection.by_suffix if other]
    shared = [name for name in names if not Path(name).stem.endswith(tuple(others))]
    own = [name for name in names if suffix and Path(name).stem.endswith(suffix)]
    leads = selection.by_suffix[suffix] is selection.leading
    return [*own, *(shared if leads else [name for name in shared if name == REPORT])]


def write_report(selection: Selection, path: Path) -> None:
    """Write the report as JSON; file names that are not Unicode are escaped."""
    text = json.dumps(selection.json(), indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_features(recording: FileRecording, path: Path) -> None:
    """Write what was scored to an .npz file, in float64.

    ``audio`` [N, E]; ``lips`` [N, 20, 2] in square pixels and ``pose`` [N, 3] in degrees, NaN for frames without
    a tracked face or not analysed; ``faces`` [N], the number of faces, -1 if not analysed; ``frame`` [N], the grid
    frame of each row: without those inside long holes; ``fps``.
    """
    observed = recording.observed
    seen = [None if one is None or one.face is None else one.face for one in observed]
    with new_file(path) as temporary, temporary.open("wb") as file:  # savez would change a name
        np.savez(
            file,
            audio=recording.heard.embeddings[:],
            lips=np.stack([NO_LIPS if face is None else face.lips for face in seen]),
            pose=np.stack([NO_POSE if face is None else face.pose for face in seen]),
            faces=np.array([-1.0 if one is None else max(one.faces, float(one.face is not None)) for one in observed]),
            frame=recording.rows.numbers().astype(np.float64),
            fps=np.float64(FPS),
        )
