"""What a request may do, as decided by what it shows."""

import math
from dataclasses import dataclass
from enum import Enum


class Act(Enum):
    """What a request wants to do with a session."""

    SEND = "send"
    """Begin a capture, end it, know the ICE servers."""
    FOLLOW = "follow"
    """Read its state, events and files."""
    DECIDE = "decide"
    """Accept or save its clip, let the stop rules start over."""


@dataclass(frozen=True)
class Grant:
    """What a request may do.

    Attributes
    ----------
    session : str, optional
        The session that it is about.
    may : frozenset of Act
        What is allowed with it.
    holder : str, optional
        Whose secret of that session was shown; None where sessions have no secrets of their own.
    left_s : float
        Seconds for which it holds.
    language : str, optional
        Of the person's texts, where the session states one.
    closed : str, optional
        The code with which a sender is refused that begins now; None if one may begin.
    asks_consent : bool
        Whether the session has a text that its person is asked to agree to.
    """

    session: str | None
    may: frozenset[Act] = frozenset(Act)
    holder: str | None = None
    left_s: float = math.inf
    language: str | None = None
    closed: str | None = None
    asks_consent: bool = False
