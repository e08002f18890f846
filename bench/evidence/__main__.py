"""Does the chosen window teach more? ``python -m bench.evidence CLIP... [--out FOLDER]``, or ``--windows TABLE``.

Each CLIP is a recording of one talker, or a folder of one talker's recordings; NAME.1.mp4, NAME.2.mp4, ... are one
talker, too. Prints what more seconds teach, and what each rule of choice gains over a random eligible window of the
same talker, with intervals over talkers; writes ``windows.csv`` and ``evidence.png``. It prints no effects unless the
instrument learns (10 s more than 5 s, 5 s more than 2.5 s, 2.5 s more than nothing) and eight talkers count. A run that
was broken off goes on where it was. ``--windows bench/data/windows.csv`` makes the tables of 26 talkers again.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from bench.evidence.effects import (
    BEST,
    LEAST_R,
    LEAST_TALKERS,
    LEAST_WINDOWS,
    MEASURES,
    Worth,
    counting,
    effects,
    read_windows,
    table,
)
from bench.evidence.figure import draw
from bench.evidence.instrument import Taught, curve, learns, taught
from bench.evidence.sound import LEAST_TALKERS as LEAST_LEARNT
from bench.evidence.sound import LipSound
from bench.evidence.talkers import Talker, analysed, grouped, talker, write_windows
from take5.client.cli.options import load_models
from take5.scoring.errors import Take5Error


def measure(paths: Sequence[Path], out: Path) -> int:
    """Analyse recordings, train on their windows, and compare; return the exit code."""
    groups = grouped(paths)
    models = load_models("speech-embedding", None, "cpu")
    files = [(name, path) for name, group in groups.items() for path in group]
    known: dict[str, list[Path]] = {}
    for name, path in track(files, "analysing"):
        try:
            known.setdefault(name, []).append(analysed(path, models, out / "features"))
        except Take5Error as error:
            print(f"left out: {error}", file=sys.stderr)
    talkers = [talker(name, group) for name, group in known.items()]
    talkers = [each for each in talkers if len(each.windows) > 1]
    if len(talkers) < LEAST_LEARNT:
        print(f"{len(talkers)} talkers have windows; the instrument learns from others, and needs {LEAST_LEARNT}")
        return 1
    began = time.process_time()
    sounds = LipSound(talkers)
    features = {each.name: sounds.of(each) for each in talkers}
    works, means = learns([curve(each, features[each.name]) for each in talkers])
    found = {each.name: taught(each, features[each.name]) for each in track(talkers, "training")}
    print(f"{len(talkers)} talkers, {time.process_time() - began:.0f} CPU s")
    return report(talkers, found, works, means, out)


def report(
    talkers: Sequence[Talker],
    found: Mapping[str, Sequence[Taught]],
    works: bool,
    means: Mapping[float, float],
    out: Path,
) -> int:
    """Print and write what was found; return the exit code."""
    worths = {name: [Worth(each.window, {"R2": each.R2, "r": each.r}) for each in all_] for name, all_ in found.items()}
    count = counting(worths)
    for each in talkers:
        rs = [worth.by["r"] for worth in worths[each.name] if worth.window.eligible]
        says = "counts" if each.name in count else f"does not count (needs {LEAST_WINDOWS} windows, r {LEAST_R})"
        print(f"  {each.name}: {len(rs)} eligible windows, r {np.mean(rs) if rs else np.nan:.3f}; {says}")
    print(
        "R2 by seconds: " + ", ".join(f"{'none' if s == 0 else f'{s:g}'}: {value:+.3f}" for s, value in means.items())
    )
    write_windows(out / "windows.csv", _rows(worths, count))
    if not works:
        print("the instrument does not learn more from more seconds here: no effects are shown")
        return 1
    if len(count) < LEAST_TALKERS:
        print(f"{len(count)} talkers count; with fewer than {LEAST_TALKERS} an effect means nothing, and none is shown")
        return 1
    shown = effects(count, "R2")
    print(table({"R2 of the lips": shown, "r of the mouth's opening": effects(count, "r")}))
    draw(out / "evidence.png", means, [each for each in shown if each.choice != BEST])
    return 0


def _rows(worths: Mapping[str, Sequence[Worth]], count: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {
            "talker": name,
            "take": each.window.take,
            "start_s": each.window.start_s,
            "counts": int(name in count and each.window.eligible),
            "eligible": int(each.window.eligible),
            **{key: f"{getattr(each.window, key):.6g}" for key in ("D", "MC", "MC_mouth", "MC_head", "views", "I")},
            "reasons": ";".join(each.window.reasons),
            "fix_R2": f"{each.by['R2']:.6g}",
            "fix_r": f"{each.by['r']:.6g}",
        }
        for name, all_ in worths.items()
        for each in all_
    ]


def again(path: Path) -> None:
    """Print the tables of windows that were measured before."""
    known = read_windows(path)
    measured = set.intersection(*(set(each.by) for worths in known.values() for each in worths))
    print(f"{len(known)} talkers, {sum(map(len, known.values()))} windows")
    print(table({name: effects(known, name) for name in MEASURES if name in measured}))


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP")
    parser.add_argument("--out", type=Path, default=Path("evidence-out"), help="gets all that is measured")
    parser.add_argument("--windows", type=Path, metavar="TABLE", help="a windows.csv, instead of clips")
    options = parser.parse_args()
    if bool(options.clips) == (options.windows is not None):
        parser.error("give recordings, or --windows TABLE")
    try:
        if options.windows is not None:
            again(options.windows)
            return 0
        return measure(options.clips, options.out)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
