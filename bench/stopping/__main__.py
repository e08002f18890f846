"""The stop rules measured: ``python -m bench.stopping [VIDEO...]``.

First the gain estimate on blocks of four laws; then what people reach and what each rule does with them, held out by
person; then simulated sessions of ten minutes; then each VIDEO, every window of it scored.
"""

import argparse
from pathlib import Path

from bench.stopping.blocks import blocks_table, stops_table
from bench.stopping.people import people_table
from bench.stopping.rules import HEAD, NEVER_S, by, row
from bench.stopping.sessions import sessions_table
from take5.client.cli.options import load_models
from take5.scoring.stopping import StopRules
from take5.stream.offline.reaches import eligible
from take5.stream.offline.select import select
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile


def replays(videos: list[Path]) -> None:
    """Print for each video when each rule stops it."""
    models = load_models("auto", None, "auto")
    ways = {
        "the rules as shipped": StopRules(),
        "0.95 of what is expected": StopRules(gain=None, cap_s=NEVER_S),
        "gain rule": StopRules(cap_s=NEVER_S, share=0),
    }
    for video in videos:
        windows = select(
            MediaFile(video), models, Settings(), exhaustive=True, on_progress=lambda *_: None
        ).selection.verdicts
        print(f"\n{video.name}: {len(windows)} windows, {len(eligible(windows))} eligible\n{HEAD}")
        for way, rules in ways.items():
            print(row(way, {video.name: windows}, lambda _, rules=rules: by(rules)))  # type: ignore[misc] # binds it


def main() -> None:
    """Print all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO")
    videos = parser.parse_args().videos
    blocks_table()
    stops_table()
    people_table()
    sessions_table()
    if videos:
        replays(videos)


if __name__ == "__main__":
    main()
