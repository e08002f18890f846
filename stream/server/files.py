"""The files of takes that the server hands out."""

import re
from pathlib import Path

from starlette.responses import FileResponse, Response

from take5.stream.report.write import PAGE
from take5.stream.server.errors import Refused

FILES = {
    "clip.mp4": "video/mp4",
    "clip.wav": "audio/wav",
    "idle.mp4": "video/mp4",
    "idle.wav": "audio/wav",
    "report.html": "text/html",
    "report.png": "image/png",
    "source.mp4": "video/mp4",
    "source.webm": "video/webm",
    "report.json": "application/json",
}

OF_LENGTH = re.compile(r"-[0-9.]+s(?=\.[a-z0-9]+$)")
"""What the name of a file of another length than the first has more, such as ``clip-10s.mp4``."""

FILE_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
REPORT_HEADERS = {
    **FILE_HEADERS,
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",  # its address may hold a ticket
}
"""The report shows its own pictures in its own style, and loads nothing."""


def is_file(name: str) -> bool:
    """Whether a file of this name is handed out, if a take has it."""
    return _kind(name) is not None


def file_response(path: Path, download: str | None = None) -> Response:
    """Return a file of a take; ``download`` is the name to save it under, by default it is shown.

    Raises
    ------
    Refused
        If it is not there any more.
    """
    if not path.is_file():
        raise Refused(404, "not_found", f"{path.name} has been moved or removed on the server")
    headers = REPORT_HEADERS if path.name == PAGE else FILE_HEADERS
    return FileResponse(path, media_type=_kind(path.name), headers=headers, filename=download)


def _kind(name: str) -> str | None:
    return FILES.get(OF_LENGTH.sub("", name))
