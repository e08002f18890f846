"""Options shared by commands, and the objects made from them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click

from take5.client.api import models as api
from take5.client.api.models import ENCODER_NAMES, TRACKER_NAMES, EncoderName, TrackerName
from take5.client.cli.decorators import Command, decorated
from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.rules import STRICTNESSES
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.encoders import ENCODERS
from take5.scoring.own_range import REACH
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import SHARE, StopRules
from take5.stream.analysis.models import Models
from take5.stream.ffmpeg.tracks import WantedTracks
from take5.stream.sources.channel import AUTO, checked_channel
from take5.stream.sources.given import Address, given
from take5.stream.workers.model_choice import ModelChoice

SECONDS_OPTION = click.option(
    "--seconds",
    type=float,
    default=(5.0,),
    multiple=True,
    help="Length of a window in seconds.  [default: 5]",
)
LENGTHS_OPTION = click.option(
    "--seconds",
    type=float,
    multiple=True,
    default=(5.0,),
    help="Length of a window in seconds (repeatable: a clip for each length; the stop rules follow the first).  "
    "[default: 5]",
)
SCORE_OPTIONS = (
    click.option("--hop", type=float, default=1.0, show_default=True, help="Seconds between the starts of windows."),
    click.option(
        "--pool", type=int, default=5, show_default=True, help="Number of windows of highest D that compete by I (m)."
    ),
    click.option(
        "--hfr-threshold",
        type=float,
        default=0.25,
        show_default=True,
        help="Cycles per frame above which motion is high-frequency (T).",
    ),
)
ENCODER_OPTIONS = (
    click.option(
        "--encoder",
        type=click.Choice(ENCODER_NAMES),
        default="auto",
        show_default=True,
        help="Audio encoder; auto is ave if its weights are given. Scores of different encoders are not comparable.",
    ),
)
WEIGHTS_OPTIONS = (
    click.option(
        "--ave-weights",
        type=click.Path(path_type=Path),
        envvar="TAKE5_AVE_WEIGHTS",
        help="Path of audio_visual_encoder.pth, from SyncTalk or InsTaG.  [env: TAKE5_AVE_WEIGHTS]",
    ),
    click.option("--device", default="auto", show_default=True, help="Device for ave: auto, cuda, cuda:1, mps, cpu."),
)
TRACKER_OPTIONS = (
    click.option(
        "--tracker",
        type=click.Choice(TRACKER_NAMES),
        default="mediapipe",
        show_default=True,
        help="Face tracker; litert needs the extra of that name. Scores of different trackers are not comparable.",
    ),
)
MODEL_OPTIONS = (*ENCODER_OPTIONS, *WEIGHTS_OPTIONS, *TRACKER_OPTIONS)


def channel_option(command: Command) -> Command:
    """Give a command the channel of its recordings as ``channel``."""
    text = "Channel of the sound.  [default: mix, or left or right where its speech is clearly better]"
    made = click.option("--channel", default=AUTO, metavar="mix|left|right|N", callback=_channel, help=text)
    return made(command)


def _channel(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        return checked_channel(value)
    except ParameterError as error:
        raise click.BadParameter(f"{value!r} is not mix, left, right, or the number of a channel from 1") from error


def parameter_options(command: Command) -> Command:
    """Give a command the parameters of Algorithm 1, as one argument ``parameters``."""

    @functools.wraps(command)
    def with_parameters(
        *args: Any, seconds: tuple[float, ...], hop: float, pool: int, hfr_threshold: float, **options: Any
    ) -> Any:
        if len(seconds) > 1:
            raise click.UsageError("--seconds was given more than once; give one length at a time here")
        return command(*args, parameters=Parameters(seconds[0], hop, pool, hfr_threshold), **options)

    return decorated(with_parameters, (SECONDS_OPTION, *SCORE_OPTIONS))  # type: ignore[return-value] # click keeps it


def length_options(command: Command) -> Command:
    """Give a command the parameters of Algorithm 1 as ``parameters``, and the lengths of other windows as ``also``."""

    @functools.wraps(command)
    def with_lengths(
        *args: Any, seconds: tuple[float, ...], hop: float, pool: int, hfr_threshold: float, **options: Any
    ) -> Any:
        first, *others = seconds
        parameters = Parameters(first, hop, pool, hfr_threshold)
        return command(*args, parameters=parameters, also=tuple(others), **options)

    return decorated(with_lengths, (LENGTHS_OPTION, *SCORE_OPTIONS))  # type: ignore[return-value] # click keeps it


def weights_options(command: Command) -> Command:
    """Give a command ``ave_weights`` and ``device``, where the encoder is known otherwise."""
    return decorated(command, WEIGHTS_OPTIONS)  # type: ignore[return-value] # click keeps the callable


def model_options(command: Command) -> Command:
    """Give a command the choice of models, as one argument ``models``, loaded."""

    @functools.wraps(command)
    def with_models(
        *args: Any, encoder: EncoderName, ave_weights: Path | None, device: str, tracker: TrackerName, **options: Any
    ) -> Any:
        return command(*args, models=load_models(encoder, ave_weights, device, tracker), **options)

    return decorated(with_models, MODEL_OPTIONS)  # type: ignore[return-value] # click keeps the callable


def model_choice_options(command: Command) -> Command:
    """Give a command the choice of models, as one argument ``choice``, a :class:`ModelChoice`; nothing is loaded."""

    @functools.wraps(command)
    def with_choice(
        *args: Any, encoder: EncoderName, ave_weights: Path | None, device: str, tracker: TrackerName, **options: Any
    ) -> Any:
        _weights_given(encoder, ave_weights)
        weights = None if ave_weights is None else str(ave_weights)
        return command(*args, choice=ModelChoice(encoder, weights, device, tracker), **options)

    return decorated(with_choice, MODEL_OPTIONS)  # type: ignore[return-value] # click keeps the callable


def chosen_models(choice: ModelChoice) -> Models:
    """Load the models of a choice, fetching missing files, and print what is fetched."""
    encoder, tracker = cast("EncoderName", choice.encoder), cast("TrackerName", choice.tracker)
    weights = None if choice.ave_weights is None else Path(choice.ave_weights)
    return load_models(encoder, weights, choice.device, tracker)


class RecordingType(click.Path):
    """A file, a pipe, ``-`` for standard input, or an address on the web."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: D102
        found = given(value)
        return found if isinstance(found, Address) else super().convert(value, param, ctx)


RECORDING = RecordingType(path_type=Path)

TRACK_OPTIONS = (
    click.option(
        "--audio-track",
        type=click.IntRange(min=1),
        metavar="N",
        help="Use the N-th audio track.  [default: the one with the most speech]",
    ),
    click.option(
        "--video-track",
        type=click.IntRange(min=1),
        metavar="N",
        help="Use the N-th video track.",
    ),
)


def track_options(command: Command) -> Command:
    """Give a command the choice of a file's tracks, as one argument ``tracks``."""

    @functools.wraps(command)
    def with_tracks(*args: Any, audio_track: int | None, video_track: int | None, **options: Any) -> Any:
        return command(*args, tracks=WantedTracks(audio_track, video_track), **options)

    return decorated(with_tracks, TRACK_OPTIONS)  # type: ignore[return-value] # click keeps the callable


GATE_OPTIONS = (
    click.option(
        "--strictness",
        type=click.Choice(STRICTNESSES),
        default="normal",
        show_default=True,
        help="Required quality of picture, sound and timing.",
    ),
    click.option(
        "--gate",
        "overrides",
        multiple=True,
        metavar="GATE=VALUE",
        help="Change a gate (repeatable), for example too_far=40, noisy=warn, no_blink=off. See docs/gates.md.",
    ),
)


def gate_options(command: Command) -> Command:
    """Give a command the gates, as one argument ``gates``."""

    @functools.wraps(command)
    def with_gates(*args: Any, strictness: str, overrides: tuple[str, ...], **options: Any) -> Any:
        return command(*args, gates=GateConfig.of(strictness, overrides), **options)

    return decorated(with_gates, GATE_OPTIONS)  # type: ignore[return-value] # click keeps the callable


STOP_OPTIONS = (
    click.option(
        "--stop-at",
        type=float,
        help="Stop when I of the best window reaches this, for any talker. Disables --stop-share; 0 disables both.  "
        "[default: off]",
    ),
    click.option(
        "--stop-share",
        type=float,
        help="Stop when the best window has this share of what this talker is expected to reach within a minute; 0 to "
        f"disable.  [default: {SHARE:g}]",
    ),
    click.option(
        "--stop-reach",
        type=float,
        help="What that is, as a multiple of the talker's typical window; take5 calibrate measures it.  "
        f"[default: {REACH:g} for 5 s]",
    ),
    click.option(
        "--stop-floor",
        type=float,
        default=0.0,
        show_default=True,
        help="Ignore --stop-share and --stop-at during the first N seconds.",
    ),
    click.option(
        "--stop-gain",
        type=float,
        default=0.01,
        show_default=True,
        help="Stop when another 30 s are expected to add no more to log I; 0 to disable.",
    ),
    click.option(
        "--stop-gain-after",
        type=float,
        default=60.0,
        show_default=True,
        help="Ignore --stop-gain during the first N seconds.",
    ),
    click.option("--stop-cap", type=float, default=600.0, show_default=True, help="Stop after N seconds in any case."),
    click.option(
        "--ask-idle",
        type=float,
        default=0.0,
        show_default=True,
        help="Before stopping, ask for up to N still and silent seconds, for an idle clip; 0 to disable.",
    ),
)


def stop_options(command: Command) -> Command:
    """Give a command the stop rules, as one argument ``rules``."""

    @functools.wraps(command)
    def with_rules(
        *args: Any,
        stop_at: float | None,
        stop_share: float | None,
        stop_reach: float | None,
        stop_floor: float,
        stop_gain: float,
        stop_gain_after: float,
        stop_cap: float,
        ask_idle: float,
        **options: Any,
    ) -> Any:
        rules = StopRules(
            stop_at,
            stop_floor,
            stop_gain or None,
            stop_gain_after,
            cap_s=stop_cap,
            idle_s=ask_idle,
            share=stop_share,
            reach=stop_reach,
        )
        return command(*args, rules=rules, **options)

    return decorated(with_rules, STOP_OPTIONS)  # type: ignore[return-value] # click keeps the callable


def output_option(help_text: str) -> Callable[[Command], Command]:
    """Give a command ``output``, its output folder."""
    option: Callable[[Command], Command] = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("take5-out"),
        show_default=True,
        help=help_text,
    )
    return option


def load_models(
    encoder: EncoderName, ave_weights: Path | None, device: str, tracker: TrackerName = "mediapipe"
) -> Models:
    """Load the models, fetching missing files, and print what is fetched."""
    _weights_given(encoder, ave_weights)
    return api.load_models(encoder, ave_weights, device, lambda text: click.echo(f"take5: {text}", err=True), tracker)


def load_encoder(encoder: EncoderName, ave_weights: Path | None, device: str) -> AudioEncoder:
    """Load the audio encoder chosen by the options."""
    _weights_given(encoder, ave_weights)
    return api.load_encoder(encoder, ave_weights, device)


def _weights_given(encoder: EncoderName, ave_weights: Path | None) -> None:
    if encoder != "auto" and ENCODERS[encoder].needs_weights and ave_weights is None:
        raise click.UsageError(f"--encoder {encoder} needs --ave-weights PATH (or TAKE5_AVE_WEIGHTS)")
