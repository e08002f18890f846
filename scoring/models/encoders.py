"""The audio encoders: one entry each, and all that depends on which one it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from take5.scoring.errors import ParameterError
from take5.scoring.models.audio import AVE, AudioEncoder

Find = Callable[[str], Path]
"""Returns the path of a model file by its name in the registry (``stream/model_files/registry.py``)."""


@dataclass(frozen=True)
class EncoderEntry:
    """One encoder.

    Attributes
    ----------
    load : callable
        Makes it, from what finds model files, the weights that the user gave, and the device's name.
    needs_weights : bool
        Whether the user gives its weights; else they are model files.
    D_range : (float, float), optional
        D of a poor and of a rich window of people in front of a camera, the ends of the page's meter.
    """

    load: Callable[[Find, Path | None, str], AudioEncoder]
    needs_weights: bool = False
    D_range: tuple[float, float] | None = None


def _speech_embedding(find: Find, _weights: Path | None, _device: str) -> AudioEncoder:
    from take5.scoring.models.speech_embedding import SpeechEmbedding

    return SpeechEmbedding(find("melspectrogram"), find("speech_embedding"))


def _ave(_find: Find, weights: Path | None, device: str) -> AudioEncoder:
    from take5.scoring.models.ave import Ave

    if weights is None:
        raise ParameterError("the encoder ave needs its weights")
    return Ave(weights, device)


ENCODERS: Mapping[str, EncoderEntry] = {
    "speech-embedding": EncoderEntry(_speech_embedding, D_range=(90.0, 170.0)),
    AVE: EncoderEntry(_ave, needs_weights=True),
}
"""By name; the first is the default where no weights are given."""
