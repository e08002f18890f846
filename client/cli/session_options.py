"""Options of ``take5 sessions``: the server and the API key, and the fields of a new session."""

import functools
import os
import re
from pathlib import Path
from typing import Any

import click

from take5.client.cli.decorators import Command, decorated
from take5.client.platform import KEY, SERVER
from take5.scoring.gates.rules import STRICTNESSES
from take5.stream.bundles.trainers.registry import TRAINERS

FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}

STOPS = {
    "--stop-at": ("stop_at", "Stop when I of the best window reaches this."),
    "--stop-share": ("share", "Stop at this share of what this talker is expected to reach; 0 to disable."),
    "--stop-reach": ("reach", "What that is, as a multiple of the talker's typical window."),
    "--stop-floor": ("floor_s", "Ignore --stop-share and --stop-at during the first N seconds."),
    "--stop-gain": ("gain", "Stop when another 30 s are expected to add no more to log I; 0 to disable."),
    "--stop-gain-after": ("gain_after_s", "Ignore --stop-gain during the first N seconds."),
    "--stop-cap": ("cap_s", "Stop after N seconds in any case."),
    "--ask-idle": ("idle_s", "Ask for up to N still and silent seconds for an idle clip; 0 to disable."),
}
"""The options of ``take5 serve``, and their names in the sessions API."""


def client_options(command: Command) -> Command:
    """Give a command the server's ``client``, open while the command runs."""

    @click.option(
        "--server", metavar="URL", envvar=SERVER, required=True, help=f"Address of the server.  [env: {SERVER}]"
    )
    @click.option(
        "--key-file",
        type=FILE,
        help="File with the API key; - for standard input. The key itself cannot be an argument, which other users of "
        f"the machine could read.  [default: the key in {KEY}]",
    )
    @functools.wraps(command)
    def with_client(*args: Any, server: str, key_file: Path | None, **options: Any) -> Any:
        from take5.client.platform.clients import Take5

        key = os.environ.get(KEY) if key_file is None else text_of(key_file).strip()
        if not key:
            raise click.UsageError(f"an API key is needed: set {KEY}, or give --key-file FILE")
        with Take5(server, key) as client:
            return command(*args, client=client, **options)

    return with_client  # type: ignore[return-value] # click keeps the callable


JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

FIELD_OPTIONS = (
    click.option("--label", help="Name of the session, unique within the key."),
    click.option("--person", help="For whom it is."),
    click.option("--language", metavar="TAG", help="Language of the person's texts: en, zh-Hans."),
    click.option(
        "--strictness", type=click.Choice(STRICTNESSES), help="Required quality of picture, sound and timing."
    ),
    click.option(
        "--for",
        "trainers",
        multiple=True,
        type=click.Choice(list(TRAINERS)),
        metavar="TRAINER",
        help=f"Write a bundle for TRAINER (repeatable): {', '.join(TRAINERS)}.",
    ),
    click.option(
        "--prepare/--no-prepare",
        default=None,
        help="Prepare bundles for training as well (experimental), or not.  [default: as the server]",
    ),
    *(click.option(option, field, type=float, help=text) for option, (field, text) in STOPS.items()),
    click.option("--consent", help="Reference to the person's consent, for the manifests of bundles."),
    click.option("--consent-text", type=FILE, help="File with the text that the person has to consent to."),
    click.option("--consent-version", metavar="TEXT", help="Version of that text."),
    click.option("--spoken-consent", is_flag=True, help="Let the person say a sentence of consent, and record it."),
    click.option("--hook", metavar="URL", help="Where the session's events are posted to."),
    click.option("--hook-secret-file", type=FILE, help="File with the secret that signs them."),
    click.option(
        "--expires",
        "expires_in_s",
        metavar="TIME",
        callback=lambda _context, _option, text: None if text is None else seconds_of(text),
        help="How long its secrets are good: 90m, 12h, 7d, or seconds.  [default: 7d]",
    ),
    click.option(
        "--retention-days",
        type=click.IntRange(0),
        metavar="DAYS",
        help="Days from the end of its last take until all of it is erased; 0: once its platform has the clip.",
    ),
)


def field_options(command: Command) -> Command:
    """Give a command the ``fields`` of a new session; those not given are as the server has them."""

    @functools.wraps(command)
    def with_fields(
        *args: Any,
        trainers: tuple[str, ...],
        consent_text: Path | None,
        spoken_consent: bool,
        hook: str | None,
        hook_secret_file: Path | None,
        **options: Any,
    ) -> Any:
        if (hook is None) != (hook_secret_file is None):
            raise click.UsageError("--hook and --hook-secret-file go together")
        if spoken_consent and consent_text is None:
            raise click.UsageError("--spoken-consent needs --consent-text")
        stop = {field: options.pop(field) for field, _ in STOPS.values()}
        fields = {name: options.pop(name) for name in PLAIN}
        fields["trainers"] = list(trainers) or None
        fields["stop"] = {field: value for field, value in stop.items() if value is not None} or None
        fields["consent_text"] = None if consent_text is None else text_of(consent_text)
        fields["spoken_consent"] = spoken_consent or None
        if hook_secret_file is not None:
            fields["hook"] = {"url": hook, "secret": text_of(hook_secret_file).strip()}
        return command(*args, fields=fields, **options)

    return decorated(with_fields, FIELD_OPTIONS)  # type: ignore[return-value] # click keeps the callable


PLAIN = (
    "label",
    "person",
    "language",
    "strictness",
    "prepare",
    "consent",
    "consent_version",
    "expires_in_s",
    "retention_days",
)
"""Fields that are what their option has."""


def seconds_of(text: str) -> int:
    """Seconds of a time like 90m, 12h or 7d."""
    found = re.fullmatch(r"(\d+)([smhd]?)", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not a time like 90m, 12h, 7d, or a number of seconds")
    return int(found[1]) * UNITS_S[found[2]]


def text_of(path: Path) -> str:
    """The text of a file, or of standard input."""
    try:
        with click.open_file(str(path), encoding="utf-8") as file:
            return str(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
