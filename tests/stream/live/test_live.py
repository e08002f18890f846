"""A live session against the replay of the same material: on time, late, and with losses."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from live_media import NEVER, drive, live_session, losing, received, seconds
from long_values import long_after

from demo.talker import DEFAULT, FILLER, Script, fitted
from demo.talker.motion import REST
from demo.talker.script import Stretch, Wave
from demo.talker.scripts import HELLO
from take5.scoring.gates.findings import Code
from take5.scoring.gates.measures import UNOBSERVED
from take5.scoring.idle import IdleState
from take5.scoring.parameters import LEAD_IN_FRAMES, Parameters
from take5.scoring.stopping import StopRule, StopRules
from take5.stream.analysis.frames import FrameObservation, FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.events import Coached, Event, Finished, Progress, Scored, Trouble, Warned
from take5.stream.live.replay import Replay
from take5.stream.live.session import LiveSession
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.grid import GridFrame
from take5.stream.timeline.media import AccessUnit, AnyFrame, AudioBlock, Received, UnitFormat


@pytest.fixture(scope="module")
def arrived(short: Path) -> tuple[UnitFormat, list[Received]]:
    return received(short)


@pytest.fixture(scope="module")
def on_time(arrived: tuple[UnitFormat, list[Received]], models: Models) -> tuple[LiveSession, list[Event]]:
    live = live_session(models, arrived[0])
    return live, drive(live, arrived[1])


def selection(live: LiveSession) -> Selection:
    taken = live.result()
    assert taken is not None
    return taken[0]


def before(arrived: list[Received], end_s: float) -> list[Received]:
    return [media for media in arrived if seconds(media, arrived) < end_s]


def windows(events: list[Event]) -> list[tuple[int, float, float | None, bool | None]]:
    scored = [event.window for event in events if isinstance(event, Progress) and event.window]
    return [(window.score.start, window.score.D, window.score.I, window.eligible) for window in scored]


def warned(events: list[Event]) -> list[Trouble]:
    return [event.trouble for event in events if isinstance(event, Warned)]


def test_every_second_has_the_same_numbers_as_a_replay(
    on_time: tuple[LiveSession, list[Event]], short: Path, models: Models
) -> None:
    live, events = on_time
    replayed = list(Replay(MediaFile(short), models, Settings()).events())
    assert windows(events) == windows(replayed)
    assert len(windows(events)) == 16
    assert warned(events) == [Trouble.LOW_RESOLUTION]  # the talker is drawn at 450x360
    last = replayed[-1]
    assert isinstance(last, Finished)
    assert selection(live).best == last.selection.best


def test_progress_comes_each_second_from_the_first_on(on_time: tuple[LiveSession, list[Event]]) -> None:
    progress = [event for event in on_time[1] if isinstance(event, Progress)]
    assert [event.frame for event in progress] == [25 * second for second in range(1, 21)]
    assert [event.window is None for event in progress] == [True] * 4 + [False] * 16
    assert all(event.chunk is not None and event.chunk.face == 1.0 for event in progress[:16])


def test_rule_1_stops_at_the_first_window(arrived: tuple[UnitFormat, list[Received]], models: Models) -> None:
    live = live_session(models, arrived[0], StopRules(stop_at=1.0))
    events = drive(live, arrived[1])
    assert live.stop is not None
    assert live.stop.rule is StopRule.THRESHOLD
    assert live.frame == 125
    assert len(windows(events)) == 1
    best = selection(live).best
    assert best is not None
    assert live.stop.value == best.I


def test_by_default_it_stops_at_what_can_be_expected_of_this_talker(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, arrived[0], StopRules())
    standings = [event.standing for event in drive(live, arrived[1]) if isinstance(event, Progress)]
    best = selection(live).best
    assert best is not None
    assert live.frame == 400, "the 12th window ends at 16 s, and four seconds of it are of the best stretch"
    assert best.start == 275
    assert live.stop is not None
    assert (live.stop.rule, live.stop.value) == (StopRule.THRESHOLD, best.I)
    assert live.stop.expected is not None
    assert live.stop.limit == pytest.approx(0.95 * live.stop.expected)
    assert standings[:4] == [None] * 4
    known = [standing for standing in standings if standing is not None]
    assert [standing.windows for standing in known] == list(range(1, 13))
    assert [standing.needed is None for standing in known] == [True] * 11 + [False]
    assert known[-1].better_than == 11


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grid frames that were looked at, each as often as that."""
    looked_at: list[int] = []
    observe = FrameScanner.observe

    def counted(scanner: FrameScanner, frame: GridFrame[AnyFrame]) -> FrameObservation:
        found = observe(scanner, frame)
        if found.measures is not UNOBSERVED:
            looked_at.append(frame.index)
        return found

    monkeypatch.setattr(FrameScanner, "observe", counted)
    return looked_at


@pytest.mark.parametrize("seconds_long", long_after(1, [5.0, 10.0]))
def test_the_first_window_is_still_there_when_it_is_enough(
    arrived: tuple[UnitFormat, list[Received]], models: Models, seconds_long: float
) -> None:
    """However long it is, and though it is scored 1.5 s later, when more has come."""
    parameters = Parameters(seconds=seconds_long)
    live = live_session(models, arrived[0], StopRules(stop_at=1.0, gain=None), Settings(parameters))
    for media in arrived[1]:
        live.push(media)
        if isinstance(media, AccessUnit) and seconds(media, arrived[1]) > 1.5 and live.stop is None:
            live.work()
    assert live.stop is not None
    found = live.result()
    assert found is not None
    selection, recording = found
    assert selection.best is not None
    span = selection.best.start, selection.best.start + parameters.window_frames
    assert span[0] == 0
    assert recording.pcm(*span).shape == (parameters.window_frames * 640,)
    assert sum(1 for _ in recording.material.pictures(*span)) == parameters.window_frames
    live.close()


@pytest.mark.long
def test_when_looking_falls_behind_the_choice_stays_algorithm_1s(
    arrived: tuple[UnitFormat, list[Received]],
    on_time: tuple[LiveSession, list[Event]],
    models: Models,
    looks: list[int],
) -> None:
    """Nobody looks for six seconds; then there is time again, but only when nothing arrives."""
    live = live_session(models, arrived[0])
    events: list[Event] = []
    for media in arrived[1]:
        events += live.push(media)
        if seconds(media, arrived[1]) < 2:
            while (step := live.work()) is not None:
                events += step
        elif seconds(media, arrived[1]) > 8:
            events += live.work() or []
    events += live.finish()
    assert Trouble.BEHIND in warned(events)
    unscored = [
        event.window
        for event in events
        if isinstance(event, Progress) and event.window and event.window.eligible is None
    ]
    assert unscored
    assert all(window.score.I is None for window in unscored)
    assert any(isinstance(event, Scored) for event in events)
    full = selection(on_time[0])
    behind = selection(live)
    assert [w.start for w in behind.pool] == [w.start for w in full.pool]
    assert behind.best is not None
    assert full.best is not None
    assert behind.best.start == full.best.start
    assert behind.best.D == full.best.D
    assert behind.best.I == pytest.approx(full.best.I, rel=1e-2)  # noqa: SIM300 - I is no constant
    assert [v.score.D for v in behind.verdicts] == [v.score.D for v in full.verdicts]
    again = sum(isinstance(event, Scored) for event in events)
    assert behind.tracked <= len(set(looks))
    assert len(looks) <= len(set(looks)) + LEAD_IN_FRAMES * again, "windows that overlap share their frames"


@pytest.mark.long
def test_it_looks_at_every_frame_again_once_it_has_caught_up(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, arrived[0])
    events: list[Event] = []
    for media in before(arrived[1], 15):
        events += live.push(media)
        if not 2 < seconds(media, arrived[1]) < 6:
            while (step := live.work()) is not None:
                events += step
    assert warned(events)[1:] == [Trouble.BEHIND, Trouble.CAUGHT_UP]
    assert windows(events)[-1][3] is True


@pytest.mark.long
def test_a_loss_taints_its_windows_until_the_next_keyframe(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, arrived[0])
    events = drive(live, losing(before(arrived[1], 14), 7.2))
    assert Trouble.LOSS in warned(events)
    damaged = [v for v in selection(live).verdicts if any(r.code is Code.PICTURE_DAMAGED for r in v.reasons)]
    assert {v.score.start // 25 for v in damaged} >= {3, 4, 5, 6, 7}
    assert all(3 <= v.score.start // 25 <= 8 for v in damaged)


@pytest.mark.parametrize(("lost", "code"), long_after(1, [(True, Code.FRAMES_MISSING), (False, Code.FRAMES_SKIPPED)]))
def test_only_a_gap_between_packets_is_blamed_on_the_network(
    arrived: tuple[UnitFormat, list[Received]], models: Models, *, lost: bool, code: Code
) -> None:
    """A second and a half without a picture, with and without a loss on the way."""
    unit_format, media = arrived
    early = [item for item in media if seconds(item, media) < 6]
    sent = [item for item in early if isinstance(item, AudioBlock) or not 2.5 < seconds(item, media) < 4]
    after = next(i for i, item in enumerate(sent) if isinstance(item, AccessUnit) and seconds(item, media) > 2.5)
    assert isinstance(sent[after], AccessUnit)
    sent[after] = replace(sent[after], lost_before=lost)
    events = drive(live_session(models, unit_format), sent)
    told = [event.code for event in events if isinstance(event, Coached) and event.code]
    assert code in told
    assert not {Code.FRAMES_MISSING, Code.FRAMES_SKIPPED} - {code} & set(told)


def test_rare_keyframes_are_told_to_the_sender(arrived: tuple[UnitFormat, list[Received]], models: Models) -> None:
    live = live_session(models, arrived[0])
    once = [m for m in arrived[1] if isinstance(m, AudioBlock) or seconds(m, arrived[1]) < 6]
    kept = next(m.pts for m in once if isinstance(m, AccessUnit))
    rare = [
        AccessUnit(m.pts, m.data, keyframe=m.pts == kept or seconds(m, arrived[1]) > 5.5)
        if isinstance(m, AccessUnit)
        else m
        for m in once
    ]
    events = [event for media in rare for event in live.push(media)]
    assert Trouble.KEYFRAMES_RARE in warned(events)


def test_a_pause_makes_no_keyframes_rare(arrived: tuple[UnitFormat, list[Received]], models: Models) -> None:
    live = live_session(models, arrived[0])
    paused = [
        m
        for m in arrived[1]
        if seconds(m, arrived[1]) < 12 and (isinstance(m, AudioBlock) or not 3 < seconds(m, arrived[1]) < 10)
    ]
    back = next(m.pts for m in paused if isinstance(m, AccessUnit) and seconds(m, arrived[1]) > 5)
    paused = [replace(m, keyframe=m.keyframe or m.pts == back) if isinstance(m, AccessUnit) else m for m in paused]
    events = [event for media in paused for event in live.push(media)]
    assert Trouble.KEYFRAMES_RARE not in warned(events)


@pytest.mark.parametrize("late", long_after(1, ["sound", "picture"]))
def test_a_track_that_begins_late_moves_the_beginning(
    arrived: tuple[UnitFormat, list[Received]], models: Models, late: str
) -> None:
    live = live_session(models, arrived[0], NEVER)
    kind = AudioBlock if late == "sound" else AccessUnit
    some = [m for m in arrived[1] if seconds(m, arrived[1]) < 9]
    events = drive(live, [m for m in some if not isinstance(m, kind) or seconds(m, arrived[1]) >= 3])
    found = selection(live)
    first = next(m.pts for m in some if isinstance(m, kind) and seconds(m, arrived[1]) >= 3)
    assert found.origin >= first
    assert len(windows(events)) == 2


def test_nothing_is_taken_before_both_tracks_have_begun(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, arrived[0])
    for media in arrived[1]:
        if isinstance(media, AccessUnit):
            assert live.push(media) == []
    assert live.work() is None
    assert live.result() is None
    assert list(live.finish()) == []
    assert live.has_picture
    assert not live.has_sound


SITS_STILL = Stretch("still", 9, HELLO, (Wave(0.0, REST, -math.pi / 2),), silent=True)


@pytest.fixture(scope="module")
def then_silent(rendered: Callable[[str, Script], Path]) -> tuple[UnitFormat, list[Received]]:
    """Seven seconds of talk, then nine in which nobody speaks, with closed lips."""
    return received(rendered("then-silent", (*fitted(DEFAULT, 7, FILLER), SITS_STILL)))


@pytest.mark.long
def test_once_it_is_enough_an_idle_stretch_is_asked_for(
    then_silent: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, then_silent[0], StopRules(stop_at=1.0, idle_s=20.0))
    events = drive(live, then_silent[1])
    told = [(event.frame, event.code) for event in events if isinstance(event, Coached) and event.code is not None]
    (asked, first), (done, last) = [each for each in told if isinstance(each[1], IdleState)]
    assert (first, last) == (IdleState.WAITING, IdleState.FOUND)
    assert asked < 7 * 25 < done <= 14 * 25
    assert [code for frame, code in told if frame >= asked] == [first, last], "nobody is coached to talk"
    assert live.stop is not None
    assert live.stop.rule is StopRule.THRESHOLD
    idle = selection(live).idle
    assert idle is not None
    assert idle.stop - idle.start >= 75
    assert idle.start >= 7 * 25
    assert selection(live).best is not None


def test_without_a_still_stretch_it_stops_when_the_time_is_over(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, arrived[0], StopRules(stop_at=1.0, idle_s=4.0))
    events = drive(live, arrived[1])
    told = [event for event in events if isinstance(event, Coached) and isinstance(event.code, IdleState)]
    assert [event.code for event in told] == [IdleState.WAITING, IdleState.MISSED]
    assert told[1].frame == told[0].frame + 100
    assert live.stop is not None
    assert live.stop.rule is StopRule.THRESHOLD


def test_a_sender_that_ends_in_the_second_stage_gets_its_clip_by_the_rule_that_was_enough(
    arrived: tuple[UnitFormat, list[Received]], models: Models
) -> None:
    live = live_session(models, arrived[0], StopRules(stop_at=1.0, idle_s=60.0))
    assert live.stop is None
    drive(live, arrived[1])
    assert live.stop is not None
    assert live.stop.rule is StopRule.THRESHOLD
    assert selection(live).best is not None
