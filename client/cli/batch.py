"""The batch behind ``take5 select``: from arguments to jobs, and from outcomes to output."""

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from take5.client.api.models import EncoderName, TrackerName, default_encoder, load_tracker
from take5.client.batch_display import BatchBar
from take5.client.cli.batch_output import BatchOutput
from take5.client.cli.decorators import Command
from take5.client.cli.options import MODEL_OPTIONS, load_encoder, load_models
from take5.client.terminal import Bars
from take5.scoring.errors import UnreadableMedia
from take5.scoring.models.audio import AudioEncoder
from take5.stream.analysis.models import Models
from take5.stream.cluster.share import ClusterShare
from take5.stream.offline.batch.content import stamp_of
from take5.stream.offline.batch.engine import Engine, SerialEngine
from take5.stream.offline.batch.job import Done, Job, Outcome, Recipe
from take5.stream.offline.batch.ledger import Ledger
from take5.stream.offline.batch.processes import ProcessEngine
from take5.stream.offline.batch.videos import Video, folders, listed, named
from take5.stream.offline.batch.work import prepare, process
from take5.stream.sources.given import STDIN, Address, Copy, Given, is_file


@dataclass(frozen=True)
class ModelChoice:
    """Choice of models; it pickles, so that each worker loads its own."""

    encoder: EncoderName
    ave_weights: Path | None
    device: str
    tracker: TrackerName

    def load(self) -> Models:
        """Load them, fetching what is missing."""
        return load_models(self.encoder, self.ave_weights, self.device, self.tracker)

    @property
    def everywhere(self) -> "ModelChoice":
        """The same on other machines, whatever their environment says: the recipe names the encoder."""
        name = default_encoder(self.ave_weights) if self.encoder == "auto" else self.encoder
        weights = None if self.ave_weights is None else self.ave_weights.absolute()
        return replace(self, encoder=cast("EncoderName", name), ave_weights=weights)

    def listener(self) -> AudioEncoder:
        """Load the encoder, which is part of the recipe, and ensure that workers find the other models."""
        load_tracker(self.tracker)
        from take5.stream.model_files.cache import ensure

        ensure("face_landmarker", lambda text: click.echo(f"take5: {text}", err=True))
        return load_encoder(self.encoder, self.ave_weights, self.device)


def model_choice(command: Command) -> Command:
    """Give a command the choice of models, as one argument ``choice``, not loaded yet."""

    @functools.wraps(command)
    def with_choice(
        *args: Any, encoder: EncoderName, ave_weights: Path | None, device: str, tracker: TrackerName, **options: Any
    ) -> Any:
        return command(*args, choice=ModelChoice(encoder, ave_weights, device, tracker), **options)

    made: Any = with_choice
    for option in reversed(MODEL_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return] # click keeps the callable


@dataclass(frozen=True)
class Inputs:
    """The inputs of a run.

    Attributes
    ----------
    sources : list of Video
        The videos.
    errors : list of (Path, UnreadableMedia)
        Inputs that could not be searched.
    whole : bool
        Whether a folder or a list was given rather than single videos.
    kept : Copy or None
        Standard input, copied before workers begin.
    """

    sources: list[Video]
    errors: list[tuple[Path, UnreadableMedia]]
    whole: bool
    kept: Copy | None = None


def gather(videos: Sequence[Given], names: BinaryIO | None, output: Path, *, null: bool) -> Inputs:
    """Collect the videos given on the command line."""
    errors: list[tuple[Path, UnreadableMedia]] = []
    sources = list(named(videos, output, lambda path, error: errors.append((path, error))))
    if names is not None:
        in_list = list(listed(names, null=null))
        sources += in_list
        if not in_list:
            errors.append((Path(names.name), UnreadableMedia(f"{names.name}: the list contains no video")))
    whole = names is not None or any(isinstance(video, Path) and video.is_dir() for video in videos)
    return _with_stdin(Inputs(sources, errors, whole))


def _with_stdin(inputs: Inputs) -> Inputs:
    """Copy standard input, if it is among the inputs: workers have another one."""
    stdin = Address(STDIN)
    if all(source.path != stdin for source in inputs.sources):
        return inputs
    try:
        copied = Copy(stdin)
    except UnreadableMedia as error:
        others = [source for source in inputs.sources if source.path != stdin]
        return replace(inputs, sources=others, errors=[*inputs.errors, (Path(STDIN), error)])
    address = replace(stdin, copy=copied.path)
    sources = [replace(source, path=address) if source.path == stdin else source for source in inputs.sources]
    return replace(inputs, sources=sources, kept=copied)


@dataclass(frozen=True)
class Order:
    """Settings shared by all jobs of a run."""

    output: Path
    recipe: Recipe
    force: bool
    features: Path | None

    def jobs(self, sources: Sequence[Video], ledger: Ledger | None, *, resume: bool) -> Iterator[Job]:
        """One job for each video, created lazily."""
        for source, folder in zip(sources, folders(sources), strict=True):
            place = self.output / folder
            left = ledger is not None and ledger.begin(place)
            yield Job(
                source.path,
                place,
                self.recipe,
                self.force or (resume and left),
                self.features,
                noted=ledger is not None and is_file(source.path),
                known=_known(source.path, ledger) if resume else (),
            )


def engine_for(
    inputs: Inputs, jobs: int | None, choice: ModelChoice, *, share: ClusterShare | None, output: Path, visible: bool
) -> tuple[Engine, AudioEncoder]:
    """The engine for the jobs, and the encoder that they use.

    Videos named singly run in this process, with a bar for each, if done one at a time; otherwise workers are used.
    With the share of a cluster, all run there.
    """
    if share is not None:
        return _ray_engine(inputs, jobs, choice, share, output)
    at_a_time = min(jobs or _cores(), len(inputs.sources))
    if at_a_time > 1 or inputs.whole:
        encoder = choice.listener()
        return ProcessEngine(partial(prepare, choice.load), at_a_time), encoder
    models = choice.load()
    return SerialEngine(partial(_with_bars, models=models, visible=visible)), models.encoder


def _ray_engine(
    inputs: Inputs, jobs: int | None, choice: ModelChoice, share: ClusterShare, output: Path
) -> tuple[Engine, AudioEncoder]:
    from take5.stream.offline.batch.ray_engine import RayEngine

    if inputs.kept is not None:
        raise click.UsageError("--engine ray cannot read standard input, which other machines do not see; give a file")
    encoder, setup = choice.listener(), partial(prepare, choice.everywhere.load)
    return RayEngine(setup, share, output, len(inputs.sources), jobs, _cores(), _notice), encoder


def _notice(text: str) -> None:
    click.echo(f"take5: {text}", err=True)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with_bars(job: Job, models: Models, *, visible: bool) -> Outcome:
    with Bars(str(job.video), visible=visible) as bars:
        return process(job, models, bars.update)


def run(engine: Engine, order: Order, inputs: Inputs, batch_output: BatchOutput, *, resume: bool) -> None:
    """Process the videos; record and report each outcome.

    Raises
    ------
    OutputError
        If another run writes to the same output.
    """
    keeps = Ledger(order.output, order.recipe.key()) if inputs.whole or resume else nullcontext()
    bar = BatchBar(len(inputs.sources), visible=not isinstance(engine, SerialEngine))
    with keeps as ledger, bar.shown():
        jobs = order.jobs(inputs.sources, ledger, resume=resume)
        try:
            with closing(engine.run(_begun(jobs, bar))) as outcomes:
                for outcome in outcomes if ledger is None else ledger.noting(outcomes):
                    bar.end(outcome.job.video)
                    batch_output.report_outcome(outcome)
        except KeyboardInterrupt:
            if ledger is not None:
                click.echo("take5: what is done is kept; the same command with --resume goes on", err=True)
            raise
    batch_output.end()


def _begun(jobs: Iterable[Job], bar: BatchBar) -> Iterator[Job]:
    for job in jobs:
        bar.begin(job.video)
        yield job


def _known(video: Given, ledger: Ledger | None) -> tuple[Done, ...]:
    if ledger is None or not is_file(video):
        return ()
    try:
        return ledger.known(stamp_of(video))
    except UnreadableMedia:  # the worker reports it
        return ()
