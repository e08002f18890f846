"""How a server captures, as its options say."""

from dataclasses import dataclass
from pathlib import Path

from take5.scoring.stopping import StopRules
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.options import ServerOptions
from take5.stream.settings import Settings
from take5.stream.workers.model_choice import ModelChoice


@dataclass(frozen=True)
class Capturing:
    """How a server captures.

    Attributes
    ----------
    choice : ModelChoice
        The models.
    settings : Settings
        How sessions are scored.
    rules : StopRules
        When they are enough.
    output : Path
        Gets a folder for each capture.
    options : ServerOptions
        What captures have in common.
    hooks : HookSetup
        Who gets notices of clips.
    """

    choice: ModelChoice
    settings: Settings
    rules: StopRules
    output: Path
    options: ServerOptions
    hooks: HookSetup
