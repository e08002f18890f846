"""The notices that a clip is ready, and that its bundles are prepared: a JSON object each (``docs/hooks.md``)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from take5.scoring.models.trackers import MEDIAPIPE
from take5.stream.events import ClipReady, LeftStep
from take5.stream.wire import Json

NOTICE_VERSION = 1

Kind = Literal["clip", "bundle", "prepared"]


@dataclass(frozen=True)
class BundlePlace:
    """Location of a trainer's bundle: its folder or file, and its manifest."""

    trainer: str
    path: Path
    manifest: Path

    def json(self) -> Json:
        """Return it with absolute paths."""
        return {"trainer": self.trainer, "path": _whole(self.path), "manifest": _whole(self.manifest)}


@dataclass(frozen=True)
class PreparedPlace(BundlePlace):
    """Location of a bundle, and how it is prepared: the steps that are left, or why it is not."""

    left: Sequence[LeftStep] = ()
    error: str | None = None

    def json(self) -> Json:
        """Return it with absolute paths."""
        left = [{"what": step.what, "command": step.command} for step in self.left]
        return {**super().json(), "left": left, "error": self.error}


@dataclass(frozen=True)
class Notice:
    """A notice that programs get once, by every configured way.

    Attributes
    ----------
    kind : str
        "bundle" if there are trainers' bundles next to the clip, else "clip"; later "prepared".
    folder : Path
        The take's folder.
    details : mapping
        Everything except the id and the kind.
    id : str
        Unique to the notice; the same in retries.
    """

    kind: Kind
    folder: Path
    details: Mapping[str, Any]
    id: str = field(default_factory=lambda: uuid4().hex)

    def json(self) -> Json:
        """Return it as ``{"version": 1, "type": "bundle", "id": ...}``."""
        return {"version": NOTICE_VERSION, "type": self.kind, "id": self.id, **self.details}

    def body(self) -> bytes:
        """Return the same as bytes: ASCII, one line."""
        return json.dumps(self.json()).encode("ascii")


def clip_notice(
    clip: ClipReady, session: str, encoder: str, bundles: Iterable[BundlePlace] = (), tracker: str = MEDIAPIPE
) -> Notice:
    """Return the notice that a clip, and the bundles made of it, are on disk.

    Parameters
    ----------
    clip : ClipReady
        The event; its ``path`` is the take's folder.
    session : str
        The session's name; for a finished file, the file's.
    encoder : str
        The encoder that D was measured with.
    bundles : iterable of BundlePlace
        The bundles for trainers.
    tracker : str
        The face tracker that MC was measured with.
    """
    placed = [bundle.json() for bundle in bundles]
    return _notice("bundle" if placed else "clip", clip, session, encoder, tracker, placed)


def prepared_notice(
    clip: ClipReady, session: str, encoder: str, bundles: Iterable[PreparedPlace], tracker: str = MEDIAPIPE
) -> Notice:
    """Return the notice that the bundles of a clip have been prepared, or could not be; see :func:`clip_notice`."""
    return _notice("prepared", clip, session, encoder, tracker, [bundle.json() for bundle in bundles])


def _notice(kind: Kind, clip: ClipReady, session: str, encoder: str, tracker: str, bundles: Sequence[Json]) -> Notice:
    event = clip.json()
    details = {
        "session": session,
        "encoder": encoder,
        "tracker": tracker,
        "path": _whole(Path(clip.path)),
        **{key: event[key] for key in ("files", "window_s", "start_s", "end_s", "best")},
        "bundles": bundles,
    }
    return Notice(kind, Path(clip.path).absolute(), details)


def _whole(path: Path) -> str:
    return str(path.absolute())
