"""Compare two results of ``make bench``: ``python -m bench.compare BEFORE.json AFTER.json``.

Prints the medians of both and their ratio. Only results of the same machine compare, and while it does nothing else;
the ratio to the plain way of the same run is less sensitive.
"""

import argparse
import json
from pathlib import Path


def rows(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Lines of the table: figures that both have, then the names of the others."""
    both = [name for name in before if name in after]
    lines = [f"{'':44s} {'before':>10s} {'after':>10s} {'ratio':>7s}"]
    for name in both:
        ratio = f"{after[name] / before[name]:7.2f}" if before[name] else f"{'-':>7s}"
        lines.append(f"{name:44s} {before[name]:10.3f} {after[name]:10.3f} {ratio}")
    lines += [f"{name}: before only" for name in before if name not in after]
    lines += [f"{name}: after only" for name in after if name not in before]
    return lines


def main() -> None:
    """Read and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args()
    before, after = (json.loads(path.read_text()) for path in (options.before, options.after))
    for name, found in (("before", before), ("after", after)):
        print(f"{name}: {found['machine']}, {found['date']}")
    print("\n".join(rows(before["medians"], after["medians"])))


if __name__ == "__main__":
    main()
