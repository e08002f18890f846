"""Options for notifying programs when a clip is ready."""

import functools
import os
from pathlib import Path
from typing import Any

import click

from take5.client.cli.decorators import Command
from take5.scoring.errors import ParameterError
from take5.stream.hooks.command import SECRET_VARIABLE
from take5.stream.hooks.dispatcher import TIMEOUT_S, HookDispatcher
from take5.stream.hooks.setup import HookSetup

SILENT_WAIT_S = 1.0
"""Time to wait for deliveries before printing a message about it."""


def ready_options(command: Command) -> Command:
    """Give a command the hook dispatcher, as one argument ``hooks``, closed when the command ends.

    Put it above the other groups of options, so that mistakes are reported before models are loaded.
    """

    @functools.wraps(command)
    def with_dispatcher(*args: Any, hooks: HookSetup, **options: Any) -> Any:
        with hooks.dispatcher() as dispatcher:
            return command(*args, hooks=dispatcher, **options)

    return hook_options(with_dispatcher)  # type: ignore[return-value] # functools keeps the signature


def hook_options(command: Command) -> Command:
    """Give the command who gets notices, as one argument ``hooks``, a :class:`HookSetup`."""

    @click.option(
        "--on-ready",
        metavar="COMMAND",
        help="Command to run, without a shell, when a clip is ready; the clip's folder is appended.",
    )
    @click.option(
        "--webhook",
        metavar="URL",
        help="Address for a signed POST when a clip is ready; the secret comes from TAKE5_WEBHOOK_SECRET.",
    )
    @click.option(
        "--webhook-secret-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="File with the webhook's secret, instead of the variable.",
    )
    @click.option(
        "--on-ready-timeout",
        type=click.FloatRange(0, 86_400, min_open=True),
        default=TIMEOUT_S,
        show_default=True,
        help="Time limit in seconds for COMMAND, and for trying the webhook.",
    )
    @functools.wraps(command)
    def with_hooks(
        *args: Any,
        on_ready: str | None,
        webhook: str | None,
        webhook_secret_file: Path | None,
        on_ready_timeout: float,
        **options: Any,
    ) -> Any:
        secret = _webhook_secret(webhook, webhook_secret_file)
        return command(*args, hooks=HookSetup(on_ready, webhook, secret, on_ready_timeout), **options)

    return with_hooks  # type: ignore[return-value] # click keeps the callable


def let_deliveries_end(hooks: HookDispatcher) -> None:
    """Wait for all deliveries, with a message if it takes a while; Ctrl-C abandons the rest."""
    if not hooks.wait(SILENT_WAIT_S):
        click.echo("take5: waiting for --on-ready and --webhook to end; Ctrl-C abandons them", err=True)
        while not hooks.wait(SILENT_WAIT_S):  # in steps: Windows handles Ctrl-C between them
            pass


def _webhook_secret(url: str | None, secret_file: Path | None) -> bytes:
    if url is not None:
        return _secret(secret_file)
    if secret_file is not None:
        raise click.UsageError("--webhook-secret-file needs --webhook URL")
    return b""


def _secret(file: Path | None) -> bytes:
    if file is None:
        if not (secret := os.environ.get(SECRET_VARIABLE)):
            raise click.UsageError(f"--webhook needs a secret: set {SECRET_VARIABLE}, or use --webhook-secret-file")
        return os.fsencode(secret)
    try:
        return file.read_bytes().strip()
    except OSError as error:
        raise ParameterError(f"{file}: cannot be read ({error.strerror or error})") from error
