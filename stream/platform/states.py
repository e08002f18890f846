"""The states of a session, from its creation to its deletion."""

from enum import StrEnum


class SessionState(StrEnum):
    """What has become of a session.

    ``created`` waits for a sender, ``live`` has a capture that is going on, or whose clip is being made, ``done`` has a
    clip, ``failed`` has none; a sender may begin again. ``cancelled``, ``expired`` and ``deleted`` admit no sender.
    """

    CREATED = "created"
    LIVE = "live"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"
