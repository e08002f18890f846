"""What a user gives as a recording: a file, a pipe, standard input, or an address on the web.

A file is read where it is. Everything else is copied to a temporary file first, since a recording is read in several
passes.
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO
from urllib.parse import unquote, urlsplit
from weakref import finalize

import av

from take5.scoring.errors import UnreadableMedia
from take5.stream.ffmpeg.container import reason
from take5.stream.output.atomic import writing

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
WEB = ("http", "https")
OPTIONS = {"protocol_whitelist": "http,https,tls,tcp,httpproxy", "raw_packet_size": "65536", "rw_timeout": "30000000"}
"""FFmpeg's, for reading an address: no other protocol after a redirection, and 30 s of silence at most."""

PLAYLISTS = (b"#EXTM3U", b"<MPD", b"<?xml")
STDIN = "-"


@dataclass(frozen=True)
class Address:
    """A recording that is not a file: standard input, ``-``, or an address.

    Attributes
    ----------
    text : str
        As given.
    copy : Path or None
        Where it has been copied to already.
    """

    text: str
    copy: Path | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """The last part of its path."""
        if self.text == STDIN:
            return "stdin"
        parts = urlsplit(self.text)
        return PurePosixPath(unquote(parts.path)).name.replace("\0", "") or parts.hostname or "video"

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem


Given = Path | Address


def given(text: str | os.PathLike[str]) -> Given:
    """Return what a text stands for; ``./-`` is a file called ``-``."""
    name = os.fspath(text)
    if isinstance(text, str) and (name == STDIN or (SCHEME.match(name) and not Path(name).exists())):
        return Address(name)
    return Path(name)


def is_file(recording: Given) -> bool:
    """Whether it can be read again: neither a pipe nor an address."""
    return isinstance(recording, Path) and not recording.is_fifo()


class Copy:
    """A file to read a recording from: the recording itself, or a temporary file that lives as long as this."""

    def __init__(self, recording: Given) -> None:
        if isinstance(recording, Address) and recording.copy is not None:
            self.path = recording.copy
        elif isinstance(recording, Path) and is_file(recording):
            self.path = recording
        else:
            with writing(Path(tempfile.gettempdir())):
                descriptor, name = tempfile.mkstemp(prefix="take5-")
            self.path = Path(name)
            finalize(self, self.path.unlink, missing_ok=True)
            with writing(self.path), os.fdopen(descriptor, "wb") as file:
                _fill(file, recording)
            _refuse_unusable(self.path, recording)


def _fill(file: IO[bytes], recording: Given) -> None:
    if isinstance(recording, Path):
        with _reading(recording), recording.open("rb") as pipe:
            shutil.copyfileobj(pipe, file)
    elif recording.text == STDIN:
        shutil.copyfileobj(_stdin(), file)
    else:
        _fetch(recording, file)


@contextmanager
def _reading(recording: Given) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise UnreadableMedia(f"{recording}: cannot be read ({reason(error)})") from error


def _stdin() -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise UnreadableMedia("-: standard input is a terminal; send a recording to it: take5 select - < talk.mp4")
    return sys.stdin.buffer


def _fetch(address: Address, file: IO[bytes]) -> None:
    """Copy what is at an address, with FFmpeg's reader of protocols."""
    scheme = SCHEME.match(address.text)
    if scheme is None or scheme[1].lower() not in WEB:
        kind = address.text if scheme is None else scheme[0]
        raise UnreadableMedia(f"{address}: {kind} is not read; give a file, http:// or https://, or - for stdin")
    try:
        with av.open(address.text, format="data", options=OPTIONS) as container:
            for packet in container.demux():
                file.write(bytes(packet))
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableMedia(f"{address}: cannot be read ({reason(error)})") from error


def _refuse_unusable(path: Path, recording: Given) -> None:
    with path.open("rb") as file:
        beginning = file.read(64)
    if not beginning:
        raise UnreadableMedia(f"{recording}: is empty (0 bytes)")
    if isinstance(recording, Address) and beginning.lstrip().startswith(PLAYLISTS):
        raise UnreadableMedia(f"{recording}: is a playlist; give the address of a media file")
