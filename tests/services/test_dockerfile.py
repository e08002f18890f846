"""deploy/Dockerfile: its steps are done in a Debian machine, and what comes of them serves."""

import fnmatch
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dockerfile  # type: ignore[import-not-found] # it ships no types
import pytest
from image import Builder, Image
from machine import Machine, child_of, machine
from repository import ROOT
from serving import eventually

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]  # the first time it installs Debian's and pip's packages

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
DATABASE = "/run/database"
END_S = 30.0


@pytest.fixture(scope="module")
def image() -> Image:
    return Builder(DOCKERFILE, ROOT).build()


@contextmanager
def container(image: Image, folder: Path) -> Iterator[Machine]:
    """A machine with the image's files, which are read-only, but for its volumes."""
    (folder / "database").write_text("sqlite:////var/lib/take5/platform.db\n")
    binds = {folder / "database": DATABASE}
    for number, volume in enumerate(image.volumes):
        binds[folder / f"volume-{number}"] = volume
        (folder / f"volume-{number}").mkdir()
    with machine(image.layers, folder, binds, alone=True) as running:
        for volume in image.volumes:  # as Docker makes them: as the image has them
            running.run("chown", image.user, volume)
        subprocess.run([*running.entered("--mount"), "mount", "-o", "remount,ro", str(running.root)], check=True)
        yield running


def started(image: Image, running: Machine, output: Path, **given: str) -> "subprocess.Popen[bytes]":
    """Start ENTRYPOINT with CMD."""
    with output.open("wb") as written:
        return subprocess.Popen(
            command(image, running, *image.entrypoint, *image.command, **given), stdout=written, stderr=written
        )


def command(image: Image, running: Machine, *words: str, **given: str) -> list[str]:
    variables: Mapping[str, str] = image.variables | given
    return running.command(*words, user=image.user, folder=image.folder, environment=variables)


def healthy(image: Image, running: Machine) -> bool:
    return subprocess.run(command(image, running, *image.health), capture_output=True, check=False).returncode == 0


def test_it_serves_as_an_ordinary_user_from_files_that_are_read_only(image: Image, tmp_path: Path) -> None:
    with container(image, tmp_path) as running:
        assert not healthy(image, running)
        served = started(image, running, tmp_path / "said", TAKE5_DATABASE_FILE=DATABASE)
        said = (tmp_path / "said").read_text
        assert eventually(lambda: served.poll() is not None or healthy(image, running)), said()
        assert served.poll() is None, said()
        assert "take5 at http://0.0.0.0:8005" in said()
        (owner,) = running.run("sh", "-c", "stat -c %U /proc/[0-9]*/cwd/platform.db").split()
        assert owner == image.user != "root"
        with pytest.raises(AssertionError, match="Read-only file system"):
            running.run("touch", "/opt/take5/x")
        database = {"TAKE5_DATABASE_FILE": DATABASE}
        done = subprocess.run(
            command(image, running, *image.entrypoint, "keys", "create", "web shop", **database),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip()
        os.kill(child_of(served.pid), signal.SIGTERM)
        assert served.wait(END_S) == 0, said()


def test_without_a_secret_it_says_what_to_do(image: Image, tmp_path: Path) -> None:
    with container(image, tmp_path) as running:
        for given, text in (
            ({}, "give --token SECRET"),
            ({"TAKE5_TOKEN_FILE": "/run/missing"}, "TAKE5_TOKEN_FILE: /run/missing cannot be read by user 10001"),
            ({"TAKE5_TOKEN_FILE": "/dev/null"}, "TAKE5_TOKEN_FILE: /dev/null is empty"),
        ):
            done = started(image, running, tmp_path / "said", **given)
            assert done.wait(END_S) not in (0, None)
            assert text in " ".join((tmp_path / "said").read_text().split())


def test_pytorch_is_left_out_and_the_models_are_there(image: Image, tmp_path: Path) -> None:
    with container(image, tmp_path) as running:
        look = "import importlib.util as u; print(u.find_spec('torch'), u.find_spec('psycopg') is not None)"
        done = subprocess.run(command(image, running, "python", "-c", look), capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["None", "True"]
        subprocess.run(command(image, running, "take5", "models", "verify"), check=True)


def test_what_is_copied_is_in_the_context() -> None:
    patterns = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().split()
    allowed = [pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")]
    copied = [name for each in dockerfile.parse_file(str(DOCKERFILE)) if each.cmd == "COPY" for name in each.value[:-1]]
    assert sorted(copied) == sorted(allowed)
    assert all((ROOT / name).exists() for name in copied)
    assert not [name for name in copied if any(fnmatch.fnmatch(name, kind) for kind in ("*secret*", ".*"))]
