"""A platform's programs before a real server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from take5.stream.platform.database import Database
from take5.stream.platform.keys import Scope, create_key

Json = dict[str, Any]


@dataclass
class Program:
    """A program with an API key."""

    address: str
    key: str

    def request(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        """Send a request below ``/api/v1/sessions``."""
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        url = f"{self.address}/api/v1/sessions{path}"
        return httpx.request(method, url, headers=headers, timeout=60, **options)

    def create(self, **fields: Any) -> Json:
        """Create a session."""
        answer = self.request("POST", json=fields)
        assert answer.status_code == 201, answer.text
        created: Json = answer.json()
        return created

    def new_secret(self, session: Json, holder: str) -> Json:
        """Give a session a new secret."""
        answer = self.request("POST", f"/{session['id']}/secrets/{holder}")
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def show(self, session_id: str) -> Json:
        """Show a session."""
        answer = self.request("GET", f"/{session_id}")
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown


def programs(address: str, database: Database) -> Callable[..., Program]:
    """Return what makes programs of a server at an address, each with a key of its own."""

    def make(*scopes: Scope) -> Program:
        return Program(address, create_key(database, "test", scopes or tuple(Scope))[1])

    return make
