"""``manifest.json``: the origin of a bundle, its contents, and the remaining steps (``docs/manifest.schema.json``)."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from take5.stream.bundles.contract import Shows, TrainerContract
from take5.stream.bundles.crop import Crop
from take5.stream.bundles.part import Draft
from take5.stream.output.atomic import new_file
from take5.stream.selection import Selection, versions
from take5.stream.timeline.clock import frame_seconds
from take5.stream.wire import Json

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class Origin:
    """The origin of a bundle's footage.

    Attributes
    ----------
    video : str
        The recording's name.
    container_start_s : float
        The bundle's first frame on the recording's own clock.
    selection : Selection or None
        How its window was chosen; None for a clip not chosen by take5.
    warnings : tuple of str
        Warnings about the recording.
    channel : str
        What was heard: ``mix``, ``left``, ``right``, or the number of a channel.
    tone_mapped : str or None
        The transfer function of an HDR picture that was mapped to SDR.
    av_offset_ms : int
        How much earlier the sound was moved.
    """

    video: str
    container_start_s: float
    selection: Selection | None = None
    warnings: tuple[str, ...] = ()
    channel: str = "mix"
    tone_mapped: str | None = None
    av_offset_ms: int = 0

    def later(self, frames: int) -> "Origin":
        """The same, where the bundle begins this number of frames later."""
        return replace(self, container_start_s=self.container_start_s + frame_seconds(frames))


def manifest(
    trainer: TrainerContract, draft: Draft, origin: Origin, paths: list[str], warnings: list[str], consent: str | None
) -> Json:
    """Describe a bundle whose files are written; one that shows the whole picture has no ``crop``."""
    footage, selection, crop = draft.footage, origin.selection, draft.crop
    best = None if selection is None else selection.best
    train = trainer.train(footage.frames)
    steps = [step.of(draft.name, train) for step in trainer.left]
    return {
        "version": MANIFEST_VERSION,
        "trainer": trainer.name,
        "id": draft.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": {
            "video": origin.video,
            "container_start_s": origin.container_start_s,
            "start_frame": footage.start,
            "channel": origin.channel,
            "tone_mapped": origin.tone_mapped,
            "av_offset_ms": origin.av_offset_ms,
        },
        "window": None if selection is None or best is None else selection.window_json(best),
        "parameters": None if selection is None else asdict(selection.settings.parameters),
        "encoder": {"name": draft.encoder.name, "version": draft.encoder.version},
        "tracker": None if selection is None else selection.tracker,
        "consent": consent,
        "frames": footage.frames,
        "train_frames": train,
        "validation_frames": footage.frames - train,
        "note": "; ".join(filter(None, [footage.note if trainer.holds_out else "", footage.remark])),
        "crop": None if trainer.shows is Shows.IDLE else _crop_json(crop),
        "tracked_landmarks": [] if draft.faces is None else list(draft.seen.tracked),
        "files": [described_file(draft.folder, path) for path in paths],
        "done": list(trainer.done),
        "left": [step.json() for step in steps],
        "caveats": list(trainer.caveats),
        "warnings": [*origin.warnings, *warnings],
        "versions": dict(versions()),
    }


def _crop_json(crop: Crop) -> Json:
    square = {"left": crop.left, "top": crop.top, "side": crop.side, "size": crop.size}
    return square if crop.picture is None else {**square, "picture": list(crop.picture)}


def write_manifest(content: Json, folder: Path) -> None:
    """Write it next to the files that it describes."""
    with new_file(folder / MANIFEST) as path:
        path.write_text(manifest_text(content), encoding="utf-8", errors="backslashreplace")


def manifest_text(content: Json) -> str:
    """Return it as text."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def described_file(folder: Path, path: str) -> Json:
    """A file of a bundle, as it stands in its manifest."""
    content = (folder / path).read_bytes()
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
