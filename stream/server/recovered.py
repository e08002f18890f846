"""Sessions whose server was killed: their clips are made at the next start, and their names answer with them."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from take5.scoring.errors import SpoolDamaged, Take5Error
from take5.stream.analysis.models import Models
from take5.stream.bundles.trainers.registry import PREPARABLE
from take5.stream.events import Bundled, ClipReady, Event, Failed, Failure, State, StateChanged
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.snapshot import About
from take5.stream.preparing.masks import remedy
from take5.stream.recovery.recover import recover, set_aside
from take5.stream.server.captures import CaptureHost, CutOff
from take5.stream.server.entry import Entry
from take5.stream.server.errors import Refused
from take5.stream.server.names import Names
from take5.stream.server.watch import RECORDED, CaptureReport, CaptureState, SessionWatch, ended
from take5.stream.spool.contents import read_begun
from take5.stream.spool.folder import SpoolFolder, unfinished
from take5.stream.spool.records import Begun

log = logging.getLogger(__name__)


class Recovery:
    """The captures in a server's output folder whose process is gone.

    Parameters
    ----------
    output : Path
        The server's output folder.
    models : Models
        Make the bundles.
    hooks : HookDispatcher, optional
        Get the notices.
    """

    def __init__(self, output: Path, models: Models, hooks: HookDispatcher | None) -> None:
        self._output, self._models, self._hooks = output, models, hooks
        self._ending = False

    async def find(self, takes: Collection[Path] | None = None) -> list[tuple[Begun, SpoolFolder]]:
        """Lock and return them, or those of these takes, oldest first; what cannot be read is set aside."""
        return await asyncio.to_thread(self._find, takes)

    async def run(self, folder: SpoolFolder, address: Callable[[str], str], emit: Callable[[Event], None]) -> None:
        """Make one clip, in a thread; ``emit`` takes the events on the event loop. It raises nothing."""
        loop = asyncio.get_running_loop()

        def later(event: Event) -> None:
            loop.call_soon_threadsafe(emit, event)

        await asyncio.to_thread(self._run, folder, address, later)

    def end(self) -> None:
        """Leave what is not finished to the next start."""
        self._ending = True

    def _find(self, takes: Collection[Path] | None) -> list[tuple[Begun, SpoolFolder]]:
        try:
            found = [(self._begun(folder), folder) for folder in unfinished(self._output, takes)]
        except OSError:
            log.exception("%s cannot be searched for unfinished captures", self._output)
            return []
        return [(begun, folder) for begun, folder in found if begun is not None]

    def _begun(self, folder: SpoolFolder) -> Begun | None:
        """What was captured; None if that cannot be read."""
        try:
            try:
                return read_begun(folder)
            except SpoolDamaged as error:
                log.warning("%s; it has been moved to %s", error, set_aside(folder))
        except Take5Error as error:
            log.warning("%s is left as it is: %s", folder.path, error)
            folder.unlock()
        return None

    def _run(self, folder: SpoolFolder, address: Callable[[str], str], emit: Callable[[Event], None]) -> None:
        if self._ending:
            folder.unlock()
            return
        clip = False
        try:
            for event in recover(folder, self._models_for, self._hooks, address):
                emit(event)
                clip |= isinstance(event, ClipReady)
                _log(event, folder.take)
                if self._ending:
                    return
        except Take5Error as error:
            log.warning("%s is left as it is: %s", folder.path, error)
            reason = str(error)
        except Exception as error:
            log.exception("%s could not be recovered", folder.path)
            reason = f"an internal error: {error}"
        else:
            return
        if not clip:  # the name must not wait for ever
            emit(StateChanged(0, State.FAILED))
            emit(Failed(0, Failure.INTERNAL, f"it was cut off, and is left as it is ({reason})"))

    def _models_for(self, encoder: str, tracker: str) -> Models:
        if encoder != self._models.encoder.name:
            raise Take5Error(f"it was scored with {encoder}; use take5 recover {self._output}")
        if tracker != self._models.tracker_name:
            raise Take5Error(f"it was scored with the tracker {tracker}; use take5 recover {self._output}")
        return self._models


def _log(event: Event, take: Path) -> None:
    if isinstance(event, ClipReady):
        log.warning("a capture that was cut off has been recovered: %s", event.path)
    elif isinstance(event, Failed):
        log.warning("%s: %s", take, event.text)
    elif isinstance(event, Bundled) and event.error is None and event.trainer in PREPARABLE:
        log.warning("%s is not prepared for training: %s does it", event.path, remedy(Path(event.path)))


Reserved = tuple[CutOff, Entry | None]
"""A capture that was cut off, and what belongs to its name, if the name can wait for it."""


async def recover_all(
    host: CaptureHost,
    found: Sequence[Reserved],
    names: Names,
    about: Callable[[Begun], About],
    watch: SessionWatch,
) -> None:
    """Make the clips of captures that were cut off, one after the other; each name is free after its last one."""
    for place, (cut_off, entry) in enumerate(found):
        session, take = cut_off.begun.session, cut_off.take

        def tell(event: Event, session: str = session, take: Path = take) -> None:
            if isinstance(event, RECORDED):
                watch.report(session, CaptureReport(CaptureState.LIVE, take, event))

        outcome = await _recover(host, cut_off, entry, about(cut_off.begun), tell)
        watch.report(session, ended(outcome, take))
        if entry is not None and all(entry is not later for _, later in found[place + 1 :]):
            let_begin(names, entry)


async def _recover(
    host: CaptureHost, cut_off: CutOff, entry: Entry | None, about: About, tell: Callable[[Event], None]
) -> Event | None:
    """Make one clip, for the followers of a name if it has an entry; return how that has ended.

    ``tell`` gets each event, after the followers.
    """
    outcome: Event | None = None

    def emit(event: Event) -> None:
        nonlocal outcome
        if isinstance(event, ClipReady | Failed):
            outcome = outcome or event
        if entry is not None:
            entry.feed.publish(event)
        tell(event)

    if entry is not None:
        if entry.feed.now.decided:
            entry.feed.restart(about)
        entry.capture_id, entry.folder = cut_off.begun.capture or secrets.token_urlsafe(8), cut_off.take
    await host.recover(cut_off, emit)
    if entry is not None:
        entry.folder = entry.folder if entry.clip is None else Path(entry.clip.path)
    return outcome


def reserve(names: Names, begun: Begun, about: About) -> Entry | None:
    """Let a name wait for its recovered clip; None if it cannot."""
    try:
        entry = names.open(begun.session)
    except Refused:
        return None
    entry.recovered = entry.recovered or asyncio.Event()
    entry.feed.restart(about)
    entry.feed.publish(StateChanged(0, State.STOPPING))
    return entry


async def recover_lost(
    host: CaptureHost, takes: Collection[Path], names: Names, about: Callable[[Begun], About], watch: SessionWatch
) -> None:
    """Make the clips of captures whose names wait for that since their process has ended, and say if one has none."""
    waiting = {entry.folder: entry for entry in names if entry.recovered is not None and entry.folder in takes}
    try:
        found = await host.find(list(waiting))
    except Refused as error:
        log.warning("%d captures that were cut off are recovered at the next start: %s", len(waiting), error)
        found = []
    await recover_all(host, [(each, waiting.pop(each.take)) for each in found], names, about, watch)
    for entry in waiting.values():
        for event in () if entry.feed.now.decided else interrupted():
            entry.feed.publish(event)
        watch.report(entry.feed.name, ended(entry.outcome, entry.folder))
        let_begin(names, entry)


def interrupted() -> tuple[Event, ...]:
    """What is told of a capture that was cut off before anything was kept."""
    failed = Failed(0, Failure.INTERRUPTED, "the program was killed before a window could be kept")
    return StateChanged(0, State.FAILED), failed


def let_begin(names: Names, entry: Entry) -> None:
    """Let senders have a name again."""
    if entry.recovered is not None:
        entry.recovered.set()
        entry.recovered = None
    names.leave(entry)
