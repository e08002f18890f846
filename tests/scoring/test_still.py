"""A picture that stands still, however it was encoded, and a person who hardly moves."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from face_pictures import portrait
from gate_measures import FRAMES, good_measures, with_values
from long_values import long_after
from numpy.typing import NDArray
from scipy.ndimage import shift
from talker_choice import score

from take5.scoring.gates.change import FaceChange
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.gates.measures import FrameMeasures, measure_frame
from take5.scoring.gates.sound import SoundMeasures
from take5.scoring.gates.still import FROZEN_FRAMES, frozen_frames, still_findings
from take5.scoring.models.face import FaceObservation
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.models import Models

Pictures = list[NDArray[np.uint8]]
ENCODINGS: dict[str, tuple[str, dict[str, str]]] = {
    "x264 for files": ("libx264", {"crf": "18", "g": "250"}),
    "x264, poor": ("libx264", {"crf": "36", "preset": "veryfast", "g": "25"}),
    "x264, live": ("libx264", {"preset": "veryfast", "tune": "zerolatency", "b": "2M", "g": "25"}),
    "VP8, live": ("libvpx", {"deadline": "realtime", "cpu-used": "-8", "b": "1M", "g": "25"}),
    "VP8, poor": ("libvpx", {"deadline": "realtime", "cpu-used": "-8", "b": "150k", "g": "50"}),
    "VP9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "b": "500k", "g": "50"}),
    "MPEG-4": ("mpeg4", {"qmin": "12", "qmax": "12", "g": "12"}),
}
"""A speed of VP8 that is not negative would depend on what else the machine does."""

SIZE, LONG = 384, 75
"""Of the pictures in px, and of the stills in frames."""


def encoded(pictures: Pictures, codec: str, options: dict[str, str], path: Path) -> Iterator[NDArray[np.uint8]]:
    """What comes out of a codec."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options=options, width=SIZE, height=SIZE, pix_fmt="yuv420p")
        assert isinstance(stream, av.VideoStream)
        for picture in pictures:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def still() -> NDArray[np.uint8]:
    return np.ascontiguousarray(portrait()[:SIZE, 64 : 64 + SIZE])


@pytest.fixture(scope="module")
def living() -> Pictures:
    """The same person, who sways by two pixels in three seconds, before a camera with a little noise."""
    random, pictures = np.random.default_rng(0), []
    for frame in range(LONG):
        sway = 2 * np.sin(2 * np.pi * frame / LONG)
        moved = shift(still().astype(np.float32), (0.3 * sway, sway, 0), order=1, mode="nearest")
        pictures.append(np.clip(moved + random.normal(0, 1.5, (SIZE, SIZE, 1)), 0, 255).astype(np.uint8))
    return pictures


def seen(pictures: Iterator[NDArray[np.uint8]], models: Models) -> tuple[FrameMeasures, NDArray[np.float64]]:
    change, measures, lips = FaceChange(), [], []
    with Faces(models) as faces:
        for number, rgb in enumerate(pictures):
            face = faces.track(rgb, number)
            assert isinstance(face, FaceObservation)
            measures.append(measure_frame(rgb, face, 40, change.push(rgb, face.landmarks)))
            lips.append(face.lips)
    return FrameMeasures.concatenate(measures), np.stack(lips)


@pytest.mark.parametrize("encoding", long_after(1, ENCODINGS))
def test_a_still_is_frozen_however_it_is_encoded(encoding: str, models: Models, tmp_path: Path) -> None:
    codec, options = ENCODINGS[encoding]
    shown = encoded([still()] * LONG, codec, options, tmp_path / "still.mkv")
    frozen = frozen_frames(*seen(shown, models))
    assert frozen[25:].all()


@pytest.mark.parametrize("encoding", long_after(1, ENCODINGS))
def test_a_person_who_hardly_moves_is_not_frozen(
    encoding: str, living: Pictures, models: Models, tmp_path: Path
) -> None:
    codec, options = ENCODINGS[encoding]
    shown = encoded(living, codec, options, tmp_path / "living.mkv")
    assert not frozen_frames(*seen(shown, models)).any()


@pytest.mark.long
def test_a_still_under_real_speech_cannot_win(talker: Path, models: Models, tmp_path: Path) -> None:
    path = tmp_path / "still.mkv"
    with av.open(str(talker)) as source, av.open(str(path), "w") as output:
        codec, options = ENCODINGS["VP8, live"]
        video = output.add_stream(codec, rate=25, options=options, width=SIZE, height=SIZE, pix_fmt="yuv420p")
        audio = output.add_stream("pcm_s16le", rate=48_000, layout="mono")
        assert isinstance(video, av.VideoStream)
        picture = av.VideoFrame.from_ndarray(still(), "rgb24")
        for number in range(200):
            picture.pts, picture.time_base = number, Fraction(1, 25)
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        resampler = av.AudioResampler("s16", "mono", 48_000)
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                output.mux(audio.encode(piece))
            if frame.time is not None and frame.time > 8.0:
                break
    verdicts = score(path, models, exhaustive=True).selection.verdicts
    assert len(verdicts) == 4
    for verdict in verdicts:
        assert Code.FROZEN_PICTURE in {reason.code for reason in verdict.reasons}


def steady(seed: int = 0) -> NDArray[np.float64]:
    """Lips that a tracker sees stand still."""
    lips = np.random.default_rng(seed).normal(0, 0.2, (FRAMES, 20, 2))
    return lips + np.linspace(0, 60, 20)[:, None]


def calm(change: float) -> FrameMeasures:
    return with_values(good_measures(), change=np.full(FRAMES, change))


@pytest.mark.parametrize(
    ("change", "lips", "frozen"),
    [(0.1, steady(), True), (0.6, steady(), False), (0.1, 8 * steady() - 7 * steady().mean(axis=0), False)],
)
def test_it_takes_a_still_face_and_still_lips(change: float, lips: NDArray[np.float64], frozen: bool) -> None:
    assert frozen_frames(calm(change), lips).all() == frozen
    assert frozen_frames(calm(change), lips).any() == frozen


def test_only_its_own_frames_are_named() -> None:
    change = np.where(np.arange(FRAMES) < 60, 0.05, 2.0)
    (found,) = still_findings(with_values(good_measures(), change=change), steady(), speaking(0.0), 250)
    assert found.code is Code.FROZEN_PICTURE
    assert found.start == 250
    assert 310 <= found.stop < 310 + FROZEN_FRAMES // 3


def test_what_is_unknown_is_not_frozen() -> None:
    lips = steady()
    lips[40:80] = np.nan
    assert not frozen_frames(calm(np.nan), steady()).any()
    assert not frozen_frames(calm(0.05), lips).any()
    assert not frozen_frames(calm(0.05)[: FROZEN_FRAMES - 1], steady()[: FROZEN_FRAMES - 1]).any()


def speaking(share: float) -> SoundMeasures:
    """Sound of a window of which a share has speech."""
    rows, loud = np.arange(FRAMES), np.full(FRAMES, 0.01)
    speech = np.where(rows < share * FRAMES, 0.9, 0.1)
    return SoundMeasures(loud, loud, np.full((FRAMES, 20), 0.01), np.zeros((FRAMES, 120), np.uint16), speech)


@pytest.mark.parametrize(("share", "found"), [(0.9, True), (0.3, True), (0.1, False)])
def test_speech_behind_still_lips_is_not_theirs(share: float, found: bool) -> None:
    """The head moves, so that the picture is not frozen."""
    findings = still_findings(calm(2.0), steady(), speaking(share), 25)
    assert findings == ([Finding(Code.STILL_MOUTH, 25, 150)] if found else [])


def test_lips_that_move_now_and_then_are_theirs() -> None:
    lips = steady()
    lips[::20, 8:11, 1] += 20
    assert still_findings(calm(2.0), lips, speaking(0.9), 0) == []
