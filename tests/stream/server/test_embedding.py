"""The example of docs/server.md: take5 inside another application, run as it stands."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from repository import ROOT
from serving import eventually
from websockets.sync.client import connect

from take5.stream.bundles.write import WantedBundles

DOCUMENT = ROOT / "docs" / "server.md"


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve an application as its owner would; yield host and port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def test_the_example_serves_the_page_and_ends_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(example, str(DOCUMENT), "exec"), names)  # noqa: S102
    with running(names["app"]) as address, httpx.Client(base_url=f"http://{address}/take5") as client:
        assert "<title>take5</title>" in client.get("/").text
        health = client.get("/healthz").json()
        assert (health["live"], health["capacity"], health["disk_full"]) == (0, 3, False)
        assert client.get("/api/config").json()["stop"]["share"] == pytest.approx(0.95)
        assert client.get("/api/prompts").json()
        with connect(f"ws://{address}/take5/api/sessions/anna/events") as socket:
            assert '"waiting"' in str(socket.recv(10))
    assert isinstance(names["deliverables"].bundles, WantedBundles)
    assert not names["hooks"], "no target"
