"""What a capture does when its source connects, stalls, resumes or goes: one set of rules for every live source."""

from collections.abc import Callable, Mapping
from math import inf

from take5.scoring.errors import CaptureError
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Cause, Event, Failed, Failure, Resumed, Stalled, State, StateChanged
from take5.stream.live.liveness import Liveness, Vitals
from take5.stream.live.watchdog import CONNECT_S, PAUSE_S, Turn, Watchdog

MISSING = {
    "picture": (Failure.NO_PICTURE, "no picture arrived; switch the camera on, or check the sender"),
    "sound": (Failure.NO_SOUND, "no sound arrived; switch the microphone on, or check the sender"),
}

CAP_S = 5.0
"""How much longer than its rules allow a recording may last by the wall clock: scoring lags behind."""


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
        How long one track may be missing, or of no use, while the other goes on.
    liveness : Liveness, optional
        Finds out whether what arrives is of any use.
    longest_s : float
        How long the recording may last by its rules.
    lost_s : float, optional
        How long it waits while nothing arrives.
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
        liveness: Liveness | None = None,
        longest_s: float = inf,
        lost_s: float | None = None,
    ) -> None:
        self._watchdog = Watchdog(begun, pause_s, lost_s)
        self._liveness = liveness or Liveness(Vitals())
        self._pause_s, self._longest_s = pause_s, longest_s
        self._connected = begun
        self._told: tuple[str, Cause | None] | None = None
        self._useless_since: float | None = None
        self._arrivals, self._state, self._frame = arrivals, state, frame
        self._publish, self._end_capture, self._ended = publish, end, False

    def look(self, now: float) -> None:
        """Do what is due at ``now``; nothing is, once the capture has been ended."""
        if self._ended:
            return
        turn = self._watchdog.look(now, self._arrivals)
        if turn is Turn.CONNECTED:
            self._connected = now
            self._publish(StateChanged(self._frame(), State.RECEIVING))
        elif turn is Turn.NEVER_CONNECTED:
            text = f"nothing arrived within {CONNECT_S:.0f} s; a firewall may block UDP between sender and server"
            self._end(Failed(0, Failure.NEVER_CONNECTED, text))
        elif turn is Turn.LOST:
            self.end(StopRule.LOST)
        elif self._state() in (State.RECEIVING, State.STALLED):
            self._tell(now)
            if now - self._connected > self._longest_s + CAP_S:
                self._end(Stop(StopRule.CAP, round(now - self._connected, 1), self._longest_s))

    def end(self, rule: StopRule) -> None:
        """End the capture; the best clip is saved, unless a track is missing."""
        missing = next((track for track in MISSING if track not in self._arrivals), None)
        if missing is None:
            self._end(Stop(rule))
        elif self._told is not None and self._told[1] is not None:
            self._end(Failed(self._frame(), MISSING[missing][0], Stalled(0, *self._told).text))
        elif self._arrivals:
            self._end(Failed(self._frame(), *MISSING[missing]))
        else:
            self._end(Failed(0, Failure.NEVER_CONNECTED, "the sender ended before anything arrived from it"))

    def fail(self, failed: Failed) -> None:
        """End the capture, of which nothing is wanted."""
        self._end(failed)

    def source_ended(self, error: CaptureError | None) -> None:
        """End the capture: its source delivers nothing more, because of ``error`` if there is one."""
        if error is None:
            self.end(StopRule.ENDED)
            return
        missing = next((failure for track, (failure, _) in MISSING.items() if track not in self._arrivals), None)
        self._end(Stop(StopRule.LOST) if missing is None else Failed(0, missing, str(error)))

    def _end(self, end: Stop | Failed) -> None:
        self._ended = True
        self._end_capture(end)

    def _tell(self, now: float) -> None:
        """Report what is missing or of no use, or that it is back; end the capture when that has lasted too long."""
        useless = self._liveness.look(now, self._arrivals)
        silent = self._watchdog.stalled
        self._useless_since = None if useless is None else now if self._useless_since is None else self._useless_since
        told, self._told = self._told, useless or (None if silent is None else (silent, None))
        frame = self._frame()
        if self._told is not None and told != self._told:
            self._publish(StateChanged(frame, State.STALLED))
            self._publish(Stalled(frame, *self._told))
        elif told is not None and self._told is None:
            self._publish(StateChanged(frame, State.RECEIVING))
            self._publish(Resumed(frame))
        if self._useless_since is not None and now - self._useless_since > self._pause_s:
            self._useless(frame)

    def _useless(self, frame: int) -> None:
        """End a capture of which nothing can be used any more, with what there is."""
        assert self._told is not None  # noqa: S101 - it is why this is called
        failure = MISSING[self._told[0]][0]
        self._end(Stop(StopRule.LOST) if frame else Failed(0, failure, Stalled(0, *self._told).text))
