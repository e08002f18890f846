"""A database for a test, in SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from new_database import new_database

from take5.stream.platform.database import Database


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'platform.db'}"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """At that address."""
    opened = new_database(tmp_path / "platform.db")
    yield opened
    opened.close()
