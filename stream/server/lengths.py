"""The lengths of windows that a server's senders may choose, and what a capture of chosen ones is scored with."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from take5.scoring.errors import ParameterError
from take5.scoring.stopping import StopRules
from take5.stream.live.snapshot import About
from take5.stream.server.errors import Refused
from take5.stream.settings import Settings

OFFERED_S = (5.0, 10.0)
"""Lengths that senders may choose where the server does not fix them."""


@dataclass(frozen=True)
class Scoring:
    """What a capture is scored with.

    Attributes
    ----------
    encoder, tracker : str
        Names of the audio encoder and of the face tracker.
    settings : Settings
        How it is scored.
    rules : StopRules
        When it is enough.
    """

    encoder: str
    tracker: str
    settings: Settings
    rules: StopRules

    @property
    def about(self) -> About:
        """What its followers are told."""
        settings = self.settings
        return About.of(self.encoder, settings.parameters, self.rules, settings.also, self.tracker)

    def of(self, seconds: Sequence[float]) -> "Scoring":
        """The same for windows of other lengths; the stop rules follow the first of them.

        A threshold and a reach of the operator's own hold for one length: of another one they are as by default.

        Raises
        ------
        ParameterError
            If a length is given twice, or is not a multiple of the hop.
        """
        if tuple(seconds) == self.settings.seconds:
            return self
        parameters = replace(self.settings.parameters, seconds=seconds[0])
        rules = self.rules
        if parameters != self.settings.parameters:
            rules = replace(rules, stop_at=rules.stop_at and None, reach=None)
        return replace(
            self, settings=replace(self.settings, parameters=parameters, also=tuple(seconds[1:])), rules=rules
        )


class Choice:
    """The lengths that senders may choose.

    Parameters
    ----------
    scoring : Scoring
        Of a capture whose sender chooses nothing.
    offered : sequence of float
        Lengths to choose among, in seconds; those that the parameters do not allow are left out.
    """

    def __init__(self, scoring: Scoring, offered: Sequence[float]) -> None:
        self.scoring = scoring
        found = [each for each in offered if each not in scoring.settings.seconds and _possible(scoring, each)]
        self.seconds = tuple(sorted([*scoring.settings.seconds, *found]))

    def chosen(self, texts: Sequence[str]) -> Scoring:
        """What a capture is scored with whose sender gave these lengths, the first one first; none for the server's.

        Raises
        ------
        Refused
            If one is not offered, or is given twice.
        """
        if not texts:
            return self.scoring
        try:
            wanted = [float(text) for text in texts]
        except ValueError:
            wanted = []
        if not wanted or len(set(wanted)) < len(wanted) or not set(wanted) <= set(self.seconds):
            offered = ", ".join(f"{each:g}" for each in self.seconds)
            raise Refused(400, "bad_request", f"seconds={', '.join(texts)[:40]}: choose among {offered}, each once")
        return self.scoring.of(wanted)


def _possible(scoring: Scoring, seconds: float) -> bool:
    with suppress(ParameterError):
        scoring.of([seconds])
        return True
    return False
