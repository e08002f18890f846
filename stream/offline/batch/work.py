"""Processing of one video, by any engine."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from take5.scoring.errors import OutputError, Take5Error, TooShort, UnreadableMedia
from take5.scoring.idle import Idle, idle_lengths
from take5.stream.analysis.file_scans import OnProgress
from take5.stream.analysis.models import Models
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.write import Bundle, bundle_lengths
from take5.stream.deliverables import Deliverables
from take5.stream.offline.batch.content import Content, content_of, stamp_of
from take5.stream.offline.batch.job import Done, Failed, Job, Outcome, Processed, Skipped
from take5.stream.offline.idle_clip import find_idle
from take5.stream.offline.select import Selected, select
from take5.stream.output.atomic import refuse_existing
from take5.stream.output.take import add_report_page, write_features, write_take
from take5.stream.recording.from_file import FileRecording
from take5.stream.selection import suffix_of
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.wire import Json


def silent(_stage: str, _done: int, _total: int) -> None:
    """Ignore progress."""


def prepare(load: Callable[[], Models]) -> Callable[[Job], Outcome]:
    """Load the models, once for all of a worker's jobs, and return the function that does a job."""
    return partial(process, models=load())


def process(job: Job, models: Models, on_progress: OnProgress = silent) -> Outcome:
    """Select and write the best window of a video, unless that is done already; an error is an outcome too."""
    try:
        content = content_of(job.video, (done.content for done in job.known)) if job.known else None
        return _skipped(job, content) or _select_and_write(job, models, content, on_progress)
    except Take5Error as error:
        return Failed(job, str(error), too_short=isinstance(error, TooShort))


def _skipped(job: Job, content: Content | None) -> Skipped | None:
    for done in job.known:
        if content is not None and done.content.sha256 == content.sha256:
            report = _intact(done, job.recipe.deliverables)
            if report is not None:
                news = None if done.content == content else replace(done, content=content)
                return Skipped(job, done.folder, report, news)
    return None


def _intact(done: Done, deliverables: Deliverables) -> Json | None:
    """The report of a take that is unchanged since it was recorded; None if it is not."""
    try:
        text = (done.folder / "report.json").read_bytes()
    except OSError:
        return None
    if hashlib.sha256(text).hexdigest() != done.report_sha256:
        return None
    report: Json = json.loads(text)
    lengths = {"": report} | {suffix_of(other["window_s"]): other for other in report.get("lengths", ())}
    clips = [suffix for suffix, one in lengths.items() if one["best"] is not None]
    files = [f"clip{suffix}.{kind}" for suffix in clips for kind in ("mp4", "wav")]
    trainers = () if deliverables.bundles is None or not files else deliverables.bundles.trainers
    bundled = all(len(list((done.folder / trainer.name).glob(f"*/{MANIFEST}"))) >= len(clips) for trainer in trainers)
    return report if bundled and all((done.folder / name).is_file() for name in files) else None


def _select_and_write(job: Job, models: Models, content: Content | None, on_progress: OnProgress) -> Processed:
    refuse_existing(job.folder, force=job.force)
    if job.noted:
        content = content or content_of(job.video)
    recipe = job.recipe
    file = MediaFile(job.video, wanted=recipe.tracks, channel=recipe.channel, shift=recipe.settings.shift)
    scored = select(
        file,
        models,
        recipe.settings,
        exhaustive=recipe.exhaustive,
        repair=recipe.repair,
        on_progress=on_progress,
    )
    if content is not None and stamp_of(job.video) != content.stamp:
        raise UnreadableMedia(f"{job.video}: changed while it was read; run again when it is finished")
    deliverables, selection = recipe.deliverables, scored.selection
    if deliverables.finds_idle:
        selection = replace(selection, idle=_idle(scored.recording, recipe.settings))
    write_take(selection, scored.recording, job.folder, force=job.force)
    if deliverables.report:
        add_report_page(selection, _leading(scored).recording, job.folder)
    if job.features is not None:
        write_features(scored.recording, job.features)
    bundles = _bundles(scored, selection.idle, models, job)
    return Processed(job, selection, None if content is None else _done(content, job.folder), bundles)


def _idle(recording: FileRecording, settings: Settings) -> Idle | None:
    return find_idle(recording, settings.gates, idle_lengths(settings.parameters.window_frames))


def _leading(scored: Selected) -> Selected:
    """The first length that has a clip; without any, the first one."""
    return next((one for one in (scored, *scored.others) if one.selection.best is not None), scored)


def _bundles(scored: Selected, idle: Idle | None, models: Models, job: Job) -> tuple[Bundle, ...]:
    deliverables = job.recipe.deliverables
    wanted, name = deliverables.bundles, deliverables.name
    if wanted is None:
        return ()
    chosen = {suffix: (replace(one.selection, idle=idle), one.recording) for suffix, one in scored.by_suffix.items()}
    return tuple(bundle_lengths(chosen, models, wanted, job.folder, name, force=job.force))


def _done(content: Content, folder: Path) -> Done:
    path = folder / "report.json"
    try:
        return Done(content, folder, hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError as error:
        raise OutputError(f"{path}: cannot be read again ({error.strerror or error})") from error
