"""``take5 recover``: the clips of captures whose process was killed."""

import functools
import json
from pathlib import Path
from typing import cast

import click

from take5.client.api.models import EncoderName, TrackerName
from take5.client.cli.options import load_models, weights_options
from take5.client.cli.ready_options import let_deliveries_end, ready_options
from take5.client.terminal import json_event_line
from take5.scoring.errors import Take5Error
from take5.stream.analysis.models import Models
from take5.stream.bundles.trainers.registry import PREPARABLE
from take5.stream.events import Bundled, ClipReady, Failed, Failure, NoClip, Reported
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.preparing.masks import remedy
from take5.stream.recovery.recover import recover as recovered
from take5.stream.spool.folder import SPOOLS, unfinished

SHOWN = (ClipReady, NoClip, Bundled, Reported, Failed)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line.")
@ready_options
@weights_options
def recover(
    folder: Path,
    as_json: bool,
    ave_weights: Path | None,
    device: str,
    hooks: HookDispatcher,
) -> int:
    """Make clip, bundles and report of every capture in DIR that was cut off, as by a kill or a loss of power.

    DIR is the output folder of "take5 serve" or "take5 webcam"; captures that go on are left alone. What each of them
    was to deliver is known; --on-ready and --webhook are notified as they would have been.
    """

    @functools.cache
    def models_for(encoder: str, tracker: str) -> Models:
        return load_models(cast("EncoderName", encoder), ave_weights, device, cast("TrackerName", tracker))

    output = folder.parent if folder.name == SPOOLS else folder
    found, failed = 0, 0
    for spool in unfinished(output):
        found += 1
        if not as_json:
            click.echo(f"{spool.path.name}:")
        try:
            for event in recovered(spool, models_for, hooks):
                failed += isinstance(event, Failed) and event.failure is not Failure.INTERRUPTED
                if as_json:
                    click.echo(json.dumps(event.json()))
                elif isinstance(event, SHOWN):
                    click.echo(event.text if isinstance(event, Failed) else json_event_line(event.json()))
                if isinstance(event, Bundled) and event.error is None and event.trainer in PREPARABLE:
                    click.echo(f"take5: to prepare it for training: {remedy(Path(event.path))}", err=True)
        except Take5Error as error:
            failed += 1
            click.echo(f"take5: error: {error}", err=True)
    if not found:
        click.echo(f"{output}: holds no capture that was cut off", err=True)
    let_deliveries_end(hooks)
    return 1 if failed else 0
