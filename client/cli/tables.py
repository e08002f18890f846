"""Tables for people."""

from collections.abc import Sequence

from rich.cells import cell_len


def table(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns, two spaces apart; characters that a terminal would obey or not show are replaced."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(_padded, row, widths)).rstrip() for row in cells)


def printable(text: str) -> str:
    """A text without control characters."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))
