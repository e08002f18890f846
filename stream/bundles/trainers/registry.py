"""All trainers, by the names of ``--for``."""

from take5.scoring.errors import ParameterError
from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.trainers.er_nerf import ER_NERF
from take5.stream.bundles.trainers.gaussiantalker import GAUSSIAN_TALKER
from take5.stream.bundles.trainers.instag import INSTAG
from take5.stream.bundles.trainers.livetalking import LIVETALKING
from take5.stream.bundles.trainers.mimictalk import MIMICTALK
from take5.stream.bundles.trainers.rad_nerf import RAD_NERF
from take5.stream.bundles.trainers.raw import RAW
from take5.stream.bundles.trainers.synctalk import SYNCTALK
from take5.stream.bundles.trainers.talkinggaussian import TALKING_GAUSSIAN

TRAINERS = {
    trainer.name: trainer
    for trainer in (
        SYNCTALK,
        INSTAG,
        ER_NERF,
        RAD_NERF,
        TALKING_GAUSSIAN,
        GAUSSIAN_TALKER,
        MIMICTALK,
        LIVETALKING,
        RAW,
    )
}

PREPARABLE = ("synctalk", "instag", "er-nerf", "rad-nerf", "talkinggaussian", "gaussiantalker")
"""Trainers for whose bundles :mod:`take5.stream.bundles.preparation` does something."""


def trainer_named(name: str) -> TrainerContract:
    """Return a trainer's contract.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if name not in TRAINERS:
        raise ParameterError(f"unknown trainer {name!r}; choose one of {', '.join(TRAINERS)}")
    return TRAINERS[name]
