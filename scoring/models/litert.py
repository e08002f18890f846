"""Networks of a ``.task`` or ``.tflite`` file, run in LiteRT."""

from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from take5.scoring.errors import LibraryMissing, ModelDamaged
from take5.scoring.models.runtime import Quiet, bundled_model

Float32 = npt.NDArray[np.float32]

EXTRA = "litert"
"""The extra that has what this module needs."""

TRACKER = "the tracker litert"


class Network:
    """A network with one input, on one thread.

    Parameters
    ----------
    path : pathlib.Path
        A ``.task`` file, which is a zip archive, or a ``.tflite`` file.
    member : str, optional
        Name of the network in the archive; None if the file is the network.
    quiet : Quiet
        Suppresses what LiteRT prints at the start.
    needed_by : str
        What needs LiteRT, for the error.

    Raises
    ------
    ModelDamaged
        If the file is missing, has no such member, or LiteRT cannot use it.
    LibraryMissing
        If LiteRT is not installed.
    """

    def __init__(
        self, path: Path, member: str | None = None, quiet: Quiet = nullcontext, needed_by: str = TRACKER
    ) -> None:
        interpreter = litert(needed_by).Interpreter
        content = _read(path) if member is None else bundled_model(path, member)
        try:
            with quiet():
                self._interpreter = interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            which = "this model file" if member is None else f"{member} from this model file"
            raise ModelDamaged(f"{path}: LiteRT cannot use {which}: {error}") from error
        given, outputs = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()
        self.input_shape = tuple(given["shape"].tolist())
        self.output_shapes = [tuple(output["shape"].tolist()) for output in outputs]
        self._input = given["index"]
        self._outputs = [output["index"] for output in outputs]

    def run(self, given: Float32) -> list[Float32]:
        """The outputs for an input, which is broadcast to the network's shape; they are copies."""
        self._interpreter.tensor(self._input)()[...] = given
        self._interpreter.invoke()
        return [self._interpreter.tensor(output)().copy() for output in self._outputs]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelDamaged(f"{path}: cannot read this model file: {error.strerror or error}") from error


def litert(needed_by: str = TRACKER) -> ModuleType:
    """LiteRT's interpreter.

    Raises
    ------
    LibraryMissing
        If it is not installed; the message names what needs it, and the extra.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError as error:
        raise missing("ai-edge-litert", error, needed_by) from error
    module: ModuleType = interpreter
    return module


def check_installed() -> None:
    """Import what the tracker ``litert`` needs.

    Raises
    ------
    LibraryMissing
        If it is not installed.
    """
    litert()
    opencv()


def opencv(needed_by: str = TRACKER) -> ModuleType:
    """OpenCV.

    Raises
    ------
    LibraryMissing
        If it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise missing("opencv-python-headless", error, needed_by) from error
    module: ModuleType = cv2
    return module


def missing(package: str, error: ImportError, needed_by: str = TRACKER) -> LibraryMissing:
    """The error for a package of the extra."""
    return LibraryMissing(
        f"{needed_by} needs the package {package}, which cannot be imported ({error}); "
        f'install it with: pip install "take5[{EXTRA}]"'
    )
