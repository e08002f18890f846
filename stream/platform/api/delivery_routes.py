"""What was posted to the hooks of a key's sessions: list, replay."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from take5.stream.platform.api.caller import SCHEME, platform_of
from take5.stream.platform.api.routes import ERRORS, Reader, Writer
from take5.stream.platform.hooks.kinds import DeliveryState, HookKind
from take5.stream.platform.tables import DeliveryRow

Limit = Annotated[int, Query(ge=1, le=200)]
router = APIRouter(tags=["deliveries"], dependencies=[Depends(SCHEME)], responses=ERRORS)


class DeliveryAttempt(BaseModel):
    """One attempt to deliver."""

    begun: datetime
    duration_s: float
    code: int | None = Field(description="Status of the answer.")
    error: str | None


class Delivery(BaseModel):
    """A payload for a session's hook, and what has become of it."""

    id: str = Field(description="The same in each attempt: `Idempotency-Key` and `id` of the payload.")
    session: str
    type: HookKind
    state: DeliveryState
    created: datetime
    payload: dict[str, Any] | None = Field(description="Null once it has been erased.")
    attempts: list[DeliveryAttempt] = Field(description="The last 20.")
    next_attempt: datetime | None = Field(description="Null unless it is pending.")

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        """Return a delivery as it is now."""
        return cls(
            id=row.id,
            session=row.session_id,
            type=HookKind(row.kind),
            state=DeliveryState(row.state),
            created=row.created,
            payload=None if row.payload is None else json.loads(row.payload),
            attempts=[DeliveryAttempt(**attempt) for attempt in row.attempts],
            next_attempt=row.next_attempt if row.state == DeliveryState.PENDING else None,
        )


class DeliveryPage(BaseModel):
    """Deliveries, the latest first; ``next`` is the cursor of the next page."""

    deliveries: list[Delivery]
    next: str | None

    @classmethod
    def of(cls, page: tuple[Sequence[DeliveryRow], str | None]) -> Self:
        """Return a page."""
        rows, following = page
        return cls(deliveries=[Delivery.of(row) for row in rows], next=following)


@router.get("/sessions/{session_id}/deliveries")
async def list_session_deliveries(
    request: Request,
    caller: Reader,
    session_id: str,
    state: DeliveryState | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """List what was, or will be, posted to a session's hook, the latest first."""
    platform = platform_of(request)
    page = await platform.work.run(platform.deliveries.page, caller.key.id, limit, cursor, state, session_id)
    return DeliveryPage.of(page)


@router.get("/deliveries")
async def list_deliveries(
    request: Request,
    caller: Reader,
    state: DeliveryState | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """List what was, or will be, posted to the hooks of all of the key's sessions, the latest first."""
    platform = platform_of(request)
    return DeliveryPage.of(await platform.work.run(platform.deliveries.page, caller.key.id, limit, cursor, state))


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
async def replay_delivery(request: Request, caller: Writer, delivery_id: str) -> Delivery:
    """Send a delivery again, under the same id, also one that was delivered."""
    platform = platform_of(request)
    return Delivery.of(await platform.work.run(platform.deliveries.replay, caller.key.id, delivery_id))
