"""``take5 replay``: a video file through the streaming scorer."""

import json
import time
from pathlib import Path

import click

from take5.client.cli.options import (
    RECORDING,
    channel_option,
    gate_options,
    length_options,
    model_options,
    track_options,
)
from take5.client.cli.sync_options import shift_option
from take5.client.pacing import paced
from take5.client.terminal import event_line, print_track_notes
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.ffmpeg.tracks import WantedTracks
from take5.stream.live.replay import Replay
from take5.stream.output.atomic import refuse_existing
from take5.stream.output.take import write_take
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import Given
from take5.stream.timeline.sound_shift import SoundShift


@click.command()
@click.argument("video", type=RECORDING)
@click.option("--realtime", is_flag=True, help="Play in real time instead of as fast as possible.")
@click.option("--json", "as_json", is_flag=True, help="Print events, a line of JSON each.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the clip, as select does.",
)
@click.option("--force", is_flag=True, help="Replace an existing folder.")
@track_options
@channel_option
@shift_option
@gate_options
@length_options
@model_options
def replay(
    video: Given,
    realtime: bool,
    as_json: bool,
    output: Path | None,
    force: bool,
    tracks: WantedTracks,
    channel: str,
    shift: SoundShift,
    gates: GateConfig,
    parameters: Parameters,
    also: tuple[float, ...],
    models: Models,
) -> int:
    """Score VIDEO like a live capture, and show the events."""
    pace = paced(time.monotonic, time.sleep) if realtime else lambda _: None
    folder = None if output is None else output / video.stem
    if folder is not None:
        refuse_existing(folder, force=force)
    file = MediaFile(video, wanted=tracks, channel=channel, shift=shift)
    run = Replay(file, models, Settings(parameters, gates=gates, also=also), pace)
    code = 0
    for event in run.events():
        if isinstance(event, Finished):
            code = 0 if event.selection.leading.best is not None else 2
            if folder is not None:
                write_take(event.selection, run.material, folder, force=force)
        if as_json:
            if isinstance(event, Finished):
                print_track_notes(str(video), event.selection.tracks)
            click.echo(json.dumps(event.json()))
        elif line := event_line(event, folder):
            click.echo(line)
    return code
