"""Services run as processes of a test, and end with it."""

import shutil
import socket

import pytest
from services import Service, StartService, answers, free_port, program

pytestmark = pytest.mark.services


def test_a_service_runs_from_its_folder(start_service: StartService) -> None:
    port = free_port()
    service: Service = start_service(
        "turnserver", "-n", "-L", "127.0.0.1", "-p", str(port), "--no-tls", "--no-dtls", "-l", "stdout", "-r", "x",
        "--pidfile", "turn.pid", "--no-cli", "--lt-cred-mech", "--user", "a:b", ready=answers(port),
    )  # fmt: skip
    assert "coturn" in service.said.lower()
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def test_without_a_service_the_test_is_skipped_or_in_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shutil.which("no-such-service") is None
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="make test-services"):
        program("no-such-service")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make test-services"):
        program("no-such-service")
