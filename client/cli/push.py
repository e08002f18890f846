"""``take5 push``: a video file through WHIP, in real time."""

import asyncio
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import click

from take5.client.cli.select import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.pacing import paced
from take5.client.push import Sender, even_size
from take5.client.push import push as send
from take5.client.terminal import json_event_line
from take5.client.watch import LAST, Json, watch
from take5.scoring.errors import ServerError
from take5.stream.sources.file import MediaFile

PROBE_S = 5
LAST_EVENT_S = 60.0
"""So long the last event is waited for after the sending."""


@click.command()
@click.argument("url")
@click.argument("video", type=click.Path(path_type=Path))
@click.option("--token", envvar="TAKE5_TOKEN", help="The server's bearer token.  [env: TAKE5_TOKEN]")
@click.option("--json", "as_json", is_flag=True, help="Print the server's events, one JSON object a line.")
def push(url: str, video: Path, token: str | None, as_json: bool) -> int:
    """Send VIDEO to the WHIP server at URL in real time, as a camera would, and show what the server says.

    URL is a server's address (http://localhost:8005) or a WHIP address (http://localhost:8005/whip/NAME).
    """
    file = MediaFile(video)
    whip = whip_address(url)
    follows = probe(whip)
    return asyncio.run(_run(file, whip, token, follows=follows, as_json=as_json))


def whip_address(url: str) -> str:
    """Return the WHIP address that a URL stands for; a name is made where it has none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ServerError(f"{url}: a WHIP address begins with http:// or https://")
    path = parts.path.rstrip("/")
    if path in ("", "/whip"):
        path = f"/whip/{secrets.token_urlsafe(16)}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def probe(whip: str) -> bool:
    """Whether the server at a WHIP address is one of take5, whose events can be followed."""
    parts = urlsplit(whip)
    root = parts.path.partition("/whip/")[0]
    address = urlunsplit((parts.scheme, parts.netloc, f"{root}/healthz", "", ""))
    try:
        with urllib.request.urlopen(address, timeout=PROBE_S) as answer:  # noqa: S310 - http or https, checked
            health = json.load(answer)
    except urllib.error.HTTPError:
        return False
    except (OSError, ValueError) as error:
        raise ServerError(
            f"{whip}: no server answers there ({getattr(error, 'reason', error)}); is it running?"
        ) from error
    if health.get("live", 0) >= health.get("capacity", 1):
        raise ServerError(f"{whip}: the server is full ({health['live']} captures); try again later")
    return "capacity" in health


async def _run(file: MediaFile, whip: str, token: str | None, *, follows: bool, as_json: bool) -> int:
    over = threading.Event()
    following = asyncio.create_task(_follow(whip, token, over, as_json=as_json)) if follows else None
    try:
        await asyncio.to_thread(_send, file, whip, token, over)
        if following is None:
            return DONE
        return await asyncio.wait_for(following, LAST_EVENT_S)
    except TimeoutError as error:
        raise ServerError(f"{whip}: the server has not said how it ended within {LAST_EVENT_S:.0f} s") from error
    finally:
        over.set()
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError, ServerError):
                await following


def _send(file: MediaFile, whip: str, token: str | None, over: threading.Event) -> None:
    sender = Sender(whip, even_size(file), token)
    with sender.connected():
        send(file, sender, paced(time.monotonic, time.sleep), stopped=over.is_set)


async def _follow(whip: str, token: str | None, over: threading.Event, *, as_json: bool) -> int:
    """Print events; end the sending when the recording has stopped; return the exit code."""
    code = FAILED
    async for event in watch(whip, token):
        _show(event, as_json=as_json)
        if event["type"] == "stopped" or event["type"] in LAST:
            over.set()
        if event["type"] == "clip":
            code = DONE
        elif event["type"] == "error":
            code = NOTHING_ELIGIBLE if event["code"] in ("nothing_eligible", "too_short") else FAILED
    return code


def _show(event: Json, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(event))
    elif line := json_event_line(event):
        click.echo(line)
