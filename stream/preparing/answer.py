"""What the process that prepares bundles says of each."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from take5.scoring.errors import Take5Error
from take5.stream.bundles.preparation.prepare import FaceModel
from take5.stream.preparing.bundle import prepare_fully
from take5.stream.preparing.models import face_model
from take5.stream.wire import Json

log = logging.getLogger(__name__)


def answers_for(folders: Iterable[Path]) -> Iterator[Json]:
    """Prepare bundles, and yield for each what was made and what is left of it, or ``{"error": ...}``."""
    model = face_model()
    for folder in folders:
        try:
            yield _prepared(folder, model)
        except Take5Error as error:
            yield {"error": str(error)}
        except Exception as error:
            log.exception("%s could not be prepared", folder)
            yield {"error": f"an internal error ended it: {error}"}


def _prepared(folder: Path, model: FaceModel) -> Json:
    made, reason = prepare_fully(folder, model)
    wrong = [str(violation) for violation in made.progress.violations]
    if wrong:
        return {"error": wrong[0]}
    steps = [step.json() for step in made.progress.left]
    return {"made": list(made.made), "left": steps, "warnings": [reason] if reason else []}
