"""Secrets: how they are made, what is stored of them, and how a shown one is compared with that.

A secret reads ``PREFIX_ID_RANDOM``. The id is public: it finds the row. The 256 random bits are stored as their
SHA-256, which cannot be turned back, and are compared in constant time.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

ID_BYTES = 8
SECRET_BYTES = 32
SHOWN = re.compile(r"(?P<prefix>[a-z0-9]+)_(?P<id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Credential:
    """A new secret.

    Attributes
    ----------
    id : str
        Public.
    text : str
        What its holder shows.
    hash : str
        What is stored.
    """

    id: str
    text: str = field(repr=False)
    hash: str = field(repr=False)


@dataclass(frozen=True)
class Shown:
    """A secret that someone has shown: its kind, its id, and the hash of the rest."""

    prefix: str
    id: str
    hash: str = field(repr=False)

    def matches(self, stored: str) -> bool:
        """Whether it is the one that was stored, compared in constant time."""
        return secrets.compare_digest(self.hash, stored)


def issue(prefix: str, public: str | None = None) -> Credential:
    """Make a secret, by default with an id of its own."""
    public, secret = public or secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    return Credential(public, f"{prefix}_{public}_{secret}", _hash(secret))


def read(text: str) -> Shown | None:
    """Return what a text shows; None if it cannot be a secret."""
    found = SHOWN.fullmatch(text)
    return None if found is None else Shown(found["prefix"], found["id"], _hash(found["secret"]))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
