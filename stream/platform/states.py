"""The states of a session, from its creation to its deletion."""

from enum import StrEnum


class SessionState(StrEnum):
    """What has become of a session.

    ``created`` waits for a sender, ``live`` has a capture that is going on, or whose clip is being made, ``done`` has a
    clip, ``failed`` has none; a sender may begin again. ``accepted`` has a clip that somebody has chosen; like
    ``cancelled``, ``expired`` and ``deleted`` it admits no sender.
    """

    CREATED = "created"
    LIVE = "live"
    DONE = "done"
    FAILED = "failed"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"


CLOSED = (SessionState.CANCELLED, SessionState.DELETED)
"""States that a session does not leave."""


class EraseReason(StrEnum):
    """Why a session was erased.

    ``requested`` by its platform; ``retention``: it was kept for as long as its platform wanted; ``accepted``: its
    retention is 0, a take has been accepted, and its platform has it.
    """

    REQUESTED = "requested"
    RETENTION = "retention"
    ACCEPTED = "accepted"


class TakeState(StrEnum):
    """What has become of a take: it is being captured or made, it has a clip, or it has none."""

    LIVE = "live"
    DONE = "done"
    FAILED = "failed"
