"""Whether what arrives is of any use: media without progress is reported in words, as silence is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from take5.stream.events import Cause
from take5.stream.live.watchdog import STALLED_S, TRACKS
from take5.stream.timeline.clock import seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, Received

ADVANCE_FLICKS = seconds_to_flicks(0.5)
"""Media time that has to pass in ``STALLED_S``."""

BEGIN_S = 12.0
"""How long a source may take to place its tracks: it waits for readings of their clocks."""

UNDECODED = 50
"""Units after which a decoder that has returned nothing will not: two seconds of pictures."""


@dataclass
class Vitals:
    """What a capture has taken in: written by its threads, read by its timers.

    Attributes
    ----------
    reached : dict of str to int
        Time of the latest picture and sound, in flicks on the source's clock.
    keyframe : bool
        Whether there has been a picture that decoding can begin with.
    undecoded : int
        Units since the last one of which a picture has come.
    """

    reached: dict[str, int] = field(default_factory=dict)
    keyframe: bool = False
    undecoded: int = 0

    def take(self, media: Received) -> None:
        """Note what has arrived."""
        track = "picture" if isinstance(media, AccessUnit) else "sound"
        self.reached[track] = max(self.reached.get(track, media.pts), media.pts)
        self.keyframe |= isinstance(media, AccessUnit) and media.keyframe


class Liveness:
    """Finds out why a track makes no progress; all times are seconds of the clock of the arrivals.

    Parameters
    ----------
    vitals : Vitals
        What has been taken in.
    packets : mapping of str to float
        When a packet of each track last came, where a source knows that.
    waits_for_keyframe : callable
        Whether the source leaves out pictures until a keyframe.
    """

    def __init__(
        self,
        vitals: Vitals,
        packets: Mapping[str, float] | None = None,
        waits_for_keyframe: Callable[[], bool] = lambda: False,
    ) -> None:
        self._vitals, self._packets = vitals, {} if packets is None else packets
        self._waits_for_keyframe = waits_for_keyframe
        self._progress: dict[str, tuple[int | None, float]] = {}
        self._standing: set[str] = set()
        self._came: dict[str, float] = {}

    def look(self, now: float, arrivals: Mapping[str, float]) -> tuple[str, Cause] | None:
        """The track that makes no progress for ``STALLED_S``, and why; None if there is none."""
        found = [(track, self._cause(track, now, arrivals)) for track in TRACKS]
        return next(((track, cause) for track, cause in found if cause is not None), None)

    def _cause(self, track: str, now: float, arrivals: Mapping[str, float]) -> Cause | None:
        packets = self._packets.get(track)
        if packets is None or now - packets > STALLED_S:
            self._came.pop(track, None)
        else:
            self._came.setdefault(track, now)
        arrived = arrivals.get(track)
        if arrived is None or now - arrived > STALLED_S:
            self._progress.pop(track, None)
            self._standing.discard(track)
            since = self._came.get(track, now)
            return Cause.INCOMPLETE if now - max(since, arrived or since) > STALLED_S else None
        reached, picture = self._vitals.reached.get(track), track == "picture"
        if picture and self._vitals.undecoded >= UNDECODED:
            return Cause.UNDECODABLE
        begins = picture and reached is not None and not self._vitals.keyframe
        if not self._stands(track, arrived, 0 if begins else reached):
            return None
        if begins or (picture and self._waits_for_keyframe()):
            return Cause.NO_KEYFRAME
        return Cause.TIMES if reached is not None or not self._vitals.reached else Cause.UNDECODABLE

    def _stands(self, track: str, arrived: float, reached: int | None) -> bool:
        """Whether a track's time does not go on, or hardly, while media arrive; None before the first is taken in."""
        at, since = self._progress.setdefault(track, (reached, arrived))
        moved = at != reached and (at is None or reached is None or abs(reached - at) >= ADVANCE_FLICKS)
        late = arrived - since > (BEGIN_S if at is None else STALLED_S)
        if late and not _keeps_up(at, reached, arrived - since):
            self._standing.add(track)
        elif moved:
            self._standing.discard(track)
        if moved:
            self._progress[track] = reached, arrived
        return track in self._standing


def _keeps_up(at: int | None, reached: int | None, seconds: float) -> bool:
    """Whether time goes on as it should over so many seconds, more than are allowed: the look itself may come late."""
    if at is None or reached is None:
        return reached is not None
    return abs(reached - at) * STALLED_S >= ADVANCE_FLICKS * seconds
