"""What tests with services share; each module of this folder has ``pytestmark = pytest.mark.services``."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from coturn import start_coturn
from services import Service, StartService, free_port, running


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Start services as ``services.running`` does, in the test's folder; they end with the test."""
    with ExitStack() as stack:
        start = partial(running, folder=tmp_path)
        yield lambda *arguments, **options: stack.enter_context(start(*arguments, **options))


@pytest.fixture
def turn_port() -> int:
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
def coturn(start_service: StartService, tmp_path: Path, turn_port: int) -> Service:
    return start_coturn(start_service, tmp_path, turn_port)
