"""How a recording is scored."""

from dataclasses import dataclass, field

from take5.scoring.diversity import DiversityName
from take5.scoring.gates.config import NORMAL, GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.strategy import Strategy
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift


@dataclass(frozen=True)
class Settings:
    """How a recording is scored."""

    parameters: Parameters = field(default_factory=Parameters)
    strategy: Strategy = field(default_factory=Strategy)
    diversity: DiversityName = "euclidean"
    seed: int = 0
    gates: GateConfig = NORMAL
    shift: SoundShift = UNMOVED
