"""How a recording is scored."""

from dataclasses import dataclass, field, replace

from take5.scoring.diversity import DiversityName
from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import NORMAL, GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.strategy import Strategy
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift


@dataclass(frozen=True)
class Settings:
    """How a recording is scored.

    Attributes
    ----------
    also : tuple of float
        Lengths of the other windows in seconds, each scored in the same pass with a pool of its own; the parameters'
        length is the first.

    Raises
    ------
    ParameterError
        If a length is given twice, or breaks a rule of Algorithm 1's parameters.
    """

    parameters: Parameters = field(default_factory=Parameters)
    strategy: Strategy = field(default_factory=Strategy)
    diversity: DiversityName = "euclidean"
    seed: int = 0
    gates: GateConfig = NORMAL
    shift: SoundShift = UNMOVED
    also: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        frames = [settings.parameters.window_frames for settings in self.lengths]
        if len(set(frames)) < len(frames):
            raise ParameterError(f"seconds={', '.join(map(str, self.seconds))}: a length is given twice")

    @property
    def seconds(self) -> tuple[float, ...]:
        """Every length in seconds, the first one first."""
        return self.parameters.seconds, *self.also

    @property
    def frames_after(self) -> int:
        """Frames kept after a window of the longest length."""
        return max(settings.parameters.frames_after for settings in self.lengths)

    @property
    def lengths(self) -> tuple["Settings", ...]:
        """The settings of each length by itself, the first length's first."""
        if not self.also:
            return (self,)
        each = (replace(self.parameters, seconds=seconds) for seconds in self.seconds)
        return tuple(replace(self, parameters=parameters, also=()) for parameters in each)
