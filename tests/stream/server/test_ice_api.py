"""What senders get told of STUN and TURN servers, and a server whose UDP ports are all taken."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import SDP, Served, eventually, offer_of, served

from take5.client.pages import PAGES
from take5.stream.analysis.models import Models
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer

pytestmark = pytest.mark.waiting

TOKEN, SECRET = "open-sesame", "north"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OFFER = offer_of()
NOWHERE = "203.0.113.9"


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    turn = IceServer(f"turn:{NOWHERE}", secret=SECRET)
    network = {"ice_servers": (f"stun:{NOWHERE}", turn)}
    with served(models, tmp_path_factory.mktemp("out"), token=TOKEN, pages=PAGES, network=network) as running:
        yield running


def credentials(server: Served) -> dict[str, str]:
    answer = httpx.get(f"{server.address}/api/ice", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    stun, turn = answer.json()["ice_servers"]
    assert stun == {"urls": [f"stun:{NOWHERE}"]}
    assert turn.pop("urls") == [f"turn:{NOWHERE}"]
    assert float(turn["username"].partition(":")[0]) == pytest.approx(time.time() + answer.json()["expires_in"], abs=60)
    assert answer.json()["expires_in"] > server.sessions.about.rules.cap_s
    given: dict[str, str] = turn
    return given


def test_a_page_gets_credentials_of_its_own_for_the_token(server: Served) -> None:
    assert credentials(server) != credentials(server)
    for shown in ({}, {"Authorization": "Bearer wrong"}):
        refused = httpx.get(f"{server.address}/api/ice", headers=shown)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


def test_what_is_open_lists_no_servers(server: Served) -> None:
    for path in ("/api/config", "/healthz"):
        assert NOWHERE not in httpx.get(server.address + path).text
    for method, path in (("OPTIONS", "/whip"), ("OPTIONS", "/whip/ann"), ("POST", "/whip")):
        answer = httpx.request(method, server.address + path, content=OFFER, headers=SDP)
        assert "link" not in answer.headers


def test_a_whip_sender_gets_them_with_its_answer_or_before_it_offers(server: Served) -> None:
    answers = [
        server.post("/whip/ann", OFFER, **BEARER),
        httpx.options(f"{server.address}/whip/ann", headers=BEARER),
    ]
    for answer in answers:
        stun, turn = answer.headers.get_list("link")
        assert stun == f'<stun:{NOWHERE}>; rel="ice-server"'
        assert turn.startswith(f'<turn:{NOWHERE}>; rel="ice-server"; username="')
        assert '"; credential="' in turn
        assert turn.endswith('; credential-type="password"')
    httpx.delete(server.address + answers[0].headers["location"], headers=BEARER)


def test_a_server_without_any_has_none_to_give(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path) as server:
        assert httpx.get(f"{server.address}/api/ice").json()["ice_servers"] == []
        assert "link" not in server.post(offer=OFFER).headers


def test_a_full_range_of_ports_is_told_and_leaves_nothing_behind(models: Models, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    network = {"udp_ports": UdpPorts(port, port), "public_addresses": ("127.0.0.1",)}
    with served(models, tmp_path, capacity=1, network=network) as server:
        for _ in range(3):
            sender = server.post("/whip/ann", OFFER)
            assert sender.status_code == 201
            assert f" 127.0.0.1 {port} typ host" in sender.text
            httpx.delete(server.address + sender.headers["location"])
            assert eventually(lambda: server.sessions.live == 0)
        folders = len(list(tmp_path.iterdir()))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))
            refused = server.post("/whip/ben", OFFER)
            assert (refused.status_code, refused.json()["code"]) == (503, "full")
            assert f"every UDP port of {port}-{port} is taken" in refused.json()["error"]
            assert int(refused.headers["retry-after"]) > 0
        assert server.sessions.live == 0
        assert len(list(tmp_path.iterdir())) == folders
        assert server.post("/whip/ben", OFFER).status_code == 201
