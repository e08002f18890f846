"""The option of the database."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from take5.client.cli.decorators import Command

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


@contextmanager
def opened(address: str) -> "Iterator[Database]":
    """Open a database, and close it at the end."""
    from take5.stream.platform.database import Database

    with closing(Database.open(address)) as database:
        yield database
