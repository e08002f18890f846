"""The options of a platform: its database, and for how long what is in it is kept."""

import functools
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from take5.client.cli.decorators import Command, decorated

if TYPE_CHECKING:
    from take5.stream.platform.database import Database

VARIABLE = "TAKE5_DATABASE"
HELP = f"Database of the platform: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.  [env: {VARIABLE}]"


def database_option(*, required: bool = False) -> Callable[[Command], Command]:
    """Give a command the address of a database, as ``address``."""
    option: Callable[..., Any] = click.option(
        "--database", "address", metavar="ADDRESS", envvar=VARIABLE, required=required, help=HELP
    )
    return option


RETENTION_OPTION = click.option(
    "--retention-days",
    type=click.IntRange(0, 36_500),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Days from the end of a session's last take until all of it is erased, for sessions that state none.",
)
RECORDS_OPTION = click.option(
    "--keep-records",
    type=click.IntRange(1, 36_500),
    default=365,
    show_default=True,
    metavar="DAYS",
    help="Days for which it stays known that a session was erased.",
)


@dataclass(frozen=True)
class PlatformOptions:
    """Where a platform keeps its sessions, and for how many days, and their records."""

    address: str
    retention_days: int
    keep_records: int


def platform_options(command: Command) -> Command:
    """Give a server ``platform``, a :class:`PlatformOptions`; None without a database."""

    @functools.wraps(command)
    def with_platform(*args: Any, address: str | None, retention_days: int, keep_records: int, **options: Any) -> Any:
        platform = None if address is None else PlatformOptions(address, retention_days, keep_records)
        return command(*args, platform=platform, **options)

    options = (database_option(), RETENTION_OPTION, RECORDS_OPTION)
    return decorated(with_platform, options)  # type: ignore[return-value] # click keeps the callable


@contextmanager
def opened(address: str, *, make: bool = True) -> "Iterator[Database]":
    """Open a database, made if there is none, and close it at the end."""
    from take5.stream.platform.database import Database

    with closing(Database.open(address, make=make)) as database:
        yield database
