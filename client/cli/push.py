"""``take5 push``: a video file through WHIP, in real time."""

import asyncio
import json
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from math import inf
from urllib.parse import urljoin, urlsplit, urlunsplit

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from take5.client.cli.exit_codes import DONE, FAILED, NOTHING_ELIGIBLE
from take5.client.cli.options import RECORDING
from take5.client.following import LAST, Json, watch
from take5.client.push import HungUp
from take5.client.push_child import Order, Stage
from take5.client.push_process import SendingProcess
from take5.client.terminal import json_event_line
from take5.scoring.errors import ServerError
from take5.scoring.parameters import FPS
from take5.stream.output.free_space import size_text
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import Given

PROBE_S = 5
LAST_EVENT_S = 180.0
"""Maximum time to wait for the last event after sending: the server may analyse skipped windows for a minute first."""

UNUSABLE = ("nothing_eligible", "too_short")
"""Error codes of a complete recording without a window to keep."""


@dataclass(frozen=True)
class Sending:
    """A file being sent, and its destination."""

    process: SendingProcess
    file: MediaFile
    whip: str
    token: str | None
    seconds: float
    loop: bool
    as_json: bool
    console: Console
    encode: str = "auto"

    @property
    def root(self) -> str:
        """The server's address, with a slash."""
        parts = urlsplit(self.whip)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.partition("/whip/")[0] + "/", "", ""))

    @property
    def order(self) -> Order:
        """What the process is to do."""
        assert self.file.copy is not None  # noqa: S101 - made with the file
        seconds = None if self.seconds == inf else self.seconds
        return Order(str(self.file.copy.path.absolute()), self.whip, self.token, seconds, self.loop, self.encode)

    def say(self, line: str) -> None:
        """Print a line, above the bar on a terminal."""
        if self.as_json or not self.console.is_terminal:
            click.echo(line)
        else:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


@click.command()
@click.argument("url")
@click.argument("video", type=RECORDING)
@click.option("--token", envvar="TAKE5_TOKEN", help="Bearer token of the server.  [env: TAKE5_TOKEN]")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Seconds to send.  [default: all; endless with --loop]",
)
@click.option("--loop", is_flag=True, help="Repeat VIDEO until the server stops.")
@click.option("--json", "as_json", is_flag=True, help="Print the server's events, a line of JSON each.")
@click.option(
    "--encode",
    type=click.Choice(["auto", "always"]),
    default="auto",
    show_default=True,
    help="Encode both tracks, or only those that cannot be sent as they are stored.",
)
def push(
    url: str, video: Given, token: str | None, seconds: float | None, loop: bool, as_json: bool, encode: str
) -> int:
    """Send VIDEO to the WHIP server at URL in real time, like a camera, and show the server's events.

    URL is a server's address (http://localhost:8005) or a WHIP address (http://localhost:8005/whip/NAME). With
    ?seconds=10 at its end the clip has another length that the server offers; repeat it for a clip of each.
    """
    whip = whip_address(url)
    with SendingProcess() as process:
        sending = Sending(process, MediaFile(video), whip, token, seconds or inf, loop, as_json, Console(), encode)
        follows = probe(sending)
        click.echo(f"take5: sending {video} to {sending.whip}", err=True)
        return asyncio.run(_run(sending, follows=follows))


def whip_address(url: str) -> str:
    """Return the WHIP address for a URL, with a generated name if it has none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is looked at then
    except ValueError as error:
        raise ServerError(f"{url}: is not an address ({error}); http://localhost:8005 is one") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ServerError(f"{url}: a WHIP address begins with http:// or https://")
    path = parts.path.rstrip("/")
    if path in ("", "/whip"):
        path = f"/whip/{secrets.token_urlsafe(16)}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def probe(sending: Sending) -> bool:
    """Whether it is a take5 server, whose events can be followed.

    Raises
    ------
    ServerError
        If there is no answer, or the server or its disk is full.
    """
    try:
        with urllib.request.urlopen(f"{sending.root}healthz", timeout=PROBE_S) as answer:  # noqa: S310 - checked
            health = json.load(answer)
    except (urllib.error.HTTPError, HTTPException, ValueError):
        return False
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ServerError(f"{sending.whip}: no server answers there ({reason}); is it running?") from error
    if not _is_of_take5(health):
        return False
    if health["live"] >= health["capacity"]:
        raise ServerError(
            f"{sending.whip}: the server is full ({health['live']} of {health['capacity']} captures in progress); "
            "try again later"
        )
    if health.get("disk_full"):
        free = size_text(health["free_bytes"])
        raise ServerError(
            f"{sending.whip}: the server's disk has too little room ({free} are free); make room there, then try again"
        )
    return True


def _is_of_take5(health: object) -> bool:
    """Whether a server's answer has what is read of it."""
    if not isinstance(health, dict):
        return False
    counts = health.get("live"), health.get("capacity"), health.get("free_bytes") if health.get("disk_full") else 0
    return all(isinstance(count, int) for count in counts)


async def _run(sending: Sending, *, follows: bool) -> int:
    accepted, over = threading.Event(), threading.Event()
    unlimited = asyncio.Event()
    following = asyncio.create_task(_follow(sending, accepted, over, unlimited)) if follows else None
    try:
        await _sent(sending, accepted, over, follows=follows)
        return DONE if following is None else await _ended(following, unlimited)
    except TimeoutError as error:
        text = f"{sending.whip}: no final event from the server within {LAST_EVENT_S:.0f} s"
        raise ServerError(text) from error
    finally:
        over.set()
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError, ServerError):
                await following


async def _ended(following: asyncio.Task[int], unlimited: asyncio.Event) -> int:
    """Wait for the last event, without a limit while the server does what has a limit of its own."""
    while not (await asyncio.wait([following], timeout=LAST_EVENT_S))[0]:
        if not unlimited.is_set():
            raise TimeoutError
    return following.result()


async def _sent(sending: Sending, accepted: threading.Event, over: threading.Event, *, follows: bool) -> None:
    """Send the file; if events are followed, they explain better than the connection why the server hung up."""
    try:
        await asyncio.to_thread(_send, sending, accepted, over)
    except HungUp:
        if not follows:
            raise


def _send(sending: Sending, accepted: threading.Event, over: threading.Event) -> None:
    events = sending.process.sent(sending.order, over)
    for stage, said in events:
        if stage is Stage.OFFERING:
            click.echo(f"take5: {said}", err=True)
        elif stage is Stage.ACCEPTED:
            accepted.set()
            break
    with _bar(sending) as sent:
        for stage, said in events:
            if stage is Stage.SENT:
                sent(float(said))


@contextmanager
def _bar(sending: Sending) -> Iterator[Callable[[float], None]]:
    """Progress of the sending, on a terminal."""
    shown = Progress(
        TextColumn("sending"),
        BarColumn(),
        TimeElapsedColumn(),
        console=sending.console,
        transient=True,
        disable=sending.as_json or not sending.console.is_terminal,
    )
    length = min(sending.seconds, inf if sending.loop else sending.file.stated_frames / FPS or inf)
    task = shown.add_task("", total=None if length == inf else length)
    with shown:
        yield lambda seconds: shown.update(task, completed=seconds)


async def _follow(sending: Sending, accepted: threading.Event, over: threading.Event, unlimited: asyncio.Event) -> int:
    """Print events; stop sending when the recording has stopped; return the exit code."""
    code = FAILED
    try:
        async for event in _own(watch(sending.whip, sending.token, upcoming=True), accepted):
            _show(sending, event)
            for each in _unpacked(event):
                if each["type"] in {"stopped", *LAST}:
                    over.set()
                code = _code(each, code)
                _note(each, unlimited)
    finally:
        over.set()
    return code


async def _own(events: AsyncIterator[Json], accepted: threading.Event) -> AsyncIterator[Json]:
    """Hold events back until the sender is accepted: earlier ones may belong to another sender of the same name."""
    held: list[Json] = []
    async for event in events:
        held.append(event)
        while held and accepted.is_set():
            yield held.pop(0)
    for event in held:
        yield event


def _unpacked(event: Json) -> list[Json]:
    """The event itself, or those that ``hello`` holds for a late follower."""
    if event["type"] != "hello":
        return [event]
    ended = [event[kind] for kind in ("stopped", "warning", "clip", "error") if event.get(kind)]
    report = event.get("report")
    after = [*event.get("bundles", ()), *([report] if report else []), *event.get("prepared", ())]
    return [*ended, *event.get("more_clips", ()), *after]


def _note(event: Json, unlimited: asyncio.Event) -> None:
    """Remember whether the clip waits to be written, or its bundles to be prepared, after those of other captures."""
    if event["type"] == "warning" and event["code"] == "not_written":
        unlimited.set()
    elif event["type"] in LAST and not event.get("prepare"):
        unlimited.clear()
    elif event["type"] == "clip":
        unlimited.set()


def _code(event: Json, so_far: int) -> int:
    if event["type"] == "clip":
        return DONE
    if event["type"] == "error":
        return NOTHING_ELIGIBLE if event["code"] in UNUSABLE else FAILED
    return so_far


def _show(sending: Sending, event: Json) -> None:
    if sending.as_json:
        sending.say(json.dumps(event))
        return
    for each in _unpacked(event):
        files = {name: urljoin(sending.root, path) for name, path in each.get("files", {}).items()}
        if line := json_event_line(each | {"files": files}):
            sending.say(line)
        if each["type"] == "clip":
            for name in files:
                if name.startswith("clip") and name.endswith(".mp4"):
                    sending.say(f"  {files[name]}")
