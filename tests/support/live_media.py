"""A file's access units and sound, as a live source would deliver them."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import av

from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import Event as StreamEvent
from take5.stream.live.session import LiveSession
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.replayed import ReplayedFile
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, Received, UnitFormat

NEVER = StopRules(stop_at=0, gain=None, cap_s=1e6)
"""Rules that stop nothing."""

DEFAULTS = Settings()


def received(path: Path) -> tuple[UnitFormat, list[Received]]:
    """Units and blocks in the order of the file, the units with their parameters in band, as live sources send them."""
    arrived: list[Received] = []
    ReplayedFile(MediaFile(path)).run(arrived.append, Event())
    with av.open(str(path)) as container:
        in_band = av.BitStreamFilterContext("h264_mp4toannexb", container.streams.video[0])
        media = [
            replace(item, data=b"".join(bytes(packet) for packet in in_band.filter(av.Packet(item.data))))
            if isinstance(item, AccessUnit)
            else item
            for item in arrived
        ]
    return UnitFormat("h264", None), media


def seconds(media: Received, arrived: list[Received]) -> float:
    """When something is shown or heard, from the first of them on."""
    return (media.pts - arrived[0].pts) / FLICKS


def losing(arrived: list[Received], at_s: float) -> list[Received]:
    """The same, with the first unit after ``at_s`` that is no keyframe lost."""
    lost = next(
        i
        for i, media in enumerate(arrived)
        if isinstance(media, AccessUnit) and not media.keyframe and seconds(media, arrived) > at_s
    )
    after, unit = next((i, media) for i, media in enumerate(arrived) if i > lost and isinstance(media, AccessUnit))
    marked = replace(unit, lost_before=True)
    return [*arrived[:lost], *arrived[lost + 1 : after], marked, *arrived[after + 1 :]]


def live_session(
    models: Models, unit_format: UnitFormat, rules: StopRules = NEVER, settings: Settings = DEFAULTS
) -> LiveSession:
    """A session, by default with the default parameters."""
    return LiveSession(models, settings, rules, unit_format, "test")


def drive(live: LiveSession, arrived: list[Received]) -> list[StreamEvent]:
    """Let everything arrive, each picture analysed before the next comes, until a rule stops it."""
    events: list[StreamEvent] = []
    for media in arrived:
        events += live.push(media)
        while live.stop is None and (step := live.work()) is not None:
            events += step
        if live.stop is not None:
            return events
    return [*events, *live.finish()]
