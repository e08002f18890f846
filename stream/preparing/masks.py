"""Whether masks can be made on this machine, where nothing is to be fetched."""

from importlib.util import find_spec
from pathlib import Path

from take5.scoring.errors import ModelError
from take5.stream.model_files.cache import find

PERSONS = "selfie_segmentation"
"""The network that finds the person."""

LIBRARY = "ai_edge_litert"
"""What runs it; in take5's extra ``litert``."""


def local_network() -> Path | None:
    """Where the network is, if that and what runs it are here."""
    try:
        return None if find_spec(LIBRARY) is None else find(PERSONS)
    except ModelError:
        return None


def why_none(folder: Path) -> str:
    """Why no masks are made of a bundle, and what to do to have them."""
    if find_spec(LIBRARY) is None:
        lacks, cure = "LiteRT is not installed", "pip install 'take5[litert]'"
    else:
        lacks, cure = f"the model {PERSONS} is not on this machine", f"take5 models fetch {PERSONS}"
    return f"no masks: {lacks}; {cure}, then take5 prepare --masks {folder}"


def remedy(folder: Path) -> str:
    """The command that does what is left of the preparation of a bundle, as far as this machine can."""
    return f"take5 prepare {'' if local_network() is None else '--masks '}{folder}"
