"""The command line: ``take5 serve | webcam | recover | push | select | bundle | check | replay | calibrate | models``.

``take5 keys`` and ``take5 sessions`` are for platforms.

Exit codes: 0 success; 1 something could not be read, written or found; 2 a recording has no eligible window; 64
usage error; 130 interrupted.
"""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from take5.client.cli.bundle import bundle, check
from take5.client.cli.calibrate import calibrate
from take5.client.cli.keys import keys
from take5.client.cli.models import models
from take5.client.cli.push import push
from take5.client.cli.recover import recover
from take5.client.cli.replay import replay
from take5.client.cli.select import FAILED, NOTHING_ELIGIBLE, select
from take5.client.cli.serve import serve
from take5.client.cli.sessions import sessions
from take5.client.cli.signals import ended_cleanly
from take5.client.cli.webcam import webcam
from take5.scoring.errors import ParameterError, Take5Error, TooShort

USAGE, INTERRUPTED = 64, 130
GONE = (errno.EPIPE, errno.EIO)
"""Errors of writing to a program or a terminal that is gone."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of writing where there is no room."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="take5", prog_name="take5")
def take5() -> None:
    """Keep the best five seconds of a talking head."""


take5.add_command(select)
take5.add_command(bundle)
take5.add_command(check)
take5.add_command(push)
take5.add_command(replay)
take5.add_command(serve)
take5.add_command(webcam)
take5.add_command(recover)
take5.add_command(calibrate)
take5.add_command(models)
take5.add_command(keys)
take5.add_command(sessions)


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
