"""``take5 prepare``: steps of a trainer's own preparation, in a bundle, without the trainer's models."""

import json
from pathlib import Path

import click

from take5.client.api.mediapipe_stderr import hushed
from take5.client.terminal import Bars
from take5.stream.bundles.masks.labelling import labelling
from take5.stream.bundles.preparation.prepare import Prepared
from take5.stream.bundles.preparation.prepare import prepare as prepare_bundle
from take5.stream.model_files.cache import ensure
from take5.stream.preparing.bundle import prepare_fully
from take5.stream.preparing.masks import PERSONS
from take5.stream.preparing.models import face_model
from take5.stream.preparing.models import segmenter as person_segmenter


@click.command()
@click.argument("folder", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--force", is_flag=True, help="Replace poses and action units that are there, the trainer's own included."
)
@click.option(
    "--masks", is_flag=True, help="Also make parsing, background, head and torso images; needs the extra litert."
)
@click.option(
    "--segmenter",
    type=click.Path(path_type=Path),
    help="The network for --masks; by default selfie_segmentation, which is fetched.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON.")
def prepare(folder: Path, force: bool, masks: bool, segmenter: Path | None, as_json: bool) -> int:
    """Find the head's pose in each picture of BUNDLE, and write it as the bundle's trainer reads it.

    Replaces the trainer's head tracking, which needs CUDA and a face model that must be requested, and where only
    blinks are read, OpenFace. Experimental: no trainer has been run to the end with it. Prints the next step.
    """
    with Bars(str(folder), visible=not as_json) as bars:
        made = prepare_bundle(
            folder,
            face_model(_say, hushed),
            labelling=labelling(person_segmenter(segmenter or ensure(PERSONS, _say), hushed))
            if masks or segmenter
            else None,
            force=force,
            on_picture=lambda done, total: bars.update("faces", done, total),
        )
    click.echo(json.dumps(made.json()) if as_json else "\n".join(_lines(made)))
    return 0


def prepare_made(folder: Path, *, as_json: bool) -> str:
    """Prepare a bundle that has just been made, as far as this machine can; return what is said of it."""
    with Bars(str(folder), visible=not as_json) as bars:
        made, reason = prepare_fully(
            folder, face_model(_say, hushed), hushed, lambda done, total: bars.update("faces", done, total)
        )
    if as_json:
        return json.dumps({"prepared": made.json() | {"warnings": [reason] if reason else []}})
    return "\n".join([*_lines(made), *([f"  {reason}"] if reason else [])])


def _say(text: str) -> None:
    click.echo(f"take5: {text}", err=True)


def _lines(made: Prepared) -> list[str]:
    """What is said of a bundle that was prepared."""
    pose = made.made["head_pose"]
    lines = [
        f"{made.folder}: prepared for {made.trainer} (experimental)",
        f"  head pose: landmarks within {pose['reprojection_px']:.2f} px (median)",
        f"  focal length: {pose['focal_px']:.0f} px, give or take {pose['focal_sd_px']:.0f}",
    ]
    if "action_units" in made.made:
        lines.append(f"  AU45: the strongest blink is {made.made['action_units']['strongest_blink']:.1f} of 5")
    if "masks" in made.made:
        lines.append(f"  masks: {made.made['masks']['background_seen']:.0%} of the background was seen")
    if made.progress.next is not None:
        lines.append(f"next, {made.progress.next.what}: {made.progress.next.command}")
    return lines
