"""``take5 webcam``: this computer's camera and microphone, scored while one talks."""

import re
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from take5.client.cli.bundle_options import PREPARE_OPTION, bundle_options, gates_for
from take5.client.cli.live_capture import LiveCapture, outcome, showing
from take5.client.cli.live_options import live_options
from take5.client.cli.options import gate_options, length_options, model_options, stop_options
from take5.client.cli.preparing import Preparations
from take5.client.cli.ready_options import let_deliveries_end, ready_options
from take5.client.cli.sync_options import shift_option
from take5.client.live_display import Board
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import WantedBundles, refuse_short
from take5.stream.deliverables import Deliverables
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.begin import begin_take
from take5.stream.live.finish import clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.output.free_space import require_space, watch_space
from take5.stream.preparing.order import orders
from take5.stream.recording.ring import Ring
from take5.stream.settings import Settings
from take5.stream.sources.webcam.camera import Camera, Wanted
from take5.stream.sources.webcam.devices import cameras, default_driver
from take5.stream.sources.webcam.microphone import Microphone, microphones
from take5.stream.sources.webcam.webcam import Webcam
from take5.stream.spool.folder import count_unfinished
from take5.stream.timeline.sound_shift import SoundShift

NAME = "webcam"
RING_BYTES = 400 * 2**20
"""Cameras that give MJPEG give 2 to 5 MB a second, and there is one capture only."""


def _size(_context: click.Context, _option: click.Parameter, text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not WIDTHxHEIGHT in pixels, as 1280x720")
    return int(found[1]), int(found[2])


def _list_devices(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    """Show what there is, and exit."""
    if not asked or context.resilient_parsing:
        return
    for kind, devices in (("cameras", cameras(default_driver())), ("microphones", microphones())):
        click.echo(f"{kind}:" if devices else f"{kind}: none")
        for number, device in enumerate(devices):
            click.echo(f"  {number}  {device}")
    context.exit()


def _name_cut_off(output: Path) -> None:
    """Say what to do about captures that were cut off."""
    if count := count_unfinished(output):
        what = "a capture that was" if count == 1 else f"{count} captures that were"
        click.echo(f"take5: {output} holds {what} cut off; take5 recover {output} makes the clip", err=True)


@click.command()
@ready_options
@click.option(
    "--list-devices",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_devices,
    help="Show cameras and microphones, and exit.",
)
@click.option("--camera", help="Number, address, or part of the name.  [default: the first]")
@click.option("--microphone", help="Number, or part of the name.  [default: the system's]")
@click.option("--size", default="1280x720", show_default=True, callback=_size, help="Size of the pictures.")
@click.option("--fps", type=click.FloatRange(1, 240), default=30.0, show_default=True, help="Frames per second.")
@click.option(
    "--driver", help="FFmpeg input: v4l2, avfoundation, dshow; lavfi makes --camera a filter graph.  [default: system]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line.")
@bundle_options
@PREPARE_OPTION
@live_options
@shift_option
@gate_options
@model_options
@length_options
@stop_options
def webcam(
    camera: str | None,
    microphone: str | None,
    size: tuple[int, int],
    fps: float,
    driver: str | None,
    output: Path,
    min_free: int,
    as_json: bool,
    rules: StopRules,
    parameters: Parameters,
    also: tuple[float, ...],
    models: Models,
    gates: GateConfig,
    wanted: WantedBundles | None,
    name: str | None,
    prepare: bool,
    report: bool,
    finish_within: float,
    shift: SoundShift,
    pause_s: float,
    hooks: HookDispatcher,
) -> int:
    """Talk to this computer's camera until the best seconds, by default five, are good enough, and keep them.

    It stops by itself. Ctrl-C ends it at once and keeps the best so far; a second Ctrl-C keeps nothing. SIGTERM and a
    closed terminal end it like the first Ctrl-C.
    """
    require_space(output, min_free)
    _name_cut_off(output)
    listened = Microphone(microphone)
    filmed = Camera(Wanted(driver, camera, size, fps))
    click.echo(f"take5: camera {filmed}; microphone {listened}", err=True)
    source = Webcam(filmed, listened)
    try:
        settings = Settings(parameters, gates=gates_for(gates, wanted), shift=shift, also=also)
        refuse_short(wanted, settings)
        ring = Ring.around(max(settings.seconds), RING_BYTES)
        live = LiveSession(models, settings, rules, source.unit_format, NAME, ring)
        snapshot = Snapshot(NAME, About.of(models.encoder.name, parameters, rules, also, models.tracker_name))
        board = Board(filmed.device.name, rules, parameters, time.monotonic)
        with showing(board, as_json=as_json) as show:
            deliverables = Deliverables(wanted, name, report, prepare=prepare)
            folder, spool = begin_take(output, NAME, live, deliverables)
            finish = clip_writer(folder, deliverables, hooks, session=NAME, journal=spool)
            watched = partial(watch_space, output, min_free)
            capture = LiveCapture(source, live, snapshot, finish, show, watched, finish_within, spool, pause_s)
            last = capture.run()
    finally:
        source.close()
    try:
        if capture.unshown is not None:
            raise capture.unshown
        code = outcome([last, *snapshot.after_clip], capture.broken, as_json=as_json)
        with Preparations(as_json=as_json) as preparations:
            for order in orders(snapshot, preparations.put, hooks):
                preparations.add(order)
            preparations.let_end()
        return code
    finally:
        with suppress(OSError):  # the terminal is gone
            let_deliveries_end(hooks)
