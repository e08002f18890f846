"""A database for a test, in SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from take5.stream.platform.database import Database


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'platform.db'}"


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    opened = Database.open(address)
    yield opened
    opened.close()
