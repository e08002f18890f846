"""A take on disk: the folder with the clip and its report, and the features that were scored."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME
from take5.stream.clip import write_clip, write_wave
from take5.stream.clock import FRAME_TICKS
from take5.stream.media import Picture
from take5.stream.scanner import NO_LIPS, NO_POSE
from take5.stream.select import Scored
from take5.stream.selection import Selection
from take5.stream.store import new_file, new_folder


def write_take(scored: Scored, folder: Path, *, force: bool = False) -> None:
    """Write ``folder/{clip.mp4, clip.wav, report.json}``; the report alone where no window is eligible."""
    with new_folder(folder, force=force) as temporary:
        best = scored.selection.best
        if best is not None:
            stop = best.start + scored.selection.settings.parameters.window_frames
            start_ticks, stop_ticks = (scored.file.origin + frame * FRAME_TICKS for frame in (best.start, stop))
            write_clip(
                temporary / "clip.mp4",
                _pictures(scored, best.start, stop),
                *scored.file.sound(start_ticks, stop_ticks),
            )
            write_wave(
                temporary / "clip.wav", scored.sound.pcm[best.start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME]
            )
        write_report(scored.selection, temporary / "report.json")


def _pictures(scored: Scored, start: int, stop: int) -> Iterator[Picture]:
    return (frame.shown.picture for frame in scored.file.grid_frames(scored.index, start, stop))


def write_report(selection: Selection, path: Path) -> None:
    """Write the report as JSON."""
    path.write_text(json.dumps(selection.json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_features(scored: Scored, path: Path) -> None:
    """Write what was scored to an .npz file, in float64.

    ``audio`` [N, E]; ``lips`` [N, 20, 2] in square pixels and ``pose`` [N, 3] in degrees, NaN where no face was tracked
    or nobody looked; ``faces`` [N], the faces seen in a frame, -1 where nobody looked; ``fps``.
    """
    looks = scored.looks
    seen = [None if look is None or look.face is None else look.face for look in looks]
    with new_file(path) as temporary:
        np.savez(
            temporary,
            audio=scored.sound.embeddings,
            lips=np.stack([NO_LIPS if face is None else face.lips for face in seen]),
            pose=np.stack([NO_POSE if face is None else face.pose for face in seen]),
            faces=np.array([-1.0 if look is None else max(look.faces, float(look.face is not None)) for look in looks]),
            fps=np.float64(FPS),
        )
