"""How a platform's session is captured: as the server captures others, but for what the session states."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from take5.stream.bundles.write import WantedBundles, wanted_for
from take5.stream.platform.consent import reference
from take5.stream.platform.states import SessionState
from take5.stream.platform.tables import SessionRow
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureOrder


class Stated(Protocol):
    """What a session states; None for what it leaves to the server."""

    @property
    def strictness(self) -> str | None:
        """Of the gates."""
        ...

    @property
    def trainers(self) -> Sequence[str] | None:
        """Trainers that get bundles."""
        ...

    @property
    def prepare(self) -> bool | None:
        """Whether bundles are prepared for training."""
        ...

    @property
    def stop(self) -> Mapping[str, Any] | None:
        """Fields of the stop rules."""
        ...

    @property
    def consent(self) -> str | None:
        """Reference to the person's consent."""
        ...

    @property
    def consented(self) -> Mapping[str, Any] | None:
        """What the person has agreed to."""
        ...


def order_for(stated: Stated, usual: CaptureOrder) -> CaptureOrder:
    """Return how a session is captured.

    Raises
    ------
    Refused
        If it may last longer than the server lets sessions last.
    """
    rules = replace(usual.rules, **(stated.stop or {}))
    longest_s = usual.rules.cap_s + usual.rules.idle_s
    if rules.cap_s + rules.idle_s > longest_s:
        raise Refused(422, "invalid", f"stop: cap_s and idle_s together must be {longest_s:g} s at most on this server")
    gates, bundles = usual.settings.gates, _bundles(stated, usual.deliverables.bundles)
    gates = replace(gates, strictness=stated.strictness or gates.strictness)
    if stated.trainers is not None:
        gates = replace(gates, trainers=tuple(stated.trainers))
    prepare = usual.deliverables.prepare if stated.prepare is None else stated.prepare
    deliverables = replace(usual.deliverables, bundles=bundles, prepare=prepare)
    return CaptureOrder(replace(usual.settings, gates=gates), rules, deliverables)


def closed(row: SessionRow) -> Refused | None:
    """Return why no sender may begin a session; None if one may."""
    if row.state == SessionState.ACCEPTED:
        return Refused(409, "accepted", "a take of this session has been accepted; the platform can ask for another")
    if row.consent_text is not None and row.consented is None:
        return Refused(403, "consent_missing", "the person has to agree to the text of this session first")
    if row.spoken_consent and not (row.consented or {}).get("spoken"):
        return Refused(403, "consent_missing", "the person has to say the sentence of consent first")
    return None


def _bundles(stated: Stated, usual: WantedBundles | None) -> WantedBundles | None:
    if stated.trainers is not None:
        usual = (
            (wanted_for(stated.trainers) if usual is None else wanted_for(stated.trainers, usual.size, usual.consent))
            if stated.trainers
            else None
        )
    consent = stated.consent or (reference(stated.consented) if stated.consented else None)
    return usual if usual is None or consent is None else replace(usual, consent=consent)
