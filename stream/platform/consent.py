"""A person's consent to being recorded: to which text, by what name, and when."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from take5.stream.platform.database import Database
from take5.stream.platform.hooks.kinds import HookKind
from take5.stream.platform.hooks.outbox import put
from take5.stream.platform.states import CLOSED
from take5.stream.platform.tables import SessionRow, utc_now
from take5.stream.platform.work import DatabaseWork
from take5.stream.server.auth import authorise
from take5.stream.server.bodies import json_body
from take5.stream.server.errors import Refused
from take5.stream.server.grant import Act
from take5.stream.texts.languages import languages, texts
from take5.stream.wire import Json

NAME_LETTERS = 256


class Agreement(msgspec.Struct):
    """What a person sends who agrees."""

    name: str
    sha256: str


def sha256_of(text: str) -> str:
    """The digest by which an agreement names its text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def reference(consented: Mapping[str, Any]) -> str:
    """Return what a bundle's manifest says of a consent."""
    version = f" version {consented['version']}" if consented["version"] else ""
    text = f"{consented['name']}, {consented['time']}, text{version} sha256:{consented['sha256']}"
    spoken = consented.get("spoken")
    return text if spoken is None else f"{text}, said in {spoken['file']} sha256:{spoken['sha256']}"


def sentence(language: str, name: str) -> str:
    """The sentence of consent that a person says."""
    return texts(language).consent["sentence"].replace("{name}", name)


class Consents:
    """The consents in a database.

    Parameters
    ----------
    work : DatabaseWork
        Reads and writes them.
    """

    def __init__(self, work: DatabaseWork) -> None:
        self._work = work

    @property
    def routes(self) -> list[Route]:
        """The address at which a person reads the text, and agrees to it."""
        path = "/api/sessions/{name}/consent"
        return [Route(path, self._show, methods=["GET"]), Route(path, self._agree, methods=["POST"])]

    async def _show(self, request: Request) -> Response:
        """Return the text, and whether it has been agreed to."""
        return await self._answer((await authorise(request, Act.DECIDE)).session, _shown)

    async def _agree(self, request: Request) -> Response:
        """Record that the person agrees to the text whose digest is given; once is enough."""
        session = (await authorise(request, Act.DECIDE)).session
        name, digest = await _agreement(request)
        await authorise(request, Act.DECIDE)  # the secret may have been revoked while the body arrived
        return await self._answer(session, lambda database, id_: _agree(database, id_, name, digest))

    async def _answer(self, session: str | None, work: Callable[[Database, str], Json]) -> Response:
        assert session is not None  # noqa: S101 - each secret opens one
        body = await self._work.run(work, self._work.database, session)
        return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _agreement(request: Request) -> tuple[str, str]:
    """The name and the digest in a request."""
    expected = 'send {"name": the person\'s name, "sha256": digest of the text that is agreed to}'
    agreement = await json_body(request, Agreement, expected)
    if agreement is None:
        raise Refused(422, "invalid", expected)
    name = agreement.name.strip()
    if not name or len(name) > NAME_LETTERS or not name.isprintable():
        raise Refused(422, "invalid", f"name must have 1 to {NAME_LETTERS} printable characters, not all blank")
    return name, agreement.sha256


def consent_row(session: Session, session_id: str, *, lock: bool = False) -> SessionRow:
    """Return a session that asks for consent; raise Refused if it does not, or is closed."""
    row = session.get(SessionRow, session_id, with_for_update=lock)
    if row is None or row.state in CLOSED or row.consent_text is None:
        raise Refused(404, "not_found", f"session {session_id!r} asks for no consent")
    return row


def _shown(database: Database, session_id: str) -> Json:
    with database.reading() as session:
        return consent_json(consent_row(session, session_id))


def _agree(database: Database, session_id: str, name: str, digest: str) -> Json:
    with database.writing() as session:
        row = consent_row(session, session_id, lock=True)
        assert row.consent_text is not None  # noqa: S101 - or it would not have been found
        if digest != sha256_of(row.consent_text):
            raise Refused(409, "text_changed", "sha256 is not that of the text; show the text again")
        if row.consented is None:
            time = utc_now().isoformat(timespec="seconds")
            row.consented = {"name": name, "time": time, "version": row.consent_version, "sha256": digest}
            if not row.spoken_consent:  # or it is complete once the person has said it
                put(session, row, HookKind.CONSENTED, {"consented": row.consented})
        return consent_json(row)


def consent_json(row: SessionRow) -> Json:
    """What a session asks the person for, and what the person has agreed to.

    ``sentences`` are what the person is to say, by language, once the name is known; without spoken consent it is null.
    """
    text = row.consent_text or ""
    return {
        "text": text,
        "version": row.consent_version,
        "language": row.language,
        "sha256": sha256_of(text),
        "consented": row.consented,
        "spoken_consent": row.spoken_consent,
        "sentences": _sentences(row),
    }


def _sentences(row: SessionRow) -> dict[str, str] | None:
    if not row.spoken_consent or row.consented is None:
        return None
    return {language: sentence(language, row.consented["name"]) for language in languages()}
