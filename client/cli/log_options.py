"""The options of what a server logs and counts."""

import functools
import json
import logging
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from take5.client.cli.decorators import Command, decorated

SESSION = re.compile(r"(?:\bsession '?|\b\d{8}-\d{6}-)([A-Za-z0-9_-]{1,64})")
"""A session by its name, or by that of a take's folder."""


@dataclass(frozen=True)
class Logs:
    """What a server logs and counts.

    Attributes
    ----------
    style : str
        ``text`` or ``json``.
    access : bool
        Whether requests are logged.
    metrics : tuple of str and int, optional
        Address and port where Prometheus is answered.
    """

    style: str
    access: bool
    metrics: tuple[str, int] | None


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and the session that it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        text = record.getMessage()
        about = SESSION.search(text)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": text,
            "session": None if about is None else about[1],
            **getattr(record, "request", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)  # in ASCII: some readers end a line at other characters, too


def set_up_logging(log_format: str, *, access: bool) -> None:
    """Let everything that is logged go to stderr: warnings, and on demand requests."""
    if log_format == "text" and not access:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter("%(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("take5.access").setLevel(logging.INFO if access else logging.WARNING)


def _listen(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Host and port of ``[HOST:]PORT``."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{text!r} is not [HOST:]PORT, such as 9105 or 0.0.0.0:9105")
    return host.strip("[]") or "127.0.0.1", int(port)


LOG_OPTIONS = (
    click.option(
        "--metrics",
        metavar="[HOST:]PORT",
        callback=_listen,
        help="Answer Prometheus at a port of its own, /metrics; without HOST for this machine only.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Log lines on stderr: text, or one JSON object a line.",
    ),
    click.option("--access-log", is_flag=True, help="Log each request, without its address, tokens and tickets."),
)


def log_options(command: Command) -> Command:
    """Give a server ``logs``, a :class:`Logs`."""

    @functools.wraps(command)
    def with_logs(
        *args: Any, metrics: tuple[str, int] | None, log_format: str, access_log: bool, **options: Any
    ) -> Any:
        return command(*args, logs=Logs(log_format, access_log, metrics), **options)

    return decorated(with_logs, LOG_OPTIONS)  # type: ignore[return-value] # click keeps the callable
