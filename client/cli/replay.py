"""``take5 replay``: a video file through the streaming session."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import click

from take5.client.cli.options import model_options, parameter_options
from take5.client.terminal import event_line, summary
from take5.scoring.parameters import Parameters
from take5.stream.events import Finished
from take5.stream.replay import Pace
from take5.stream.replay import replay as events
from take5.stream.select import Models
from take5.stream.selection import Settings
from take5.stream.sources.file import MediaFile


@click.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option("--realtime", is_flag=True, help="As fast as the recording was made, not as fast as it goes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event a line.")
@parameter_options
@model_options
def replay(video: Path, realtime: bool, as_json: bool, parameters: Parameters, models: Models) -> int:
    """Send VIDEO through the streaming session, as a live capture goes through it, and show what it says."""
    pace = paced(time.monotonic, time.sleep) if realtime else lambda _: None
    chosen = False
    for event in events(MediaFile(video), models, Settings(parameters), pace):
        if as_json:
            click.echo(json.dumps(event.json()))
        elif isinstance(event, Finished):
            click.echo(summary(event.selection))
        elif line := event_line(event):
            click.echo(line)
        if isinstance(event, Finished):
            chosen = event.selection.best is not None
    return 0 if chosen else 2


def paced(now: Callable[[], float], wait: Callable[[float], None]) -> Pace:
    """Wait until as much time has passed since the first call as the recording has delivered."""
    began: list[float] = []

    def pace(delivered_s: float) -> None:
        began[:] = began or [now() - delivered_s]
        ahead = delivered_s - (now() - began[0])
        if ahead > 0:
            wait(ahead)

    return pace
