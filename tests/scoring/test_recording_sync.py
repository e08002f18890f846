"""A window that does not show its own offset is judged by the windows before it, and by no others."""

from dataclasses import replace

import pytest
from mouths import FRAMES, spoken
from stretches import talker

from take5.scoring.gates.av_offset import AvOffset, Correlation, correlate, offset
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.judging import JudgedWindow
from take5.scoring.recording_sync import (
    LEAST_WINDOWS,
    LOOK_BACK,
    MOST_WINDOWS,
    RecordingSync,
    recording_offset,
    slot_of,
    slots_before,
)
from take5.scoring.score import WindowScore
from take5.scoring.session_watch import SessionWatch
from take5.scoring.stretch import Stretch

LATE = 5.0
SILENT = Finding(Code.NOT_SPEAKING, 0, FRAMES)


def speaking(late: float, seed: int) -> Stretch:
    lips, bands = spoken(late, seed)
    good = talker(FRAMES)
    return replace(good, lips=lips, sound=replace(good.sound, bands=bands))


def unsure() -> Stretch:
    """A window with the mouth of one person and the voice of another."""
    found = replace(speaking(LATE, 1), lips=spoken(LATE, 2)[0])
    assert offset(correlate(found.lips, found.sound.bands)).frames is None
    return found


def window(start: int, *reasons: Finding) -> JudgedWindow:
    return JudgedWindow(WindowScore(start, 1.0), reasons)


def watched(late: float, windows: int, gates: GateConfig | None = None) -> SessionWatch:
    watch = SessionWatch(gates or GateConfig())
    for index in range(windows):
        at = window(index * FRAMES)
        watch.compared(watch.synced(at, speaking(late, index)), speaking(late, index))
    return watch


def test_the_latest_windows_that_count_decide_among_the_last_ones() -> None:
    asked: list[int] = []

    def slot(start: int) -> Correlation | None:
        asked.append(start)
        count = start != 19 * FRAMES
        return slot_of(window(start), speaking(LATE if start >= 10 * FRAMES else 0.0, start)) if count else None

    assert recording_offset(20 * FRAMES + 24, FRAMES, slot).frames == pytest.approx(LATE, abs=0.1)
    assert asked == [n * FRAMES for n in (19, 18, 17, 16, 15)]
    assert list(slots_before(20 * FRAMES, FRAMES)) == [n * FRAMES for n in range(19, 19 - LOOK_BACK, -1)]
    assert list(slots_before(FRAMES - 1, FRAMES)) == []
    assert recording_offset((LEAST_WINDOWS - 1) * FRAMES, FRAMES, slot).frames is None
    assert MOST_WINDOWS >= LEAST_WINDOWS


def test_a_window_with_another_fault_does_not_count() -> None:
    assert slot_of(window(0, SILENT), speaking(LATE, 0)) is None
    assert slot_of(window(0, Finding(Code.AV_OFFSET, 0, FRAMES)), speaking(LATE, 0)) is not None


def test_an_unsure_window_is_rejected_once_the_windows_before_it_agree() -> None:
    for windows in range(LEAST_WINDOWS + 2):
        watch = watched(LATE, windows)
        found = watch.synced(window(windows * FRAMES + 25), unsure())
        assert found.eligible == (windows < LEAST_WINDOWS)
        if found.reasons:
            (reason,) = found.reasons
            assert (reason.code, reason.severity) == (Code.AV_OFFSET, Severity.REJECT)
            assert reason.value == pytest.approx(LATE, abs=0.2)


def test_nothing_happens_to_sure_windows_in_sync_or_where_the_gate_only_warns() -> None:
    late = watched(LATE, LEAST_WINDOWS)
    at = window(LEAST_WINDOWS * FRAMES)
    assert late.synced(at, speaking(0.0, 9)).eligible
    assert watched(1.0, LEAST_WINDOWS).synced(at, unsure()).eligible
    assert watched(3.0, LEAST_WINDOWS).synced(at, unsure()) == at, "within the limit, so no warning either"
    for gates in (GateConfig.of("normal", ["av_offset=warn"]), GateConfig.of("normal", ["av_offset=off"])):
        assert watched(LATE, LEAST_WINDOWS, gates).synced(at, unsure()).eligible


def test_only_a_window_that_may_win_asks() -> None:
    def asked(_stop: int, _length: int) -> AvOffset:
        raise AssertionError

    sync = RecordingSync(GateConfig(), asked)
    assert sync.judged(window(0, SILENT), unsure()) == window(0, SILENT)
    assert sync.judged(window(0), speaking(0.0, 1)).eligible
    with pytest.raises(AssertionError):
        sync.judged(window(0), unsure())


def test_an_earlier_winner_stays_and_is_warned_of() -> None:
    watch = SessionWatch(GateConfig())
    assert watch.synced(window(0), unsure()).eligible
    for index in range(1, LEAST_WINDOWS + 1):
        at = window(index * FRAMES)
        watch.compared(watch.synced(at, speaking(LATE, index)), speaking(LATE, index))
    assert watch.warnings_with(FRAMES) == watch.warnings_with(None) == watch.warnings
    assert watch.warnings_with(0)[1:] == (
        "the best window is probably affected too: its own offset is unknown, and it came before the others agreed",
    )


def test_the_option_that_is_named_counts_from_the_sound_as_it_was_received() -> None:
    watch = SessionWatch(GateConfig(), moved_ms=100)
    for index in range(LEAST_WINDOWS):
        watch.compared(window(index * FRAMES), speaking(LATE, index))
    assert watch.warnings[0].endswith("--av-offset 300")
