"""Whether a folder can be the output folder."""

from pathlib import Path

import pytest

from take5.client.cli import run
from take5.client.cli.exit_codes import FAILED
from take5.scoring.errors import OutputError
from take5.stream.output.usable import is_usable, usable_folder


def test_a_folder_is_made_and_its_path_holds_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_usable(Path("a/b"))
    assert usable_folder(Path("a/b")) == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []
    assert is_usable(Path("a/b"))


def test_a_file_in_its_way_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "sub"
    assert not is_usable(below)
    assert not is_usable(tmp_path / "file")
    with pytest.raises(OutputError, match=r"sub: cannot be the output folder \(Not a directory\); choose another"):
        usable_folder(below)
    assert run(["serve", "-o", str(below), "--port", "0"]) == FAILED
    assert "cannot be the output folder" in capsys.readouterr().err
