"""Networks of a ``.task`` file, run in LiteRT."""

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


class Network:
    """A network with one input, on one thread.

    Parameters
    ----------
    task_path : pathlib.Path
        The ``.task`` file, a zip archive.
    member : str
        Name of the network in it.
    quiet : Quiet
        Suppresses what LiteRT prints at the start.

    Raises
    ------
    ModelDamaged
        If the file is missing, has no such member, or LiteRT cannot use it.
    LibraryMissing
        If LiteRT is not installed.
    """

    def __init__(self, task_path: Path, member: str, quiet: Quiet = nullcontext) -> None:
        interpreter = _litert().Interpreter
        content = bundled_model(task_path, member)
        try:
            with quiet():
                self._interpreter = interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelDamaged(f"{task_path}: LiteRT cannot use {member} from this model file: {error}") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, given: Float32) -> list[Float32]:
        """The outputs for an input, which is broadcast to the network's shape; they are copies."""
        self._interpreter.tensor(self._input)()[...] = given
        self._interpreter.invoke()
        return [self._interpreter.tensor(output)().copy() for output in self._outputs]


def _litert() -> ModuleType:
    try:
        from ai_edge_litert import interpreter
    except ImportError as error:
        raise missing("ai-edge-litert", error) from error
    module: ModuleType = interpreter
    return module


def check_installed() -> None:
    """Import what the tracker ``litert`` needs.

    Raises
    ------
    LibraryMissing
        If it is not installed.
    """
    _litert()
    opencv()


def opencv() -> ModuleType:
    """OpenCV."""
    try:
        import cv2
    except ImportError as error:
        raise missing("opencv-python-headless", error) from error
    module: ModuleType = cv2
    return module


def missing(package: str, error: ImportError) -> LibraryMissing:
    """The error for a package that the tracker ``litert`` needs."""
    return LibraryMissing(
        f"the tracker litert needs the package {package}, which cannot be imported ({error}); "
        f'install it with: pip install "take5[{EXTRA}]"'
    )
