"""``take5 keys``: the API keys of platforms."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from take5.client.cli.database_options import database_option, opened
from take5.client.cli.tables import table

if TYPE_CHECKING:
    from take5.stream.platform.keys import ApiKey

SCOPES = ("sessions:read", "sessions:write")


@click.group()
def keys() -> None:
    """Manage the API keys of a platform."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help=f"What the key is good for (repeatable): {', '.join(SCOPES)}.  [default: all]",
)
@database_option(required=True)
def create(name: str, scopes: tuple[str, ...], address: str) -> None:
    """Make a key for NAME and print it, this once."""
    from take5.stream.platform.keys import Scope, create_key

    with opened(address) as database:
        key, text = create_key(database, name, tuple(map(Scope, scopes or SCOPES)))
    click.echo(text)
    click.echo(f"take5: key {key.id} for {key.name}; it is not stored and cannot be shown again", err=True)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
@database_option(required=True)
def list_keys(as_json: bool, address: str) -> None:
    """Show every key, without its secret."""
    from take5.stream.platform.keys import list_keys as found

    with opened(address) as database:
        rows = found(database)
    click.echo(json.dumps([_as_dict(row) for row in rows], indent=2) if as_json else _table(rows))


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap",
    type=click.IntRange(0, 720),
    default=0,
    metavar="HOURS",
    help="How long the old secret stays good, too.  [default: 0, not at all]",
)
@database_option(required=True)
def rotate(key_id: str, overlap: int, address: str) -> None:
    """Give the key ID, revoked or not, a new secret and print it, this once; its sessions stay its own."""
    from take5.stream.platform.keys import rotate_key

    with opened(address) as database:
        key, text = rotate_key(database, key_id, timedelta(hours=overlap))
    click.echo(text)
    until = f"the old one is good for {overlap} h more" if overlap else "the old one is good for nothing"
    click.echo(f"take5: new secret of key {key.id} for {key.name}; it cannot be shown again; {until}", err=True)


@keys.command()
@click.argument("key_id", metavar="ID")
@database_option(required=True)
def revoke(key_id: str, address: str) -> None:
    """Make the secret of the key ID useless, for ever."""
    from take5.stream.platform.keys import revoke_key

    with opened(address) as database:
        key = revoke_key(database, key_id)
    click.echo(f"{key.id}: revoked ({key.name})")


def _as_dict(key: "ApiKey") -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created": _time(key.created),
        "last_used": _time(key.last_used),
        "revoked": _time(key.revoked),
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")


def _table(keys: "list[ApiKey]") -> str:
    rows = [("ID", "NAME", "SCOPES", "CREATED", "LAST USED", "REVOKED")]
    for key in keys:
        times = [_time(time) or "-" for time in (key.created, key.last_used, key.revoked)]
        rows.append((key.id, key.name, ",".join(sorted(key.scopes)), times[0], times[1], times[2]))
    return table(rows)
