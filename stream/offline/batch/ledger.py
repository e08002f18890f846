"""The ledger of finished takes, so that no run repeats them: a line of JSON each, in the output folder."""

import errno
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import Self

from filelock import FileLock, Timeout

from take5.scoring.errors import OutputError
from take5.stream.offline.batch.content import Content, Stamp
from take5.stream.offline.batch.job import Done, Failed, Outcome
from take5.stream.wire import Json

LEDGER, LOCK = ".take5-done.jsonl", ".take5-done.lock"
LEDGER_VERSION = 1


class Ledger:
    """The takes of an output folder by one recipe; while it is entered, no other run may enter it.

    Lines are only appended. A line torn by a full disk or a power cut is ignored, so its video is processed again.
    Starting a folder writes a line too, so that a folder left by an interrupted run is known to be take5's own.
    A line is only a claim: before a video is skipped, its take is checked to exist unchanged.

    Parameters
    ----------
    output : Path
        The folder.
    recipe : str
        The recipe's key; takes by other recipes are ignored.

    Raises
    ------
    OutputError
        On entering, if another run holds it, or it cannot be read or written.
    """

    def __init__(self, output: Path, recipe: str) -> None:
        self._output, self._recipe = output, recipe
        self._known: dict[int, list[Done]] = defaultdict(list)
        self._begun: set[str] = set()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        path = self._output / LEDGER
        try:
            self._output.mkdir(parents=True, exist_ok=True)
            self._open.enter_context(FileLock(self._output / LOCK, blocking=False))
            torn = self._read(path)
            self._file = self._open.enter_context(path.open("ab", buffering=0))
            if torn:
                self._file.write(b"\n")
        except Timeout as error:
            self._open.close()
            raise OutputError(
                f"{self._output}: another run writes there; wait for it, or give another folder with -o"
            ) from error
        except OSError as error:
            self._open.close()
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def known(self, stamp: Stamp) -> tuple[Done, ...]:
        """Takes of files that may have the same bytes: those with the same stamp, or else the same size."""
        same_size = self._known.get(stamp.size, [])
        return tuple(done for done in same_size if done.content.stamp == stamp) or tuple(same_size)

    def begin(self, folder: Path) -> bool:
        """Record the start of a folder that does not exist; return whether an interrupted run has left a take there."""
        name = self._name(folder)
        if name not in self._begun and not folder.exists():
            self._write({"v": LEDGER_VERSION, "begun": name})
        return name in self._begun and (folder / "report.json").is_file()

    def noting(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Yield the outcomes, each after recording its take."""
        for outcome in outcomes:
            if not isinstance(outcome, Failed) and outcome.done is not None:
                self._note(outcome.job.video, outcome.done)
            yield outcome

    def _note(self, video: object, done: Done) -> None:
        stamp = done.content.stamp
        line = {
            "v": LEDGER_VERSION,
            "video": str(video),
            "folder": self._name(done.folder),
            "size": stamp.size,
            "mtime_ns": stamp.mtime_ns,
            "inode": stamp.inode,
            "sha256": done.content.sha256,
            "recipe": self._recipe,
            "report_sha256": done.report_sha256,
        }
        self._write(line)

    def _name(self, folder: Path) -> str:
        return PurePath(os.path.relpath(folder, self._output)).as_posix()

    def _write(self, line: Json) -> None:
        try:
            self._append(json.dumps(line).encode("ascii") + b"\n")
        except OSError as error:
            path = self._output / LEDGER
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def _append(self, line: bytes) -> None:
        if self._file.write(line) < len(line):
            self._file.write(b"\n")  # else the next line would go on with this one
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _read(self, path: Path) -> bool:
        """Read the lines; return whether the last one is incomplete."""
        line = b"\n"
        if path.exists():
            with path.open("rb") as lines:
                for line in lines:
                    done = self._parsed(line)
                    if done is not None:
                        self._known[done.content.stamp.size].append(done)
        return not line.endswith(b"\n")

    def _parsed(self, line: bytes) -> Done | None:
        """The line's take; None for another recipe, or a line that is not a take."""
        try:
            found = json.loads(line)
            if "begun" in found:
                self._begun.add(found["begun"])
                return None
            self._begun.discard(found["folder"])
            if (found["v"], found["recipe"]) != (LEDGER_VERSION, self._recipe):
                return None
            content = Content(Stamp(found["size"], found["mtime_ns"], found["inode"]), found["sha256"])
            return Done(content, self._output / found["folder"], found["report_sha256"])
        except (ValueError, KeyError, TypeError):
            return None
