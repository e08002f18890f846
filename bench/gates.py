"""Cost of the picture and face gates, their detection of defects, and their findings in unmodified videos.

    python bench/gates.py cost VIDEO...
    python bench/gates.py catch VIDEO...      # the first window of each, with every defect of the table
    python bench/gates.py find VIDEO...       # every window, unmodified
    python bench/gates.py settle VIDEO...     # how far measures change when the tracker starts one second before

``catch`` decodes, adds the defects in memory, and runs the tracker as ``select --exhaustive`` does.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, rotate

from take5.client.cli.options import load_models
from take5.scoring.eligibility import observation_reasons
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Finding, Severity
from take5.scoring.gates.measures import FrameMeasures, measure_frame
from take5.scoring.gates.rules import STRICTNESSES
from take5.scoring.gates.verdict import window_findings
from take5.scoring.parameters import FPS, LEAD_IN_FRAMES, Parameters
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameObservation, FrameScanner, stack_observations
from take5.stream.analysis.models import Models
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import GridFrame
from take5.stream.timeline.media import VideoFrame

Rgb = NDArray[np.uint8]
WINDOW = Parameters().window_frames
COST_FRAMES = 100


@dataclass(frozen=True)
class Spoilt:
    """A picture in memory."""

    pixels: Rgb

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def digest(self) -> int:
        """Equal for identical pictures."""
        return hash(self.pixels.tobytes())

    def rgb(self) -> Rgb:
        """The picture."""
        return self.pixels


@dataclass(frozen=True)
class Place:
    """The face in a video's first frame: its centre and width, in pixels."""

    x: float
    y: float
    width: float


Doctor = Callable[[Sequence[Rgb], Place], Iterator[Rgb]]


def each(change: Callable[[NDArray[np.float32], Place], NDArray[np.floating]]) -> Doctor:
    """A doctor that treats every picture alike."""

    def treat(pictures: Sequence[Rgb], place: Place) -> Iterator[Rgb]:
        for picture in pictures:
            yield np.rint(change(picture.astype(np.float32), place)).clip(0, 255).astype(np.uint8)

    return treat


def some(change: Doctor, which: Callable[[int], bool]) -> Doctor:
    """A doctor that treats some of the frames."""

    def treat(pictures: Sequence[Rgb], place: Place) -> Iterator[Rgb]:
        for i, (before, after) in enumerate(zip(pictures, change(pictures, place), strict=True)):
            yield after if which(i) else before

    return treat


def blur(share: float) -> Doctor:
    """Blur by a Gaussian with a deviation of this share of the face's width."""
    return each(lambda rgb, face: gaussian_filter(rgb, (share * face.width, share * face.width, 0)))


def light(factor: float) -> Doctor:
    """Multiply by a factor."""
    return each(lambda rgb, _: rgb * factor)


def side_light(rgb: NDArray[np.float32], face: Place) -> NDArray[np.floating]:
    """Full light at one edge of the face, a tenth of it at the other."""
    x = (np.arange(rgb.shape[1]) - face.x) / face.width + 0.5
    return np.asarray(rgb * (0.1 + 0.9 * np.clip(x, 0, 1))[None, :, None])


def noise(deviation: float) -> Doctor:
    """Add white noise, alike in the three channels."""
    rng = np.random.default_rng(0)
    return each(lambda rgb, _: rgb + rng.normal(0, deviation, (*rgb.shape[:2], 1)).astype(np.float32))


def cut(share: float) -> Doctor:
    """Cut the picture off so that this share of the face's width is outside."""
    return each(lambda rgb, face: rgb[:, int(face.x + (share - 0.5) * face.width) // 2 * 2 :])


def smaller(rgb: NDArray[np.float32], face: Place) -> NDArray[np.floating]:
    """The face 50 pixels wide."""
    step = face.width / 50
    rows, columns = (np.arange(0, side - 1, step).astype(int) for side in rgb.shape[:2])
    return np.asarray(gaussian_filter(rgb, (step / 3, step / 3, 0))[rows][:, columns])


def second(rgb: NDArray[np.float32], face: Place) -> NDArray[np.floating]:
    """The person once more, beside."""
    left, right = (round(face.x + side * face.width) for side in (-0.75, 0.75))
    return np.concatenate([rgb, rgb[:, max(0, left) : right]], axis=1)


def turned(rgb: NDArray[np.float32], _: Place) -> NDArray[np.floating]:
    """The picture turned by 40 degrees."""
    return np.asarray(rotate(rgb, 40, axes=(1, 0), reshape=False, order=1, mode="nearest"))


def held(every: int) -> Doctor:
    """Repeat each ``every``-th picture."""

    def treat(pictures: Sequence[Rgb], _: Place) -> Iterator[Rgb]:
        return (pictures[i // every * every] for i in range(len(pictures)))

    return treat


DOCTORS: dict[str, tuple[Doctor, str]] = {
    "untouched": (held(1), ""),
    "blur 1 %": (blur(0.01), "blurred"),
    "blur 2 %": (blur(0.02), "blurred"),
    "blur 4 %": (blur(0.04), "blurred"),
    "noise 8": (noise(8), "grainy"),
    "noise 20": (noise(20), "grainy"),
    "dark x0.25": (light(0.25), "too_dark"),
    "dark x0.1": (light(0.1), "too_dark"),
    "bright x2": (light(2), "overexposed"),
    "side light": (each(side_light), "uneven_light"),
    "light halves": (some(light(0.5), lambda i: i >= LEAD_IN_FRAMES + 60), "light_changes"),
    "face 50 px": (each(smaller), "too_far"),
    "touches the edge": (cut(-0.02), "face_cut"),
    "a quarter cut off": (cut(0.25), "face_cut"),
    "turned 40": (each(turned), "head_tilted"),
    "second face": (each(second), "several_faces"),
    "frozen": (held(200), "frozen_picture"),
    "12.5 fps": (held(2), "frames_doubled"),
    "two blurred frames": (some(blur(0.05), lambda i: i in (80, 81)), ""),
}
"""Defects of a window, and the expected finding; two blurred frames are not a defect."""


def findings(observations: Sequence[FrameObservation], start: int, config: GateConfig) -> list[Finding]:
    """All findings about the pictures of the window at ``start``, eligibility rules first."""
    window = observations[start : start + WINDOW]
    seen = stack_observations(window)
    gates = window_findings(measures_of(window), seen.repeats, start, config)
    return [*observation_reasons(seen, None, start), *gates]


def measures_of(observations: Sequence[FrameObservation]) -> FrameMeasures:
    """The measures of neighbouring frames."""
    return FrameMeasures.concatenate([frame.measures for frame in observations])


def watch(frames: Iterator[GridFrame[VideoFrame]], models: Models) -> list[FrameObservation]:
    """Analyse frames in one run."""
    with Faces(models) as faces:
        scanner = FrameScanner(faces)
        return [scanner.observe(frame) for frame in frames]


def in_memory(pictures: Sequence[Rgb]) -> Iterator[GridFrame[VideoFrame]]:
    """Pictures as grid frames."""
    for i, pixels in enumerate(pictures):
        frame = VideoFrame(i * FRAME_FLICKS, Spoilt(np.ascontiguousarray(pixels)))
        yield GridFrame(i, frame, (frame,), missing=False)


def grid_frames(path: Path, start: int, stop: int | None) -> Iterator[GridFrame[VideoFrame]]:
    """Decode grid frames of a file; to its end without ``stop``."""
    file = MediaFile(path)
    index = file.scan(lambda _: None)
    grid, _ = file.grid(index)
    yield from file.grid_frames(index, start, len(grid) if stop is None else min(stop, len(grid)))


def find_place(pictures: Sequence[Rgb], models: Models) -> Place:
    """Location of the first face."""
    with Faces(models) as faces:
        face = next(f for f in (faces.track(p, i) for i, p in enumerate(pictures)) if f is not None)
    (left, top), (right, bottom) = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    return Place((left + right) / 2, (top + bottom) / 2, right - left)


def described(findings: Sequence[Finding]) -> str:
    """Codes, with warnings in brackets."""
    rejects = sorted({str(f.code) for f in findings if f.severity is Severity.REJECT})
    warns = sorted({str(f.code) for f in findings if f.severity is Severity.WARN})
    return " ".join([*rejects, *(f"({code})" for code in warns)]) or "-"


def catch(videos: Sequence[Path], models: Models) -> None:
    """Print the findings in defective windows, at normal."""
    config = GateConfig()
    for video in videos:
        pictures = [f.shown.picture.rgb() for f in grid_frames(video, 0, LEAD_IN_FRAMES + WINDOW)]
        place = find_place(pictures, models)
        print(video.name, f"(face {place.width:.0f} px)")
        for name, (doctor, wanted) in DOCTORS.items():
            observations = watch(in_memory(list(doctor(pictures, place))), models)
            found = findings(observations, LEAD_IN_FRAMES, config)
            hit = next((str(f.severity) for f in found if f.code == wanted), "no" if wanted else "")
            print(f"  {name:20s} {wanted:16s} {hit:8s} {described(found)}", flush=True)


def find(videos: Sequence[Path], models: Models) -> None:
    """Print the findings in every window, at each strictness."""
    for video in videos:
        seen = watch(grid_frames(video, 0, None), models)
        for strictness in STRICTNESSES:
            config = GateConfig.of(strictness)
            windows = {s: findings(seen, s, config) for s in range(0, len(seen) - WINDOW + 1, FPS)}
            rejected = sum(any(f.severity is Severity.REJECT for f in found) for found in windows.values())
            print(f"{video.name} {strictness}: {rejected} of {len(windows)} windows rejected")
            for start, found in windows.items():
                print(f"  {start // FPS:3d}-{(start + WINDOW) // FPS} s", *map(span_text, found))


def span_text(finding: Finding) -> str:
    """Code, seconds and value; with an exclamation mark if it rejects."""
    mark = "!" if finding.severity is Severity.REJECT else ""
    return f"{finding.code}{mark}[{finding.start / FPS:.1f}-{finding.stop / FPS:.1f} {finding.value or 0:.2f}]"


def settle(videos: Sequence[Path], models: Models) -> None:
    """Print how much each measure of a window differs between a full run and one that starts a second before it."""
    for video in videos:
        whole = watch(grid_frames(video, 0, None), models)
        start = max(LEAD_IN_FRAMES, (len(whole) - WINDOW) // 2 // FPS * FPS)
        alone = watch(grid_frames(video, start - LEAD_IN_FRAMES, start + WINDOW), models)
        one, other = (measures_of(run) for run in (whole[start : start + WINDOW], alone[LEAD_IN_FRAMES:]))
        apart = {f.name: np.abs(getattr(one, f.name) - getattr(other, f.name)) for f in fields(one)}
        print(video.name, *(f"{name} {np.nanmax(values):.2g}" for name, values in apart.items()), sep="\n  ")


def cost(videos: Sequence[Path], models: Models) -> None:
    """Print CPU milliseconds per frame."""
    for video in videos:
        frames = list(grid_frames(video, 0, COST_FRAMES))
        pictures = [frame.shown.picture.rgb() for frame in frames]
        with Faces(models) as faces:
            seen = [faces.track(picture, i) for i, picture in enumerate(pictures)]
        began = time.process_time()
        measures = FrameMeasures.concatenate(
            [measure_frame(picture, face) for picture, face in zip(pictures, seen, strict=True)]
        )
        measured = time.process_time() - began
        began = time.process_time()
        for _ in range(10):
            window_findings(measures, [()] * len(measures), 0, GateConfig())
        judged = (time.process_time() - began) / 10
        print(f"{video.name:28s} {1000 * measured / len(pictures):6.2f} ms a frame, {1000 * judged:6.2f} ms a window")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cost", "catch", "find", "settle"))
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    options = parser.parse_args()
    models = load_models("speech-embedding", None, "cpu")
    {"cost": cost, "catch": catch, "find": find, "settle": settle}[options.what](options.videos, models)


if __name__ == "__main__":
    main()
