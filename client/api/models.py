"""The models of a program: loaded once, for as many files and sessions as it likes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from take5.client.api.choices import one_of
from take5.scoring.errors import ParameterError
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.encoders import ENCODERS
from take5.scoring.models.libraries import is_missing, library_missing
from take5.scoring.models.trackers import tracker_class
from take5.stream.analysis.models import Models
from take5.stream.batching.batched_encoder import shared_by_sessions

if TYPE_CHECKING:
    from take5.scoring.models.face import FaceTracker
    from take5.scoring.models.litert_tracker import LiteRTTracker

TrackerName = Literal["mediapipe", "litert"]
TRACKER_NAMES: tuple[TrackerName, ...] = get_args(TrackerName)
EncoderName = Literal["auto", "speech-embedding", "ave"]
ENCODER_NAMES: tuple[EncoderName, ...] = get_args(EncoderName)

WEIGHTS_VARIABLE = "TAKE5_AVE_WEIGHTS"
"""Environment variable that names the weights of ``ave``."""

StrPath = str | os.PathLike[str]


def load_models(
    encoder: EncoderName = "auto",
    ave_weights: StrPath | None = None,
    device: str = "auto",
    report: Callable[[str], None] = lambda _: None,
    tracker: TrackerName = "mediapipe",
) -> Models:
    """Load the models.

    Sessions and calls of :func:`take5.select` may share the models, in several threads as well.

    Parameters
    ----------
    encoder : {"auto", "speech-embedding", "ave"}
        Audio encoder; "auto" is "ave" where its weights are given. Scores of different encoders do not compare.
    ave_weights : path, optional
        ``audio_visual_encoder.pth``; by default what TAKE5_AVE_WEIGHTS names.
    device : str
        Where "ave" runs: "auto", "cuda", "cuda:1", "mps" or "cpu".
    report : callable
        Called with a line of text when a missing model file is fetched.
    tracker : {"mediapipe", "litert"}
        Face tracker (``docs/trackers.md``); "litert" needs the extra of that name. Scores of different trackers do not
        compare.

    Raises
    ------
    ParameterError
        If there is no such encoder, tracker or device, or "ave" has no weights.
    ModelError
        If a model file is missing and cannot be fetched, or is not what it should be.
    LibraryMissing
        If MediaPipe needs a library that this system does not have, or a package of the tracker is not installed.
    """
    follower = load_tracker(tracker)
    from take5.client.api.mediapipe_stderr import hushed
    from take5.scoring.models.face import FaceCounter, FaceFinder, FaceReader
    from take5.scoring.models.vad import SpeechDetector
    from take5.stream.model_files.cache import ensure, find

    audio = load_encoder(encoder, ave_weights, device)
    face = ensure("face_landmarker", report)
    return Models(
        encoder=audio,
        tracker=lambda region: follower(face, region, hushed),
        counter=FaceCounter(face, hushed),
        finder=FaceFinder(face, hushed),
        speech=SpeechDetector(find("silero_vad")).stream,
        reader=lambda: FaceReader(face, hushed),
        tracker_name=tracker,
    )


def load_tracker(tracker: TrackerName) -> "type[FaceTracker] | type[LiteRTTracker]":
    """The class of a tracker, with all that it needs; it raises what :func:`load_models` raises."""
    one_of("tracker", tracker, TRACKER_NAMES)
    try:
        return tracker_class(tracker)
    except ImportError as error:
        if is_missing(error):
            raise library_missing(error) from error
        raise


def load_encoder(encoder: EncoderName, ave_weights: StrPath | None, device: str) -> AudioEncoder:
    """Load an audio encoder; the arguments are those of :func:`load_models`."""
    from take5.stream.model_files.cache import find

    one_of("encoder", encoder, ENCODER_NAMES)
    given = ave_weights or os.environ.get(WEIGHTS_VARIABLE)
    weights = Path(given) if given else None
    name = encoder if encoder != "auto" else default_encoder(weights)
    if ENCODERS[name].needs_weights and weights is None:
        raise ParameterError(f"encoder={name!r} needs ave_weights=PATH (or {WEIGHTS_VARIABLE})")
    return shared_by_sessions(ENCODERS[name].load(find, weights, device))


def default_encoder(weights: Path | None) -> str:
    """The encoder that "auto" means: the first that needs weights if some are given, else the first that does not."""
    return next(name for name, entry in ENCODERS.items() if entry.needs_weights == (weights is not None))
