"""What the sessions API takes and returns."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from take5.scoring.errors import ParameterError
from take5.scoring.stopping import StopRules
from take5.stream.bundles.trainers.registry import trainer_named
from take5.stream.hooks.post import SHORTEST_SECRET
from take5.stream.platform.hooks.addresses import checked_address, host_of
from take5.stream.platform.hooks.outbox import Hook
from take5.stream.platform.records import Wanted, state_of
from take5.stream.platform.retention import MOST_DAYS, erases
from take5.stream.platform.session_secrets import Holder, link_of
from take5.stream.platform.states import EraseReason, SessionState
from take5.stream.platform.tables import SessionRow, utc_now
from take5.stream.platform.takes import accepted, chosen_take
from take5.stream.texts.languages import texts

DAY_S = 86_400
MINUTE_S = 60


def _trainer(name: str) -> str:
    trainer_named(name)
    return name


def _language(name: str) -> str:
    texts(name)
    return name


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ParameterError("must be of printable characters, without blanks around it")
    return text


def _lines(text: str) -> str:
    if not all(line.isprintable() for line in text.replace("\t", " ").splitlines()):
        raise ParameterError("must be lines of printable characters")
    return text


def _usable_secret(secret: str) -> str:
    if "\0" in secret:
        raise ParameterError("must not have the character U+0000")
    size = len(secret.encode())
    if size < SHORTEST_SECRET:
        raise ParameterError(f"has {size} bytes; it needs {SHORTEST_SECRET} or more, as `openssl rand -hex 32` makes")
    return secret


Text = Annotated[str, AfterValidator(_printable)]
Lines = Annotated[str, AfterValidator(_lines)]


class Stop(BaseModel):
    """Stop rules that differ from the server's; ``docs/stopping.md`` explains them."""

    model_config = ConfigDict(extra="forbid")

    stop_at: float | None = None
    share: float | None = None
    reach: float | None = None
    floor_s: float | None = None
    gain: float | None = None
    gain_after_s: float | None = None
    cap_s: float | None = None
    idle_s: float | None = None

    @model_validator(mode="after")
    def check(self) -> Self:
        """Check the values as the server's own are checked."""
        StopRules(**self.fields())
        return self

    def fields(self) -> dict[str, Any]:
        """The rules that are given."""
        return self.model_dump(exclude_none=True)


class NewHook(BaseModel):
    """Where a session's events are posted to."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(checked_address)] = Field(max_length=2048, repr=False)
    secret: Annotated[str, AfterValidator(_usable_secret)] = Field(
        max_length=256,
        repr=False,
        description=f"Signs them; {SHORTEST_SECRET} bytes or more. It is never returned.",
        json_schema_extra={"writeOnly": True},
    )


class ShownHook(BaseModel):
    """Where a session's events are posted to."""

    url: str = Field(description="Scheme and host; the rest may be secret.")


class NewSession(BaseModel):
    """A session to create; what is left out is as the server has it."""

    model_config = ConfigDict(extra="forbid")

    label: Text | None = Field(None, min_length=1, max_length=128, description="Its name within the API key.")
    person: Text | None = Field(None, min_length=1, max_length=256, description="For whom it is.")
    language: Annotated[str, AfterValidator(_language)] | None = Field(None, description="Of the person's texts.")
    strictness: Literal["loose", "normal", "strict"] | None = None
    trainers: list[Annotated[str, AfterValidator(_trainer)]] | None = Field(
        None, max_length=50, description="Trainers with bundles."
    )
    prepare: bool | None = Field(None, description="Whether bundles are then prepared for training (experimental).")
    stop: Stop | None = None
    consent: Lines | None = Field(None, max_length=4096, description="Reference to the person's consent.")
    consent_text: Lines | None = Field(
        None, min_length=1, max_length=20_000, description="What the person has to agree to before being recorded."
    )
    consent_version: Text | None = Field(None, min_length=1, max_length=64, description="Of that text.")
    spoken_consent: bool = Field(
        default=False, description="Whether the person also has to say a sentence of consent, which is recorded."
    )
    hook: NewHook | None = Field(None, description="Where its events are posted to.")
    retention_days: int | None = Field(
        None,
        ge=0,
        le=MOST_DAYS,
        strict=True,
        description="Days from the end of its last take until all of it is erased; 0: once its platform has the clip.",
    )
    expires_in_s: int = Field(7 * DAY_S, ge=MINUTE_S, le=90 * DAY_S, description="How long its secrets are good.")

    @model_validator(mode="after")
    def check(self) -> Self:
        """Check fields against each other."""
        if self.spoken_consent and self.consent_text is None:
            raise ParameterError("spoken_consent needs a consent_text")
        return self

    def signed(self) -> bytes:
        """Return what tells one request from another; it is the same in every version for the same request."""
        later = {
            "spoken_consent": self.spoken_consent,
            "retention_days": self.retention_days is not None,
            "prepare": self.prepare is not None,
        }
        return self.model_dump_json(exclude={name for name, given in later.items() if not given}).encode()

    def wanted(self) -> Wanted:
        """Return what is wanted."""
        return Wanted(
            label=self.label,
            person=self.person,
            language=self.language,
            strictness=self.strictness,
            trainers=None if self.trainers is None else tuple(dict.fromkeys(self.trainers)),
            prepare=self.prepare,
            stop=None if self.stop is None else self.stop.fields(),
            consent=self.consent,
            expires_in=timedelta(seconds=self.expires_in_s),
            consent_text=self.consent_text,
            consent_version=self.consent_version,
            spoken_consent=self.spoken_consent,
            hook=None if self.hook is None else Hook(self.hook.url, self.hook.secret),
            retention_days=self.retention_days,
        )


class Spoken(BaseModel):
    """The recording in which the person says the sentence of consent; `sha256` is that of the file."""

    file: str = Field(description="Name of the file: `consent.webm` or `consent.mp4`.")
    sha256: str
    bytes: int
    seconds: float
    sentence: str = Field(description="What the person was shown, to say it.")
    language: str
    time: datetime


class Consented(BaseModel):
    """Who has agreed to which text, and when; `sha256` is that of the text in UTF-8."""

    name: str
    time: datetime
    version: str | None
    sha256: str
    spoken: Spoken | None = Field(None, description="The recorded consent, once it is there.")


class Erased(BaseModel):
    """How much was erased of a session."""

    takes: int | None = None
    files: int | None = None
    bytes: int | None = None


class Session(BaseModel):
    """A session."""

    id: str
    label: str | None
    person: str | None
    language: str | None
    strictness: str | None
    trainers: list[str] | None
    prepare: bool | None
    stop: dict[str, float] | None
    consent: str | None
    consent_text: str | None
    consent_version: str | None
    spoken_consent: bool
    consented: Consented | None
    state: SessionState
    failure: str | None = Field(description="Why there is no clip.")
    folder: str | None = Field(description="Of the accepted take, else of the last with a clip, on the server.")
    accepted: str | None = Field(description="The take that has been accepted.")
    created: datetime
    expires: datetime
    ended: datetime | None
    deleted: datetime | None
    hook: ShownHook | None
    retention_days: int | None = Field(description="Null: it is kept until it is deleted.")
    erases: datetime | None = Field(description="When it is erased, unless something happens to it before.")
    erase_reason: EraseReason | None = Field(description="Why it was, or is being, erased.")
    erased: Erased | None = Field(description="How much was erased.")

    @classmethod
    def of(cls, row: SessionRow) -> Self:
        """Return a session as it is now."""
        return cls(**_values(row))


class Secrets(BaseModel):
    """What opens a session, each for one purpose; they are shown this once."""

    person: str = Field(description="For the page: sends, follows, accepts.")
    sender: str = Field(description="For OBS or another sender: sends and follows.")
    follower: str = Field(description="For an overlay: only follows.")


class Links(BaseModel):
    """Where each secret is used; those of person and follower hold it, and open the page."""

    person: str = Field(description="The page, which sends as this session.")
    sender: str = Field(description="WHIP address for OBS or another sender, which also needs the secret.")
    follower: str = Field(description="The page, which follows.")


class CreatedSession(Session):
    """A new session, with its secrets."""

    secrets: Secrets
    links: Links

    @classmethod
    def with_secrets(cls, row: SessionRow, secrets: dict[Holder, str], base: str) -> Self:
        """Return a new session, for a server at an address."""
        links = {holder: link_of(base, row.id, holder, text) for holder, text in secrets.items()}
        return cls(**_values(row), secrets=Secrets(**_by_name(secrets)), links=Links(**_by_name(links)))


class NewSecret(BaseModel):
    """A new secret of a session; it is shown this once."""

    holder: Holder
    secret: str
    expires: datetime
    link: str = Field(description="Where it is used, as in `links` of a new session.")


class SessionPage(BaseModel):
    """Sessions, the latest first; ``next`` is the cursor of the next page."""

    sessions: list[Session]
    next: str | None


class DeletedSession(BaseModel):
    """What was deleted: the folders of takes, and what captures that were cut off have left."""

    id: str
    state: SessionState
    deleted: list[str]


def _by_name(values: dict[Holder, str]) -> dict[str, str]:
    return {str(holder): text for holder, text in values.items()}


def _values(row: SessionRow) -> dict[str, Any]:
    names = Session.model_fields.keys() - {"state", "folder", "accepted", "hook", "erases", "erased"}
    chosen, shown = accepted(row), chosen_take(row)
    return {
        "state": state_of(row, utc_now()),
        "folder": None if shown is None else shown.folder,
        "accepted": None if chosen is None else chosen.id,
        "erases": erases(row),
        "erased": None if row.erased is None else Erased(**row.erased),
        "hook": None if row.hook_url is None else ShownHook(url=host_of(row.hook_url)),
        **{name: getattr(row, name) for name in names},
    }
