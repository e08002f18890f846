"""When a recording ends by itself: the stop rules and, if it is wanted, an idle stretch after them."""

from take5.scoring.idle import IdleStage, IdleState, idle_lengths
from take5.scoring.judging import JudgedWindow
from take5.scoring.own_range import Standing
from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, Stopper, StopRules
from take5.scoring.stretch import Stretch
from take5.stream.settings import Settings


class Ending:
    """Follows the windows of one recording.

    Parameters
    ----------
    rules : StopRules, optional
        Without them a recording never ends by itself.
    settings : Settings
        Parameters of Algorithm 1, and the gates.

    Attributes
    ----------
    enough : Stop, optional
        The rule by which the best window is good enough.
    stop : Stop, optional
        The same once nothing more is waited for.
    at : int
        Session time of ``stop``, in grid frames.
    idle : IdleStage, optional
        The second stage, once the person has been asked to sit still and silent.
    """

    def __init__(self, rules: StopRules | None, settings: Settings) -> None:
        self.enough: Stop | None = None
        self.stop: Stop | None = None
        self.at = 0
        self.idle: IdleStage | None = None
        self._gates = settings.gates
        self._idle_lengths = idle_lengths(settings.parameters.window_frames)
        self._stopper = None if rules is None else Stopper(rules, settings.parameters)

    def scored(self, window: JudgedWindow | None, best: WindowScore | None, now: int) -> float | None:
        """Follow the next window, scored at grid frame ``now``; return the gain that is expected of going on."""
        if self._stopper is None or self.enough is not None:
            return None
        if window is not None:
            self._note(self._stopper.push(window, best), now)
        return self._stopper.gain

    @property
    def standing(self) -> Standing | None:
        """Where the best window stands among the talker's own, as long as the rules are followed."""
        return None if self._stopper is None else self._stopper.standing

    def amended(self, window: JudgedWindow, best: WindowScore | None, now: int) -> None:
        """Follow a window that was analysed after it had passed."""
        if self._stopper is not None and self.enough is None:
            self._note(self._stopper.amend(window, best), now)

    def restart(self) -> None:
        """Let the rules forget the windows so far: from now on the person speaks in another way."""
        if self._stopper is not None and self.enough is None:
            self._stopper.restart()

    def settle(self, now: int, *, idle_known: bool) -> IdleState | None:
        """Stop if it is enough, or ask for an idle stretch first; return what the person is asked then."""
        if self._stopper is None or self.enough is None or self.stop is not None:
            return None
        most = round(self._stopper.rules.idle_s * FPS)
        if most and self.idle is None and not idle_known:
            self.idle = IdleStage(now, self._gates, most, lengths=self._idle_lengths)
            return self.idle.state
        if self.idle is None or self.idle.state is not IdleState.WAITING:
            self.stop = self.enough
            self.at = self.at if self.idle is None else now
        return None

    def over(self) -> None:
        """The recording has ended: an idle stretch is waited for no longer."""
        self.stop = self.stop or self.enough

    def skip(self, frames: int) -> None:
        """Pass over frames of which nothing is known."""
        if self.idle is not None:
            self.idle.skip(frames)

    def watched(self, stretch: Stretch) -> IdleState | None:
        """Follow the next frames of the second stage; return how it ended, once."""
        if self.idle is None or self.idle.state is not IdleState.WAITING:
            return None
        state = self.idle.push(stretch)
        return None if state is IdleState.WAITING else state

    def _note(self, enough: Stop | None, now: int) -> None:
        self.enough, self.at = enough, now
