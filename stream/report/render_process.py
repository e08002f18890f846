"""The report of a live capture, drawn in a process of its own.

Drawing takes seconds and some 75 MB, and holds the interpreter lock: running captures must not be disturbed.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

from take5.scoring.errors import OutputError
from take5.stream.report.data import ReportData
from take5.stream.report.write import write_report_page

DISK_ERROR = 74
"""Exit code if the files cannot be written; the reason is on standard error."""

PATIENCE_S = 120.0
NICENESS = 10


def write_report_apart(data: ReportData, folder: Path) -> list[str]:
    """Write the page and its figures to an existing folder; return the files' names.

    Raises
    ------
    OSError
        If the files cannot be written.
    OutputError
        If the process fails, or takes longer than two minutes.
    """
    command = [sys.executable, "-P", "-m", "take5.stream.report.render_process", str(folder)]
    try:
        drawn = subprocess.run(  # noqa: S603 - this module, by this interpreter
            command, input=pickle.dumps(data), capture_output=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutputError(f"{folder}: the report was not drawn ({error})") from error
    said = drawn.stderr.decode(errors="replace").strip().splitlines()
    if drawn.returncode == DISK_ERROR and said:
        raise OSError(said[-1])
    if drawn.returncode:
        raise OutputError(f"{folder}: the report was not drawn ({said[-1] if said else f'exit {drawn.returncode}'})")
    return drawn.stdout.decode().split()


def main() -> None:
    """Draw the report that arrives on standard input."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    data = pickle.load(sys.stdin.buffer)  # noqa: S301 - the parent process wrote it
    try:
        names = write_report_page(data, Path(sys.argv[1]))
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}\n")
        sys.exit(DISK_ERROR)
    sys.stdout.write("\n".join(names))


if __name__ == "__main__":
    main()
