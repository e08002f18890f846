"""Spools of a generated talker, as a capture writes them, and every state that a kill can leave them in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from live_media import live_session, received

from take5.scoring.score import WindowScore
from take5.stream.analysis.models import Models
from take5.stream.deliverables import Deliverables
from take5.stream.events import Event, Kept
from take5.stream.live.begin import begin_take
from take5.stream.live.session import LiveSession
from take5.stream.spool.plan import Changes
from take5.stream.spool.writer import AppendedFile, SpoolWriter, merged


@dataclass(frozen=True)
class Step:
    """One operation on a spool's files: a piece added to one, or one removed; ``kept`` is what has been reported."""

    name: str
    added: bytes | None
    kept: WindowScore | None


def changes_of(models: Models, path: Path) -> Iterator[tuple[LiveSession, Changes]]:
    """What a session of a file asks the spool to do, a step for every unit and block that arrives."""
    unit_format, arrived = received(path)
    live = live_session(models, unit_format)
    for media in arrived:
        live.push(media)
        while live.work() is not None:
            pass
        if (changes := live.unsaved()) is not None:
            yield live, changes
    for _ in live.finish():
        pass
    if (changes := live.unsaved()) is not None:
        yield live, changes


def steps_of(
    asked: list[tuple[LiveSession, Changes]], output: Path, deliverables: Deliverables, monkeypatch: pytest.MonkeyPatch
) -> list[Step]:
    """Every operation of a spool's writer on files, in order."""
    steps: list[Step] = []
    kept: list[WindowScore | None] = [None]
    _, writer = begin_take(output, "ann", asked[0][0], deliverables)
    assert writer is not None
    append, unlink = AppendedFile.append, Path.unlink

    def appended(file: AppendedFile, data: bytes, *, sync: bool = True) -> None:
        append(file, data, sync=sync)
        steps.append(Step(file.path.name, data, kept[0]))

    def removed(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        steps.append(Step(path.name, None, kept[0]))

    def hear(event: Event) -> None:
        if isinstance(event, Kept):
            kept[0] = event.best

    monkeypatch.setattr(AppendedFile, "append", appended)
    monkeypatch.setattr(Path, "unlink", removed)
    try:
        written_at_once(writer, [changes for _, changes in asked], hear)
    finally:
        monkeypatch.undo()
    return steps


def written_at_once(writer: SpoolWriter, asked: list[Changes], hear: Callable[[Event], None]) -> None:
    """Let a writer write in this thread: each choice on its own, and the media between them in a few pieces."""
    writer._emit = hear
    writer._write(Changes({}, frozenset()), writer._records)
    gathered = Changes({}, frozenset())
    for count, changes in enumerate(asked):
        gathered = merged(gathered, changes)
        if gathered.state is not None or count % 15 == 0:
            writer._write(gathered, [])
            gathered = Changes({}, gathered.needed)
    writer._write(gathered, [])


def folder_after(steps: list[Step], folder: Path) -> None:
    """Make the files that exist after these steps."""
    files: dict[str, list[bytes]] = {}
    for step in steps:
        if step.added is None:
            files.pop(step.name, None)
        else:
            files.setdefault(step.name, []).append(step.added)
    folder.mkdir(parents=True, exist_ok=True)
    for name, pieces in files.items():
        (folder / name).write_bytes(b"".join(pieces))
