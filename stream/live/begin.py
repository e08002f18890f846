"""The beginning of a live capture: the name of its take's folder, and its spool."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from take5.scoring.errors import OutputError
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.live.session import LiveSession
from take5.stream.output.atomic import numbered
from take5.stream.spool.folder import SpoolFolder
from take5.stream.spool.records import SPOOL_VERSION, Begun
from take5.stream.spool.writer import SpoolWriter

NAME_LETTERS = 24
"""Number of letters of a session's name that go into its folder's name."""

log = logging.getLogger(__name__)


def begin_take(
    output: Path, session: str, live: LiveSession, deliverables: Deliverables = CLIP_ONLY, capture: str = ""
) -> tuple[Path, SpoolWriter | None]:
    """Choose a take's folder in ``output``, named by the time in UTC and the session, and make its spool.

    The folder itself is made at the end. Without a spool, where none can be written, the capture goes on in memory.

    Parameters
    ----------
    output : Path
        Gets the take.
    session, capture : str
        The session's name, and the capture's id.
    live : LiveSession
        What is captured.
    deliverables : Deliverables
        What is to be made of it.
    """
    now = datetime.now(UTC)
    for take in numbered(output / f"{now:%Y%m%d-%H%M%S}-{session[:NAME_LETTERS]}"):
        if take.exists():
            continue
        try:
            spool = SpoolFolder.create(take)
        except OutputError as error:
            log.warning("%s; a kill would lose this capture", error)
            return take, None
        if spool is not None:
            return take, SpoolWriter(spool, _begun(now, session, capture, live, deliverables))
    raise AssertionError  # there is always another number


def _begun(now: datetime, session: str, capture: str, live: LiveSession, deliverables: Deliverables) -> Begun:
    unit_format, encoder, wanted = live.unit_format, live.models.encoder, deliverables.bundles
    return Begun(
        version=SPOOL_VERSION,
        began=now.isoformat(timespec="seconds"),
        session=session,
        capture=capture,
        notice=uuid4().hex,
        codec=unit_format.codec,
        extradata=unit_format.extradata,
        aspect=str(unit_format.aspect),
        quarter_turns=unit_format.quarter_turns,
        settings=live.settings,
        encoder=encoder.name,
        encoder_version=encoder.version,
        tracker=live.models.tracker_name,
        trainers=() if wanted is None else tuple(trainer.name for trainer in wanted.trainers),
        bundle_size=0 if wanted is None else wanted.size,
        consent=None if wanted is None else wanted.consent,
        name=deliverables.name,
        report=deliverables.report,
    )
