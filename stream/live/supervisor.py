"""What a capture does when its source connects, stalls, resumes or goes: one set of rules for every live source."""

from collections.abc import Callable, Mapping

from take5.scoring.errors import CaptureError
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Event, Failed, Failure, Resumed, Stalled, State, StateChanged
from take5.stream.live.watchdog import CONNECT_S, PAUSE_S, Turn, Watchdog

MISSING = {
    "picture": (Failure.NO_PICTURE, "no picture arrived; switch the camera on, or check the sender"),
    "sound": (Failure.NO_SOUND, "no sound arrived; switch the microphone on, or check the sender"),
}


class Supervisor:
    """Follows the arrivals of a source, and ends its capture.

    It owns no timer: the driver of a capture calls :meth:`look` a few times a second.

    Parameters
    ----------
    begun : float
        When the capture began, in seconds of the clock of ``arrivals``.
    arrivals : mapping of str to float
        When "picture" and "sound" last arrived; the source updates it.
    state : callable
        State of the capture.
    frame : callable
        Session time in grid frames.
    publish : callable
        Takes the events.
    end : callable
        Ends the capture: with a Stop its best clip is saved, with a Failed nothing is.
    pause_s : float
        How long one track may be missing while the other goes on.
    """

    def __init__(
        self,
        begun: float,
        arrivals: Mapping[str, float],
        state: Callable[[], State],
        frame: Callable[[], int],
        publish: Callable[[Event], None],
        end: Callable[[Stop | Failed], None],
        pause_s: float = PAUSE_S,
    ) -> None:
        self._watchdog = Watchdog(begun, pause_s)
        self._arrivals, self._state, self._frame = arrivals, state, frame
        self._publish, self._end = publish, end

    def look(self, now: float) -> None:
        """Do what is due at ``now``."""
        turn = self._watchdog.look(now, self._arrivals)
        if turn is Turn.CONNECTED:
            self._publish(StateChanged(self._frame(), State.RECEIVING))
        elif turn is Turn.NEVER_CONNECTED:
            text = f"nothing arrived within {CONNECT_S:.0f} s; a firewall may block UDP between sender and server"
            self._end(Failed(0, Failure.NEVER_CONNECTED, text))
        elif turn is Turn.LOST:
            self.end(StopRule.LOST)
        elif self._state() in (State.RECEIVING, State.STALLED):
            self._stall(turn)

    def end(self, rule: StopRule) -> None:
        """End the capture; the best clip is saved, unless a track is missing."""
        missing = next((track for track in MISSING if track not in self._arrivals), None)
        if missing is None:
            self._end(Stop(rule))
        elif self._arrivals:
            self._end(Failed(self._frame(), *MISSING[missing]))
        else:
            self._end(Failed(0, Failure.NEVER_CONNECTED, "the sender ended before anything arrived from it"))

    def source_ended(self, error: CaptureError | None) -> None:
        """End the capture: its source delivers nothing more, because of ``error`` if there is one."""
        if error is None:
            self.end(StopRule.ENDED)
            return
        missing = next((failure for track, (failure, _) in MISSING.items() if track not in self._arrivals), None)
        self._end(Stop(StopRule.LOST) if missing is None else Failed(0, missing, str(error)))

    def _stall(self, turn: Turn) -> None:
        frame = self._frame()
        if turn is Turn.STALLED:
            self._publish(StateChanged(frame, State.STALLED))
            self._publish(Stalled(frame, self._watchdog.stalled or "both"))
        elif turn is Turn.RESUMED:
            self._publish(StateChanged(frame, State.RECEIVING))
            self._publish(Resumed(frame))
