"""The end of a live capture: clip and untouched access units on disk and the deliverables, or why there is no clip."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from take5.scoring.errors import OutputError, Take5Error
from take5.scoring.score import WindowScore
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.write import Bundle, bundle_selection
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.events import Bundled, ChunkNote, ClipReady, Event, Failed, Failure, Reported
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import BundlePlace, Notice, clip_notice
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import Finish
from take5.stream.output.clip import QUICK
from take5.stream.output.take import add_live_report_page, write_live_take
from take5.stream.recording.from_ring import RingRecording
from take5.stream.selection import Selection

NAME_LETTERS = 24
"""Number of letters of a session's name that go into its folder's name."""

log = logging.getLogger(__name__)


def capture_folder(output: Path, name: str) -> Path:
    """A folder in ``output`` that is not there yet, named by the time in UTC and the session."""
    base = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name[:NAME_LETTERS]}"
    number = 1
    while (folder := output / (base if number == 1 else f"{base}-{number}")).exists():
        number += 1
    return folder


def clip_writer(
    folder: Path,
    deliverables: Deliverables = CLIP_ONLY,
    hooks: HookDispatcher | None = None,
    address: Callable[[str], str] = str,
    session: str = "",
) -> Finish:
    """Return what writes a capture's clip, and its deliverables, to ``folder``.

    It yields ClipReady, or Failed, and after a clip one Bundled for each trainer; then the hooks get their notice;
    Reported comes last, if a report is wanted. ``address`` returns where a file of that name can be fetched.
    """

    def finish(live: LiveSession, wait_for_frames_after: Callable[[], None]) -> Iterator[Event]:
        result = live.result()
        if result is None:
            yield _nothing_came(live)
            return
        selection, recording = result
        if selection.best is None:
            yield _nothing_eligible(selection)
            return
        clip = _write_clip(selection, selection.best, recording, folder, deliverables, address, wait_for_frames_after)
        yield clip
        if isinstance(clip, ClipReady):
            bundled = []
            for bundle in _bundles(live, selection, recording, folder, deliverables):
                bundled.append(bundle)
                yield bundle
            if hooks is not None:
                hooks.notify(_notice(clip, bundled, selection, session))
            if deliverables.report:
                yield _report(selection, recording, live.notes, folder, address)

    return finish


def _write_clip(
    selection: Selection,
    best: WindowScore,
    recording: RingRecording,
    folder: Path,
    deliverables: Deliverables,
    address: Callable[[str], str],
    wait_for_frames_after: Callable[[], None],
) -> ClipReady | Failed:
    try:
        names = write_live_take(selection, recording, folder, wait_for_frames_after)
    except OutputError as error:
        return Failed(selection.frames, Failure.NOT_WRITTEN, str(error))
    files = {name: address(name) for name in names}
    length = selection.settings.parameters.window_frames
    wanted = deliverables.bundles
    trainers = () if wanted is None else tuple(trainer.name for trainer in wanted.trainers)
    return ClipReady(selection.frames, best, length, str(folder), files, trainers, deliverables.report)


def _bundles(
    live: LiveSession, selection: Selection, recording: RingRecording, folder: Path, deliverables: Deliverables
) -> Iterator[Bundled]:
    """Write each bundle; one that cannot be written is reported, and costs neither the clip nor the others."""
    wanted = deliverables.bundles
    if wanted is None:
        return
    left = [trainer.name for trainer in wanted.trainers]
    try:
        while live.observe_after_best():
            pass
        for bundle in bundle_selection(
            selection, recording, recording.models.encoder, wanted, folder, deliverables.name, preset=QUICK
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


def _report(
    selection: Selection,
    recording: RingRecording,
    notes: Iterable[ChunkNote],
    folder: Path,
    address: Callable[[str], str],
) -> Reported:
    """Write the report; a failure is reported, and costs nothing else."""
    try:
        names = add_live_report_page(selection, recording, notes, folder)
    except (Take5Error, OSError) as error:
        return Reported(selection.frames, error=str(error))
    except Exception as error:
        log.exception("a report failed")
        return Reported(selection.frames, error=f"an internal error ended it: {error}")
    return Reported(selection.frames, {name: address(name) for name in names})


def _notice(clip: ClipReady, bundles: list[Bundled], selection: Selection, session: str) -> Notice:
    there = [bundle for bundle in bundles if bundle.error is None]
    places = [BundlePlace(b.trainer, Path(b.path), Path(b.path) / MANIFEST) for b in there]
    return clip_notice(clip, session, selection.encoder, places)


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
    text = f"none of {len(selection.verdicts)} windows can be used"
    return Failed(selection.frames, Failure.NOTHING_ELIGIBLE, text, dict(reasons.most_common()))
