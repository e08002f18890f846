"""Writes a capture's spool in a thread of its own: nothing that receives or scores waits for the disk."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Condition, Thread
from time import monotonic

import msgspec

from take5.scoring.score import WindowScore
from take5.stream.events import Event, Kept, Trouble, Warned
from take5.stream.output.atomic import sync_folder
from take5.stream.spool.folder import SpoolFolder
from take5.stream.spool.plan import Changes, Numbered
from take5.stream.spool.records import Begun, JournalRecord, Notified, State, framed, media_record

GATHER_S = 0.2
"""How long media are gathered before they are written, unless a choice waits for them."""

RETRY_S = 1.0
"""Time between attempts while the disk takes nothing."""

LET_GO_S = 5.0
"""Maximum time to wait for the disk at the end."""

log = logging.getLogger(__name__)


class SpoolWriter:
    """Puts the best window so far on disk.

    Media are synced before the choice that needs them is written, and removed once another choice without them is
    durable: at every moment the files hold the last choice that was reported as kept, or a later one.

    Parameters
    ----------
    folder : SpoolFolder
        The spool, locked; the writer releases it.
    begun : Begun
        Its first record.
    """

    def __init__(self, folder: SpoolFolder, begun: Begun) -> None:
        self.folder, self.begun = folder, begun
        self._emit: Callable[[Event], None] = lambda _: None
        self._journal = AppendedFile(folder.journal)
        self._segments: dict[int, AppendedFile] = {}
        self._ready = Condition()
        self._records: list[JournalRecord] = [begun]
        self._pending = Changes({}, frozenset())
        self._frames, self._needed = 0, frozenset[int]()
        self._kept: tuple[WindowScore | None, ...] = (None,) * len(begun.settings.seconds)
        self._closing = self._idle = self._failing = self._new_names = False
        self._thread = Thread(target=self._run, name="take5-spool", daemon=True)

    def start(self, emit: Callable[[Event], None]) -> None:
        """Begin to write.

        ``emit`` takes Kept when another best window is durable, and a warning when the disk takes nothing; it is
        called in the writer's thread.
        """
        self._emit = emit
        self._thread.start()

    @property
    def kept(self) -> bool:
        """Whether a window is durable."""
        return any(best is not None for best in self._kept)

    @property
    def remedy(self) -> str:
        """What to do about a clip that could not be written."""
        return f"what was kept is in {self.folder.path}: take5 recover {self.folder.take.parent} makes the clip"

    def put(self, changes: Changes) -> None:
        """Add what has changed, from any thread; returns at once."""
        with self._ready:
            self._pending = merged(self._pending, changes)
            self._idle = False
            self._ready.notify_all()

    def notified(self, suffix: str = "") -> None:
        """Record that the hooks have got the notice of a length, and wait until that is on disk."""
        with self._ready:
            self._records.append(Notified(suffix))
            self._idle = False
            self._ready.notify_all()
            self._ready.wait_for(lambda: self._idle or not self._thread.is_alive(), LET_GO_S)

    def close(self, *, remove: bool) -> None:
        """Write what is left, or remove the spool, and release it; a spool that has kept nothing goes, too."""
        with self._ready:
            self._closing, self._failing = True, False
            if remove:
                self._pending, self._records = Changes({}, frozenset()), []
            self._ready.notify_all()
        if self._thread.ident is not None:
            self._thread.join(LET_GO_S)
        if remove or not (self.kept or self._thread.is_alive()):
            self.folder.remove()
        else:
            self.folder.unlock()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            changes, records = work
            try:
                self._write(changes, records)
            except OSError as error:
                self._fail(error, changes, records)
            except Exception as error:
                log.exception("the spool %s could not be written", self.folder.path)
                with suppress(Exception):  # it may be what failed
                    self._emit(
                        Warned(self._frames, Trouble.NOT_KEPT, f"{self.folder.path}: an internal error: {error}")
                    )
                return

    def _next(self) -> tuple[Changes, list[JournalRecord]] | None:
        """Wait for work and take it; None at the end."""
        with self._ready:
            if self._failing and not self._closing:
                self._ready.wait_for(lambda: self._closing, RETRY_S)
            while not self._closing and not self._records and self._pending.state is None:
                if self._pending.media:
                    due = monotonic() + GATHER_S
                    self._ready.wait_for(
                        lambda: self._closing or self._records or self._pending.state is not None, due - monotonic()
                    )
                    break
                self._idle = True
                self._ready.notify_all()
                self._ready.wait()
            if self._closing and (self._failing or not (self._records or self._pending.media or self._pending.state)):
                return None
            changes, self._pending = self._pending, Changes({}, self._pending.needed)
            records, self._records = self._records, []
            return changes, records

    def _write(self, changes: Changes, records: list[JournalRecord]) -> None:
        """Write media first, then the choice; then remove what is no longer needed."""
        self._new_names |= bool(records)
        for number, media in changes.media.items():
            self._new_names |= number not in self._segments
            segment = self._segments.setdefault(number, AppendedFile(self.folder.segment(number)))
            segment.append(_media_bytes(media))
        if records:
            self._journal.append(b"".join(framed(record) for record in records))
        if self._new_names:
            sync_folder(self.folder.path)
            self._new_names = False
        if changes.state is not None:
            same = not changes.media and changes.state.bests == self._kept and changes.needed == self._needed
            self._journal.append(framed(changes.state), sync=not same)  # scores alone may wait for the next choice
            self._durable(changes.state, changes.needed)
        self._failing = False

    def _durable(self, state: State, needed: frozenset[int]) -> None:
        self._frames, self._needed = state.frames, needed
        earlier, self._kept = self._kept, state.bests
        for settings, before, best in zip(self.begun.settings.lengths, earlier, state.bests, strict=True):
            if best is not None and best != before:
                self._emit(Kept(state.frames, best, settings.parameters.window_frames))
        for number in [number for number in self._segments if number not in needed]:
            with suppress(OSError):
                self._segments.pop(number).path.unlink(missing_ok=True)

    def _fail(self, error: OSError, changes: Changes, records: list[JournalRecord]) -> None:
        """Keep what could not be written for the next attempt, and warn once until it succeeds."""
        first, self._failing = not self._failing, True
        with self._ready:
            self._pending = merged(changes, self._pending)
            self._records = [*records, *self._records]
        if first:
            self._emit(Warned(self._frames, Trouble.NOT_KEPT, f"{self.folder.path}: {error.strerror or error}"))


class AppendedFile:
    """A file that grows by whole, durable pieces; what a failed piece has left is cut off before the next.

    Parameters
    ----------
    path : Path
        The file.
    size : int
        How many of its bytes are whole.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path = path
        self._size = size

    def append(self, data: bytes, *, sync: bool = True) -> None:
        """Add a piece; ``sync`` it, and those before it, to the disk."""
        with self.path.open("r+b" if self._size else "wb") as file:
            file.truncate(self._size)
            file.seek(self._size)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        self._size += len(data)


def merged(earlier: Changes, later: Changes) -> Changes:
    """Two changes as one; media that the later one does not need are left out."""
    needed = later.needed
    media = {number: items for number, items in earlier.media.items() if number in needed}
    for number, items in later.media.items():
        media[number] = [*media.get(number, ()), *items]
    state = later.state
    if state is not None and earlier.state is not None:
        windows = (*earlier.state.windows, *state.windows)
        others = tuple(
            msgspec.structs.replace(new, windows=(*old.windows, *new.windows))
            for old, new in zip(earlier.state.others, state.others, strict=True)
        )
        notes = (*earlier.state.notes, *state.notes)
        state = msgspec.structs.replace(state, windows=windows, others=others, notes=notes)
    return replace(later, media=media, state=state or earlier.state)


def _media_bytes(media: list[Numbered]) -> bytes:
    return b"".join(framed(media_record(number, item)) for number, item in media)
