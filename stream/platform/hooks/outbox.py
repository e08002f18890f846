"""STUB, to be replaced by the merge."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from take5.stream.platform.tables import SessionRow


class HookKind(StrEnum):
    """Kinds."""

    CREATED = "created"
    CONSENTED = "consented"
    STARTED = "started"
    BEST = "best"
    STOPPED = "stopped"
    CLIP = "clip"
    FAILED = "failed"
    ACCEPTED = "accepted"
    BUNDLE = "bundle"
    DELETED = "deleted"
    EXPIRED = "expired"


def put(session: Session, row: SessionRow, kind: HookKind, details: Mapping[str, Any]) -> None:
    """Put."""
