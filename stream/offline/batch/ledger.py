"""What is done, so that no run does it twice: a line of JSON for each take, in the output folder."""

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
    """The takes of an output folder, of one recipe; while it is entered, no other run may enter it.

    Lines are only added. One that was torn, by a full disk or a power cut, is ignored, and so its video is done again.
    A folder that is begun has a line, too, so that one which a run was interrupted in is known to be take5's own.
    A line is a claim: whoever skips a video looks whether its take is still there, and still the one that was noted.

    Parameters
    ----------
    output : Path
        The folder.
    recipe : str
        The recipe's key; takes by others are not known.

    Raises
    ------
    OutputError
        On entering, if another run has it, or it cannot be read or written.
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
        """Takes of files that may have the same bytes: of the same stamp if there are any, else of the same size."""
        same_size = self._known.get(stamp.size, [])
        return tuple(done for done in same_size if done.content.stamp == stamp) or tuple(same_size)

    def begin(self, folder: Path) -> bool:
        """Note that a folder is begun, if nothing is there; return whether an interrupted run has left a take there."""
        name = self._name(folder)
        if name not in self._begun and not folder.exists():
            self._write({"v": LEDGER_VERSION, "begun": name})
        return name in self._begun and (folder / "report.json").is_file()

    def noting(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Yield the outcomes, each once its take is noted."""
        for outcome in outcomes:
            if not isinstance(outcome, Failed) and outcome.done is not None:
                self._note(outcome.job.video, outcome.done)
            yield outcome

    def _note(self, video: Path, done: Done) -> None:
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
            self._file.write(json.dumps(line).encode("ascii") + b"\n")
        except OSError as error:
            path = self._output / LEDGER
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def _read(self, path: Path) -> bool:
        """Take in the lines; return whether the last one has no end."""
        line = b"\n"
        if path.exists():
            with path.open("rb") as lines:
                for line in lines:
                    done = self._parsed(line)
                    if done is not None:
                        self._known[done.content.stamp.size].append(done)
        return not line.endswith(b"\n")

    def _parsed(self, line: bytes) -> Done | None:
        """The line's take; None of one by another recipe, or of a line that is none."""
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
