"""Requests that may be repeated: what has the same ``Idempotency-Key`` is done once, and answered alike.

An answer may hold secrets, so it is stored encrypted, with a key that only the API key itself yields, which is not
stored.
"""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete
from sqlalchemy.orm import Session

from take5.stream.platform.tables import IdempotencyRow, utc_now
from take5.stream.server.errors import Refused

KEPT_FOR = timedelta(hours=24)
NONCE_BYTES = 12


@dataclass(frozen=True)
class Repeatable:
    """A request that may be repeated.

    Parameters
    ----------
    key_id, secret : str
        The API key's id and text.
    name : str
        Its ``Idempotency-Key``.
    request : bytes
        What is requested.
    """

    key_id: str
    secret: str = field(repr=False)
    name: str
    request: bytes

    def answered(self, session: Session) -> bytes | None:
        """Return the answer to an earlier request; None if there was none.

        Raises
        ------
        Refused
            If that requested something else, or showed another secret of the key.
        """
        row = session.get(IdempotencyRow, (self.key_id, self.name))
        if row is None or utc_now() - row.created >= KEPT_FOR:
            return None
        if row.request_hash != self._hash:
            text = "another request has had this Idempotency-Key; give each request its own"
            raise Refused(422, "idempotency_mismatch", text)
        nonce, sealed = row.response[:NONCE_BYTES], row.response[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, self._hash.encode())
        except InvalidTag as error:
            text = f"this was requested with an earlier secret of the key, and made the session {row.session_id}"
            raise Refused(409, "idempotency_sealed", text) from error

    def remember(self, session: Session, session_id: str, response: bytes) -> None:
        """Remember the answer, in the transaction that created the session; forget those that are too old."""
        now, nonce = utc_now(), os.urandom(NONCE_BYTES)
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.created <= now - KEPT_FOR))
        sealed = nonce + self._cipher.encrypt(nonce, response, self._hash.encode())
        session.add(
            IdempotencyRow(
                key_id=self.key_id,
                idempotency_key=self.name,
                request_hash=self._hash,
                session_id=session_id,
                response=sealed,
                created=now,
            )
        )
        session.flush()

    @property
    def _hash(self) -> str:
        return hashlib.sha256(self.request).hexdigest()

    @property
    def _cipher(self) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"take5 idempotency").derive(self.secret.encode()))


def forget_answers(session: Session, session_id: str) -> None:
    """Forget the answer that created a session: it holds what is known of the person."""
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.session_id == session_id))
