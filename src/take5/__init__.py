"""take5 keeps the best five seconds of a live talker.

::

    import take5

    result = take5.select("talk.mp4")
    result.best.start_s, result.best.I
    result.write("out")

:func:`select` is for files, :class:`Session` for a program's own frames and sound (``docs/python.md``). What is named
here is loaded when it is asked for: ``import take5`` alone loads no model, no FFmpeg and no numpy.

Three floors, each importing only from the ones below it:

- :mod:`take5.scoring`: what a window is worth (numpy in, values out);
- :mod:`take5.stream`: what arrives and what is kept;
- :mod:`take5.client`: what people and programs touch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from take5.scoring.errors import (
    LibraryMissing,
    MediaError,
    MissingTrack,
    ModelDamaged,
    ModelError,
    ModelMissing,
    NoFace,
    NoIdle,
    OutputError,
    OutputExists,
    ParameterError,
    RequestRefused,
    ServerError,
    ServerUnreachable,
    Take5Error,
    TooShort,
    UnreadableMedia,
    WeightsMismatch,
)

if TYPE_CHECKING:
    from take5.client.api.models import load_models
    from take5.client.api.result import BrokenRule, Features, FileResult, Result, Window
    from take5.client.api.select import select
    from take5.client.api.session import Session
    from take5.scoring.gates.config import GateConfig
    from take5.scoring.stopping import Stop, StopRules
    from take5.stream.analysis.models import Models
    from take5.stream.bundles.write import Bundle
    from take5.stream.events import BestChanged, Event, Finished, Progress, Stopped, Warned

__all__ = [
    "BestChanged",
    "BrokenRule",
    "Bundle",
    "Event",
    "Features",
    "FileResult",
    "Finished",
    "GateConfig",
    "LibraryMissing",
    "MediaError",
    "MissingTrack",
    "ModelDamaged",
    "ModelError",
    "ModelMissing",
    "Models",
    "NoFace",
    "NoIdle",
    "OutputError",
    "OutputExists",
    "ParameterError",
    "Progress",
    "RequestRefused",
    "Result",
    "ServerError",
    "ServerUnreachable",
    "Session",
    "Stop",
    "StopRules",
    "Stopped",
    "Take5Error",
    "TooShort",
    "UnreadableMedia",
    "Warned",
    "WeightsMismatch",
    "Window",
    "load_models",
    "select",
]

_MODULES = {
    "take5.client.api.models": ("load_models",),
    "take5.client.api.result": ("BrokenRule", "Features", "FileResult", "Result", "Window"),
    "take5.client.api.select": ("select",),
    "take5.client.api.session": ("Session",),
    "take5.scoring.gates.config": ("GateConfig",),
    "take5.scoring.stopping": ("Stop", "StopRules"),
    "take5.stream.analysis.models": ("Models",),
    "take5.stream.bundles.write": ("Bundle",),
    "take5.stream.events": ("BestChanged", "Event", "Finished", "Progress", "Stopped", "Warned"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # or type checkers would take any name

    def __getattr__(name: str) -> Any:
        """Load what is asked for the first time."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(_HOMES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
