"""Coaching instructions for unmodified videos, and whether they contain an idle clip.

    python bench/coaching.py say VIDEO...     # each instruction, and the rate per minute
    python bench/coaching.py cost VIDEO...    # CPU milliseconds per second of video, coach and idle finder alone

For a talker who needs no correction, every instruction is a false alarm. Frames are analysed in one run, as in a live
session.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from take5.client.cli.options import load_models
from take5.scoring.coaching import Advice, Coach
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.rules import STRICTNESSES
from take5.scoring.idle import IdleFinder, candidates
from take5.scoring.parameters import FPS
from take5.scoring.stretch import Stretch
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner, stretch_of
from take5.stream.analysis.models import Models
from take5.stream.recording.from_file import open_recording
from take5.stream.sources.file import MediaFile


def watched(video: Path, models: Models) -> Stretch:
    """All measures of a video."""
    recording = open_recording(MediaFile(video), models, lambda *_: None)
    with Faces(models) as faces:
        scanner = FrameScanner(faces)
        observations = [
            scanner.observe(frame) for frame in recording.file.grid_frames(recording.index, 0, recording.frames)
        ]
    stop = len(observations)
    return stretch_of(observations, recording.timing[:stop], recording.heard.measures[:stop])


def chunks(stretch: Stretch) -> Iterator[Stretch]:
    """Split into seconds."""
    return (stretch[at : at + FPS] for at in range(0, len(stretch), FPS))


def advice(stretch: Stretch, config: GateConfig) -> list[Advice]:
    """Instructions of the coach."""
    coach = Coach(config)
    return [given for piece in chunks(stretch) for given in coach.push(piece)]


def say(name: str, stretch: Stretch) -> None:
    """Print the instructions at each strictness, and the idle clip."""
    minutes = len(stretch) / FPS / 60
    for strictness in STRICTNESSES:
        given = advice(stretch, GateConfig.of(strictness))
        counts = Counter(str(each.code) for each in given if each.code is not None)
        restarts = sum(each.restarts for each in given)
        print(f"{name} {strictness}: {counts.total() / minutes:.2f} a minute, {restarts} restarts")
        for each in given:
            print(f"  {each.frame / FPS:6.1f} s  {each.code or ('good' if each.followed else '-')}")
    finder = IdleFinder()
    for piece in chunks(stretch):
        finder.push(piece)
    print(f"{name}: idle {finder.best}, silent {candidates(stretch.sound)}")


def cost(name: str, stretch: Stretch) -> None:
    """Print the cost of the coach and the idle finder."""
    seconds = len(stretch) / FPS
    coach, finder = Coach(), IdleFinder()
    for what, push in (("coach", coach.push), ("idle", finder.push)):
        began = time.process_time()
        for piece in chunks(stretch):
            push(piece)
        print(f"{name:28s} {what:6s} {1000 * (time.process_time() - began) / seconds:6.2f} ms a second")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("say", "cost"))
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    options = parser.parse_args()
    models = load_models("speech-embedding", None, "cpu")
    for video in options.videos:
        {"say": say, "cost": cost}[options.what](video.name, watched(video, models))


if __name__ == "__main__":
    main()
