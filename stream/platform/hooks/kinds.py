"""What a session's hook reports, and what becomes of each delivery."""

from enum import StrEnum


class HookKind(StrEnum):
    """What has happened; the ``type`` of a payload."""

    CREATED = "created"
    CONSENTED = "consented"
    STARTED = "started"
    BEST = "best"
    STOPPED = "stopped"
    CLIP = "clip"
    FAILED = "failed"
    ACCEPTED = "accepted"
    BUNDLE = "bundle"
    PREPARED = "prepared"
    DELETED = "deleted"
    ERASED = "erased"
    EXPIRED = "expired"


LAST = (HookKind.DELETED, HookKind.ERASED)
"""What a session's hook is told last: nothing follows it, and nothing of it is kept."""


class DeliveryState(StrEnum):
    """What has become of a delivery.

    ``pending`` waits for an attempt or is being sent, ``delivered`` was answered with 2xx, ``failed`` was refused for
    good or given up, ``superseded`` is a ``best`` that another followed before it was delivered, ``erased`` was not
    delivered before its session was deleted.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    ERASED = "erased"
