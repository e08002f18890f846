"""Writes the report: ``report.html`` and ``report.png``."""

from pathlib import Path

from take5.stream.report.data import ReportData
from take5.stream.report.problems import problems

PAGE, SHEET = "report.html", "report.png"


def write_report_page(data: ReportData, folder: Path) -> list[str]:
    """Write the page and its figures to an existing folder; return the files' names.

    The same data gives the same bytes.
    """
    from take5.stream.report.figures import whole_png
    from take5.stream.report.page import page

    found = problems(data)
    text = page(data, found)
    (folder / PAGE).write_text(text, encoding="utf-8", errors="backslashreplace")
    names = [PAGE]
    if data.selection.verdicts:
        (folder / SHEET).write_bytes(whole_png(data, found))
        names.append(SHEET)
    return names
