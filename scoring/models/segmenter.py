"""Where the person is in a picture: MediaPipe's selfie segmentation, run in LiteRT.

Two networks are understood, told apart by their outputs: ``selfie_segmentation.tflite`` (person or background; in the
npm package ``@mediapipe/selfie_segmentation``) and ``selfie_multiclass_256x256.tflite`` (background, hair, body skin,
face skin, clothes, others; where somebody has it). Both see one picture at a time, scaled to 256x256.
"""

import hashlib
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from take5.scoring.errors import ModelDamaged
from take5.scoring.masks.labels import Float32
from take5.scoring.models.litert import Network, opencv
from take5.scoring.models.runtime import Quiet

CLASSES = ("background", "hair", "body skin", "face skin", "clothes", "others")
"""Outputs of the network that tells them apart."""

NEEDED_BY = "segmentation of persons"


class Segmenter:
    """A segmentation network.

    Parameters
    ----------
    model_path : pathlib.Path
        One of the two ``.tflite`` files.
    quiet : Quiet
        Suppresses what LiteRT prints at the start.

    Attributes
    ----------
    name : str
        The file's name without its ending.
    sha256 : str
        Hash of the file.
    has_classes : bool
        Whether it tells hair, skin and clothes apart.

    Raises
    ------
    ModelDamaged
        If the file is missing, is damaged, or is another network.
    LibraryMissing
        If LiteRT or OpenCV is not installed.
    """

    def __init__(self, model_path: Path, quiet: Quiet = nullcontext) -> None:
        opencv(NEEDED_BY)  # for take5.scoring.masks.filters
        self._network = Network(model_path, quiet=quiet, needed_by=NEEDED_BY)
        _, height, width, channels = _picture_shape(self._network.input_shape)
        self.height, self.width = height, width
        outputs = [shape[-1] for shape in self._network.output_shapes if len(shape) == 4]
        if channels != 3 or len(outputs) != 1 or outputs[0] not in (1, len(CLASSES)):
            raise ModelDamaged(
                f"{model_path}: is not a segmentation network that take5 knows: it takes {self._network.input_shape} "
                f"and gives {self._network.output_shapes}; give selfie_segmentation.tflite or "
                "selfie_multiclass_256x256.tflite"
            )
        self.has_classes = outputs[0] == len(CLASSES)
        self.name = model_path.stem
        self.sha256 = hashlib.sha256(model_path.read_bytes()).hexdigest()

    def see(self, small: Float32) -> Float32:
        """Probabilities in a picture.

        Parameters
        ----------
        small : ndarray float32 [height, width, 3]
            The picture in the network's size, RGB in [0, 255]: :func:`take5.scoring.masks.resizing.shrunk`.

        Returns
        -------
        ndarray float32 [height, width, C]
            In [0, 1]: of a person (C = 1), or of each of :data:`CLASSES` (C = 6).
        """
        out = self._network.run((small / np.float32(255))[np.newaxis])[0][0]
        return _softmax(out) if self.has_classes else out


def _picture_shape(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    if len(shape) != 4:
        return (0, 0, 0, 0)
    one, height, width, channels = shape
    return one, height, width, channels


def _softmax(logits: Float32) -> Float32:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Float32 = raised / raised.sum(axis=-1, keepdims=True)
    return result
