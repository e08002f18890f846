"""Files that come into a bundle complete: written apart, then moved there, and the manifest last.

A kill may come anywhere. What an interrupted preparation has moved already is listed in a file until the manifest has
it, so that the next one may replace it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from take5.scoring.errors import OutputError, UnreadableMedia
from take5.stream.bundles.manifest import MANIFEST, manifest_text
from take5.stream.output.atomic import PREPARATION_PREFIX, remove_half_prepared, writing
from take5.stream.output.folder_lock import locked
from take5.stream.wire import Json

UNFINISHED = f"{PREPARATION_PREFIX}moved"
"""Lists the files of a preparation that are being moved."""

Write = Callable[[Path], Json]
"""Writes files into a folder, and returns what the manifest says of them."""


class InPlace:
    """A bundle that is being prepared, by this process alone.

    Parameters
    ----------
    folder : Path
        The bundle.

    Attributes
    ----------
    moved : frozenset of str
        Files that an interrupted preparation has left in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.moved = _moved(folder)

    def write(self, steps: Mapping[str, Write]) -> Json:
        """Write the files of all steps, then move them into the bundle; return what the manifest says of each step."""
        with self._apart() as apart:
            made: Json = {name: write(apart) for name, write in steps.items()}
            paths = sorted(path.relative_to(apart) for path in apart.rglob("*") if path.is_file())
            names = [path.as_posix() for path in paths]
            self._replace(apart, UNFINISHED, json.dumps(sorted(self.moved.union(names))))
            for path in paths:
                if path.parent != Path():
                    (self._folder / path.parent).mkdir(exist_ok=True)  # not its parents: the bundle may be deleted now
                (apart / path).replace(self._folder / path)
        return made

    def finish(self, manifest: Json) -> None:
        """Replace the manifest, which has the files that were moved."""
        with self._apart() as apart:
            self._replace(apart, MANIFEST, manifest_text(manifest))
            (self._folder / UNFINISHED).unlink(missing_ok=True)

    @contextmanager
    def _apart(self) -> Iterator[Path]:
        with writing(self._folder), TemporaryDirectory(prefix=PREPARATION_PREFIX, dir=self._folder) as name:
            yield Path(name)

    def _replace(self, apart: Path, name: str, text: str) -> None:
        (apart / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        (apart / name).replace(self._folder / name)


@contextmanager
def preparing(folder: Path) -> Iterator[InPlace]:
    """Let nothing else prepare a bundle while the block lasts, and remove what a kill has left half-written in it.

    Raises
    ------
    OutputError
        If another process prepares it.
    UnreadableMedia
        If it cannot be opened.
    """
    try:
        lock = ExitStack()
        free = lock.enter_context(locked(folder, wait=False))
    except OSError as error:
        raise UnreadableMedia(f"{folder}: cannot be opened ({error.strerror or error})") from error
    with lock:
        if not free:
            raise OutputError(f"{folder}: another process prepares it; wait until it has ended")
        remove_half_prepared(folder)
        yield InPlace(folder)


def _moved(folder: Path) -> frozenset[str]:
    try:
        return frozenset(map(str, json.loads((folder / UNFINISHED).read_bytes())))
    except (OSError, ValueError, TypeError):
        return frozenset()
