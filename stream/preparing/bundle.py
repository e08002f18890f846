"""Preparing a bundle as far as it can be done on this machine: the poses first, so that nothing costs them."""

import logging
from contextlib import nullcontext
from pathlib import Path

from take5.scoring.errors import Take5Error
from take5.scoring.models.runtime import Quiet
from take5.scoring.models.segmenter import Segmenter
from take5.stream.bundles.masks.labelling import labelled_ahead
from take5.stream.bundles.preparation.pictures import OnPicture
from take5.stream.bundles.preparation.prepare import FaceModel, Prepared, leave_out_masks, prepare
from take5.stream.output.places import Places
from take5.stream.preparing.masks import local_network, why_none

log = logging.getLogger(__name__)


def prepare_fully(
    folder: Path, model: FaceModel, quiet: Quiet = nullcontext, on_picture: OnPicture = lambda *_: None
) -> tuple[Prepared, str]:
    """Prepare a bundle, with masks if what they need is here; return why there are none, or an empty text.

    Raises
    ------
    Take5Error
        If the poses cannot be found or written; see :func:`take5.stream.bundles.preparation.prepare.prepare`.
    """
    network = local_network()
    if network is None:
        made, reason = prepare(folder, model, on_picture=on_picture), why_none(folder)
    else:
        with labelled_ahead(lambda: Segmenter(network, quiet), folder) as labels:
            made = prepare(folder, model, on_picture=on_picture)
            try:
                return prepare(folder, model, labelling=labels), ""
            except Take5Error as error:
                reason = f"no masks: {error}"
            except Exception as error:
                log.exception("masks of %s could not be made", folder)
                reason = f"no masks: an internal error ended them: {error}"
    leave_out_masks(folder, Places([folder.parent]).without(reason))
    return made, reason
