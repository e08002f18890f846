"""``take5 purge``: erases what is due, for servers that do not run all the time."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from take5.client.cli.database_options import RECORDS_OPTION, database_option, opened
from take5.client.cli.exit_codes import FAILED
from take5.scoring.errors import OutputError

if TYPE_CHECKING:
    from take5.stream.platform.database import Database
    from take5.stream.platform.footage import Footage

MEGABYTE = 1e6


@click.command()
@click.argument("output", type=click.Path(path_type=Path, exists=True, file_okay=False))
@database_option(required=True)
@click.option("--dry-run", is_flag=True, help="Only name what would be erased.")
@RECORDS_OPTION
def purge(output: Path, address: str, dry_run: bool, keep_records: int) -> int:
    """Erase what is due in OUTPUT, the output folder of a server with a database.

    These are the sessions whose retention is over, with their footage and what is known of their person, what deleted
    sessions have left, and records that are too old. A running server does the same by itself. The exit code is 1 if
    something could not be erased; it is tried again the next time.
    """
    with opened(address, make=False) as database:  # a typo would erase nothing, for ever
        if dry_run:
            _name_due(database, output, keep_records)
            return 0
        return FAILED if _erase_due(database, output, keep_records) else 0


def _name_due(database: "Database", output: Path, keep_records: int) -> None:
    """Print what is due, and leave it."""
    from take5.stream.platform.erasure import deleted_with_footage, due_sessions, old_records
    from take5.stream.platform.footage import found_footage, is_lock
    from take5.stream.platform.tables import utc_now

    now = utc_now()
    for doomed in due_sessions(database, now, output):
        click.echo(f"{doomed.id}: would be erased ({doomed.reason})")
        for path in found_footage(output, doomed.id, doomed.takes, doomed.consent_file):
            if not is_lock(path):
                click.echo(f"  {path}")
    for session_id in deleted_with_footage(database, output):
        click.echo(f"{session_id}: is deleted; what it has left would be erased")
    for session_id in old_records(database, now, keep_records):
        click.echo(f"{session_id}: its record would be forgotten")


def _erase_due(database: "Database", output: Path, keep_records: int) -> int:
    """Erase what is due, and print it; return how much could not be erased."""
    from take5.stream.platform.erasure import (
        claim,
        deleted_with_footage,
        due_sessions,
        erased,
        forget_records,
        old_records,
        release,
    )
    from take5.stream.platform.footage import delete_footage
    from take5.stream.platform.tables import utc_now

    now, failed = utc_now(), 0
    for due in due_sessions(database, now, output):
        doomed = claim(database, due.id, now)
        if doomed is None:
            continue
        try:
            footage = doomed.delete(output)
        except OutputError as error:
            failed += _report_failure(doomed.id, error)
            release(database, doomed.id)
            continue
        erased(database, doomed, footage)
        _print_erased(doomed.id, f"erased ({doomed.reason})", footage)
    for session_id in deleted_with_footage(database, output):
        try:
            _print_erased(session_id, "was deleted; erased what it had left", delete_footage(output, session_id))
        except OutputError as error:
            failed += _report_failure(session_id, error)
    old = old_records(database, now, keep_records)
    forget_records(database, old)
    for session_id in old:
        click.echo(f"{session_id}: its record is forgotten")
    return failed


def _print_erased(session_id: str, what: str, footage: "Footage") -> None:
    click.echo(f"{session_id}: {what}: {footage.files} files, {footage.bytes / MEGABYTE:.1f} MB")
    for path in footage.paths:
        click.echo(f"  {path}")


def _report_failure(session_id: str, error: OutputError) -> int:
    click.echo(f"take5: error: {session_id}: {error}", err=True)
    return 1
