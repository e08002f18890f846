"""What captures and their processes count for those who run a server; no followers are told."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from take5.stream.sources.webrtc.packet_counts import PacketCounts

QUEUES = ("intake", "inbox", "followers")
"""Queues that drop what they have no place for."""

SETTLE_LOOKS = 3
"""Looks over which packets that are missing may still come: late, or sent again."""


@dataclass(frozen=True)
class CaptureCounts:
    """What has been counted of a capture's media since the last time.

    Attributes
    ----------
    received, lost : mapping of str to int
        RTP packets that came, and that never did, by track: "picture" and "sound".
    dropped : mapping of str to int
        Units and blocks that found a queue full, by queue: "intake" and "inbox".
    """

    received: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any((self.received, self.lost, self.dropped))


@dataclass(frozen=True)
class HostUsage:
    """What processes have used and done so far.

    Attributes
    ----------
    cpu_s : mapping of str to float
        CPU seconds of each worker, by its number from 1; none where the server itself makes the captures.
    notices : mapping of str to int
        Notices to ``--on-ready`` and ``--webhook``, by what became of them.
    """

    cpu_s: Mapping[str, float] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)


class MediaCounter:
    """Looks at what a capture's media have come to, every second or so.

    Parameters
    ----------
    packets : callable
        Returns the packets of each track so far.
    dropped : callable
        Returns what each queue has dropped so far.
    """

    def __init__(
        self, packets: Callable[[], Mapping[str, PacketCounts]], dropped: Callable[[], Mapping[str, int]]
    ) -> None:
        self._packets, self._dropped = packets, dropped
        self._told: Counter[tuple[str, str]] = Counter()
        self._missing: dict[str, deque[int]] = {}

    def look(self, *, last: bool = False) -> CaptureCounts:
        """Return what is new; with the ``last`` look nothing is expected to come any more."""
        packets = self._packets()
        return CaptureCounts(
            self._new("received", {track: each.received for track, each in packets.items()}),
            self._new("lost", {track: self._settled(track, each.lost, last=last) for track, each in packets.items()}),
            self._new("dropped", self._dropped()),
        )

    def _settled(self, track: str, missing: int, *, last: bool) -> int:
        recent = self._missing.setdefault(track, deque(maxlen=SETTLE_LOOKS))
        recent.append(missing)
        if last:
            return missing
        return min(recent) if len(recent) == SETTLE_LOOKS else 0

    def _new(self, what: str, counted: Mapping[str, int]) -> dict[str, int]:
        new = {name: count - self._told[what, name] for name, count in counted.items()}
        new = {name: count for name, count in new.items() if count > 0}
        for name, count in new.items():
            self._told[what, name] += count
        return new
