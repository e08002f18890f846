"""Scoring a drawn talker, and what is known of it before."""

import json
from pathlib import Path
from typing import Any

from demo.talker import DEFAULT, FILLER, Script, fitted, truth
from demo.talker.__main__ import as_json
from take5.stream.analysis.models import Models
from take5.stream.offline.select import Selected, select
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

SHORT_S = 20
SHORT = fitted(DEFAULT, SHORT_S, FILLER)
"""Twenty seconds with the best window of the whole script, and the same winner."""


def score(video: Path, models: Models, *, exhaustive: bool = False) -> Selected:
    return select(MediaFile(video), models, Settings(), exhaustive=exhaustive, on_progress=lambda *_: None)


def known(script: Script) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(as_json(script, truth(script)))
    return parsed
