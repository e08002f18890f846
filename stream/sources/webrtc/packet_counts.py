"""How many RTP packets of a track came, and how many did not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PacketCounts:
    """Packets so far.

    Attributes
    ----------
    received : int
        Those that came.
    lost : int
        Those that did not, by the numbers of those that came; late ones may still come.
    """

    received: int = 0
    lost: int = 0
