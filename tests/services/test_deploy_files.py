"""The other files of deploy/: what they say is understood by those who read it, and they agree with each other."""

import re
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from compose_spec import PyCompose
from coturn import SECRET
from deployment import blocks
from nginx import write_certificate
from repository import ROOT
from services import StartService, answers, free_port
from serving import served

from take5.client.pages import PAGES
from take5.stream.analysis.models import Models
from take5.stream.hooks.dispatcher import CLOSE_S, LET_GO_S
from take5.stream.platform.watch import SETTLE_S
from take5.stream.server.sessions import DRAIN_S

pytestmark = pytest.mark.services

DEPLOY = ROOT / "deploy"
GRACEFUL_S = 3.0
"""How long uvicorn waits for followers."""


@pytest.fixture
def compose() -> dict[str, Any]:
    text = (DEPLOY / "compose.yaml").read_text()
    PyCompose.from_yaml(re.sub(r"\$\{(\w+)[^}]*\}", r"\1", text))  # refuses what the specification does not have
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def ports(text: str) -> set[str]:
    """Ranges of UDP ports that a text names."""
    return set(re.findall(r"\b4\d{4}-4\d{4}\b", text)) - {"49152-49407"}


def test_compose_names_what_there_is(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"take5", "caddy", "coturn", "postgresql"}
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service.get("depends_on", [])) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith("./") else source in compose["volumes"]
        if service is not services["postgresql"]:
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
    assert f"--proxy={services['caddy']['networks']['front']['ipv4_address']}" in services["take5"]["command"]
    assert (DEPLOY / services["take5"]["build"]["context"] / services["take5"]["build"]["dockerfile"]).is_file()


def test_every_file_waits_for_as_long_as_the_server_needs_to_end(compose: dict[str, Any]) -> None:
    needed = DRAIN_S + CLOSE_S + LET_GO_S + SETTLE_S + GRACEFUL_S
    unit = (DEPLOY / "take5.service").read_text()
    (stop,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert compose["services"]["take5"]["stop_grace_period"] == f"{stop}s"
    assert needed < float(stop)
    assert f"up to {needed:.0f} s" in unit.replace("\n# ", " ")
    assert f"up to {needed:.0f} s" in (ROOT / "docs" / "deploy.md").read_text()


def test_every_file_has_the_same_udp_ports() -> None:
    named = [ports((DEPLOY / name).read_text()) for name in ("compose.yaml", "Dockerfile", "take5.env")]
    firewall = ports("\n".join(blocks("## With systemd", "## With Compose")))
    assert [*named, firewall] == [{"40000-40099"}] * 4


def test_caddy_takes_the_caddyfile_and_states_who_asks(
    models: Models, start_service: StartService, tmp_path: Path
) -> None:
    port, plain = free_port(), free_port()
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"
    write_certificate(certificate, key)
    with served(models, tmp_path / "out", pages=PAGES, token=SECRET, proxies=["127.0.0.1"]) as server:
        text = (DEPLOY / "Caddyfile").read_text().replace("take5:8005", server.address.removeprefix("http://"))
        own = f"{{\n\tadmin off\n\thttp_port {plain}\n\tstorage file_system {tmp_path}\n}}\n"
        text = own + text.replace("{$TAKE5_NAME} {", f"https://127.0.0.1:{port} {{\n\ttls {certificate} {key}")
        (tmp_path / "Caddyfile").write_text(text)
        start_service(
            "caddy", "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile"),
            ready=answers(port), environment={"HOME": str(tmp_path)},
        )  # fmt: skip
        base = f"https://127.0.0.1:{port}"
        stated = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "X-Forwarded-Prefix": "/evil"}
        with httpx.Client(verify=ssl.create_default_context(cafile=str(certificate))) as client:
            assert client.get(f"{base}/healthz", headers=stated).status_code == 200
            assert "Strict-Transport-Security" in client.get(base).headers
            config = f"{base}/api/config"
            for origin, status in ((base, 200), ("https://evil.example", 403)):
                assert client.get(config, headers=stated | {"Origin": origin}).status_code == status
            large = client.post(f"{base}/whip/x", content=b"x" * (9 << 20), headers={"Content-Type": "application/sdp"})
            assert large.status_code in (401, 413)
