"""The end of a live capture: clip and untouched access units on disk and the deliverables, or why there is no clip."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from take5.scoring.errors import OutputError, Take5Error
from take5.scoring.gates.findings import Code
from take5.scoring.score import WindowScore
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.write import Bundle, bundle_selection
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.events import Bundled, ChunkNote, ClipReady, Event, Failed, Failure, NoClip, Reported
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import BundlePlace, clip_notice
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import Finish
from take5.stream.output.clip import QUICK
from take5.stream.output.take import add_live_report_page, files_of, write_live_take
from take5.stream.recording.from_ring import RingRecording
from take5.stream.selection import Selection
from take5.stream.spool.records import Begun

log = logging.getLogger(__name__)


class NoticeJournal(Protocol):
    """What survives a kill: the id of the hooks' notice, and whether they have got it."""

    begun: Begun

    def notified(self, suffix: str) -> None:
        """Record that the hooks have got the notice of the length with this suffix."""


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

    It yields ClipReady, or Failed. After a clip come those of other lengths, or NoClip, and for each clip one Bundled
    for each trainer; then the hooks get their notice of it. Reported comes last, if a report is wanted.
    """
    take = Take(folder, deliverables, hooks, address, session, journal)

    def finish(live: LiveSession, wait_for_frames_after: Callable[[], None]) -> Iterator[Event]:
        result = live.result()
        if result is None:
            yield _nothing_came(live)
            return
        selection, recording = result
        if selection.leading.best is None:
            yield _nothing_eligible(selection)
            return
        written = _write_clips(selection, recording, take, wait_for_frames_after)
        yield from written
        clips = [clip for clip in written if isinstance(clip, ClipReady)]
        if clips:
            _observe_after(live, take)
            yield from deliver(selection, clips, recording, take)
            if take.deliverables.report:
                yield reported(selection, recording, live.notes, take)

    return finish


def _write_clips(
    selection: Selection, recording: RingRecording, take: Take, wait_for_frames_after: Callable[[], None]
) -> Sequence[ClipReady | NoClip | Failed]:
    try:
        names = write_live_take(selection, recording, take.folder, wait_for_frames_after)
    except OutputError as error:
        return [Failed(selection.frames, Failure.NOT_WRITTEN, str(error))]
    return clips_ready(selection, take, names)


def clips_ready(selection: Selection, take: Take, names: Iterable[str]) -> list[ClipReady | NoClip]:
    """Return the events for a take whose files are these: the clips, then which lengths have none."""
    names = list(names)
    found = {suffix: one for suffix, one in selection.by_suffix.items() if one.best is not None}
    missing = [one for one in selection.lengths if one.best is None]
    after = [one.window_frames for one in [*found.values(), *missing][1:]]
    clips = [
        _clip_ready(one, one.best, take, files_of(suffix, names, selection), after if one is selection.leading else ())
        for suffix, one in found.items()
        if one.best is not None
    ]
    return [*clips, *(NoClip(one.window_frames, _nothing_eligible(one)) for one in missing)]


def _clip_ready(
    selection: Selection, best: WindowScore, take: Take, names: Iterable[str], lengths: Sequence[int]
) -> ClipReady:
    wanted = take.deliverables.bundles
    return ClipReady(
        selection.frames,
        best,
        selection.window_frames,
        str(take.folder),
        {name: take.address(name) for name in names},
        () if wanted is None else tuple(trainer.name for trainer in wanted.trainers),
        take.deliverables.report,
        checked=selection.checked,
        lengths=tuple(lengths),
        prepare=take.deliverables.prepared,
    )


def _observe_after(live: LiveSession, take: Take) -> None:
    """Let the tracker that has seen the windows analyse the frames after them, for bundles."""
    try:
        while take.deliverables.bundles is not None and live.observe_after_best():
            pass
    except Exception:  # they are analysed on demand
        log.exception("the frames after the window could not be analysed")


def deliver(
    selection: Selection, clips: Iterable[ClipReady], recording: RingRecording, take: Take
) -> Iterator[Bundled]:
    """Write the bundles of each clip, and then let the hooks have its notice."""
    idle = selection.idle
    of_length = {one.window_frames: (suffix, replace(one, idle=idle)) for suffix, one in selection.by_suffix.items()}
    for clip in clips:
        suffix, chosen = of_length[clip.window_frames]
        bundled = []
        for bundle in bundles(chosen, recording, take, suffix):
            bundled.append(bundle)
            yield bundle
        notify(take, clip, bundled, selection, suffix)


def bundles(
    selection: Selection, recording: RingRecording, take: Take, suffix: str = "", *, force: bool = False
) -> Iterator[Bundled]:
    """Write each bundle of one length; one that cannot be written is reported, and costs neither clip nor others."""
    wanted = take.deliverables.bundles
    if wanted is None:
        return
    left = [trainer.name for trainer in wanted.trainers]
    models, name = recording.models, take.deliverables.name
    try:
        for bundle in bundle_selection(
            selection, recording, models, wanted, take.folder, name, preset=QUICK, force=force, suffix=suffix
        ):
            left.remove(bundle.trainer)
            yield bundled(bundle, selection)
    except Take5Error as error:
        text = str(error)
    except Exception as error:
        log.exception("a bundle failed")
        text = f"an internal error ended it: {error}"
    else:
        return
    for trainer in left:
        yield Bundled(selection.frames, trainer, error=text, window_frames=selection.window_frames)


def bundled(bundle: Bundle, selection: Selection) -> Bundled:
    """Return the event for a bundle of a selection that was written."""
    counts = bundle.frames, bundle.train_frames
    where, length = str(bundle.folder), selection.window_frames
    return Bundled(selection.frames, bundle.trainer, where, *counts, bundle.warnings, window_frames=length)


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


def notify(take: Take, clip: ClipReady, bundled: Iterable[Bundled], selection: Selection, suffix: str = "") -> None:
    """Let the hooks have the notice of a clip, once."""
    if take.hooks is None:
        return
    there = [bundle for bundle in bundled if bundle.error is None]
    places = [BundlePlace(b.trainer, Path(b.path), Path(b.path) / MANIFEST) for b in there]
    notice = clip_notice(clip, take.session, selection.encoder, places, selection.tracker)
    if take.journal is None:
        take.hooks.notify(notice)
    else:
        take.hooks.notify(replace(notice, id=take.journal.begun.notice + suffix))
        take.journal.notified(suffix)


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
