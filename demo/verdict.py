"""Was the choice right? ``python -m demo.verdict TRUTH.json REPORT.json`` compares a report with the talker's truth."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def differences(truth: Json, report: Json) -> list[str]:
    """What the report says otherwise than the truth; empty where they agree.

    Windows that were not judged (``eligible`` null) are ignored.
    """
    found = []
    chosen = report["best"] and report["best"]["start_s"]
    if chosen != truth["winner_start_s"]:
        found.append(f"the best window starts at {chosen} s; by construction it starts at {truth['winner_start_s']} s")
    known = {window["start_s"]: set(window["reasons"]) for window in truth["ineligible"]}
    for window in report["windows"]:
        start, expected = window["start_s"], known.get(window["start_s"], set())
        codes = {reason["code"] for reason in window["reasons"]}
        if window["eligible"] is not None and window["eligible"] != (not expected):
            found.append(f"the window at {start} s: eligible {window['eligible']}; by construction {sorted(expected)}")
        if not codes <= expected:
            found.append(f"the window at {start} s: {sorted(codes)}; by construction {sorted(expected)}")
    return found


def main() -> None:
    """Compare, say so, and exit with 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("report", type=Path)
    options = parser.parse_args()
    truth, report = (json.loads(path.read_text(encoding="utf-8")) for path in (options.truth, options.report))
    found = differences(truth, report)
    print("\n".join(found) or f"as constructed: the best window starts at {truth['winner_start_s']} s")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
