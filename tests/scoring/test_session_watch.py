"""A window beside the rest of its session: warnings, the same while it comes and afterwards, and never a reject."""

from dataclasses import replace

import numpy as np
import pytest
from gate_measures import with_values
from mouths import FRAMES, spoken
from stretches import talker

from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.judging import JudgedWindow
from take5.scoring.parameters import Parameters
from take5.scoring.recording_sync import LEAST_WINDOWS
from take5.scoring.score import WindowScore
from take5.scoring.session_watch import SessionWatch
from take5.scoring.stretch import Stretch
from take5.scoring.window import ChunkFeatures, RollingWindow


def speaking(late: float, seed: int) -> Stretch:
    """A window whose sound runs so many frames behind the picture."""
    lips, bands = spoken(late, seed)
    good = talker(FRAMES)
    return replace(good, lips=lips, sound=replace(good.sound, bands=bands))


def watched(late: float, windows: int, *reasons: Finding) -> SessionWatch:
    watch = SessionWatch(GateConfig())
    for index in range(windows):
        judged = JudgedWindow(WindowScore(FRAMES * index, 1.0), reasons)
        watch.compared(judged, speaking(late, index))
    return watch


def test_a_session_whose_sound_is_late_all_along_is_told() -> None:
    watch = watched(4.0, LEAST_WINDOWS)
    assert watch.offset.frames == pytest.approx(4.0, abs=0.1)
    (told,) = watch.warnings
    assert told == (
        f"the sound comes 160 ms after the lips all along ({LEAST_WINDOWS} windows agree): "
        "check camera and microphone for a delay, or move the sound: --av-offset 160"
    )
    assert "before the lips" in watched(-4.0, LEAST_WINDOWS).warnings[0]


def test_nothing_is_told_of_a_session_in_sync_or_of_too_few_windows() -> None:
    assert watched(1.0, LEAST_WINDOWS).warnings == ()
    few = watched(4.0, LEAST_WINDOWS - 1)
    assert (few.offset.frames, few.warnings) == (None, ())


def test_windows_that_overlap_count_once_and_those_with_another_fault_not_at_all() -> None:
    watch = SessionWatch(GateConfig())
    for start in range(0, FRAMES * 2, 25):
        watch.compared(JudgedWindow(WindowScore(start, 1.0), ()), speaking(4.0, start))
    assert watch.offset.frames is None, "two windows that do not overlap, not ten"
    silent = Finding(Code.NOT_SPEAKING, 0, FRAMES)
    assert watched(4.0, 9, silent).offset.frames is None
    late = Finding(Code.AV_OFFSET, 0, FRAMES)
    assert watched(4.0, 9, late).offset.frames == pytest.approx(4.0, abs=0.1)


def test_a_softer_window_is_warned_of_and_stays_eligible_as_the_stream_comes() -> None:
    rolling = RollingWindow(Parameters())
    good, found = talker(FRAMES), []
    for second in range(8):
        piece = good[25 * (second % 5) : 25 * (second % 5) + 25]
        piece = replace(piece, measures=with_values(piece.measures, blur=np.full(25, 0.45 if second < 3 else 0.55)))
        features = ChunkFeatures(np.random.default_rng(second).normal(size=(25, 8)), piece)
        found.append(rolling.push(features))
    codes = [[w.code for w in window.warnings if w.code is Code.LESS_SHARP] for window in found if window]
    assert codes == [[], *[[Code.LESS_SHARP]] * 3]
    assert all(w.severity is Severity.WARN for window in found if window for w in window.warnings)
    assert not any(reason.code is Code.LESS_SHARP for window in found if window for reason in window.reasons)


@pytest.mark.parametrize(("at", "told"), [(None, True), (0, False), (7, False)])
def test_pictures_of_another_size_are_compared_among_themselves(at: int | None, told: bool) -> None:
    good = talker(FRAMES)
    soft = replace(good, measures=with_values(good.measures, blur=np.full(FRAMES, 0.6)))
    if at is not None:
        flags = soft.observations.resized.copy()
        flags[at] = True
        soft = replace(soft, observations=replace(soft.observations, resized=flags))
    watch = SessionWatch(GateConfig())
    watch.push(good)
    watch.push(soft)
    compared = watch.compared(JudgedWindow(WindowScore(FRAMES, 1.0)), soft)
    assert (Code.LESS_SHARP in [warning.code for warning in compared.warnings]) == told
