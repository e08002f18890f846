"""``take5 bundle``: bundles from any clip; ``take5 check``: a folder against a trainer's requirements."""

import json
from pathlib import Path

import click

from take5.client.cli.bundle_options import needed_bundle_options
from take5.client.cli.options import RECORDING, channel_option, model_options, output_option, track_options
from take5.client.cli.sync_options import WantedSync, sync_option
from take5.client.terminal import Bars, bundle_line, print_track_notes
from take5.scoring.errors import MediaError, TooShort
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import progress
from take5.stream.bundles.footage import whole
from take5.stream.bundles.manifest import Origin
from take5.stream.bundles.trainers.registry import PREPARABLE, TRAINERS, trainer_named
from take5.stream.bundles.write import Bundle, WantedBundles, bundle_name, write_bundles
from take5.stream.ffmpeg.tracks import WantedTracks
from take5.stream.offline.repair import in_sync
from take5.stream.recording.from_file import FileRecording, open_recording
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import Given
from take5.stream.timeline.clock import frame_seconds, to_seconds

NOTE = "the clip is taken as it is: of its frames, trainers train on the first 10/11 and validate on the rest"


@click.command()
@click.argument("clip", metavar="CLIP", type=RECORDING)
@needed_bundle_options
@output_option("Output folder; each bundle goes to TRAINER/NAME/.")
@channel_option
@sync_option
@click.option("--prepare", is_flag=True, help="Then prepare them for training, as far as take5 can (experimental).")
@click.option("--force", is_flag=True, help="Replace existing bundles.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per bundle, and per preparation.")
@track_options
@model_options
def bundle(
    clip: Given,
    output: Path,
    channel: str,
    sync: WantedSync,
    prepare: bool,
    force: bool,
    as_json: bool,
    wanted: WantedBundles,
    name: str | None,
    tracks: WantedTracks,
    models: Models,
) -> int:
    """Make bundles from the whole of CLIP, a video that shows one face in every frame.

    To choose the best seconds of a longer video, use "take5 select --for TRAINER".
    """
    with Bars(str(clip), visible=not as_json) as bars:
        source = MediaFile(clip, wanted=tracks, channel=channel, shift=sync.shift)
        recording, settings = open_recording(source, models, bars.update), Settings(shift=sync.shift)
        if sync.repair:
            recording, settings = in_sync(recording, models, settings, bars.update)
        _unbroken(recording)
        _long_enough(recording, wanted)
        file = recording.file
        origin = Origin(
            str(clip),
            to_seconds(file.origin),
            warnings=(*file.tracks.notes, *file.warnings, *settings.shift.notes),
            channel=file.channel,
            tone_mapped=file.tone_mapped,
            av_offset_ms=settings.shift.ms,
        )
        if as_json:
            print_track_notes(str(clip), file.tracks)
        made_of = whole(recording, 0, recording.frames, NOTE)
        called = name or bundle_name(clip.stem)
        written = []
        for made in write_bundles(made_of, origin, wanted, models, output, called, force=force):
            click.echo(json.dumps(made.json()) if as_json else bundle_line(made))
            written.append(made)
    if prepare:
        _prepare(written, as_json=as_json)
    return 0


def _prepare(bundles: list[Bundle], *, as_json: bool) -> None:
    """Prepare those for whose trainers there is something to prepare."""
    from take5.client.cli.prepare import prepare_made

    for bundle in bundles:
        if bundle.trainer in PREPARABLE:
            click.echo(prepare_made(bundle.folder, as_json=as_json))


def _unbroken(recording: FileRecording) -> None:
    holes = [stop for _, stop in recording.rows.stretches[:-1]]
    if holes:
        raise MediaError(
            f"{recording.file.path}: picture or sound is missing around {frame_seconds(holes[0]):.2f} s; "
            "a bundle needs a clip without long holes: cut it there, or use take5 select --for"
        )


def _long_enough(recording: FileRecording, wanted: WantedBundles) -> None:
    for trainer in wanted.trainers:
        if recording.frames < trainer.least:
            raise TooShort(
                f"{recording.file.path}: has {recording.frames} frames at 25 fps; "
                f"{trainer.title} needs {trainer.least}: use a longer clip"
            )


@click.command()
@click.argument("folder", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("--for", "trainer", required=True, type=click.Choice(list(TRAINERS)), help="Trainer to check for.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per violation.")
def check(folder: Path, trainer: str, as_json: bool) -> int:
    """Check BUNDLE, a folder for a trainer's data/, against its requirements; exit with 1 on violations.

    What the trainer's own steps have made in it is checked as well. Prints which steps are done, and the next command.
    """
    found = progress(folder, trainer_named(trainer))
    for violation in found.violations:
        click.echo(json.dumps(violation.json()) if as_json else str(violation))
    count = len(found.violations)
    if not as_json:
        for step in found.done:
            click.echo(f"done: {step}")
        click.echo(f"{folder}: {count or 'no'} violation{'' if count == 1 else 's'} of the contract of {trainer}")
        if found.next is not None:
            click.echo(f"next, {found.next.what}: {found.next.command}")
    return 1 if count else 0
