"""What is prepared for each trainer."""

from take5.scoring.errors import ParameterError
from take5.stream.bundles.preparation.action_units import Blinks
from take5.stream.bundles.preparation.conventions import MILLIMETRES
from take5.stream.bundles.preparation.head_pose import HeadPoseFiles
from take5.stream.bundles.preparation.preparation import Preparation

MODEL_POINTS = 34_650
"""Vertices of the face model that GaussianTalker begins with: as many Gaussians."""

PREPARATIONS: dict[str, tuple[Preparation, ...]] = {
    "synctalk": (HeadPoseFiles(MILLIMETRES, adjusted=True),),
    "instag": (HeadPoseFiles(),),
    "er-nerf": (HeadPoseFiles(), Blinks()),
    "rad-nerf": (HeadPoseFiles(),),
    "talkinggaussian": (HeadPoseFiles(),),
    "gaussiantalker": (HeadPoseFiles(points=MODEL_POINTS), Blinks()),
}


def preparations_for(trainer: str) -> tuple[Preparation, ...]:
    """What is prepared for a trainer.

    Raises
    ------
    ParameterError
        If nothing is.
    """
    if trainer not in PREPARATIONS:
        raise ParameterError(
            f"a bundle for {trainer} needs no preparation by take5; bundles for {', '.join(PREPARATIONS)} do"
        )
    return PREPARATIONS[trainer]
