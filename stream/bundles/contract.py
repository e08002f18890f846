"""A trainer's contract: the files that it reads, the steps that are done, and those that are left."""

from dataclasses import dataclass
from enum import StrEnum

from take5.stream.bundles.footage import SPLIT
from take5.stream.bundles.part import Made, Part
from take5.stream.wire import Json

PASSES = 140
"""Passes over every training frame: the paper's number for 5 s with SyncTalk. For trainers whose own settings are for
minutes of video it is our suggestion, with their proportions between stages."""


class Shows(StrEnum):
    """What a bundle's video shows."""

    WINDOW = "window"
    """The chosen window and the frames after it."""

    FROM_REST = "from rest"
    """The same, from a frame with open eyes and a closed mouth on."""

    IDLE = "idle"
    """The idle clip, in the whole picture."""


@dataclass(frozen=True)
class Step:
    """A remaining step: its purpose, and the command to run in the trainer's folder.

    ``makes`` is what can be checked of its results. ``{id}`` and ``{train}`` stand for the person's name and K, the
    frames to train on; ``{passes}``, ``{passes60}``, ... for 100, 60, ... % of 140 K iterations, or of ``least``, if
    that is more.
    """

    what: str
    command: str = ""
    least: int = 0
    makes: tuple[Made, ...] = ()

    def of(self, name: str, train: int) -> "Step":
        """The step for one bundle."""
        all_of_them = max(PASSES * train, self.least)
        passes = {"passes" if share == 100 else f"passes{share}": all_of_them * share // 100 for share in SHARES}
        return Step(self.what.format(id=name), self.command.format(id=name, train=train, **passes), makes=self.makes)

    def json(self) -> Json:
        """Return it as ``{"what": ..., "command": ...}``."""
        return {"what": self.what, "command": self.command}


SHARES = (60, 80, 90, 100, 160)


@dataclass(frozen=True)
class TrainerContract:
    """A contract.

    Attributes
    ----------
    name, title : str
        Its name for ``--for``, and as its authors write it.
    parts : tuple of Part
        Its files.
    least : int
        Least number of frames to begin with.
    done : tuple of str
        Steps of its own preprocessing that the bundle replaces.
    left : tuple of Step
        Remaining steps, in order.
    caveats : tuple of str
        What its maintainers or users report about clips this short, and what take5 does not provide.
    shows : Shows
        What its video shows.
    holds_out : bool
        Whether it validates on the last eleventh of the frames.
    advised : int
        Number of frames below which the bundle has a warning.
    """

    name: str
    title: str
    parts: tuple[Part, ...]
    least: int = 1
    done: tuple[str, ...] = ()
    left: tuple[Step, ...] = ()
    caveats: tuple[str, ...] = ()
    shows: Shows = Shows.WINDOW
    holds_out: bool = True
    advised: int = 0

    def train(self, frames: int) -> int:
        """How many of N frames it trains on."""
        return frames * SPLIT[0] // SPLIT[1] if self.holds_out else frames
