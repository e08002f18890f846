"""Head poses as ``take5 prepare`` finds them: ``python -m bench.head_pose [VIDEO]... [--talkers]``.

The best window of each video becomes a bundle, and is prepared. Without videos, or with ``--talkers``: two generated
talkers, whose true motion is known. Tables:

- reprojection: median distance of a landmark from where its pose puts it;
- speed: how far the fitted points, the raw landmarks, and points that never move, move otherwise than the optical flow
  (RMS a frame);
- MediaPipe: RMS angle between these poses and MediaPipe's transformation matrices, but for a constant one;
- corners: the inner corners of the eyes, which are not fitted to, as points of the head: median residual, and spread
  over five parts of the clip, along the face and in depth;
- talkers: turn in the picture's plane, and out of it, against the truth (RMS), and how much fitted points and raw
  landmarks move against the true head (RMS);
- CPU seconds: of the whole command, and in it, of seeing the pictures, the fit, and the files.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bench.files import TAKE5, command
from bench.head_pose.measures import CORNERS, Floats, apart, fixed_points, speed_errors, turn_error
from bench.head_pose.talkers import Truth, moving_talkers, truth_of
from take5.client.cli.options import load_models
from take5.scoring.head_pose.head import RIGID
from take5.scoring.models.landmarks import Mesh
from take5.scoring.models.region import Region
from take5.stream.analysis.models import Models
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.parts.images import FOLDER
from take5.stream.bundles.preparation.head_pose import HeadPoseFiles
from take5.stream.bundles.preparation.pictures import MeshReader, OpenReader, read_picture, see_pictures
from take5.stream.bundles.preparation.preparation import SeenPictures
from take5.stream.bundles.preparation.prepare import longer_side
from take5.stream.bundles.write import bundle_selection, wanted_for
from take5.stream.offline.select import select
from take5.stream.preparing.models import face_model
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.wire import Json

TRAINER = "gaussiantalker"
"""The one of the six whose preparation has most in it."""

GREY = np.array([0.299, 0.587, 0.114])


@dataclass
class Reading:
    """Reads meshes, and keeps MediaPipe's transformation of each face that it sees."""

    reader: MeshReader
    transformations: list[Floats] = field(default_factory=list)

    def mesh(self, rgb: NDArray[np.uint8], region: Region | None = None) -> Mesh | None:
        """Read a picture."""
        found = self.reader.mesh(rgb, region)
        if found is not None:
            self.transformations.append(found.transformation)
        return found


@dataclass(frozen=True, eq=False)
class Prepared:
    """A bundle that has been prepared, and CPU seconds of the whole command and by step."""

    seen: SeenPictures
    transformations: Floats
    grey: list[NDArray[np.uint8]]
    cpu_s: tuple[float, ...]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--talkers", action="store_true")
    options = parser.parse_args()
    models = load_models("speech-embedding", None, "cpu")
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = {video.stem: prepared(bundled(video, models, folder)) for video in options.videos}
        true = dict[str, Sequence[str]]()
        if options.talkers or not options.videos:
            for title, (video, script) in moving_talkers(folder).items():
                bundle = bundled(video, models, folder)
                made[title] = prepared(bundle)
                true[title] = _true(made[title], truth_of(script, _manifest(bundle)))
    _print(QUALITY, {title: _quality(each) for title, each in made.items()})
    _print(TRUE, true)
    _print(COST, {title: [f"{seconds:.1f}" for seconds in each.cpu_s] for title, each in made.items()})


def _print(columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    if rows:
        lines = [("clip", *columns), ("---",) * (len(columns) + 1), *((title, *cells) for title, cells in rows.items())]
        print("\n".join(f"| {' | '.join(cells)} |" for cells in lines), end="\n\n")


def bundled(video: Path, models: Models, folder: Path) -> Path:
    """Make a bundle of the best window of a video."""
    scored = select(MediaFile(video), models, Settings(), on_progress=lambda *_: None)
    place, wanted = folder / video.stem, wanted_for([TRAINER])
    made = list(bundle_selection(scored.selection, scored.recording, models, wanted, place))
    if not made:
        raise SystemExit(f"{video}: no window is eligible; give a video with five seconds of one talking head")
    return made[0].folder


def prepared(bundle: Path) -> Prepared:
    """Prepare a bundle by the command, and once more step by step."""
    whole = command(*TAKE5, "prepare", "--json", str(bundle)).cpu
    model, readings = face_model(), list[Reading]()

    @contextmanager
    def opened() -> Iterator[Reading]:
        with model.reader() as reader:
            readings.append(Reading(reader))
            yield readings[-1]

    reader: OpenReader = opened
    times = [time.process_time()]
    seen = see_pictures(bundle, model.face, reader, longer_side(_manifest(bundle)), lambda *_: None)
    times.append(time.process_time())
    _ = seen.head
    times.append(time.process_time())
    with TemporaryDirectory() as place:
        HeadPoseFiles(points=1).write(Path(place), seen)
    times.append(time.process_time())
    rgb = (read_picture(bundle / FOLDER / f"{number}.jpg") for number in range(seen.frames))
    grey = [np.rint(each @ GREY).astype(np.uint8) for each in rgb]
    return Prepared(seen, np.stack(readings[0].transformations), grey, (whole, *np.diff(times)))


def _manifest(bundle: Path) -> Json:
    content: Json = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    return content


COST = ("CPU s: command", "seeing", "fit", "files")
QUALITY = (
    *("picture", "reprojection", "focal length", "speed: poses", "landmarks", "still", "MediaPipe"),
    *("corners: residual", "along", "depth"),
)
TRUE = ("turn in the picture", "MediaPipe's", "out of it", "MediaPipe's", "fitted points", "landmarks")


def _quality(made: Prepared) -> list[str]:
    seen, head = made.seen, made.seen.head
    cameras, landmarks = head.cameras, seen.meshes[:, RIGID]
    still = np.repeat(landmarks.mean(axis=0, keepdims=True), seen.frames, axis=0)
    speeds = speed_errors(made.grey, [cameras.project(head.shape), landmarks, still])
    corners = fixed_points(cameras, seen.meshes[:, list(CORNERS)])
    return [
        str(seen.size[0]),
        f"{head.reprojection_px:.2f} px",
        f"{cameras.focal:.0f} px ± {head.focal_log_sd:.0%}",
        *(f"{speed:.2f} px" for speed in speeds),
        f"{apart(cameras.rotations, made.transformations[:, :3, :3]):.2f}°",
        f"{corners.residual_px:.2f} px",
        f"{corners.across_mm:.1f} mm",
        f"{corners.depth_mm:.1f} mm",
    ]


def _true(made: Prepared, truth: Truth) -> list[str]:
    head, theirs = made.seen.head, made.transformations
    ours = turn_error(head.cameras.rotations, head.cameras.translations, truth.rolls)
    mediapipe = turn_error(theirs[:, :3, :3], theirs[:, :3, 3], truth.rolls)
    points = (head.cameras.project(head.shape), made.seen.meshes[:, RIGID])
    return [
        *(f"{angle:.2f}°" for angle in (ours.within, mediapipe.within, ours.out, mediapipe.out)),
        *(f"{truth.trembling(each):.2f} px" for each in points),
    ]


if __name__ == "__main__":
    main()
