"""When analysis is slower than the media: what is analysed then, and what a stop does with the rest.

Most tests read no clock: as many frames are analysed as the media's time allows at a given speed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from threading import Lock

import pytest
from live_media import NEVER, drive, live_session, received, seconds
from slow_analysis import Frames, Slow, drive_slowly

from take5.scoring.selector import Selector
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.scoring.window import RollingWindow
from take5.stream.analysis.models import Models
from take5.stream.events import (
    BestChanged,
    ClipReady,
    Event,
    Failed,
    Failure,
    Progress,
    Scored,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
)
from take5.stream.live.finish import clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import LiveWorker
from take5.stream.selection import Selection
from take5.stream.timeline.media import Received, UnitFormat

PATIENCE_S = 120.0
Arrived = tuple[UnitFormat, list[Received]]
MakeSlow = Callable[..., Slow]


@pytest.fixture(scope="module")
def arrived(beginning: Callable[..., Path]) -> Arrived:
    """Thirty seconds."""
    return received(beginning("thirty", 30))


@pytest.fixture(scope="module")
def on_time(arrived: Arrived, models: Models) -> Selection:
    live = live_session(models, arrived[0])
    drive(live, arrived[1])
    found = selection(live)
    live.close()
    return found


@pytest.fixture
def slow(models: Models, arrived: Arrived) -> Iterator[MakeSlow]:
    """Makes captures that are slower than the media, and closes them."""
    with ExitStack() as opened:

        def make(speed: float, rules: StopRules = NEVER) -> Slow:
            frames = Frames(models)
            made = Slow(live_session(frames.models, arrived[0], rules), frames, lambda _: speed)
            opened.callback(made.live.close)
            return made

        yield make


def selection(live: LiveSession) -> Selection:
    result = live.result()
    assert result is not None
    return result[0]


def warned(events: list[Event]) -> list[Trouble]:
    speed = (Trouble.BEHIND, Trouble.CAUGHT_UP)
    return [event.trouble for event in events if isinstance(event, Warned) and event.trouble in speed]


def verdicts_at(events: list[Event]) -> list[int]:
    """Session times at which windows were analysed, in seconds."""
    return [
        event.frame // 25
        for event in events
        if isinstance(event, Scored) or (isinstance(event, Progress) and event.window and event.window.seen)
    ]


def chosen(choice: Selection) -> tuple[int, list[int]]:
    assert choice.best is not None
    return choice.best.start, [window.start for window in choice.pool]


@pytest.mark.long
def test_at_a_quarter_of_the_speed_thirty_seconds_have_a_best_window(
    arrived: Arrived, slow: MakeSlow, on_time: Selection
) -> None:
    capture = slow(0.25)
    events = drive_slowly(capture, arrived[1])
    assert warned(events) == [Trouble.BEHIND]
    assert capture.live.has_best
    assert not selection(capture.live).complete
    assert capture.live.frame >= 725, "session time keeps up"
    list(capture.live.finish())
    assert selection(capture.live).complete
    assert chosen(selection(capture.live)) == chosen(on_time)


@pytest.mark.long
def test_at_four_fifths_of_the_speed_windows_are_analysed_all_along(
    arrived: Arrived, slow: MakeSlow, on_time: Selection
) -> None:
    capture = slow(0.8)
    events = drive_slowly(capture, arrived[1])
    times = verdicts_at(events)
    assert warned(events)[0] is Trouble.BEHIND
    assert max(after - before for before, after in pairwise([5, *times, 30])) <= 8
    assert len(times) >= 8
    list(capture.live.finish())
    assert chosen(selection(capture.live)) == chosen(on_time)


@pytest.mark.long
def test_when_the_speed_returns_every_frame_is_analysed_within_seconds(arrived: Arrived, slow: MakeSlow) -> None:
    capture = slow(0.3)
    capture.speed = lambda at_s: 0.3 if at_s < 12 else 2.0
    events = drive_slowly(capture, arrived[1])
    assert warned(events) == [Trouble.BEHIND, Trouble.CAUGHT_UP]
    (caught_up,) = (e.frame for e in events if isinstance(e, Warned) and e.trouble is Trouble.CAUGHT_UP)
    assert caught_up <= (12 + 4) * 25
    later = [e.window for e in events if isinstance(e, Progress) and e.window and e.frame >= caught_up + 8 * 25]
    assert len(later) >= 5
    assert all(window.seen for window in later)
    assert selection(capture.live).complete, "the windows skipped before have been analysed as well"


def test_a_window_that_can_no_longer_win_is_left(arrived: Arrived, slow: MakeSlow) -> None:
    capture = slow(0.25)
    drive_slowly(capture, arrived[1], 12.0)
    assert capture.live.pending
    scorer = capture.live._scorer
    assert scorer is not None
    scorer.first.selector = Full(5)
    assert not capture.live.pending
    assert capture.live.work() is None


class Full(Selector):
    """A pool that no window can enter."""

    def would_enter(self, window: object) -> bool:  # noqa: ARG002 - whichever it is
        return False


@pytest.mark.long
def test_two_captures_that_share_the_time_get_the_same_number_of_windows(arrived: Arrived, slow: MakeSlow) -> None:
    captures = [slow(0.35) for _ in range(2)]
    told: list[list[Event]] = [[], []]
    for media in arrived[1]:
        for events, capture in zip(told, captures, strict=True):
            events += capture.take(media, seconds(media, arrived[1]))
    first, second = (verdicts_at(events) for events in told)
    assert first == second
    assert first


class Run:
    """What a worker makes of a session that is already behind."""

    def __init__(self, live: LiveSession, folder: Path, finish_within_s: float = 60.0) -> None:
        self.events: list[Event] = []
        self.worker = LiveWorker(live, self.events.append, clip_writer(folder), finish_within_s=finish_within_s)
        self.worker.start()

    def over(self) -> list[Event]:
        assert self.worker.join(PATIENCE_S)
        return self.events

    @property
    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.events]


@pytest.mark.long
def test_the_cap_analyses_what_was_skipped(arrived: Arrived, models: Models, slow: MakeSlow, tmp_path: Path) -> None:
    capture = slow(0.1, StopRules(stop_at=0, gain=None, cap_s=15))
    drive_slowly(capture, arrived[1])
    assert capture.live.stop is not None
    assert not capture.live.has_best
    run = Run(capture.live, tmp_path / "clip")
    *_, clip = run.over()
    assert run.kinds[:3] == [StateChanged, Stopped, Scored], "the speaker knows at once"
    assert [e.state for e in run.events if isinstance(e, StateChanged)] == [State.STOPPING, State.READY]
    assert run.kinds.count(Stopped) == 1
    assert isinstance(clip, ClipReady)
    assert clip.checked is not None
    assert (clip.checked.of, clip.checked.complete) == (11, True)
    whole = live_session(models, arrived[0], StopRules(stop_at=0, gain=None, cap_s=15))
    drive(whole, arrived[1])
    best = selection(whole).best
    assert best is not None
    assert clip.best.start == best.start


@pytest.mark.long
def test_without_time_to_finish_it_says_how_many_windows_were_checked(
    arrived: Arrived, slow: MakeSlow, tmp_path: Path
) -> None:
    capture = slow(0.45)
    drive_slowly(capture, arrived[1], 25.0)
    run = Run(capture.live, tmp_path / "clip", finish_within_s=0.0)
    run.worker.end(Stop(StopRule.ENDED))
    *_, clip = run.over()
    assert isinstance(clip, ClipReady)
    assert Scored not in run.kinds
    assert clip.checked is not None
    assert 0 < clip.checked.windows < clip.checked.of == 21
    assert not clip.checked.complete
    assert clip.json()["checked"] == {"windows": clip.checked.windows, "of": 21, "complete": False}


def test_without_any_window_checked_the_error_says_so(arrived: Arrived, slow: MakeSlow, tmp_path: Path) -> None:
    capture = slow(0.1, StopRules(stop_at=0, gain=None, cap_s=15))
    drive_slowly(capture, arrived[1])
    failed = Run(capture.live, tmp_path / "clip", finish_within_s=0.0).over()[-1]
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NOTHING_ELIGIBLE
    assert "11 of 11 were not analysed" in failed.text
    assert failed.checked is not None
    assert not failed.checked.complete


def test_an_end_while_behind_is_said_before_the_windows_that_follow(
    arrived: Arrived, slow: MakeSlow, tmp_path: Path
) -> None:
    capture = slow(0.2)
    drive_slowly(capture, arrived[1], 14.0)
    run = Run(capture.live, tmp_path / "clip")
    run.worker.end(Stop(StopRule.SHUTDOWN))
    *_, clip = run.over()
    assert run.kinds[:2] == [StateChanged, Stopped]
    assert {Scored, BestChanged} <= set(run.kinds)
    assert run.kinds.count(Stopped) == 1
    assert isinstance(clip, ClipReady)
    assert clip.checked is not None
    assert clip.checked.complete


def test_an_analysis_that_is_told_to_hurry_ends_between_two_frames(
    arrived: Arrived, slow: MakeSlow, tmp_path: Path
) -> None:
    capture = slow(0.2)
    drive_slowly(capture, arrived[1], 14.0)
    run = Run(capture.live, tmp_path / "clip")
    run.worker.hurry(0.0)
    run.worker.end(Stop(StopRule.SHUTDOWN))
    run.over()
    assert Scored not in run.kinds


def test_a_fault_while_nothing_was_analysed_keeps_the_best_of_what_was_skipped(
    arrived: Arrived, slow: MakeSlow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = slow(0.1)
    drive_slowly(capture, arrived[1], 12.0)
    assert not capture.live.has_best

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a window is broken")

    monkeypatch.setattr(RollingWindow, "push", broken)
    run = Run(capture.live, tmp_path / "clip")
    for media in (m for m in arrived[1] if 12 <= seconds(m, arrived[1]) < 15):
        run.worker.put(media)
    *_, clip, warning = run.over()
    assert run.kinds.count(Stopped) == 1
    (stopped,) = (event for event in run.events if isinstance(event, Stopped))
    assert stopped.stop.rule is StopRule.FAULT
    assert run.kinds.index(Stopped) < run.kinds.index(Scored)
    assert isinstance(clip, ClipReady)
    assert isinstance(warning, Warned)
    assert warning.trouble is Trouble.FAULT


def test_a_second_fault_ends_it_with_the_first(
    arrived: Arrived, slow: MakeSlow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = slow(0.1)
    drive_slowly(capture, arrived[1], 12.0)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("the tracker is broken")

    monkeypatch.setattr(Frames, "tracked", broken)
    run = Run(capture.live, tmp_path / "clip")
    run.worker.put(next(m for m in arrived[1] if seconds(m, arrived[1]) >= 12))
    failed = run.over()[-1]
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.INTERNAL
    assert "the tracker is broken" in failed.text


@pytest.mark.long
@pytest.mark.realtime
def test_two_slow_captures_in_real_time_share_and_keep_time(arrived: Arrived, models: Models, tmp_path: Path) -> None:
    """Trackers that do 33 frames a second together, where two captures need 50."""
    turn = Lock()

    def each() -> None:
        with turn:
            time.sleep(0.03)

    lives = [live_session(Frames(models, each).models, arrived[0]) for _ in range(2)]
    runs = [Run(live, tmp_path / f"clip{n}", finish_within_s=5.0) for n, live in enumerate(lives)]
    began = time.monotonic()
    for media in (m for m in arrived[1] if seconds(m, arrived[1]) < 25):
        time.sleep(max(0.0, began + seconds(media, arrived[1]) - time.monotonic()))
        for run in runs:
            run.worker.put(media)
    assert all(live.frame >= 22 * 25 for live in lives), "session time keeps up"
    for run in runs:
        run.worker.end(Stop(StopRule.ENDED))
    counts = [len(verdicts_at(run.over())) for run in runs]
    assert all(Trouble.BEHIND in warned(run.events) for run in runs)
    assert min(counts) >= 1
    assert max(counts) - min(counts) <= 2
    assert all(isinstance(run.events[-1], ClipReady) for run in runs)
