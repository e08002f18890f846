"""Does the chosen window teach more? ``python -m bench.evidence CLIP... [--out FOLDER]``, or ``--windows TABLE``.

Each CLIP is a recording of one talker, or a folder of one talker's recordings; NAME.1.mp4, NAME.2.mp4, ... are one
talker, too. Prints what more seconds teach, and what each rule of choice gains over a random eligible window of the
same talker, with intervals over talkers; writes ``windows.csv`` and ``evidence.png``. It prints no effects unless the
instrument learns (10 s more than 5 s, 5 s more than 2.5 s, 2.5 s more than nothing) and eight talkers count. A run that
was broken off goes on where it was. ``--windows bench/data/windows.csv`` makes the tables of 26 talkers again.

Instrument A, ridge regression from sound to lips, takes a second. ``--pictures`` runs instrument B, too, for the
talkers that count: a network, trained from scratch on one window, paints the mouth from sound. It is trained on the
windows that the rules pick, on 8 random eligible ones (``--sample``), and on two stretches of each length: 7 CPU
seconds a training, about two minutes of one core for a talker. What B finds goes to ``windows.csv``, too, and to
``pictures.png``.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.progress import Progress, track

from bench.evidence import mouths, painting
from bench.evidence.effects import MEASURES, Worth, counting, effects, read_windows, table
from bench.evidence.instrument import curve, learns, taught
from bench.evidence.report import LIPS, PICTURES, report, rows, say_who_counts, too_few
from bench.evidence.sound import LEAST_TALKERS as LEAST_LEARNT
from bench.evidence.sound import LipSound
from bench.evidence.talkers import Array, Talker, analysed, grouped, talker, write_windows
from take5.client.cli.options import load_models
from take5.scoring.errors import Take5Error


def measure(paths: Sequence[Path], out: Path, pictures: bool, sample: int) -> int:
    """Analyse recordings, train on their windows, and compare; return the exit code."""
    files = features_of(grouped(paths), out / "features", pictures)
    talkers = {name: talker(name, group) for name, group in files.items()}
    talkers = {name: each for name, each in talkers.items() if len(each.windows) > 1}
    if len(talkers) < LEAST_LEARNT:
        print(f"{len(talkers)} talkers have windows; the instrument learns from others, and needs {LEAST_LEARNT}")
        return 1
    began = time.process_time()
    sounds = LipSound(list(talkers.values()))
    features = {name: sounds.of(each) for name, each in talkers.items()}
    lengths = learns([curve(each, features[name]) for name, each in talkers.items()])
    worths = {
        name: [Worth(each.window, {"R2": each.R2, "r": each.r}) for each in taught(talkers[name], features[name])]
        for name in track(talkers, "training")
    }
    count = counting(worths)
    print(f"{len(talkers)} talkers, {time.process_time() - began:.0f} CPU s")
    say_who_counts(worths, count)
    write_windows(out / "windows.csv", rows(worths, count))
    code = report(count, *lengths, LIPS, out / "evidence.png")
    if not pictures:
        return code
    if too_few(count):
        return 1
    known = {name: (talkers[name], features[name]) for name in count}
    lengths = learns(painted(known, worths, files, out, sample))
    count = counting(worths)
    write_windows(out / "windows.csv", rows(worths, count))
    return max(code, report(count, *lengths, PICTURES, out / "pictures.png"))


def features_of(groups: Mapping[str, Sequence[Path]], folder: Path, pictures: bool) -> dict[str, list[Path]]:
    """Analyse every talker's recordings; those that cannot be are left out."""
    models = load_models("speech-embedding", None, "cpu")
    found: dict[str, list[Path]] = {}
    for name, path in track([(name, path) for name, group in groups.items() for path in group], "analysing"):
        try:
            found.setdefault(name, []).append(analysed(path, models, folder, pictures=pictures))
        except Take5Error as error:
            print(f"left out: {error}", file=sys.stderr)
    return found


def painted(
    talkers: Mapping[str, tuple[Talker, Array]],
    worths: dict[str, list[Worth]],
    files: Mapping[str, Sequence[Path]],
    out: Path,
    sample: int,
) -> list[dict[float, float]]:
    """Paint from windows of each talker, add what that showed to ``worths``, and return what more seconds teach."""
    plans = {
        name: painting.Drawn.of(name, [worth.window for worth in worths[name] if worth.window.eligible], sample)
        for name in talkers
    }
    total = sum(painting.trainings(talkers[name][0], plan) for name, plan in plans.items())
    print(
        f"{total} trainings: about {total * painting.TRAINING_S / 60:.0f} minutes of one core, less what is done",
        flush=True,
    )
    began, curves = time.process_time(), []
    with Progress() as progress:
        task = progress.add_task("painting", total=total)
        for name, (each, features) in talkers.items():
            folder = painting.place_of(out, name, files)
            easel = painting.Easel(each, features, mouths.together(files[name]), folder)
            curves.append(painting.curve(easel, done=lambda: progress.advance(task)))
            found = painting.taught(easel, plans[name], done=lambda: progress.advance(task))
            worths[name] = painting.with_pictures(worths[name], found, plans[name])
    print(f"{len(talkers)} talkers, {time.process_time() - began:.0f} CPU s")
    return curves


def again(path: Path) -> None:
    """Print the tables of windows that were measured before."""
    known = read_windows(path)
    measured = set.intersection(*({name for each in worths for name in each.by} for worths in known.values()))
    print(f"{len(known)} talkers, {sum(map(len, known.values()))} windows")
    print(table({name: effects(known, name) for name in MEASURES if name in measured}))


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP")
    parser.add_argument("--out", type=Path, default=Path("evidence-out"), help="gets all that is measured")
    parser.add_argument("--windows", type=Path, metavar="TABLE", help="a windows.csv, instead of clips")
    parser.add_argument("--pictures", action="store_true", help="run instrument B, too")
    parser.add_argument(
        "--sample",
        type=int,
        default=painting.SAMPLE,
        metavar="N",
        help="random windows of each talker for instrument B, 0 for all eligible ones (%(default)s)",
    )
    options = parser.parse_args()
    if bool(options.clips) == (options.windows is not None):
        parser.error("give recordings, or --windows TABLE")
    if options.sample < 0 or options.sample == 1:
        parser.error(f"--sample {options.sample} must be 0, or at least 2")
    try:
        if options.windows is not None:
            again(options.windows)
            return 0
        return measure(options.clips, options.out, options.pictures, options.sample)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
