"""Recovery: clip, bundles and report of a capture whose process was killed. A function of a spool's folder."""

import json
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from take5.scoring.errors import OutputError, ParameterError, SpoolDamaged
from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.analysis.models import Models
from take5.stream.bundles.contract import Shows
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.write import name_in, wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import (
    BestChanged,
    Bundled,
    ClipReady,
    Event,
    Failed,
    Failure,
    Kept,
    Reported,
    Scored,
    State,
    StateChanged,
    Stopped,
)
from take5.stream.hooks.delivery import DELIVERIES
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.output_log import ON_READY_LOG
from take5.stream.live.finish import Take, bundles, clips_ready, notify, reported
from take5.stream.output.atomic import free_folder, remove_leftovers
from take5.stream.output.take import ACCEPTED, REPORT, write_live_take
from take5.stream.recording.from_ring import RingMedia, RingRecording
from take5.stream.report.write import PAGE, SHEET
from take5.stream.selection import Selection, suffix_of
from take5.stream.spool.contents import Contents, read_spool
from take5.stream.spool.folder import SpoolFolder
from take5.stream.spool.records import Begun, Notified, framed
from take5.stream.spool.writer import AppendedFile
from take5.stream.wire import Json

ModelsFor = Callable[[str, str], Models]
"""Returns the models with an encoder and a tracker of these names."""

LATER = (PAGE, SHEET, ACCEPTED, DELIVERIES, ON_READY_LOG)
"""Files of a take that are not written with its clip."""

log = logging.getLogger(__name__)


class Journal:
    """The journal of a spool that is being recovered."""

    def __init__(self, folder: SpoolFolder, contents: Contents) -> None:
        self.begun = contents.begun
        self._file = AppendedFile(folder.journal, contents.journal_bytes)

    def notified(self, suffix: str) -> None:
        """Record that the hooks have got the notice of a length."""
        try:
            self._file.append(framed(Notified(suffix)))
        except OSError as error:
            log.warning("%s: cannot be written (%s)", self._file.path, error.strerror or error)


def recover(
    folder: SpoolFolder, models_for: ModelsFor, hooks: HookDispatcher | None = None, address: Callable[[str], str] = str
) -> Generator[Event]:
    """Make what a killed capture would have delivered, and remove its spool; yield the events that say so.

    It may be killed itself: the next time it makes what is missing. A spool that holds nothing usable is set aside, and
    the Failed names it. Where the clip cannot be written, the spool stays for the next time.

    Parameters
    ----------
    folder : SpoolFolder
        The spool, locked; the lock is released at the end.
    models_for : callable
        Returns the models with the encoder and the tracker that the capture was scored with.
    hooks : HookDispatcher, optional
        Get the notice of the clip, unless they got it before the kill.
    address : callable
        Returns where a file of that name can be fetched.

    Raises
    ------
    Take5Error
        If the spool cannot be read, or files cannot be written or moved; the spool stays.
    """
    clip = over = False
    try:
        contents = read_spool(folder)
        bests = contents.bests
        if contents.state is None:
            over = True
            yield from _failed(Failure.INTERRUPTED, "the program was killed before a window could be kept")
            return
        take = Take(folder.take, deliverables(contents.begun), hooks, address, contents.begun.session)
        for event in _recovered(contents, bests, replace(take, journal=Journal(folder, contents)), models_for):
            yield event
            clip |= isinstance(event, ClipReady)
        over = clip
    except SpoolDamaged as error:
        place = set_aside(folder)
        yield from _failed(
            Failure.INTERNAL, f"it was cut off, and its spool is damaged ({error}); it is in {place} now"
        )
    except OSError as error:
        raise OutputError(f"{folder.take}: cannot be written ({error.strerror or error})") from error
    finally:
        if over:
            folder.remove()
        else:
            folder.unlock()


def set_aside(folder: SpoolFolder) -> Path:
    """Move a damaged spool aside, and return where it is; raise OutputError if it cannot be moved."""
    try:
        return folder.set_aside()
    except OSError as error:
        raise OutputError(f"{folder.path}: is damaged, and cannot be moved ({error.strerror or error})") from error


def deliverables(begun: Begun) -> Deliverables:
    """What was to be made of a capture, but for what comes after its bundles."""
    try:
        wanted = wanted_for(begun.trainers, begun.bundle_size, begun.consent) if begun.trainers else None
    except ParameterError as error:  # a trainer of another version of take5
        log.warning("bundles are left out: %s", error)
        wanted = None
    return Deliverables(wanted, begun.name, begun.report, prepare=False)


def _recovered(
    contents: Contents, bests: Sequence[WindowScore | None], take: Take, models_for: ModelsFor
) -> Iterator[Event]:
    frame = contents.state.frames if contents.state is not None else 0
    remove_leftovers(take.folder)
    there = _windows_of(take.folder)
    if there is None:
        take = replace(take, folder=free_folder(take.folder))
    selection = contents.selection(bests)
    yield from _before_the_clip(selection)
    recording = _recording(contents, models_for(contents.begun.encoder, contents.begun.tracker))
    try:
        names = _files(take.folder) if there is not None else write_live_take(selection, recording, take.folder, _done)
    except OutputError as error:
        yield StateChanged(frame, State.FAILED)
        yield Failed(frame, Failure.NOT_WRITTEN, str(error))
        return
    yield StateChanged(frame, State.READY)
    ready = clips_ready(selection, take, names)
    yield from ready
    for clip in ready:
        if isinstance(clip, ClipReady):
            yield from _handed_on(contents, clip, selection, recording, take, there)
    if take.deliverables.report:
        yield _report(contents, selection, recording, take)


def _before_the_clip(selection: Selection) -> Iterator[Event]:
    """What followers need to know before the clip."""
    frame = selection.frames
    yield StateChanged(frame, State.STOPPING)
    for one in selection.lengths:
        length = one.window_frames
        yield from (Scored(frame, window, one.checked, length) for window in one.verdicts)
        if one.best is not None:
            yield BestChanged(frame, one.best, length)
            yield Kept(frame, one.best, length)
    yield Stopped(frame, Stop(StopRule.INTERRUPTED))


def _handed_on(
    contents: Contents,
    clip: ClipReady,
    selection: Selection,
    recording: RingRecording,
    take: Take,
    there: Mapping[str, int | None] | None,
) -> Iterator[Bundled]:
    """The bundles of a clip; then the hooks get its notice, unless they got it before the kill."""
    made = []
    suffix, chosen = next(
        (suffix, one) for suffix, one in selection.by_suffix.items() if one.window_frames == clip.window_frames
    )
    for bundle in _bundles(contents, replace(chosen, idle=selection.idle), recording, take, suffix, there):
        made.append(bundle)
        yield bundle
    if suffix not in contents.notified:
        notify(take, clip, made, selection, suffix)


def _bundles(
    contents: Contents,
    selection: Selection,
    recording: RingRecording,
    take: Take,
    suffix: str,
    there: Mapping[str, int | None] | None,
) -> Iterator[Bundled]:
    """The bundles of a length; ``there`` are the windows of the clips that had been written before, if any had."""
    wanted, best = take.deliverables.bundles, selection.best
    if wanted is None or best is None:
        return
    length, needed = selection.window_frames, selection.settings.parameters.frames_after
    after = contents.frames_from(best.start, length + needed) - length
    text, able = "", {trainer for trainer in wanted.trainers if trainer.shows is Shows.IDLE}
    if suffix in contents.notified and there is not None:
        yield from (_existing(trainer.name, take, selection, suffix) for trainer in wanted.trainers)
        return
    if there is not None and there.get(suffix) != best.start:
        text = "the clip was written of a later window, whose media are not in the spool"
    elif after < needed:
        text = f"the capture was cut off {after} frames after the window; {needed} are needed"
        able |= {trainer for trainer in wanted.trainers if not trainer.holds_out}
    else:
        able = set(wanted.trainers)
    left = [trainer for trainer in wanted.trainers if trainer not in able]
    failed = partial(Bundled, selection.frames, error=text, window_frames=length)
    yield from (failed(trainer=trainer.name) for trainer in left)
    made = replace(wanted, trainers=tuple(trainer for trainer in wanted.trainers if trainer in able))
    to_make = replace(take, deliverables=replace(take.deliverables, bundles=made))
    yield from bundles(selection, recording, to_make, suffix, force=True)


def _existing(trainer: str, take: Take, selection: Selection, suffix: str) -> Bundled:
    """The event for a bundle that was written before the kill."""
    made = partial(Bundled, selection.frames, trainer, window_frames=selection.window_frames)
    path = take.folder / trainer / name_in(take.folder, take.deliverables.name, suffix) / MANIFEST
    if not path.exists():
        return made(error="it had not been written when the program was killed")
    content = json.loads(path.read_text(encoding="utf-8"))
    return made(str(path.parent), content["frames"], content["train_frames"], tuple(content["warnings"]))


def _report(contents: Contents, selection: Selection, recording: RingRecording, take: Take) -> Reported:
    if (take.folder / PAGE).exists():
        names = [name for name in (PAGE, SHEET) if (take.folder / name).exists()]
        return Reported(selection.frames, {name: take.address(name) for name in names})
    return reported(selection, recording, contents.notes, take)


def _recording(contents: Contents, models: Models) -> RingRecording:
    state = contents.state
    assert state is not None  # noqa: S101 - checked by recover
    media = RingMedia(contents.ring(), contents.begun.unit_format, state.origin, contents.begun.settings.shift)
    return RingRecording(media, models, state.framings, lambda start, stop: [None] * (stop - start))


def _windows_of(take: Path) -> dict[str, int | None] | None:
    """First grid frame of each length's window in a take's folder, by suffix; None if no complete take is there."""
    try:
        report = json.loads((take / REPORT).read_text(encoding="utf-8"))
        others = {suffix_of(other["window_s"]): other for other in report.get("lengths", ())}
        found = {suffix: _start_of(one) for suffix, one in {"": report, **others}.items()}
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if any(start is not None for start in found.values()) else None


def _start_of(report: Json) -> int | None:
    best = report["best"]
    return None if best is None else round(float(best["start_s"]) * FPS)


def _files(take: Path) -> list[str]:
    return sorted(path.name for path in take.iterdir() if path.is_file() and path.name not in LATER)


def _failed(failure: Failure, text: str) -> Iterator[Event]:
    yield StateChanged(0, State.FAILED)
    yield Failed(0, failure, text)


def _done() -> None:
    """Nothing more will arrive."""
