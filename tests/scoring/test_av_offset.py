from pathlib import Path

import numpy as np
import pytest
from mouths import FRAMES, bands_of, lips_of, motion, spoken
from numpy.typing import NDArray

from take5.scoring.errors import ParameterError
from take5.scoring.gates.av_offset import (
    SHIFTS,
    VOICE,
    AvOffset,
    Correlation,
    correlate,
    mouth_height,
    offset,
    voice_without_mouth,
)
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.scoring.models.vad import SpeechDetector
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.model_files.cache import find
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.soundtrack import SoundTrack

Floats = NDArray[np.float64]


def correlation(late: float, seed: int = 0, noise: float = 0.0) -> Correlation:
    found = correlate(*spoken(late, seed, noise))
    assert found is not None
    return found


@pytest.mark.parametrize("late", [-14, -7, -1, 0, 1, 2, 5, 10, 14])
def test_whole_frames_are_told(late: int) -> None:
    found = offset(correlation(late))
    assert found.frames == pytest.approx(late, abs=0.05)
    assert found.confidence > 0.95


@pytest.mark.parametrize("late", [-3.75, -0.5, 0.25, 0.5, 4.6])
def test_parts_of_frames_are_told(late: float) -> None:
    assert offset(correlation(late)).frames == pytest.approx(late, abs=0.1)


def test_size_place_and_volume_do_not_matter() -> None:
    lips, bands = spoken(3, noise=0.05)
    one, other = correlate(lips, bands), correlate(3 * lips + (200, 70), bands / 1e6)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(other.total, one.total, atol=1e-9)


def test_a_loud_hum_below_the_voice_does_not_matter() -> None:
    lips, bands = spoken(3)
    bands[:, : VOICE.start] *= 1e6
    assert offset(correlate(lips, bands)).frames == pytest.approx(3, abs=0.05)


def test_the_correlation_is_that_of_the_frames_that_both_have() -> None:
    lips, bands = spoken(2, noise=0.1)
    mouth = np.linalg.norm(lips[:, [2, 3, 4]] - lips[:, [10, 9, 8]], axis=2).mean(axis=1)
    voice = bands[:, VOICE].sum(axis=1) ** 0.25
    m, v = mouth[2:] - mouth[:-2], voice[2:] - voice[:-2]
    np.testing.assert_array_equal(mouth_height(lips), mouth)
    found = correlate(lips, bands)
    assert found is not None
    assert len(found.total) == SHIFTS
    for shift in (-15, -4, 0, 2, 15):
        pairs = [(m[i], v[i + shift]) for i in range(len(m)) if 0 <= i + shift < len(v)]
        assert found.total[15 + shift] == pytest.approx(np.corrcoef(np.transpose(pairs))[0, 1])


def test_a_voice_that_is_not_the_mouths_is_unknown() -> None:
    strange = [correlate(spoken(0, seed)[0], spoken(0, seed + 48)[1]) for seed in range(48)]
    parts = [part for part in strange if part is not None]
    alone = [offset(part).frames for part in parts]
    assert alone.count(None) >= 40
    together = [offset(Correlation.merge(parts[first : first + 4])).frames for first in range(0, 48, 4)]
    assert together == [None] * 12


def test_regular_motion_is_unknown() -> None:
    i = np.arange(FRAMES)
    swing = np.sin(2 * np.pi * i / 8)
    found = offset(correlate(lips_of(10 + swing), bands_of(1 + swing)))
    assert found.frames is None
    assert found.confidence > 0.9


def test_more_than_can_be_tried_is_unknown() -> None:
    assert offset(correlation(20)).frames is None
    assert offset(correlation(15)).frames is None


def test_what_does_not_change_is_unknown() -> None:
    lips, bands = spoken(0)
    still, steady = np.repeat(lips[:1], FRAMES, axis=0), np.repeat(bands[:1], FRAMES, axis=0)
    for found in (correlate(still, bands), correlate(lips, steady), correlate(still, steady)):
        assert found is not None
        np.testing.assert_array_equal(found.total, 0)
        assert offset(found) == AvOffset(None, 0.0)


def test_without_a_face_or_in_too_few_frames_it_is_unknown() -> None:
    lips, bands = spoken(0)
    lips[70] = np.nan
    assert correlate(lips, bands) is None
    assert correlate(lips[:49], bands[:49]) is None
    assert correlate(lips[:50], bands[:50]) is not None
    assert offset(None) == AvOffset(None, 0.0)


def test_windows_together_tell_what_each_alone_does_not() -> None:
    parts = [correlation(4, seed, noise=0.3) for seed in range(12)]
    alone = [offset(part).frames for part in parts]
    assert alone.count(None) > 6
    assert offset(Correlation.merge(parts)).frames == pytest.approx(4, abs=0.5)


def test_merging_does_not_depend_on_the_order() -> None:
    parts = [correlation(4, seed, noise=0.2) for seed in range(5)]
    whole = Correlation.merge(parts)
    nested = Correlation.merge([Correlation.merge(parts[3:]), Correlation.merge(parts[:3])])
    assert whole.windows == nested.windows == 5
    np.testing.assert_allclose(nested.total, whole.total, atol=1e-12)
    np.testing.assert_allclose(whole.total, np.sum([part.total for part in parts], axis=0), atol=1e-12)


def test_what_does_not_fit_together_is_refused() -> None:
    lips, bands = spoken(0)
    with pytest.raises(ParameterError, match=r"same frames: len\(lips\)=125, len\(bands\)=124"):
        correlate(lips, bands[:-1])
    with pytest.raises(ParameterError, match=r"same frames: len\(lips\)=125, len\(speech\)=1"):
        voice_without_mouth(lips, np.ones(1))
    with pytest.raises(ParameterError, match="give at least one"):
        Correlation.merge([])


def test_a_voice_in_front_of_still_lips_is_told() -> None:
    heights = 10 + 8 * motion(0)(np.arange(FRAMES))
    heights[50:90] = 10.5
    lips, speech = lips_of(heights), np.ones(FRAMES)
    told = voice_without_mouth(lips, speech)
    assert told is not None
    assert 40 - 2 * 8 <= told * FRAMES <= 40
    speech[50:90] = 0.4
    assert voice_without_mouth(lips, speech) == 0


def test_whose_voice_it_is_cannot_be_told_without_a_face_or_a_detector() -> None:
    lips, speech = lips_of(np.full(FRAMES, 10.0)), np.ones(FRAMES)
    assert voice_without_mouth(lips, speech) == 1
    assert voice_without_mouth(lips, np.full(FRAMES, np.nan)) is None
    lips[3] = np.nan
    assert voice_without_mouth(lips, speech) is None


def seen(clip: Path, models: Models, frames: int) -> Floats:
    """Lips of a clip's first frames."""
    file = MediaFile(clip)
    index = file.scan(lambda _: None)
    with Faces(models) as faces:
        scanner = FrameScanner(faces)
        return np.stack([scanner.observe(frame).lips for frame in file.grid_frames(index, 0, frames)])


def heard(clip: Path, frames: int, late: int) -> SoundMeasures:
    """Sound of a clip's first frames, so many frames later than it is."""
    file = MediaFile(clip)
    track, pieces = SoundTrack(file.origin), []
    file.scan(lambda block: pieces.append(track.push(block)))
    sound = np.concatenate(pieces)[640 * max(0, -late) :]
    meter = SoundMeter(SpeechDetector(find("silero_vad")).stream())
    moved = np.concatenate([np.zeros(640 * max(0, late), np.float32), sound])
    return SoundMeasures.concatenate([meter.push(moved), meter.finish(frames)])[:frames]


@pytest.mark.clips
def test_a_real_clips_offset_moves_with_its_sound(clips: list[Path], models: Models) -> None:
    clip, frames = min(clips, key=lambda path: path.stat().st_size), 2 * FRAMES
    lips = seen(clip, models, frames)

    def told(late: int) -> float:
        rows = heard(clip, frames, late)
        windows = [correlate(lips[s : s + FRAMES], rows.bands[s : s + FRAMES]) for s in (0, FRAMES)]
        frames_late = offset(Correlation.merge([window for window in windows if window is not None])).frames
        assert frames_late is not None
        return frames_late

    untouched = told(0)
    assert abs(untouched) < 2.5
    for late in (-5, -1, 2, 8):
        assert told(late) == pytest.approx(untouched + late, abs=0.6)
    without_mouth = voice_without_mouth(lips[:FRAMES], heard(clip, frames, 0).speech[:FRAMES])
    assert without_mouth is not None
    assert without_mouth < 0.15
