"""``take5.select``: the best seconds of a file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from take5.client.api.choices import one_of, split_lengths
from take5.client.api.models import EncoderName, StrPath, TrackerName, load_models
from take5.client.api.result import FileResult
from take5.scoring.diversity import DIVERSITIES, DiversityName
from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import NORMAL, GateConfig
from take5.scoring.models.trackers import MEDIAPIPE
from take5.scoring.parameters import Parameters
from take5.scoring.strategy import STRATEGIES, Strategy, StrategyName
from take5.stream.analysis.models import Models
from take5.stream.ffmpeg.tracks import WantedTracks
from take5.stream.offline.select import select as choose
from take5.stream.settings import Settings
from take5.stream.sources.channel import checked_channel
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import STDIN, Address, Given, given
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift


def select(
    path: StrPath,
    *,
    seconds: float | Sequence[float] = 5.0,
    hop: float = 1.0,
    pool: int = 5,
    hfr_threshold: float = 0.25,
    exhaustive: bool = False,
    strategy: StrategyName = "full",
    diversity: DiversityName = "euclidean",
    seed: int = 0,
    gates: GateConfig = NORMAL,
    audio_track: int | None = None,
    video_track: int | None = None,
    channel: str | int = "auto",
    av_offset: int | Literal["auto"] = 0,
    encoder: EncoderName = "auto",
    ave_weights: StrPath | None = None,
    device: str = "auto",
    models: Models | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    tracker: TrackerName = "mediapipe",
) -> FileResult:
    """Choose the most informative window of a video file.

    The options are those of ``take5 select``, and so is the answer.

    Parameters
    ----------
    path : path
        Anything that FFmpeg reads, with picture and sound; or a text that begins with http:// or https://.
    seconds : float or sequence of float
        Length of a window, a multiple of ``hop``. Of several the result is the first one's, and its ``lengths`` has the
        result for each.
    hop : float
        From the start of a window to that of the next, a multiple of 0.04 s.
    pool : int
        m, the number of windows with the highest D among which the highest I wins.
    hfr_threshold : float
        T, the frequency in cycles per frame above which motion counts as high-frequency, in [0, 0.5).
    exhaustive : bool
        Analyse every frame, and judge every window.
    strategy, diversity : str
        The paper's variants.
    seed : int
        For strategy "random" and diversity "entropy", >= 0.
    gates : GateConfig
        How strict the gates are (``docs/gates.md``).
    audio_track, video_track : int, optional
        Number of the track to use, from 1; by default the audio track with the most speech, and the main video track.
    channel : str or int
        "mix", "left", "right" or the number of a channel, from 1; "auto" is the mix, unless the speech of the left or
        the right channel is clearly better.
    av_offset : int or "auto"
        Milliseconds by which the sound comes late, -1000 to 1000; scores and clip have it moved by as much. "auto"
        finds out: what several windows agree on, if that is more than 100 ms.
    encoder, ave_weights, device, tracker
        See :func:`take5.load_models`; not together with ``models``.
    models : Models, optional
        Of :func:`take5.load_models`, to load them once for many files.
    progress : callable
        Called with the stage ("sound", "faces"), how much of it is done, and how much there is (0: not known).

    Raises
    ------
    ParameterError
        If an option breaks its rule.
    UnreadableMedia, MissingTrack
        If the file cannot be used.
    TooShort
        If it is shorter than one window.
    ModelError
        If a model cannot be loaded.
    """
    first, also = split_lengths(seconds)
    parameters = Parameters(first, hop, pool, hfr_threshold)
    settings = Settings(parameters, Strategy(strategy, seed), diversity, seed, gates, also=also)
    repair = av_offset == "auto"
    shift = UNMOVED if av_offset == "auto" else SoundShift(av_offset)
    one_of("strategy", strategy, STRATEGIES)
    one_of("diversity", diversity, DIVERSITIES)
    if seed < 0:
        raise ParameterError(f"seed={seed} must be 0 or more")
    if models is not None and (encoder, ave_weights, device, tracker) != ("auto", None, "auto", MEDIAPIPE):
        raise ParameterError(
            "encoder, ave_weights, device and tracker are of models that are still to be loaded; leave them out"
        )
    wanted = WantedTracks(audio_track, video_track)
    file = MediaFile(_given(path), wanted=wanted, channel=checked_channel(channel), shift=shift)
    loaded = models or load_models(encoder, ave_weights, device, tracker=tracker)
    scored = choose(file, loaded, settings, exhaustive=exhaustive, repair=repair, on_progress=progress)
    result = FileResult.of(scored.selection, scored.recording, loaded)
    others = (FileResult.of(one.selection, one.recording, loaded) for one in scored.others)
    return replace(result, others=tuple(others))


def _given(path: StrPath) -> Given:
    """Return a file or an address; a program's standard input is its own."""
    found = given(path)
    return Path(path) if isinstance(found, Address) and found.text == STDIN else found
