"""How a live capture ends: the clip and the untouched access units on disk, or why there are none."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from take5.scoring.errors import OutputError
from take5.stream.events import ClipReady, Event, Failed, Failure
from take5.stream.live import LiveSession
from take5.stream.selection import Selection
from take5.stream.take import write_live_take

NAME_LETTERS = 24
"""So much of a session's name is in its folder's."""


def capture_folder(output: Path, name: str) -> Path:
    """A folder in ``output`` that is not there yet, named by the time in UTC and the session."""
    base = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name[:NAME_LETTERS]}"
    number = 1
    while (folder := output / (base if number == 1 else f"{base}-{number}")).exists():
        number += 1
    return folder


def saver(folder: Path, address: Callable[[str], str] = str) -> Callable[[LiveSession], Event]:
    """Return what writes a capture's clip to ``folder``; ``address`` says where a file of that name is to be had."""

    def save(live: LiveSession) -> Event:
        taken = live.take()
        if taken is None:
            return _nothing_came(live)
        selection, material = taken
        if selection.best is None:
            return _nothing_eligible(selection)
        try:
            names = write_live_take(selection, material, folder)
        except OutputError as error:
            return Failed(selection.frames, Failure.NOT_WRITTEN, str(error))
        files = {name: address(name) for name in names}
        length = selection.settings.parameters.window_frames
        return ClipReady(selection.frames, selection.best, length, str(folder), files)

    return save


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
