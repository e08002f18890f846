"""CPU seconds per second of media of ``take5 select``, whole and by stage.

    python bench/cpu.py VIDEO...             # as the command chooses windows
    python bench/cpu.py --exhaustive VIDEO...

The whole is the command itself, as accounted by the operating system, start-up included. The stages are measured in a
second run inside this process: CPU time of all threads while a stage's function runs. Decoding runs ahead on its own
threads, so it is measured separately, by decoding the same frames again with nothing else running.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from take5.client.cli.options import load_models
from take5.scoring.parameters import FPS
from take5.stream.analysis.models import Models
from take5.stream.offline.select import Selected, select
from take5.stream.output.take import write_take
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

STAGES = ("audio encoder", "tracker", "multi-face look", "decode", "clip", "rest")


class Stages:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what runs inside to a stage."""
        began = time.process_time()
        try:
            yield
        finally:
            self.seconds[name] += time.process_time() - began

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, charged to a stage."""

        def run(*args: Any, **options: Any) -> Any:
            with self.stage(name):
                return function(*args, **options)

        return run


def command_seconds(video: Path, *, exhaustive: bool) -> float:
    """CPU seconds of the whole command, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--exhaustive"] if exhaustive else []
        command = [sys.executable, "-m", "take5.client.cli", "select", str(video), "-o", folder, "--json", *flags]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def instrumented(stages: Stages) -> Models:
    """Models whose calls are charged to their stages."""
    models = load_models("auto", None, "auto")
    encoder, counter = models.encoder, models.counter
    encoder.encode = stages.timed("audio encoder", encoder.encode)  # type: ignore[method-assign]
    counter.count = stages.timed("multi-face look", counter.count)  # type: ignore[method-assign]

    def tracker(region: Any) -> Any:
        with stages.stage("tracker"):
            made = models.tracker(region)
        made.track = stages.timed("tracker", made.track)  # type: ignore[attr-defined]
        return made

    return replace(models, encoder=encoder, tracker=tracker, counter=counter)


def decode_seconds(scored: Selected) -> float:
    """CPU seconds of decoding the analysed frames and converting them to arrays."""
    began = time.process_time()
    observed = scored.recording.observed
    for start in range(len(observed)):
        if observed[start] is None or (start and observed[start - 1] is not None):
            continue
        stop = next((i for i in range(start, len(observed)) if observed[i] is None), len(observed))
        for frame in scored.recording.file.grid_frames(scored.recording.index, start, stop):
            frame.shown.picture.rgb()
    return time.process_time() - began


def stage_seconds(video: Path, *, exhaustive: bool) -> tuple[dict[str, float], Selected]:
    """CPU seconds of one run by stage."""
    stages = Stages()
    models = instrumented(stages)
    began = time.process_time()
    scored = select(MediaFile(video), models, Settings(), exhaustive=exhaustive, on_progress=lambda *_: None)
    with stages.stage("clip"), tempfile.TemporaryDirectory() as folder:
        write_take(scored.selection, scored.recording, Path(folder) / "take")
    whole = time.process_time() - began
    stages.seconds["decode"] = decode_seconds(scored)
    stages.seconds["rest"] = whole - sum(stages.seconds.values())
    return stages.seconds, scored


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--exhaustive", action="store_true")
    options = parser.parse_args()
    print(f"{'CPU seconds per second of media':32s}", *(f"{name:>16s}" for name in ("whole", *STAGES, "frames seen")))
    for video in options.videos:
        seconds, scored = stage_seconds(video, exhaustive=options.exhaustive)
        media = scored.selection.frames / FPS
        row = [command_seconds(video, exhaustive=options.exhaustive), *(seconds[name] for name in STAGES)]
        share = scored.selection.tracked / scored.selection.frames
        print(f"{video.name:32.32s}", *(f"{value / media:16.4f}" for value in row), f"{share:16.1%}")


if __name__ == "__main__":
    main()
