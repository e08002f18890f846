"""How well a known delay of the sound is found, and what `--av-offset auto` makes of it.

    python bench/delays.py VIDEO...

The sound of each video is moved by -300 to 300 ms, and measured against its lips, which are tracked once. Errors are
those of the change: the offset of the moved sound, less that of the untouched one, less the move.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from take5.client.cli.options import load_models
from take5.scoring.gates.av_offset import Correlation, correlate, offset
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.scoring.parameters import FPS, SAMPLE_RATE, Parameters
from take5.scoring.recording_sync import LEAST_WINDOWS, recording_offset
from take5.stream.analysis.models import Models
from take5.stream.offline.repair import REPAIR_FRAMES, WINDOWS
from take5.stream.recording.from_file import open_recording
from take5.stream.sources.file import MediaFile

Floats = NDArray[np.float64]
MOVES_MS = range(-300, 301, 50)
WINDOW, FRAME_MS = Parameters().window_frames, 1000 / FPS
TOGETHER = (1, 2, 3, 4)


@dataclass(frozen=True)
class Tracked:
    """A video's lips in its grid frames [N, 20, 2], and its sound at 16 kHz."""

    name: str
    lips: Floats
    sound: NDArray[np.float32]

    def bands(self, move_ms: int) -> Floats:
        """Bark powers [N, 20] of the sound, so much later."""
        move = move_ms * SAMPLE_RATE // 1000
        moved = np.pad(self.sound, (max(0, move), max(0, -move)))[max(0, -move) :][: len(self.sound)]
        meter = SoundMeter()
        return SoundMeasures.concatenate([meter.push(moved), meter.finish(len(self.lips))]).bands[: len(self.lips)]


@dataclass(frozen=True)
class Found:
    """Offsets in ms, None where unknown: of each window, of the recording at the end of each, and for the repair."""

    alone: list[float | None]
    verdicts: list[float | None]
    repair: float | None

    @property
    def moved(self) -> bool:
        """Whether the sound would be moved."""
        return self.repair is not None and abs(self.repair) > REPAIR_FRAMES * FRAME_MS


def tracked(video: Path, models: Models) -> Tracked:
    """Read a video, and track the face in every frame."""
    recording = open_recording(MediaFile(video), models, lambda *_: None)
    lips = np.stack([frame.lips for frame in recording.observations(0, recording.frames)])
    return Tracked(video.name, lips, np.asarray(recording.pcm(0, recording.frames) / 32768, np.float32))


def milliseconds(correlation: Correlation | None) -> float | None:
    """The offset in ms."""
    frames = offset(correlation).frames
    return None if frames is None else frames * FRAME_MS


def correlations(lips: Floats, bands: Floats) -> dict[int, Correlation]:
    """The correlation of each window, by its first frame."""
    starts = range(0, min(len(lips), len(bands)) - WINDOW + 1, FPS)
    found = {start: correlate(lips[start : start + WINDOW], bands[start : start + WINDOW]) for start in starts}
    return {start: correlation for start, correlation in found.items() if correlation is not None}


def found_in(video: Tracked, move_ms: int) -> Found:
    """What is found of a video's moved sound."""
    windows = correlations(video.lips, video.bands(move_ms))
    slots = [start for start in windows if start % WINDOW == 0]
    spread = slots[:: -(-len(slots) // WINDOWS)]
    verdicts = [recording_offset(start + WINDOW, WINDOW, windows.get).frames for start in windows]
    return Found(
        [milliseconds(window) for window in windows.values()],
        [None if frames is None else frames * FRAME_MS for frames in verdicts],
        milliseconds(Correlation.merge([windows[start] for start in spread])) if len(spread) >= LEAST_WINDOWS else None,
    )


def spread(errors: list[float], known: int, of: int) -> str:
    """Share of those known, and their errors: median, 95 %, largest."""
    if not errors:
        return f"{'none known':>26s}"
    sizes = np.abs(errors)
    return f"{known / of:5.0%} {np.median(sizes):5.1f} {np.quantile(sizes, 0.95):6.1f} {sizes.max():6.1f}"


def delays(videos: list[Tracked]) -> None:
    """Print the table."""
    untouched = {video.name: found_in(video, 0) for video in videos}
    print("untouched:", *(f"{name} {found.repair or float('nan'):+.0f} ms" for name, found in untouched.items()))
    false = [name for name, found in untouched.items() if found.moved]
    print(f"untouched and moved all the same: {len(false)} of {len(videos)} {false or ''}\n")
    print("move    one window: known, error   recording, once known      repair: moved, error of each, ms")
    for move in MOVES_MS:
        each = {video.name: found_in(video, move) for video in videos}
        cells = []
        for kind in ("alone", "verdicts"):
            errors, known, of = [], 0, 0
            for name, found in each.items():
                middle = np.median([ms for ms in getattr(untouched[name], kind) if ms is not None])
                offsets = getattr(found, kind)
                offsets = offsets if kind == "alone" else offsets[(LEAST_WINDOWS - 1) * WINDOW // FPS :]
                errors += [float(ms - middle - move) for ms in offsets if ms is not None]
                known, of = known + sum(ms is not None for ms in offsets), of + len(offsets)
            cells.append(spread(errors, known, of))
        repairs = [(found, untouched[name].repair) for name, found in each.items()]
        off = [found.repair - was - move for found, was in repairs if found.repair is not None and was is not None]
        moved = sum(found.moved for found, _ in repairs)
        print(f"{move:+5d} ", *cells, f"   {moved} of {len(videos)} ", *(f"{error:+6.1f}" for error in off))


def strangers(videos: list[Tracked]) -> None:
    """Print how often an offset is known for the lips and the sound of different videos, by how many windows."""
    for together in TOGETHER:
        known = of = 0
        for seen in videos:
            for heard in (video for video in videos if video is not seen):
                windows = correlations(seen.lips, heard.bands(0))
                for first in windows:
                    parts = [windows[s] for n in range(together) if (s := first + n * WINDOW) in windows]
                    if len(parts) == together:
                        known, of = known + (offset(Correlation.merge(parts)).frames is not None), of + 1
        print(f"lips and sound of different videos, {together} windows: an offset is known of {known} of {of}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    models = load_models("speech-embedding", None, "cpu")
    videos = [tracked(video, models) for video in parser.parse_args().videos]
    delays(videos)
    print()
    strangers(videos)


if __name__ == "__main__":
    main()
