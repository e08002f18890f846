"""Command line: ``python -m demo.talker OUT.mkv``."""

import argparse
import json
import sys
from fractions import Fraction
from pathlib import Path

from demo.talker import DEFAULT, FILLER, Script, TalkerError, Truth, fitted, swapped, truth
from demo.talker.render import render
from demo.talker.script import WINDOW_S, starts_s


def as_json(script: Script, known: Truth) -> str:
    """The truth and the script that it comes from, as the text of ``truth.json``."""
    starts = starts_s(script)
    return json.dumps(
        {
            "version": 1,
            "duration_s": known.duration_s,
            "window_s": WINDOW_S,
            "winner_start_s": known.winner_start_s,
            "spans": [{"start_s": span.start_s, "end_s": span.end_s, "reason": span.reason} for span in known.spans],
            "ineligible": [{"start_s": start, "reasons": reasons} for start, reasons in known.ineligible().items()],
            "stretches": [
                {"name": stretch.name, "start_s": start, "end_s": start + stretch.duration_s}
                for stretch, start in zip(script, starts, strict=False)
            ],
        },
        indent=2,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.talker", description=__doc__)
    parser.add_argument("out", type=Path, help="the video: .mkv, .mov or .mp4; its truth goes to OUT.truth.json")
    parser.add_argument("--size", default="1280x720", help="width x height in pixels (%(default)s)")
    parser.add_argument(
        "--fps", type=Fraction, default=Fraction(25), help="frames per second, 30000/1001 too (%(default)s)"
    )
    parser.add_argument("--seconds", type=int, help="cut or lengthen the script to this many seconds")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (%(default)s)")
    parser.add_argument("--swap", metavar="A,B", action="append", default=[], help="two stretches change places")
    return parser


def _pair(text: str, separator: str) -> tuple[str, str]:
    first, found, second = text.partition(separator)
    if not (first and found and second):
        raise TalkerError(f"{text!r} must be two values with {separator!r} between them")
    return first, second


def _size(text: str) -> tuple[int, int]:
    width, height = _pair(text, "x")
    if not (width.isdecimal() and height.isdecimal()):
        raise TalkerError(f"--size {text} must be two whole numbers, such as 1280x720")
    return int(width), int(height)


def main(arguments: list[str] | None = None) -> int:
    """Write the truth, then the video; the exit code is 2 if the wish cannot be met."""
    asked = _parser().parse_args(arguments)
    try:
        script, size = DEFAULT, _size(asked.size)
        for pair in asked.swap:
            script = swapped(script, *_pair(pair, ","))
        if asked.seconds is not None:
            script = fitted(script, asked.seconds, FILLER)
        known = truth(script)
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.with_suffix(".truth.json").write_text(as_json(script, known) + "\n", encoding="utf-8")
        render(script, asked.out, size, asked.fps, asked.seed)
    except TalkerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    best = "no single best window" if known.winner_start_s is None else f"best window at {known.winner_start_s} s"
    print(f"{asked.out}: {known.duration_s} s, {best}; the truth is in {asked.out.with_suffix('.truth.json')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
