"""Networks of a ``.task`` file, run in LiteRT."""

from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from take5.scoring.errors import LibraryMissing, ModelDamaged
from take5.scoring.models.runtime import bundled_model

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

    Raises
    ------
    ModelDamaged
        If the file is missing, has no such member, or LiteRT cannot use it.
    LibraryMissing
        If LiteRT is not installed.
    """

    def __init__(self, task_path: Path, member: str) -> None:
        interpreter = _litert().Interpreter
        content = bundled_model(task_path, member)
        try:
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


def missing(package: str, error: ImportError) -> LibraryMissing:
    """The error for a package that the tracker ``litert`` needs."""
    return LibraryMissing(
        f"the tracker litert needs the package {package}, which cannot be imported ({error}); "
        f'install it with: pip install "take5[{EXTRA}]"'
    )
