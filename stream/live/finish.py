"""How a live capture ends: clip and untouched access units on disk, bundles for trainers, or why there is no clip."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from take5.scoring.errors import OutputError, Take5Error
from take5.scoring.score import WindowScore
from take5.stream.bundles.manifest import MANIFEST
from take5.stream.bundles.write import Bundle, WantedBundles, bundle_selection
from take5.stream.events import Bundled, ChunkNote, ClipReady, Event, Failed, Failure, Reported
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.notice import BundlePlace, clip_notice
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import Finish
from take5.stream.output.clip import QUICK
from take5.stream.output.take import add_live_report_page, write_live_take
from take5.stream.recording.from_ring import RingRecording
from take5.stream.selection import Selection

NAME_LETTERS = 24
"""So much of a session's name is in its folder's."""

log = logging.getLogger(__name__)


def capture_folder(output: Path, name: str) -> Path:
    """A folder in ``output`` that is not there yet, named by the time in UTC and the session."""
    base = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name[:NAME_LETTERS]}"
    number = 1
    while (folder := output / (base if number == 1 else f"{base}-{number}")).exists():
        number += 1
    return folder


@dataclass(frozen=True)
class Handoff:
    """What happens with a clip once it is on disk: bundles for trainers, who is told, and a report for people.

    ``name`` is the person's, in the bundles; by default it comes of the capture's folder.
    """

    wanted: WantedBundles | None = None
    hooks: HookDispatcher | None = None
    name: str | None = None
    report: bool = False


CLIP_ONLY = Handoff()


def clip_writer(
    folder: Path, handoff: Handoff = CLIP_ONLY, address: Callable[[str], str] = str, session: str = ""
) -> Finish:
    """Return what writes a capture's clip to ``folder`` and hands it on.

    It yields ClipReady, or Failed, and after a clip one Bundled for each trainer; then programs are told; Reported
    comes last, if it is wanted. ``address`` says where a file of that name is to be had.
    """

    def save(live: LiveSession, wait_for_frames_after: Callable[[], None]) -> Iterator[Event]:
        taken = live.take()
        if taken is None:
            yield _nothing_came(live)
            return
        selection, film = taken
        if selection.best is None:
            yield _nothing_eligible(selection)
            return
        clip = _write_clip(selection, selection.best, film, folder, handoff, address, wait_for_frames_after)
        yield clip
        if isinstance(clip, ClipReady):
            bundled = []
            for bundle in _bundles(live, selection, film, folder, handoff):
                bundled.append(bundle)
                yield bundle
            _tell(clip, bundled, selection, handoff, session)
            if handoff.report:
                yield _report(selection, film, live.notes, folder, address)

    return save


def _write_clip(
    selection: Selection,
    best: WindowScore,
    film: RingRecording,
    folder: Path,
    handoff: Handoff,
    address: Callable[[str], str],
    wait_for_frames_after: Callable[[], None],
) -> ClipReady | Failed:
    try:
        names = write_live_take(selection, film, folder, wait_for_frames_after)
    except OutputError as error:
        return Failed(selection.frames, Failure.NOT_WRITTEN, str(error))
    files = {name: address(name) for name in names}
    length = selection.settings.parameters.window_frames
    trainers = () if handoff.wanted is None else tuple(trainer.name for trainer in handoff.wanted.trainers)
    return ClipReady(selection.frames, best, length, str(folder), files, trainers, handoff.report)


def _bundles(
    live: LiveSession, selection: Selection, film: RingRecording, folder: Path, handoff: Handoff
) -> Iterator[Bundled]:
    """Write each bundle; one that cannot be written is told, and costs neither the clip nor the others."""
    if handoff.wanted is None:
        return
    while live.look_on():
        pass
    left = [trainer.name for trainer in handoff.wanted.trainers]
    try:
        for bundle in bundle_selection(
            selection, film, film.models.encoder, handoff.wanted, folder, handoff.name, preset=QUICK
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
    """Return the event that tells of a bundle."""
    return Bundled(frame, bundle.trainer, str(bundle.folder), bundle.frames, bundle.train_frames, bundle.warnings)


def _report(
    selection: Selection, film: RingRecording, notes: Iterable[ChunkNote], folder: Path, address: Callable[[str], str]
) -> Reported:
    """Write the report; one that cannot be written is told, and costs nothing else."""
    try:
        names = add_live_report_page(selection, film, notes, folder)
    except (Take5Error, OSError) as error:
        return Reported(selection.frames, error=str(error))
    except Exception as error:
        log.exception("a report failed")
        return Reported(selection.frames, error=f"an internal error ended it: {error}")
    return Reported(selection.frames, {name: address(name) for name in names})


def _tell(clip: ClipReady, bundles: list[Bundled], selection: Selection, handoff: Handoff, session: str) -> None:
    if handoff.hooks is None:
        return
    there = [bundle for bundle in bundles if bundle.error is None]
    places = [BundlePlace(b.trainer, Path(b.path), Path(b.path) / MANIFEST) for b in there]
    handoff.hooks.tell(clip_notice(clip, session, selection.encoder, places))


def _nothing_came(live: LiveSession) -> Failed:
    if not live.opening.has_picture:
        return Failed(0, Failure.NO_PICTURE, "no picture arrived that can be decoded; switch the camera on")
    if not live.opening.has_sound:
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
