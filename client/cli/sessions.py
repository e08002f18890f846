"""``take5 sessions``: the sessions of a platform's server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from take5.client.cli.exit_codes import FAILED
from take5.client.cli.session_options import JSON_OPTION, client_options, field_options
from take5.client.cli.session_output import (
    created_lines,
    json_text,
    qr_code,
    session_lines,
    sessions_table,
    takes_table,
)

if TYPE_CHECKING:
    from take5.client.platform.clients import Take5

STATES = ("created", "live", "done", "failed", "accepted", "cancelled", "expired", "deleted")
ID_ARGUMENT = click.argument("session_id", metavar="ID")


@click.group()
def sessions() -> None:
    """Manage the sessions of a server with a database (take5 serve --database)."""


@sessions.command()
@field_options
@client_options
@JSON_OPTION
def create(client: "Take5", fields: dict[str, Any], as_json: bool) -> None:
    """Create a session and print its links and secrets, this once."""
    created = client.sessions.create(**fields)
    click.echo(json_text(created) if as_json else created_lines(created))
    click.echo(f"take5: session {created.id}; its secrets are not stored and cannot be shown again", err=True)


@sessions.command("list")
@client_options
@click.option("--state", type=click.Choice(STATES), help="Only sessions in this state.  [default: all but deleted]")
@click.option("--label", help="Only the session of this label.")
@JSON_OPTION
def list_sessions(client: "Take5", state: str | None, label: str | None, as_json: bool) -> None:
    """Show the key's sessions, the latest first."""
    found = list(client.sessions.list(state=state, label=label, page_size=200))
    click.echo(json_text(found) if as_json else sessions_table(found))


@sessions.command()
@ID_ARGUMENT
@client_options
@JSON_OPTION
def show(client: "Take5", session_id: str, as_json: bool) -> None:
    """Show the session ID and its takes."""
    session = client.sessions.get(session_id)
    takes = () if session.state == "deleted" else client.sessions.takes(session_id)
    if as_json:
        click.echo(json_text(session, takes=takes))
        return
    click.echo(session_lines(session))
    if takes:
        click.echo(f"\n{takes_table(takes)}")


@sessions.command()
@ID_ARGUMENT
@client_options
def cancel(client: "Take5", session_id: str) -> None:
    """Cancel the session ID: no sender may begin, and a capture ends. Files stay."""
    session = client.sessions.cancel(session_id)
    click.echo(f"{session.id}: {session.state}")


@sessions.command()
@ID_ARGUMENT
@client_options
@click.option("--yes", is_flag=True, help="Delete without asking.")
def delete(client: "Take5", session_id: str, yes: bool) -> int:
    """Delete the takes of the session ID, and what is known of its person."""
    if not yes and not _confirmed(client, session_id):
        click.echo("take5: nothing was deleted", err=True)
        return FAILED
    deleted = client.sessions.delete(session_id)
    click.echo("\n".join((f"{deleted.id}: {deleted.state}", *(f"  {path}" for path in deleted.deleted))))
    return 0


@sessions.command()
@ID_ARGUMENT
@client_options
@click.option(
    "-o",
    "path",
    type=click.Path(path_type=Path),
    default=Path(),
    help="File, or folder for ID-export.zip.  [default: .]",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def export(client: "Take5", session_id: str, path: Path, force: bool) -> None:
    """Fetch everything that is held about the session ID and its person, as a ZIP file."""
    click.echo(str(client.sessions.export(session_id, path, force=force)))


@sessions.command()
@ID_ARGUMENT
@client_options
@click.option("--qr/--no-qr", default=None, help="Print a QR code of the link, too.  [default: on a terminal]")
@JSON_OPTION
def invite(client: "Take5", session_id: str, qr: bool | None, as_json: bool) -> None:
    """Make a new link for the person of the session ID; the former one opens nothing any more."""
    secret = client.secrets.create(session_id, "person")
    if as_json:
        click.echo(json_text(secret))
        return
    click.echo(secret.link)
    if sys.stdout.isatty() if qr is None else qr:
        click.echo(f"\n{qr_code(secret.link, sys.stdout.encoding)}")
    click.echo(f"take5: good until {secret.expires:%Y-%m-%d %H:%M} UTC; it cannot be shown again", err=True)


def _confirmed(client: "Take5", session_id: str) -> bool:
    """Ask whether a session shall be deleted."""
    if not sys.stdin.isatty():
        raise click.UsageError("deleting asks for confirmation, which needs a terminal; or give --yes")
    session = client.sessions.get(session_id)
    about = ", ".join(filter(None, (session.label, session.person, session.state)))
    return click.confirm(f"Delete session {session.id} ({about}) and all its takes?")
