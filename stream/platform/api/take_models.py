"""What the sessions API takes and returns about takes."""

from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from take5.stream.events import Bundled, BundlePrepared
from take5.stream.platform.api.models import DAY_S, MINUTE_S
from take5.stream.platform.states import TakeState
from take5.stream.platform.tables import TakeRow
from take5.stream.platform.takes import Known
from take5.stream.timeline.clock import frame_seconds


class Retake(BaseModel):
    """How another take is made possible."""

    model_config = ConfigDict(extra="forbid")

    expires_in_s: int | None = Field(
        None, ge=MINUTE_S, le=90 * DAY_S, description="How long the secrets are good from now on; null: as before."
    )

    @property
    def expires_in(self) -> timedelta | None:
        """The same as a duration."""
        return None if self.expires_in_s is None else timedelta(seconds=self.expires_in_s)


class Accept(BaseModel):
    """Which take is accepted."""

    model_config = ConfigDict(extra="forbid")

    take: str | None = Field(None, description="Its id; null: the last with a clip.")


class Step(BaseModel):
    """A step that is left, and its command."""

    what: str
    command: str


class Preparation(BaseModel):
    """What was prepared of a bundle for training, or why it was not. Experimental."""

    made: list[str]
    left: list[Step]
    error: str | None

    @classmethod
    def of(cls, prepared: BundlePrepared) -> Self:
        """Return it as its event tells of it."""
        left = [Step(what=step.what, command=step.command) for step in prepared.left]
        return cls(made=list(prepared.made), left=left, error=prepared.error)


class Bundle(BaseModel):
    """A trainer's bundle in a take's folder, or why there is none."""

    trainer: str
    seconds: float | None = Field(description="Length of its window, where the take has several.")
    path: str
    warnings: list[str]
    error: str | None
    preparation: Preparation | None = Field(description="Null: it is not prepared, or not yet.")

    @classmethod
    def of(cls, bundle: Bundled, prepared: BundlePrepared | None) -> Self:
        """Return a bundle as its events tell of it."""
        return cls(
            trainer=bundle.trainer,
            seconds=None if bundle.window_frames is None else frame_seconds(bundle.window_frames),
            path=bundle.path,
            warnings=list(bundle.warnings),
            error=bundle.error,
            preparation=None if prepared is None else Preparation.of(prepared),
        )


class Take(BaseModel):
    """A take; `id` is the name that its folder began with."""

    id: str
    state: TakeState
    failure: str | None
    started: datetime
    ended: datetime | None
    accepted: bool
    folder: str
    clip: dict[str, Any] | None = Field(description="The `clip` event of docs/events.md.")
    files: list[str]
    bundles: list[Bundle]

    @classmethod
    def of(cls, row: TakeRow) -> Self:
        """Return a take as it is now."""
        known = Known.of(row)
        return cls(
            id=row.id,
            state=TakeState(row.state),
            failure=row.failure,
            started=row.started,
            ended=row.ended,
            accepted=row.accepted is not None,
            folder=row.folder,
            clip=None if not known.clips else known.clips[0].json(),
            files=sorted(known.files),
            bundles=[Bundle.of(each, known.preparation(each)) for each in known.bundles],
        )


class Takes(BaseModel):
    """A session's takes, the first one first."""

    takes: list[Take]
