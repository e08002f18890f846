"""The contract of a live source: encoded pictures and sound, delivered as they arrive."""

from collections.abc import Callable, Mapping
from typing import Protocol

from take5.scoring.errors import CaptureError
from take5.stream.timeline.media import Received, UnitFormat

Put = Callable[[Received], None]
"""Takes what arrives; may be called from any thread of the source, each track in order."""

Ended = Callable[[CaptureError | None], None]
"""Called once, from any thread, when nothing more will come: with what broke, or None for an end in order."""


class LiveSource(Protocol):
    """A camera and a microphone, near or far. It runs once.

    Both tracks stand on one clock, in flicks, that never runs backwards. Gaps are not filled: the times show them.
    """

    @property
    def unit_format(self) -> UnitFormat:
        """Format of the access units; known before the first of them."""

    @property
    def arrivals(self) -> Mapping[str, float]:
        """When "picture" and "sound" last arrived, in seconds of ``time.monotonic``; without tracks that never came."""

    def start(self, put: Put, ended: Ended) -> None:
        """Begin to deliver, and return at once."""

    def stop(self) -> None:
        """Let it end, and return at once. From any thread, at any time, any number of times."""
