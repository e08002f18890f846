"""Compares the face trackers: ``python -m bench.trackers VIDEO... [--frames 250]``; docs/trackers.md has results.

Every window of each video is scored with each tracker, which gives its mean MC, the rank correlation of MC, and what
``select`` chooses. On the first ``--frames`` pictures are measured, for each tracker:

- flow: how far the lips' motion from picture to picture is from the optical flow at the lips (Lucas-Kanade, there and
  back), in pixels;
- jitter: how far the lips move from picture to picture on one picture with sensor noise, in pixels;
- lost: pictures without a face, as filmed, in fast motion and in the dark;
- gap: MC of a window by a run that begins a second before it, against that of the run over all;
- CPU: milliseconds a picture, on all threads of the process, the trackers taking turns.

Needs the extra ``litert``.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from take5.client.api.models import TRACKER_NAMES, load_models
from take5.scoring.algorithm1 import motion_complexity
from take5.scoring.parameters import FPS, LEAD_IN_FRAMES, Parameters
from take5.stream.analysis.models import Models, Tracker
from take5.stream.offline.select import Selected, select
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

WINDOW = Parameters().window_frames
SEED, NOISE, NOISY = 0, 3.0, 75
"""Of the sensor noise: seed, standard deviation in grey levels, pictures; the first second is left out."""

SETTLED = 30
"""Pictures of noise after which jitter is measured."""

HARD = 100
"""Pictures in fast motion, and in the dark."""

SWAY, NOD = (0.14, 0.6), (0.06, 0.9)
"""Fast motion across and down: share of the picture, radians a picture."""

DARK = 0.06
"""Share of the light that is left in the dark."""

WARM_UP = 20
"""Pictures before CPU time is measured."""

THERE_AND_BACK = 0.3
"""Pixels by which flow may miss where it began."""


@dataclass(frozen=True)
class Row:
    """What was measured for one tracker."""

    tracker: str
    flow: float
    jitter: float
    lost: tuple[int, int, int]
    gap: float
    ms: float
    MC: float

    def text(self) -> str:
        """Format it as a row of the table."""
        lost = "  ".join(f"{count:4d}" for count in self.lost)
        return (
            f"  {self.tracker:10s}  {self.flow:6.3f}  {self.jitter:7.4f}  {lost}  {self.gap:8.1e}  {self.ms:6.2f}"
            f"  {self.MC:6.4f}"
        )


HEAD = f"  {'':10s}    flow   jitter  lost  fast  dark       gap  CPU ms      MC"


def lips_of(models: Models, pictures: Sequence[Picture]) -> Floats:
    """Lips [N, 20, 2] in pictures, NaN where no face is seen."""
    with models.tracker(models.finder.find(pictures[0])) as tracker:
        seen = [tracker.track(picture, frame) for frame, picture in enumerate(pictures)]
    return np.array([np.full((20, 2), np.nan) if face is None else face.lips for face in seen])


def lost(lips: Floats) -> int:
    """Pictures without a face."""
    return int(np.isnan(lips[:, 0, 0]).sum())


def flow_error(pictures: Sequence[Picture], lips: Floats) -> float:
    """Mean distance between the lips' motion and the optical flow at them, where it finds back."""
    grey = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8) for picture in pictures]
    errors = []
    for i in range(1, len(lips)):
        if np.isnan(lips[i - 1 : i + 1]).any():
            continue
        start = lips[i - 1].astype(np.float32)
        end, there = _flow(grey[i - 1], grey[i], start)
        again, back = _flow(grey[i], grey[i - 1], end)
        sure = there & back & (np.linalg.norm(again - start, axis=1) < THERE_AND_BACK)
        errors.append(np.linalg.norm(lips[i] - lips[i - 1] - (end - start), axis=1)[sure])
    return float(np.concatenate(errors).mean())


def _flow(one: Picture, other: Picture, points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where points [n, 2] of a picture are in another, and whether that was found."""
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        one, other, points[:, np.newaxis], points[:, np.newaxis].copy(), winSize=(21, 21), maxLevel=3
    )
    return np.asarray(found[:, 0]), np.asarray(status[:, 0] == 1)


def jitter(lips: Floats) -> float:
    """Mean way of the lips from picture to picture, once the tracker has settled."""
    return float(np.nanmean(np.linalg.norm(np.diff(lips[SETTLED:], axis=0), axis=2)))


def noisy(picture: Picture) -> list[Picture]:
    """A picture with other noise each time."""
    rng = np.random.default_rng(SEED)
    noise = (np.rint(rng.normal(0, NOISE, picture.shape)) for _ in range(NOISY))
    return [np.clip(picture + each, 0, 255).astype(np.uint8) for each in noise]


def fast(pictures: Sequence[Picture]) -> list[Picture]:
    """The same, shifted to and fro."""
    height, width = pictures[0].shape[:2]

    def shift(i: int, size: int, motion: tuple[float, float]) -> int:
        return int(motion[0] * size * np.sin(motion[1] * i))

    return [
        np.roll(picture, (shift(i, height, NOD), shift(i, width, SWAY)), (0, 1)) for i, picture in enumerate(pictures)
    ]


def gap(whole: Floats, pictures: Sequence[Picture], track: Callable[[Sequence[Picture]], Floats]) -> float:
    """Largest relative difference in MC between runs that begin a second before a window and the run over all."""
    apart = [0.0]
    for start in range(2 * LEAD_IN_FRAMES, len(pictures) - WINDOW + 1, 2 * LEAD_IN_FRAMES):
        late = track(pictures[start - LEAD_IN_FRAMES : start + WINDOW])[LEAD_IN_FRAMES:]
        one, other = (motion_complexity(lips, Parameters().hfr_threshold).MC for lips in (late, whole[start:][:WINDOW]))
        apart.append(abs(one / other - 1))
    return max(apart)


def cpu_ms(models: Sequence[Models], pictures: Sequence[Picture]) -> list[float]:
    """CPU time of each tracker for a picture, in milliseconds; they take turns."""
    spent = np.zeros((len(pictures), len(models)))
    with ExitStack() as opened:
        region = models[0].finder.find(pictures[0])
        trackers: list[Tracker] = [opened.enter_context(each.tracker(region)) for each in models]
        for frame, picture in enumerate(pictures):
            for which, tracker in enumerate(trackers):
                before = time.process_time()
                tracker.track(picture, frame)
                spent[frame, which] = time.process_time() - before
    return [float(ms) for ms in 1000 * spent[WARM_UP:].mean(axis=0)]


def row(models: Models, pictures: Sequence[Picture], selection: Selection) -> Row:
    """Measure a tracker, all but its CPU time."""

    def track(some: Sequence[Picture]) -> Floats:
        return lips_of(models, some)

    lips = track(pictures)
    hard = fast(pictures[:HARD]), [(picture * DARK).astype(np.uint8) for picture in pictures[:HARD]]
    return Row(
        models.tracker_name,
        flow_error(pictures, lips),
        jitter(track(noisy(pictures[len(pictures) // 4]))),
        (lost(lips), *(lost(track(some)) for some in hard)),  # type: ignore[arg-type] # there are two
        gap(lips, pictures, track),
        0.0,
        float(np.mean(list(MC_of(selection).values()))),
    )


def MC_of(selection: Selection) -> dict[int, float]:
    """MC by a window's first frame."""
    return {v.score.start: v.score.motion.MC for v in selection.verdicts if v.score.motion is not None}


def compare(video: Path, models: Sequence[Models], frames: int) -> None:
    """Print the table of one video."""
    scored = [select(MediaFile(video), each, Settings(), exhaustive=True, on_progress=_quietly) for each in models]
    selections = [each.selection for each in scored]
    pictures = _pictures(scored[0], frames)
    height, width = pictures[0].shape[:2]
    print(f"{video.name}: {width}x{height}, {len(pictures)} of {selections[0].frames} frames\n{HEAD}", flush=True)
    spent = cpu_ms(models, pictures)
    for each, selection, ms in zip(models, selections, spent, strict=True):
        print(replace(row(each, pictures, selection), ms=ms).text(), flush=True)
    one, other = (MC_of(selection) for selection in selections)
    both = sorted(one.keys() & other.keys())
    correlation = spearmanr([one[start] for start in both], [other[start] for start in both]).statistic
    chosen = " and ".join("none" if each.best is None else f"{each.best.start / FPS:g} s" for each in selections)
    print(f"  MC of {len(both)} windows: rank correlation {correlation:.2f}; chosen: {chosen}", flush=True)


def _pictures(scored: Selected, frames: int) -> list[Picture]:
    recording = scored.recording
    count = min(frames, recording.frames)
    return [np.ascontiguousarray(picture.rgb()) for picture in recording.pictures(0, count)]


def _quietly(*_: object) -> None:
    """Report no progress."""


def main() -> None:
    """Compare the trackers on all videos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--frames", type=int, default=250, help="pictures to measure on (default: 250)")
    arguments = parser.parse_args()
    models = [load_models("speech-embedding", device="cpu", tracker=name) for name in TRACKER_NAMES]
    for video in arguments.videos:
        compare(video, models, arguments.frames)


if __name__ == "__main__":
    main()
