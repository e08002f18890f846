"""Running MediaPipe tasks: a checked model, a checked picture, a quiet start and a clean end.

MediaPipe ends a task in a thread pool of its own. The garbage collector may drop a task at any moment, even while such
a pool starts a thread, and would then deadlock on the pool's lock. So a task dropped without being closed is closed
later: when the next task is created or closed, or at exit.
"""

import atexit
import ctypes
import functools
import weakref
import zipfile
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import mediapipe
import numpy as np
import numpy.typing as npt

from take5.scoring.errors import ModelDamaged, ParameterError
from take5.scoring.models.libraries import is_missing, library_missing

T = TypeVar("T")

Quiet = Callable[[], AbstractContextManager[None]]
"""Returns a context manager that keeps MediaPipe's output off stderr; provided by the owner of the process."""

Picture = npt.NDArray[np.uint8]
"""RGB picture, uint8, shape [H, W, 3], of any memory layout."""


def checked_picture(rgb: Picture) -> Picture:
    """``rgb``, C-contiguous.

    Raises
    ------
    ParameterError
        If it is not uint8 of shape [H, W, 3] with at least one pixel.
    """
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        found = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else type(rgb).__name__
        raise ParameterError(f"rgb is {found}; it must be a uint8 array of shape [H, W, 3]")
    return np.ascontiguousarray(rgb)


def as_image(rgb: Picture) -> Any:
    """A ``mediapipe.Image`` of ``rgb``: made contiguous first, since MediaPipe silently misreads any other layout."""
    return mediapipe.Image(mediapipe.ImageFormat.SRGB, checked_picture(rgb))


def bundled_model(model_path: Path, member: str) -> bytes:
    """Bytes of one model inside a ``.task`` file, which is a zip archive.

    Raises
    ------
    ModelDamaged
        If the file is missing, is not an archive, or has no such member.
    """
    try:
        with zipfile.ZipFile(model_path) as archive:
            return archive.read(member)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise ModelDamaged(f"{model_path}: cannot read {member} from this model file: {error}") from error


class Task:
    """Owner of one MediaPipe task.

    Parameters
    ----------
    model_path : pathlib.Path
        Model file that ``create`` reads, for error messages.
    create : callable
        Creates the task.
    quiet : Quiet
        Entered while MediaPipe may print.

    Raises
    ------
    ModelDamaged
        If the file is missing or MediaPipe cannot use it.
    LibraryMissing
        If MediaPipe needs a library that this system does not have.
    """

    def __init__(self, model_path: Path, create: Callable[[], Any], quiet: Quiet = nullcontext) -> None:
        _close_dropped()
        if not model_path.is_file():
            raise ModelDamaged(f"{model_path}: no such model file")
        try:
            with quiet():
                task = create()
        except (RuntimeError, ValueError, OSError) as error:
            if is_missing(error):
                raise library_missing(error) from error
            raise ModelDamaged(f"{model_path}: MediaPipe cannot use this model file: {error}") from error
        self._task = task
        self._quiet = quiet
        self._settled = False
        self._dropped = weakref.finalize(self, _DROPPED.append, task)
        self._dropped.atexit = False
        _OPEN.add(self)

    def run(self, call: Callable[..., T], *args: Any, settled: Callable[[T], bool] = lambda _: True) -> T:
        """Result of ``call`` on the task; quiet until it is ``settled``, since MediaPipe may print until then."""
        if not self._dropped.alive:
            raise ParameterError(f"{call.__name__}: this tracker or detector is closed")
        if self._settled:
            return call(self._task, *args)
        with self._quiet():
            result = call(self._task, *args)
        self._settled = settled(result)
        return result

    def close(self) -> None:
        """Free the model; may be called repeatedly."""
        if self._dropped.detach() is not None:
            _close(self._task)
        _close_dropped()


class Closing:
    """A context manager around one :class:`Task`."""

    _task: Task

    def close(self) -> None:
        """Free the model; may be called repeatedly."""
        self._task.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@functools.cache
def _trim() -> Callable[[int], int]:
    """Return glibc's ``malloc_trim``; elsewhere a no-op."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return lambda _: 0
    return cast("Callable[[int], int]", trim)


_OPEN: "weakref.WeakSet[Task]" = weakref.WeakSet()
_DROPPED: deque[Any] = deque()
"""MediaPipe objects of tasks that were dropped without being closed."""


def _close_dropped() -> None:
    while _DROPPED:
        with suppress(IndexError):  # another thread was faster
            _close(_DROPPED.popleft())


@atexit.register
def _close_all() -> None:
    for task in list(_OPEN):
        task.close()
    _close_dropped()


def _close(task: Any) -> None:
    """End a task and trim the allocator: 60 trackers leave 100 MB in its lists, 25 MB after trimming."""
    try:
        task.close()
        _trim()(0)
    except RuntimeError:  # the interpreter is ending and has ended MediaPipe's threads before
        task._handle = None  # noqa: SLF001 - or its __del__ tries again and prints a traceback
