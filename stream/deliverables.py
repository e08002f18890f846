"""What is made of a best window beside its clip."""

from dataclasses import dataclass

from take5.stream.bundles.contract import Shows
from take5.stream.bundles.trainers.registry import PREPARABLE
from take5.stream.bundles.write import WantedBundles


@dataclass(frozen=True)
class Deliverables:
    """What a take holds beside clip and scores.

    Attributes
    ----------
    bundles : WantedBundles, optional
        Bundles for trainers.
    name : str, optional
        The person's name in the bundles; by default that of the take's folder.
    report : bool
        Whether a report for people is written.
    idle : bool
        Whether the idle clip of a file is looked for; a live capture has one whenever one was found on the way.
    prepare : bool
        Whether bundles are prepared afterwards for training, as far as take5 can, in the background.
    """

    bundles: WantedBundles | None = None
    name: str | None = None
    report: bool = False
    idle: bool = False
    prepare: bool = True

    @property
    def prepared(self) -> tuple[str, ...]:
        """The trainers whose bundles are prepared."""
        if self.bundles is None or not self.prepare:
            return ()
        return tuple(trainer.name for trainer in self.bundles.trainers if trainer.name in PREPARABLE)

    @property
    def finds_idle(self) -> bool:
        """Whether the idle clip of a file is looked for: on request, or because a bundle shows it."""
        return self.idle or (self.bundles is not None and bool(self.bundles.of(Shows.IDLE).trainers))


CLIP_ONLY = Deliverables()
