"""The end of a live capture: clip and untouched access units on disk and the deliverables, or why there is no clip."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from take5.scoring.errors import OutputError, Take5Error
from take5.scoring.gates.findings import Code
from take5.scoring.score import WindowScore
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.write import Bundle, bundle_selection
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.events import Bundled, ChunkNote, ClipReady, Event, Failed, Failure, Reported
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import BundlePlace, clip_notice
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import Finish
from take5.stream.output.clip import QUICK
from take5.stream.output.take import add_live_report_page, write_live_take
from take5.stream.recording.from_ring import RingRecording
from take5.stream.selection import Selection
from take5.stream.spool.records import Begun

log = logging.getLogger(__name__)


class NoticeJournal(Protocol):
    """What survives a kill: the id of the hooks' notice, and whether they have got it."""

    begun: Begun

    def notified(self) -> None:
        """Record that the hooks have got their notice."""


@dataclass(frozen=True)
class Take:
    """A take to be written, and who is told of it.

    Attributes
    ----------
    folder : Path
        Its folder.
    deliverables : Deliverables
        What is made beside the clip.
    hooks : HookDispatcher, optional
        Get the notice of the clip.
    address : callable
        Returns where a file of that name can be fetched.
    session : str
        Name of the session, for the hooks.
    journal : NoticeJournal, optional
        Records that the hooks have got their notice.
    """

    folder: Path
    deliverables: Deliverables = CLIP_ONLY
    hooks: HookDispatcher | None = None
    address: Callable[[str], str] = str
    session: str = ""
    journal: NoticeJournal | None = None


def clip_writer(
    folder: Path,
    deliverables: Deliverables = CLIP_ONLY,
    hooks: HookDispatcher | None = None,
    address: Callable[[str], str] = str,
    session: str = "",
    journal: NoticeJournal | None = None,
) -> Finish:
    """Return what writes a capture's clip, and its deliverables; see :class:`Take` for what it is given.

    It yields ClipReady, or Failed, and after a clip one Bundled for each trainer; then the hooks get their notice;
    Reported comes last, if a report is wanted.
    """
    take = Take(folder, deliverables, hooks, address, session, journal)

    def finish(live: LiveSession, wait_for_frames_after: Callable[[], None]) -> Iterator[Event]:
        result = live.result()
        if result is None:
            yield _nothing_came(live)
            return
        selection, recording = result
        if selection.best is None:
            yield _nothing_eligible(selection)
            return
        clip = _write_clip(selection, selection.best, recording, take, wait_for_frames_after)
        yield clip
        if isinstance(clip, ClipReady):
            bundled = []
            for bundle in _live_bundles(live, selection, recording, take):
                bundled.append(bundle)
                yield bundle
            notify(take, clip, bundled, selection)
            if take.deliverables.report:
                yield reported(selection, recording, live.notes, take)

    return finish


def _write_clip(
    selection: Selection,
    best: WindowScore,
    recording: RingRecording,
    take: Take,
    wait_for_frames_after: Callable[[], None],
) -> ClipReady | Failed:
    try:
        names = write_live_take(selection, recording, take.folder, wait_for_frames_after)
    except OutputError as error:
        return Failed(selection.frames, Failure.NOT_WRITTEN, str(error))
    return clip_ready(selection, best, take, names)


def clip_ready(selection: Selection, best: WindowScore, take: Take, names: Iterable[str]) -> ClipReady:
    """Return the event for a take whose files are these."""
    files = {name: take.address(name) for name in names}
    length = selection.settings.parameters.window_frames
    wanted = take.deliverables.bundles
    trainers = () if wanted is None else tuple(trainer.name for trainer in wanted.trainers)
    return ClipReady(
        selection.frames,
        best,
        length,
        str(take.folder),
        files,
        trainers,
        take.deliverables.report,
        checked=selection.checked,
    )


def _live_bundles(live: LiveSession, selection: Selection, recording: RingRecording, take: Take) -> Iterator[Bundled]:
    """Write the bundles, the frames after the window analysed by the tracker that has seen it."""
    try:
        while take.deliverables.bundles is not None and live.observe_after_best():
            pass
    except Exception:  # they are analysed on demand
        log.exception("the frames after the window could not be analysed")
    return bundles(selection, recording, take)


def bundles(selection: Selection, recording: RingRecording, take: Take, *, force: bool = False) -> Iterator[Bundled]:
    """Write each bundle; one that cannot be written is reported, and costs neither the clip nor the others."""
    wanted = take.deliverables.bundles
    if wanted is None:
        return
    left = [trainer.name for trainer in wanted.trainers]
    encoder, name = recording.models.encoder, take.deliverables.name
    try:
        for bundle in bundle_selection(
            selection, recording, encoder, wanted, take.folder, name, preset=QUICK, force=force
        ):
            left.remove(bundle.trainer)
            yield bundled(bundle, selection.frames)
    except Take5Error as error:
        text = str(error)
    except Exception as error:
        log.exception("a bundle failed")
        text = f"an internal error ended it: {error}"
    else:
        return
    for trainer in left:
        yield Bundled(selection.frames, trainer, error=text)


def bundled(bundle: Bundle, frame: int) -> Bundled:
    """Return the event for a bundle that was written."""
    return Bundled(frame, bundle.trainer, str(bundle.folder), bundle.frames, bundle.train_frames, bundle.warnings)


def reported(selection: Selection, recording: RingRecording, notes: Iterable[ChunkNote], take: Take) -> Reported:
    """Write the report; a failure is reported, and costs nothing else."""
    try:
        names = add_live_report_page(selection, recording, notes, take.folder)
    except (Take5Error, OSError) as error:
        return Reported(selection.frames, error=str(error))
    except Exception as error:
        log.exception("a report failed")
        return Reported(selection.frames, error=f"an internal error ended it: {error}")
    return Reported(selection.frames, {name: take.address(name) for name in names})


def notify(take: Take, clip: ClipReady, bundled: Iterable[Bundled], selection: Selection) -> None:
    """Let the hooks have the notice of a clip, once."""
    if take.hooks is None:
        return
    there = [bundle for bundle in bundled if bundle.error is None]
    places = [BundlePlace(b.trainer, Path(b.path), Path(b.path) / MANIFEST) for b in there]
    notice = clip_notice(clip, take.session, selection.encoder, places)
    if take.journal is None:
        take.hooks.notify(notice)
    else:
        take.hooks.notify(replace(notice, id=take.journal.begun.notice))
        take.journal.notified()


def _nothing_came(live: LiveSession) -> Failed:
    if not live.has_picture:
        return Failed(0, Failure.NO_PICTURE, "no picture arrived that can be decoded; switch the camera on")
    if not live.has_sound:
        return Failed(0, Failure.NO_SOUND, "no sound arrived; switch the microphone on")
    return Failed(0, Failure.TOO_SHORT, "it ended before picture and sound could be put together; record longer")


def _nothing_eligible(selection: Selection) -> Failed:
    parameters = selection.settings.parameters
    if selection.frames < parameters.window_frames:
        text = f"it ended after {selection.frames / 25:.1f} s; one window is {parameters.seconds} s: record longer"
        return Failed(selection.frames, Failure.TOO_SHORT, text)
    reasons = Counter(str(code) for verdict in selection.verdicts for code in {r.code for r in verdict.reasons})
    checked = selection.checked
    text = f"none of {checked.of} windows can be used"
    if not checked.complete:
        text = f"none of {checked.windows} windows checked can be used, and {checked.of - checked.windows} of "
        text += f"{checked.of} were not analysed: scoring had fallen behind"
    if reasons[Code.AV_OFFSET]:
        text = "; ".join([text, *selection.warnings])
    return Failed(selection.frames, Failure.NOTHING_ELIGIBLE, text, dict(reasons.most_common()), checked)
