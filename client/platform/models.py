"""What the sessions API returns. Keys that this version does not know are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

Json = dict[str, Any]


class Hook(TypedDict):
    """Where a session's events are posted to, and the secret that signs them: 16 bytes or more."""

    url: str
    secret: str


class SessionFields(TypedDict, total=False):
    """Fields of a new session; what is left out, or None, is as the server has it."""

    label: str | None
    person: str | None
    language: str | None
    strictness: str | None
    trainers: "list[str] | tuple[str, ...] | None"
    prepare: bool | None
    stop: Mapping[str, float] | None
    consent: str | None
    consent_text: str | None
    consent_version: str | None
    spoken_consent: bool | None
    hook: Hook | None
    expires_in_s: int | None
    retention_days: int | None


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """The recording in which the person says the sentence of consent; ``sha256`` is that of the file."""

    file: str
    sha256: str
    sentence: str
    language: str
    time: datetime
    bytes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Consented:
    """Who has agreed to which text, and when; ``sha256`` is that of the text in UTF-8."""

    name: str
    time: datetime
    sha256: str
    version: str | None = None
    spoken: Spoken | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session.

    Attributes
    ----------
    state : str
        ``created``, ``live``, ``done``, ``failed``, ``accepted``, ``cancelled``, ``expired`` or ``deleted``.
    failure : str, optional
        Why there is no clip.
    folder : str, optional
        Folder of the accepted take, else of the last with a clip, on the server.
    accepted : str, optional
        Id of the accepted take.
    consented : Consented, optional
        What the person has agreed to, once that is so.
    spoken_consent : bool
        Whether the person also has to say it.
    hook : dict, optional
        Scheme and host, as ``url``, of where its events are posted to.
    retention_days : int, optional
        Days from the end of the last take until it is erased; None for never.
    erases : datetime, optional
        When it is erased, unless something happens to it before.
    erase_reason : str, optional
        Why it was erased: ``requested``, ``retention`` or ``accepted``.
    erased : dict, optional
        How much was erased: ``takes``, ``files``, ``bytes``.
    """

    id: str
    state: str
    created: datetime
    expires: datetime
    label: str | None = None
    person: str | None = None
    language: str | None = None
    strictness: str | None = None
    trainers: tuple[str, ...] | None = None
    prepare: bool | None = None
    stop: Mapping[str, float] | None = None
    consent: str | None = None
    failure: str | None = None
    folder: str | None = None
    ended: datetime | None = None
    deleted: datetime | None = None
    accepted: str | None = None
    consent_text: str | None = None
    consent_version: str | None = None
    spoken_consent: bool = False
    consented: Consented | None = None
    hook: Json | None = None
    retention_days: int | None = None
    erases: datetime | None = None
    erase_reason: str | None = None
    erased: Json | None = None


@dataclass(frozen=True)
class Secrets:
    """What opens a session, each for one holder; the server shows them once."""

    person: str = field(repr=False)
    sender: str = field(repr=False)
    follower: str = field(repr=False)


@dataclass(frozen=True)
class Links:
    """Where the secrets are used: two pages, and the sender's WHIP address, which needs its secret."""

    person: str = field(repr=False)
    sender: str
    follower: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CreatedSession(Session):
    """A new session, with its secrets, and where they are used."""

    secrets: Secrets
    links: Links


@dataclass(frozen=True)
class SessionPage:
    """Some sessions, the latest first; ``next`` is the cursor of the next page."""

    sessions: tuple[Session, ...]
    next: str | None = None

    @property
    def items(self) -> tuple[Session, ...]:
        """The sessions."""
        return self.sessions


@dataclass(frozen=True, kw_only=True)
class DeletedSession:
    """What was deleted, by its path on the server."""

    id: str
    state: str
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TakePreparation:
    """What was prepared of a bundle for training, the steps left, and why it was not. Experimental."""

    made: tuple[str, ...] = ()
    left: tuple[Json, ...] = ()
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class TakeBundle:
    """A trainer's bundle in a take's folder, or why there is none."""

    trainer: str
    path: str
    seconds: float | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    preparation: TakePreparation | None = None


@dataclass(frozen=True, kw_only=True)
class Take:
    """A take of a session.

    Attributes
    ----------
    id : str
        The name that its folder began with.
    state : str
        ``live``, ``done`` or ``failed``.
    clip : dict, optional
        Its event ``clip``.
    files : tuple of str
        Names of its files.
    """

    id: str
    state: str
    failure: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    accepted: bool = False
    folder: str | None = None
    clip: Json | None = None
    files: tuple[str, ...] = ()
    bundles: tuple[TakeBundle, ...] = ()


@dataclass(frozen=True)
class Takes:
    """The takes of a session."""

    takes: tuple[Take, ...]


@dataclass(frozen=True, kw_only=True)
class NewSecret:
    """A new secret, and what its holder opens; the server shows both once."""

    holder: str
    secret: str = field(repr=False)
    link: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryAttempt:
    """An attempt to deliver an event; ``code`` is the status of the answer."""

    begun: datetime
    duration_s: float
    code: int | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """An event of a session, and the attempts to deliver it to the session's hook."""

    id: str
    session: str
    type: str
    state: str
    created: datetime
    payload: Json | None = field(default=None, repr=False)
    attempts: tuple[DeliveryAttempt, ...] = ()
    next_attempt: datetime | None = None


@dataclass(frozen=True)
class DeliveryPage:
    """Some deliveries; ``next`` is the cursor of the next page."""

    deliveries: tuple[Delivery, ...]
    next: str | None = None

    @property
    def items(self) -> tuple[Delivery, ...]:
        """The deliveries."""
        return self.deliveries
