"""What a Dockerfile says, done without Docker: each RUN in a machine, layer on layer, as its user.

Layers are kept in ``.cache/services/layers`` as long as neither the commands nor the files that are copied change.
Instructions and forms that deploy/Dockerfile does not have are refused.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template

import dockerfile  # type: ignore[import-not-found] # it ships no types
from machine import PATH, debian, kept, machine
from services import UNPACKED

LAYERS = UNPACKED / "layers"
FROM = "debian:{}-slim"


@dataclass(frozen=True)
class Image:
    """An image.

    Attributes
    ----------
    layers : tuple of Path
        Its files, the lowest first.
    user, folder : str
        Who runs its command, and where.
    variables : dict
        Its environment.
    entrypoint, command, health : tuple of str
        Words of ENTRYPOINT, CMD and HEALTHCHECK.
    volumes : tuple of str
        Folders that stay writable when its files are read-only.
    """

    layers: tuple[Path, ...] = ()
    user: str = "root"
    folder: str = "/"
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    arguments: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    key: str = ""


class Builder:
    """Builds an image.

    Parameters
    ----------
    path : Path
        The Dockerfile.
    context : Path
        The folder that COPY takes from; only what git tracks there.
    """

    def __init__(self, path: Path, context: Path) -> None:
        self._commands, self._context = dockerfile.parse_file(str(path)), context

    def build(self) -> Image:
        """Do what the Dockerfile says."""
        image = Image()
        for command in self._commands:
            step = getattr(self, f"_{command.cmd.lower()}", None)
            assert step is not None, f"{command.original}: this check does not know the instruction"
            image = step(image, command)
        return image

    def _from(self, _image: Image, command: dockerfile.Command) -> Image:
        suite = command.value[0].removeprefix("debian:").removesuffix("-slim")
        assert command.value == (FROM.format(suite),), f"{command.original}: not a Debian image"
        return Image((debian(suite),), key=suite)

    def _arg(self, image: Image, command: dockerfile.Command) -> Image:
        name, _, value = command.value[0].partition("=")
        return replace(image, arguments=image.arguments | {name: value})

    def _env(self, image: Image, command: dockerfile.Command) -> Image:
        names, values = command.value[0::2], command.value[1::2]
        given = {name: self._filled(image, value) for name, value in zip(names, values, strict=True)}
        return replace(image, variables=image.variables | given)

    def _user(self, image: Image, command: dockerfile.Command) -> Image:
        return replace(image, user=command.value[0])

    def _workdir(self, image: Image, command: dockerfile.Command) -> Image:
        return replace(image, folder=command.value[0])

    def _volume(self, image: Image, command: dockerfile.Command) -> Image:
        return replace(image, volumes=image.volumes + tuple(command.value))

    def _entrypoint(self, image: Image, command: dockerfile.Command) -> Image:
        assert command.json, f"{command.original}: not in the form of a list, so that a shell would get the signals"
        return replace(image, entrypoint=tuple(command.value), command=())

    def _cmd(self, image: Image, command: dockerfile.Command) -> Image:
        assert command.json
        return replace(image, command=tuple(command.value))

    def _healthcheck(self, image: Image, command: dockerfile.Command) -> Image:
        assert command.value[0] == "CMD"
        return replace(image, health=tuple(command.value[1:]))

    def _expose(self, image: Image, _command: dockerfile.Command) -> Image:
        return image

    def _stopsignal(self, image: Image, command: dockerfile.Command) -> Image:
        assert command.value == ("SIGTERM",)
        return image

    def _copy(self, image: Image, command: dockerfile.Command) -> Image:
        mode = [flag.removeprefix("--chmod=") for flag in command.flags]
        assert len(mode) <= 1
        *sources, target = command.value
        tracked = tracked_files(self._context, *sources)
        image = keyed(image, f"COPY {command.value} {command.flags} {hashed(tracked)}")

        def fill(upper: Path) -> None:
            for source in sources:
                base = target + (Path(source).name if target.endswith("/") else "")
                for path in tracked:
                    within = path.relative_to(self._context)
                    if within.is_relative_to(source):
                        copied(path, upper / base.lstrip("/") / within.relative_to(source), mode[0] if mode else None)

        return with_layer(image, fill)

    def _run(self, image: Image, command: dockerfile.Command) -> Image:
        caches = list(_caches(command.flags))
        image = keyed(image, f"RUN {command.value} {image.arguments} {image.variables} {image.user} {image.folder}")

        def fill(upper: Path) -> None:
            binds = kept(*caches)
            words = list(command.value) if command.json else ["/bin/sh", "-c", command.value[0]]
            with machine(image.layers, upper.parent, binds) as built:
                given = image.arguments | image.variables
                built.run(*words, user=image.user, environment=given, folder=image.folder)

        return with_layer(image, fill)

    def _filled(self, image: Image, value: str) -> str:
        return Template(value.strip('"')).substitute(image.arguments | image.variables)


def tracked_files(context: Path, *sources: str) -> list[Path]:
    """Files below these folders that git tracks or would track, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", *sources],
        cwd=context, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = sorted(context / name for name in listed.stdout.split("\0") if name)
    assert found, sources
    return [path for path in found if path.is_symlink() or path.exists()]


def hashed(files: list[Path]) -> str:
    """SHA-256 of these files' names and contents."""
    content = hashlib.sha256()
    for path in files:
        content.update(f"{path} {path.is_symlink()}".encode() + (b"" if path.is_dir() else path.read_bytes()))
    return content.hexdigest()


def copied(path: Path, to: Path, mode: str | None = None) -> None:
    """Copy a file, or a link as a link."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, to, follow_symlinks=False)
    if mode is not None:
        to.chmod(int(mode, 8))


def _caches(flags: tuple[str, ...]) -> Iterator[str]:
    for flag in flags:
        options = dict(part.split("=") for part in flag.removeprefix("--mount=").split(","))
        assert options.get("type") == "cache", f"{flag}: this check does not know the option"
        yield options["target"]


def keyed(image: Image, said: str) -> Image:
    """Return the image for which the next layer is made of what ``said`` names."""
    return replace(image, key=hashlib.sha256(json.dumps([image.key, said]).encode()).hexdigest()[:20])


def with_layer(image: Image, fill: Callable[[Path], None]) -> Image:
    """Return the image with what ``fill`` writes, or has written before, on top."""
    layer = LAYERS / image.key
    if not layer.is_dir():
        making = LAYERS / f"{image.key}.partial"
        shutil.rmtree(making, ignore_errors=True)
        (making / "upper").mkdir(parents=True)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, making, ignore_errors=True)
            fill(making / "upper")
            (making / "upper").rename(layer)
    return replace(image, layers=(*image.layers, layer))
