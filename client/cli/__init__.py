"""The command line: the commands are listed in :mod:`take5.client.cli.commands`.

Exit codes: 0 success; 1 something could not be read, written or found; 2 a recording has no eligible window; 64
usage error; 130 interrupted.
"""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from take5.client.cli.commands import Commands
from take5.client.cli.exit_codes import FAILED, INTERRUPTED, NOTHING_ELIGIBLE, USAGE
from take5.client.cli.signals import ended_cleanly
from take5.scoring.errors import ParameterError, Take5Error, TooShort

GONE = (errno.EPIPE, errno.EIO)
"""Errors of writing to a program or a terminal that is gone."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of writing where there is no room."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="take5", prog_name="take5")
def take5() -> None:
    """Keep the best five seconds of a talking head."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    with ended_cleanly():
        code = run(arguments)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    try:
        code = take5.main(args=arguments, prog_name="take5", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE
    except ParameterError as error:
        click.echo(f"take5: error: {error}", err=True)
        return USAGE
    except Take5Error as error:
        click.echo(f"take5: error: {error}", err=True)
        return NOTHING_ELIGIBLE if isinstance(error, TooShort) else FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("take5: interrupted", err=True)
        return INTERRUPTED
    except OSError as error:
        if error.errno in FULL:
            _refuse_output(error)
            return FAILED
        if error.errno not in GONE:
            raise
        if error.errno == errno.EIO:  # of a terminal that is gone, or of a disk
            with suppress(OSError):
                click.echo(f"take5: error: {error}", err=True)
        sys.stderr.close()
        return FAILED
    return code if isinstance(code, int) else 0


def _refuse_output(error: OSError) -> None:
    """Say that standard output, or the file that the error names, has no room; what was not written is dropped."""
    place = error.filename or "standard output"
    click.echo(f"take5: error: {place}: cannot be written ({error.strerror})", err=True)
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
