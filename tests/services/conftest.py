"""What tests with services share; each module of this folder has ``pytestmark = pytest.mark.services``."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from services import StartService, running


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Start services as ``services.running`` does, in the test's folder; they end with the test."""
    with ExitStack() as stack:
        start = partial(running, folder=tmp_path)
        yield lambda *arguments, **options: stack.enter_context(start(*arguments, **options))
