"""The requests of the sessions API, as values: built here, sent by a transport."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar, Unpack
from urllib.parse import quote
from uuid import uuid4

import msgspec

from take5.client.platform.models import (
    CreatedSession,
    DeletedSession,
    Delivery,
    DeliveryPage,
    NewSecret,
    Session,
    SessionFields,
    SessionPage,
    Take,
    Takes,
)
from take5.scoring.errors import ParameterError

T = TypeVar("T")
Item_co = TypeVar("Item_co", covariant=True)
Holder = Literal["person", "sender", "follower"]
Query = Mapping[str, str | int | float | None]
NO_QUERY: Query = {}


class Page(Protocol[Item_co]):
    """Some of the entries of a list, and the cursor of the next ones."""

    @property
    def items(self) -> tuple[Item_co, ...]:
        """The entries."""
        ...

    @property
    def next(self) -> str | None:
        """The cursor of the next page; None after the last."""
        ...


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and how its answer is read.

    Attributes
    ----------
    method, path : str
        The path is below ``/api/v1``.
    read : callable
        Makes the result of the body of the answer.
    query : mapping
        Parameters; None leaves one out.
    body : dict, optional
        Sent as JSON.
    headers : mapping
        Headers of its own.
    repeatable : bool
        Whether it may be sent again when it is not known whether the server has received it.
    """

    method: str
    path: str
    read: Callable[[bytes], T]
    query: Query = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list that comes in pages; ``first`` asks for the first one."""

    first: Call[Page[T]]

    def after(self, cursor: str) -> Call[Page[T]]:
        """Return the request for the page that begins at a cursor."""
        return replace(self.first, query={**self.first.query, "cursor": cursor})


@dataclass(frozen=True)
class Download:
    """A file to fetch, and where it goes: ``name`` is its name in a folder."""

    path: str
    destination: Path
    name: str
    query: Query
    force: bool

    @property
    def target(self) -> Path:
        """Where the file goes."""
        return self.destination / self.name if self.destination.is_dir() else self.destination


def create_session(*, idempotency_key: str | None = None, **fields: Unpack[SessionFields]) -> Call[CreatedSession]:
    """Create a session.

    A repeated request of the same ``idempotency_key`` creates nothing and returns the first one's session; without one,
    each call has a key of its own, so that it can be repeated when a connection is lost.
    """
    body = {name: value for name, value in fields.items() if value is not None}
    headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
    return Call("POST", "/sessions", _reads(CreatedSession), body=body, headers=headers)


def get_session(session_id: str) -> Call[Session]:
    """Return a session."""
    return Call("GET", _session(session_id), _reads(Session))


def list_sessions(
    *, state: str | None = None, label: str | None = None, page_size: int | None = None
) -> Listing[Session]:
    """Iterate over the key's sessions, the latest first; the deleted ones only with ``state="deleted"``."""
    query = {"state": state, "label": label, "limit": page_size}
    return Listing(Call("GET", "/sessions", _reads(SessionPage), query))


def cancel_session(session_id: str) -> Call[Session]:
    """Cancel a session: no sender may begin, and a capture ends. Files stay."""
    return Call("POST", _session(session_id, "cancel"), _reads(Session))


def delete_session(session_id: str) -> Call[DeletedSession]:
    """Delete a session's takes and what is known of the person."""
    return Call("DELETE", _session(session_id), _reads(DeletedSession))


def retake_session(session_id: str, *, expires_in_s: int | None = None) -> Call[Session]:
    """Let a sender begin again, also after a take was accepted or the secrets have expired; takes stay."""
    body = {} if expires_in_s is None else {"expires_in_s": expires_in_s}
    return Call("POST", _session(session_id, "retake"), _reads(Session), body=body, repeatable=False)


def accept_session(session_id: str, *, take: str | None = None) -> Call[Session]:
    """Accept a take, by default the last one with a clip; no sender may begin until a retake."""
    body = {} if take is None else {"take": take}
    return Call("POST", _session(session_id, "accept"), _reads(Session), body=body, repeatable=False)


def list_takes(session_id: str) -> Call[tuple[Take, ...]]:
    """Return a session's takes, the first one first."""
    read = _reads(Takes)
    return Call("GET", _session(session_id, "takes"), lambda body: read(body).takes)


def download_clip(
    session_id: str, path: Path | str, *, take: str | None = None, seconds: float | None = None, force: bool = False
) -> Download:
    """Fetch the clip of a take, by default of the accepted one, or else the last with a clip; return its path.

    ``path`` is a file or an existing folder; it has the whole file or none. ``force`` replaces a file.
    """
    query = {"take": take, "seconds": seconds}
    return Download(_session(session_id, "clip"), Path(path), f"{_name(session_id)}.mp4", query, force)


def download_report(session_id: str, path: Path | str, *, take: str | None = None, force: bool = False) -> Download:
    """Fetch a take's report for people, one HTML file, as :meth:`download_clip` does."""
    return Download(_session(session_id, "report"), Path(path), "report.html", {"take": take}, force)


def download_file(
    session_id: str, name: str, path: Path | str, *, take: str | None = None, force: bool = False
) -> Download:
    """Fetch the file ``name`` of a take, as :meth:`download_clip` does."""
    return Download(_session(session_id, "files", name), Path(path), _name(name), {"take": take}, force)


def download_bundle(
    session_id: str,
    trainer: str,
    path: Path | str,
    *,
    take: str | None = None,
    seconds: float | None = None,
    force: bool = False,
) -> Download:
    """Fetch a trainer's bundle of a take as a ZIP file, as :meth:`download_clip` does."""
    query = {"take": take, "seconds": seconds}
    return Download(_session(session_id, "bundles", trainer), Path(path), f"{_name(trainer)}.zip", query, force)


def download_consent(session_id: str, path: Path | str, *, force: bool = False) -> Download:
    """Fetch the recorded consent, WebM or MP4 as ``consented.spoken.file`` says, as :meth:`download_clip` does."""
    return Download(_session(session_id, "consent", "recording"), Path(path), f"{_name(session_id)}-consent", {}, force)


def export_session(session_id: str, path: Path | str, *, force: bool = False) -> Download:
    """Fetch everything that is held about a session as a ZIP file, as :meth:`download_clip` does."""
    return Download(_session(session_id, "export"), Path(path), f"{_name(session_id)}-export.zip", {}, force)


def create_secret(session_id: str, holder: Holder) -> Call[NewSecret]:
    """Make a new secret for a holder; the former one opens nothing any more."""
    return Call("POST", _session(session_id, "secrets", holder), _reads(NewSecret))


def revoke_secret(session_id: str, holder: Holder) -> Call[None]:
    """Make a holder's secret useless."""
    return Call("DELETE", _session(session_id, "secrets", holder), lambda _: None)


def list_deliveries(
    *, session: str | None = None, state: str | None = None, page_size: int | None = None
) -> Listing[Delivery]:
    """Iterate over the deliveries to hooks, of one session or of all."""
    path = "/deliveries" if session is None else _session(session, "deliveries")
    return Listing(Call("GET", path, _reads(DeliveryPage), {"state": state, "limit": page_size}))


def replay_delivery(delivery_id: str) -> Call[Delivery]:
    """Deliver an event again."""
    return Call("POST", f"/deliveries/{_part(delivery_id)}/replay", _reads(Delivery), repeatable=False)


def _session(session_id: str, *below: str) -> str:
    """The path of a session, or of what is below it."""
    return "/".join(("/sessions", *map(_part, (session_id, *below))))


def _part(text: str) -> str:
    """A text as one part of a path."""
    if text in ("", ".", ".."):
        raise ParameterError(f"{text!r} is not an id or a name")
    return quote(text, safe="")


def _name(text: str) -> str:
    """A text as a file name."""
    return text.replace("/", "_").replace("\\", "_")


def _reads(kind: type[T]) -> Callable[[bytes], T]:
    """What reads a body as a model."""
    return msgspec.json.Decoder(kind).decode
