"""What becomes of a capture when its source connects, stalls, resumes, goes or breaks; no clock is read."""

import pytest

from take5.scoring.errors import CaptureError
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Event, Failed, Failure, Resumed, Stalled, State, StateChanged
from take5.stream.live.supervisor import Supervisor


class Run:
    """A capture that is only its state."""

    def __init__(self, **arrivals: float) -> None:
        self.arrivals, self.state = arrivals, State.CONNECTING
        self.events: list[Event] = []
        self.ends: list[Stop | Failed] = []
        self.supervisor = Supervisor(0.0, self.arrivals, lambda: self.state, lambda: 75, self.publish, self.ends.append)

    def publish(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, StateChanged):
            self.state = event.state

    def arrive(self, now: float) -> None:
        self.arrivals.update(picture=now, sound=now)


def test_a_stall_is_reported_and_so_is_its_end() -> None:
    run = Run()
    run.arrive(1.0)
    for now in (1.0, 4.0, 4.5):
        run.supervisor.look(now)
    run.arrive(5.0)
    run.supervisor.look(5.0)
    assert run.events == [
        StateChanged(75, State.RECEIVING),
        StateChanged(75, State.STALLED),
        Stalled(75, "both"),
        StateChanged(75, State.RECEIVING),
        Resumed(75),
    ]
    assert run.ends == []


def test_nothing_is_said_of_stalls_once_it_stops() -> None:
    run = Run()
    run.arrive(1.0)
    run.supervisor.look(1.0)
    run.state = State.STOPPING
    run.supervisor.look(4.0)
    assert run.events == [StateChanged(75, State.RECEIVING)]


def test_nothing_is_said_of_stalls_once_it_is_ended() -> None:
    """The state stays as it is until what has arrived is scored, which may take seconds."""
    run = Run()
    run.arrive(1.0)
    run.supervisor.look(1.0)
    run.supervisor.end(StopRule.ENDED)
    for now in (4.0, 12.0):
        run.supervisor.look(now)
    assert run.events == [StateChanged(75, State.RECEIVING)]
    assert run.ends == [Stop(StopRule.ENDED)]


def test_a_source_that_never_comes_fails() -> None:
    run = Run()
    run.supervisor.look(15.1)
    (failed,) = run.ends
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NEVER_CONNECTED


def test_a_source_that_goes_keeps_the_best() -> None:
    run = Run()
    run.arrive(1.0)
    run.supervisor.look(1.0)
    run.supervisor.look(11.1)
    assert run.ends == [Stop(StopRule.LOST)]


@pytest.mark.parametrize(("track", "failure"), [("sound", Failure.NO_PICTURE), ("picture", Failure.NO_SOUND)])
def test_one_track_alone_is_no_recording(track: str, failure: Failure) -> None:
    run = Run(**{track: 1.0})
    run.supervisor.end(StopRule.ENDED)
    (failed,) = run.ends
    assert isinstance(failed, Failed)
    assert (failed.frame, failed.failure) == (75, failure)


def test_a_device_that_breaks_is_a_loss_or_the_failure_itself() -> None:
    broken = CaptureError("camera Fake: it gives no pictures any more")
    run = Run(picture=1.0, sound=1.0)
    run.supervisor.source_ended(broken)
    assert run.ends == [Stop(StopRule.LOST)]
    silent = Run(picture=1.0)
    silent.supervisor.source_ended(broken)
    assert silent.ends == [Failed(0, Failure.NO_SOUND, str(broken))]


def test_a_source_that_ends_in_order_ends_the_capture() -> None:
    run = Run(picture=1.0, sound=1.0)
    run.supervisor.source_ended(None)
    assert run.ends == [Stop(StopRule.ENDED)]
    early = Run()
    early.supervisor.source_ended(None)
    (failed,) = early.ends
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NEVER_CONNECTED
