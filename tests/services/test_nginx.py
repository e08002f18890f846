"""The page and independent senders through nginx, under a prefix, with TLS and without."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
import nginx
import pytest
from nginx import Proxy
from page_browser import OpenPage
from page_talk import ready
from playwright.sync_api import Page, expect
from services import StartService
from serving import PATIENCE_S, Served, eventually, served
from whip_clients import node_sender
from whip_clients.node_sender import NodeSender
from whip_clients.packed import pack

from take5.client.pages import PAGES
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.deliverables import Deliverables

pytestmark = pytest.mark.services

TOKEN = "open-sesame"  # noqa: S105 - of these tests alone
BEARER = {"Authorization": f"Bearer {TOKEN}"}
UNTIL_STOPPED = StopRules(stop_at=0, gain=None)
SENT_S = 3.0
PUSH = (sys.executable, "-m", "take5.client.cli", "push")
BUTTONS: tuple[Literal["left", "middle"], ...] = ("left", "middle")


@contextmanager
def behind(
    models: Models, folder: Path, start_service: StartService, *, tls: bool, stated: bool = True
) -> Iterator[tuple[Served, Proxy]]:
    """A server with a token, and nginx before it."""
    with served(
        models,
        folder / "out",
        rules=UNTIL_STOPPED,
        pages=PAGES,
        token=TOKEN,
        deliverables=Deliverables(report=True),
        proxies=["127.0.0.1"] if stated else [],
    ) as server:
        yield server, nginx.start(start_service, folder, server.address, tls=tls, stated=stated)


def captured(page: Page) -> str:
    """Record until there is a best window, and press Stop; the session's name."""
    ready(page)
    with page.expect_request(re.compile(f"{nginx.PREFIX}/whip/")) as offer:
        page.locator("#start").click()
    expect(page.locator("#best")).to_contain_text("Best so far: ")
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
        page.locator("#stop").click()
    assert ended.value.status == 200
    expect(page.locator("#result-text")).to_contain_text("You stopped it.")
    return offer.value.url.partition("?")[0].rpartition("/")[2]


def lines(log: str, *parts: str) -> list[str]:
    """Lines of an access log with all these parts."""
    return [line for line in log.splitlines() if all(part in line for part in parts)]


def without_secrets(addresses: list[str], log: str) -> None:
    """No address holds the token, and no ticket is in the addresses of two files or websockets."""
    assert addresses
    assert not [address for address in [*addresses, log] if TOKEN in address]
    uses = {(urlsplit(each).query, urlsplit(each).path) for each in addresses if "ticket=" in each}
    assert len({query for query, _ in uses}) == len(uses)


@pytest.mark.parametrize("tls", [False, True])
def test_the_page_behind_nginx(
    models: Models, talker_page: OpenPage, start_service: StartService, tmp_path: Path, tls: bool
) -> None:
    with behind(models, tmp_path, start_service, tls=tls) as (_, proxy):
        page = talker_page(f"{proxy.address}/#token={TOKEN}", ignore_https_errors=True, accept_downloads=True)
        addresses: list[str] = []
        page.context.on("request", lambda asked: addresses.append(asked.url))
        page.on("websocket", lambda socket: addresses.append(socket.url))
        name = captured(page)
        expect(page.locator("#clip")).to_have_js_property("duration", 5)
        expect(page.locator("#clip")).to_have_js_property("paused", False)
        page.locator("#clip").evaluate("(clip) => { clip.currentTime = 4; }")
        expect(page.locator("#clip")).to_have_js_property("seeking", False)
        page.get_by_role("button", name="Use this").click()
        expect(page.locator("#accepted-path")).to_have_text(re.compile(re.escape(str(tmp_path))))
        with page.expect_download() as download:
            page.get_by_role("link", name="clip.mp4").click()
        assert download.value.suggested_filename == "clip.mp4"
        assert Path(download.value.path()).read_bytes() == next(tmp_path.glob("out/*/clip.mp4")).read_bytes()
        for button in BUTTONS:
            with page.context.expect_page() as opened:
                page.get_by_role("link", name="Why this was chosen").click(button=button)
            expect(opened.value.locator("h1")).not_to_be_empty()
            assert opened.value.evaluate("window.opener") is None
        opened.value.reload()
        expect(opened.value.locator("h1")).not_to_be_empty()
        assert len([each for each in addresses if each.startswith("ws")]) == 1
        without_secrets(addresses, proxy.log)
        assert lines(proxy.log, f"GET {nginx.PREFIX}/api/sessions/{name}/events?", " 101 ")
        assert lines(proxy.log, f"DELETE {nginx.PREFIX}/whip/{name}/", " 200 ")
        assert not lines(proxy.log, " 401 ")


def test_the_page_under_a_prefix_that_is_not_stated(
    models: Models, talker_page: OpenPage, start_service: StartService, tmp_path: Path
) -> None:
    with behind(models, tmp_path, start_service, tls=False, stated=False) as (_, proxy):
        page = talker_page(f"{proxy.address}/#token={TOKEN}")
        captured(page)
        expect(page.locator("#clip")).to_have_js_property("duration", 5)
        assert TOKEN not in proxy.log


@pytest.mark.parametrize("tls", [False, True])
def test_senders_through_nginx(
    models: Models,
    short: Path,
    start_service: StartService,
    tmp_path: Path,
    tls: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / nginx.CERTIFICATE))
    if (text := node_sender.missing()) is not None:
        pytest.fail(text)
    with behind(models, tmp_path, start_service, tls=tls) as (server, proxy):
        sender = NodeSender(f"{proxy.address}/whip/obs", pack(short, tmp_path / "packed", SENT_S), token=TOKEN)
        assert sender.accepted is not None
        assert sender.accepted["resource"].startswith(f"{proxy.address}/whip/obs/")
        assert sender.wait(PATIENCE_S) == (0, "")

        pushed = subprocess.run(
            [*PUSH, f"{proxy.address}/whip/ffmpeg", str(short), "--token", TOKEN, "--seconds", str(SENT_S)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert "stopped: it was ended" in pushed.stdout, pushed.stderr
        for name in ("obs", "ffmpeg"):
            (ended,) = lines(proxy.log, f'"DELETE {nginx.PREFIX}/whip/{name}/')
            assert '" 200 ' in ended
        assert eventually(lambda: server.sessions.live == 0)
        assert TOKEN not in proxy.log


def test_a_sender_that_does_not_know_the_prefix_ends_without_a_word(
    models: Models, short: Path, start_service: StartService, tmp_path: Path
) -> None:
    with behind(models, tmp_path, start_service, tls=False, stated=False) as (server, proxy):
        sender = NodeSender(f"{proxy.address}/whip/obs", pack(short, tmp_path / "packed", SENT_S), token=TOKEN)
        assert sender.wait(PATIENCE_S) == (0, "")
        assert lines(proxy.log, '"DELETE /whip/obs/', '" 405 ')
        assert eventually(lambda: server.sessions.live == 0)


def test_what_a_client_states_does_not_get_through_nginx(
    models: Models, start_service: StartService, tmp_path: Path
) -> None:
    stated = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "X-Forwarded-Prefix": "/evil"}
    with behind(models, tmp_path, start_service, tls=True) as (_, proxy), httpx.Client(verify=False) as client:  # noqa: S501 - signed by itself
        config = f"{proxy.address}/api/config"
        for origin, status in ((proxy.address.removesuffix(nginx.PREFIX), 200), ("https://evil.example", 403)):
            assert client.get(config, headers=stated | {"Origin": origin}).status_code == status
