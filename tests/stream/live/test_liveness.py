"""Media without progress: why, and what becomes of a capture; no clock is read."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Cause, Event, Failed, Failure, Resumed, Stalled, State, StateChanged
from take5.stream.live.liveness import Liveness, Vitals
from take5.stream.live.supervisor import CAP_S, Supervisor
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock


@dataclass
class Capture:
    """A capture that is only its numbers: 25 pictures and 25 blocks a second by a wall clock of its own."""

    pause_s: float = 60.0
    longest_s: float = 600.0
    frame: int = 75
    waits: bool = False
    arrivals: dict[str, float] = field(default_factory=dict)
    packets: dict[str, float] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    ends: list[Stop | Failed] = field(default_factory=list)
    state: State = State.CONNECTING
    now: float = 100.0

    def __post_init__(self) -> None:
        self.vitals = Vitals()
        liveness = Liveness(self.vitals, self.packets, lambda: self.waits)
        self.supervisor = Supervisor(
            self.now,
            self.arrivals,
            lambda: self.state,
            lambda: self.frame,
            self.publish,
            self.ends.append,
            self.pause_s,
            liveness,
            self.longest_s,
        )

    def publish(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, StateChanged):
            self.state = event.state

    def run(
        self,
        seconds: float,
        *,
        times: Callable[[float], float] = lambda now: now,
        keyframes: bool = True,
        put: tuple[str, ...] = ("picture", "sound"),
        whole: tuple[str, ...] = ("picture", "sound"),
        decodes: bool = True,
        looks: bool = True,
    ) -> None:
        for _ in range(round(seconds * 25)):
            self.now += 0.04
            self.packets.update(picture=self.now, sound=self.now)
            self.arrivals.update(dict.fromkeys(whole, self.now))
            pts = round(times(self.now) * FLICKS)
            if "picture" in put and "picture" in whole:
                self.vitals.take(AccessUnit(pts, b"", keyframes))
                self.vitals.undecoded = 0 if decodes else self.vitals.undecoded + 1
            if "sound" in put and "sound" in whole:
                self.vitals.take(AudioBlock(pts, np.zeros(1920, np.float32), 48_000))
            if looks and not self.ends:
                self.supervisor.look(self.now)

    @property
    def stalls(self) -> list[tuple[str, Cause | None]]:
        return [(event.track, event.cause) for event in self.events if isinstance(event, Stalled)]


def test_progress_is_not_reported() -> None:
    capture = Capture()
    capture.run(60.0)
    assert capture.events == [StateChanged(75, State.RECEIVING)]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ({"keyframes": False}, ("picture", Cause.NO_KEYFRAME)),
        ({"decodes": False}, ("picture", Cause.UNDECODABLE)),
        ({"times": lambda _: 5.0}, ("picture", Cause.TIMES)),
        ({"times": lambda now: now / 10}, ("picture", Cause.TIMES)),
        ({"whole": ("sound",)}, ("picture", Cause.INCOMPLETE)),
    ],
)
def test_what_is_of_no_use_is_told_with_its_cause_and_ends(trouble: dict[str, object], told: tuple[str, Cause]) -> None:
    capture = Capture(frame=0, pause_s=20.0)
    capture.run(3.0, **trouble)  # type: ignore[arg-type] # each by its own type
    assert told in capture.stalls
    assert capture.state is State.STALLED
    begun = capture.now
    capture.run(30.0, **trouble)  # type: ignore[arg-type]
    (end,) = capture.ends
    assert isinstance(end, Failed)
    assert end.failure is Failure.NO_PICTURE
    assert end.text == Stalled(0, *told).text
    assert capture.now - begun < 31.0


@pytest.mark.parametrize("seconds", [2.1, 2.5, 9.0])
def test_a_look_that_comes_late_finds_no_fault_with_the_sender(seconds: float) -> None:
    capture = Capture()
    capture.run(5.0)
    capture.run(seconds, looks=False)
    capture.run(5.0)
    assert capture.events == [StateChanged(75, State.RECEIVING)]


def test_it_is_told_after_two_seconds_and_its_end_too() -> None:
    capture = Capture()
    capture.run(10.0)
    capture.run(1.9, times=lambda _: 110.0)
    assert capture.stalls == []
    capture.run(0.5, times=lambda _: 110.0)
    assert capture.stalls == [("picture", Cause.TIMES)]
    capture.run(2.0)
    assert capture.events[-2:] == [StateChanged(75, State.RECEIVING), Resumed(75)]
    assert capture.ends == []


def test_a_picture_that_waits_for_a_keyframe_after_a_jump_says_so() -> None:
    capture = Capture()
    capture.run(10.0)
    capture.waits = True
    capture.run(2.5, put=("sound",))
    assert capture.stalls == [("picture", Cause.NO_KEYFRAME)]


def test_with_windows_the_best_is_saved_after_the_stated_time() -> None:
    capture = Capture(pause_s=15.0)
    capture.run(10.0)
    capture.run(16.0, times=lambda _: 110.0)
    assert capture.ends == []
    capture.run(2.0, times=lambda _: 110.0)
    assert capture.ends == [Stop(StopRule.LOST)]


def test_a_source_may_take_its_time_to_place_its_tracks() -> None:
    capture = Capture()
    capture.run(10.0, put=())
    assert capture.stalls == []
    capture.run(2.5, put=())
    assert capture.stalls == [("picture", Cause.TIMES)]
    late = Capture()
    late.run(3.0, put=())
    late.run(1.0, times=lambda now: now - late.now)
    late.run(3.0, times=lambda now: now - 104.0)
    assert late.stalls == []
    deaf = Capture()
    deaf.run(12.5, put=("picture",))
    assert deaf.stalls == [("sound", Cause.UNDECODABLE)]


def test_silence_goes_before_and_packets_alone_are_told_apart_from_it() -> None:
    capture = Capture()
    capture.run(5.0)
    capture.run(3.0, whole=("sound",))
    assert capture.stalls == [("picture", Cause.INCOMPLETE)]
    capture.run(1.0)
    assert capture.stalls == [("picture", Cause.INCOMPLETE)]
    assert capture.events[-1] == Resumed(75)


def test_the_cap_holds_by_the_wall_clock() -> None:
    capture = Capture(longest_s=30.0, frame=25)
    capture.run(30.0 + CAP_S - 0.1, times=lambda now: now / 2)
    assert capture.ends == []
    capture.run(0.3, times=lambda now: now / 2)
    assert capture.ends == [Stop(StopRule.CAP, 35.0, 30.0)]
