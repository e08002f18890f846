"""``take5 models``: list, fetch and verify model files."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from take5.scoring.errors import ModelDamaged, ModelMissing
from take5.stream.model_files import cache as files
from take5.stream.model_files.cache import MODELS, ModelFile


@dataclass(frozen=True)
class Row:
    """A model file and its state: ready, missing or damaged, with the ``problem``."""

    file: ModelFile
    state: str
    path: Path | None
    problem: str = ""


@click.group()
def models() -> None:
    """Manage the model files that take5 needs."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def list_models(as_json: bool) -> None:
    """Show every model file and its state."""
    rows = [_look_at(file) for file in MODELS]
    click.echo(json.dumps([_as_dict(row) for row in rows], indent=2) if as_json else _table(rows))


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--force", is_flag=True, help="Fetch files that exist already.")
def fetch(names: tuple[str, ...], force: bool) -> None:
    """Fetch the model files NAME, or all of them, and verify them."""
    bring = files.fetch if force else files.ensure
    for file in [files.model_file(name) for name in names] or MODELS:
        path = bring(file, lambda line: click.echo(line, err=True))
        click.echo(f"{file.name}: {path}")


@models.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Check the size and SHA-256 of every model file; exit with 1 if one is missing or damaged."""
    rows = [_look_at(file) for file in MODELS]
    for row in rows:
        click.echo(f"{row.file.name}: {row.problem or f'{row.state}, {row.path}'}")
    if any(row.problem for row in rows):
        ctx.exit(1)


def _look_at(file: ModelFile) -> Row:
    try:
        return Row(file, "ready", files.verify(file))
    except ModelMissing as error:
        return Row(file, "missing", files.location(file), str(error))
    except ModelDamaged as error:
        return Row(file, "damaged", files.location(file), str(error))


def _as_dict(row: Row) -> dict[str, str | int | None]:
    return {
        "name": row.file.name,
        "state": row.state,
        "size": row.file.size,
        "licence": row.file.licence,
        "source": row.file.source,
        "sha256": row.file.sha256,
        "path": str(row.path) if row.path else None,
    }


def _table(rows: list[Row]) -> str:
    """Left-aligned columns, two spaces apart."""
    cells = [("NAME", "STATE", "SIZE", "LICENCE", "SHA256", "PATH")]
    for row in rows:
        size = f"{row.file.size / 1e6:.1f} MB"
        cells.append((row.file.name, row.state, size, row.file.licence, row.file.sha256, str(row.path or "-")))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )
