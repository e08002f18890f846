"""A platform's server with sessions in several states, and what opens what there."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from platform_server import Json, Program, programs
from serving import Served, served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from take5.stream.analysis.models import Models
from take5.stream.platform.database import Database
from take5.stream.platform.failures import Failures
from take5.stream.platform.service import Platform

SEND, FOLLOW, DECIDE = {"person", "sender"}, {"person", "sender", "follower"}, {"person"}
ROUTES = {
    ("POST", "/whip"): SEND,
    ("POST", "/whip/{name}"): SEND,
    ("DELETE", "/whip/{name}/{capture}"): SEND,
    ("GET", "/api/ice"): SEND,
    ("GET", "/api/sessions/{name}"): FOLLOW,
    ("GET", "/api/sessions/{name}/access"): FOLLOW,
    ("GET", "/api/sessions/{name}/takes"): FOLLOW,
    ("GET", "/api/sessions/{name}/{file}"): FOLLOW,
    ("POST", "/api/sessions/{name}/ticket"): FOLLOW,
    ("POST", "/api/sessions/{name}/follower"): FOLLOW,
    ("WS", "/api/sessions/{name}/events"): FOLLOW,
    ("GET", "/api/sessions/{name}/consent"): DECIDE,
    ("POST", "/api/sessions/{name}/consent"): DECIDE,
    ("GET", "/api/sessions/{name}/consent/recording"): DECIDE,
    ("POST", "/api/sessions/{name}/consent/recording"): DECIDE,
    ("GET", "/api/sessions/{name}/qr.svg"): DECIDE,
    ("GET", "/api/sessions/{name}/export"): DECIDE,
    ("POST", "/api/sessions/{name}/accept"): DECIDE,
    ("POST", "/api/sessions/{name}/save"): DECIDE,
    ("POST", "/api/sessions/{name}/prompted"): DECIDE,
    ("POST", "/api/sessions/{name}/end"): DECIDE,
}
OPEN = {"/api/config", "/api/prompts", "/api/prompts/{language}", "/healthz", "/readyz"}
NOWHERE = {"url": "http://127.0.0.1:9/", "secret": "sixteen bytes or more"}
HOLDERS = ("person", "sender", "follower")
OWN = {("POST", "/whip"), ("GET", "/api/ice")}
"""Routes that name no session: a secret stands for its own."""


@dataclass
class Stage:
    """A server with two sessions, one that has been cancelled, one with new secrets, and one without any."""

    server: Served
    program: Program
    a: Json
    b: Json
    cancelled: Json
    renewed: Json
    revoked: Json
    keys: dict[str, str]
    platform: Platform

    @property
    def delivery(self) -> str:
        """The id of a delivery to the first session's hook."""
        deliveries = self.program.request("GET", f"/{self.a['id']}/deliveries").json()["deliveries"]
        found: str = deliveries[-1]["id"]
        return found

    def status(self, method: str, path: str, session: Json, secret: str | None) -> int:
        """The status of a request on a session; of a websocket what closes it, 200 if it opens."""
        place = path.format(name=session["id"], capture="1", file="clip.mp4")
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        if method == "WS":
            return self.websocket(place, headers)
        return httpx.request(method, self.server.address + place, headers=headers).status_code

    def websocket(self, place: str, headers: dict[str, str]) -> int:
        """The status of a websocket."""
        address = self.server.address.replace("http", "ws") + place
        with connect(address, additional_headers=headers) as socket, suppress(ConnectionClosed):
            socket.recv(10)
            return 200
        assert socket.close_code is not None
        return socket.close_code - 4000


@contextmanager
def staged(models: Models, folder: Path) -> Iterator[Stage]:
    """Run the server."""
    with (
        closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database,
        served(models, folder / "out", platform=(platform := Platform(database, Failures(most=10_000)))) as server,
    ):
        make = programs(server.address, database)
        program = make()
        a, b, cancelled, renewed, revoked = (program.create(consent_text="I agree.", hook=NOWHERE) for _ in range(5))
        program.request("POST", f"/{cancelled['id']}/cancel")
        renewed["former"] = renewed["secrets"]
        renewed["secrets"] = {holder: program.new_secret(renewed, holder)["secret"] for holder in HOLDERS}
        for holder in HOLDERS:
            program.request("DELETE", f"/{revoked['id']}/secrets/{holder}")
        keys = {"key": program.key, "another key": make().key}
        yield Stage(server, program, a, b, cancelled, renewed, revoked, keys, platform)
