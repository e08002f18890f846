"""``take5 purge``: names what is due, erases it, and says what it could not erase."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from erasure_stage import DAY, NAME, ErasingShop, ages, everything, is_erased, nothing_is_left, refuse, shop_at, whole

from take5.client.cli import run
from take5.stream.analysis.models import Models
from take5.stream.platform import eraser, footage


@pytest.fixture
def shop(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ErasingShop]:
    """A server that erases nothing by itself."""
    monkeypatch.setattr(eraser.Eraser, "start", lambda *_: None)
    with shop_at(models, tmp_path) as made:
        yield made


def purge(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    address = f"sqlite:///{folder / 'platform.db'}"
    command = [sys.executable, "-m", "take5.client.cli", "purge", "--database", address, str(folder / "out"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.long
def test_it_names_what_is_due_then_erases_it(shop: ErasingShop, tmp_path: Path) -> None:
    session, stays = whole(shop, retention_days=1), shop.program.create()
    ages(shop, session, DAY)
    before = everything(shop.output)
    named = purge(tmp_path, "--dry-run")
    assert (named.returncode, named.stderr) == (0, "")
    assert f"{session['id']}: would be erased (retention)" in named.stdout
    assert f"  {shop.output}/20300101-000000-{session['id']}" in named.stdout
    assert everything(shop.output) == before
    done = purge(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{session['id']}: erased (retention): " in done.stdout
    assert NAME not in named.stdout + done.stdout
    nothing_is_left(shop, session, tmp_path, "")
    assert shop.program.show(stays["id"])["state"] == "created"
    assert purge(tmp_path).stdout == ""


def test_it_says_what_it_could_not_erase(
    shop: ErasingShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session = whole(shop, retention_days=1)
    ages(shop, session, DAY)
    command = ["purge", "--database", f"sqlite:///{tmp_path / 'platform.db'}", str(shop.output)]
    with monkeypatch.context() as broken:
        broken.setattr(footage, "_delete", refuse)
        assert run(command) == 1
        written = capsys.readouterr()
        assert f"take5: error: {session['id']}: {shop.output}/2030" in written.err
        assert written.out == ""
    assert run(command) == 0
    assert is_erased(shop, session)


def test_what_is_wrong_is_an_error_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "platform.db").write_text("something else " * 100)
    done = purge(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("take5: error: sqlite:///")
    assert purge(tmp_path, "--keep-records", "0").returncode == 64
    for there in (False, True):
        typo = tmp_path / "typo.db"
        if there:
            typo.touch()
        assert run(["purge", "--database", f"sqlite:///{typo}", "--dry-run", str(tmp_path / "out")]) == 1
        assert "there is no such database" in capsys.readouterr().err
        assert typo.exists() == there
        assert not there or not typo.stat().st_size
