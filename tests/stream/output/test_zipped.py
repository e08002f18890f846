"""Archives that are made while they are sent."""

import io
import zipfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from take5.stream.output import zipped as module
from take5.stream.output.zipped import zipped


def test_an_entry_too_large_for_32_bits_is_archived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "large").write_bytes(b"x" * 5000)
    (tmp_path / "a" / "small").write_bytes(b"y")
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 4000)
    with pytest.raises(RuntimeError, match="too large"):
        list(zipped(tmp_path / "a"))
    monkeypatch.setattr(module, "LARGE_BYTES", 2000)
    with ZipFile(io.BytesIO(b"".join(zipped(tmp_path / "a")))) as archive:
        assert archive.testzip() is None
        assert archive.read("a/large") == b"x" * 5000
