"""Simulcast: of several layers of one picture, one is taken.

A sender that offers layers (RFC 8853) is answered that one is wanted now, and the others later. Browsers then send that
one alone. OBS sends them all, and ends the connection where the answer leaves one out.
"""

import re

from aiortc.rtp import RtpPacket

LAYER_ID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
"""The header extension that says to which layer a packet belongs."""

LARGEST = ("f", "full", "high", "hi", "h")
"""Names by which senders usually call the layer of full size; without one of them it is the first, as in OBS."""

SILENT_S = 1.0
"""Silence of a source after which another one of the same payload takes its place."""


def offered_layers(offer: str) -> list[str]:
    """Names of the layers of the picture that an offer would send, in its order; empty without simulcast."""
    video = next(
        (section for section in re.split(r"^m=", offer, flags=re.MULTILINE) if section.startswith("video")), ""
    )
    found = re.search(r"^a=simulcast: ?(?:recv \S+ )?send (\S+)", video, flags=re.MULTILINE)
    if found is None:
        return []
    return [stream.split(",")[0].lstrip("~") for stream in found[1].split(";")]


def chosen_layer(layers: list[str]) -> str | None:
    """The layer to take; None without layers."""
    return next((name for name in (*LARGEST, *layers) if name in layers), None)


def with_layers(answer: str, layers: list[str]) -> str:
    """Return an answer that takes these layers: one of them now, the others paused."""
    if not layers:
        return answer
    chosen = chosen_layer(layers)
    taken = ";".join(name if name == chosen else f"~{name}" for name in layers)
    lines = [*(f"a=rid:{name} recv" for name in layers), f"a=simulcast:recv {taken}", ""]
    sections = re.split(r"(?=^m=)", answer, flags=re.MULTILINE)
    return "".join(section + "\r\n".join(lines) if section.startswith("m=video") else section for section in sections)


class OneSource:
    """Chooses among the sources (SSRC) of one payload the one that is taken, until it has been silent.

    Parameters
    ----------
    layer : str, optional
        Where there are layers, the one to take.
    """

    def __init__(self, layer: str | None = None) -> None:
        self.ssrc: int | None = None
        self._layer = layer
        self._begun: float | None = None
        self._last = 0.0
        self._chosen = False

    def takes(self, packet: RtpPacket, now: float) -> bool:
        """Whether a packet that came at ``now``, in seconds of any steady clock, is of the source that is taken."""
        self._begun = now if self._begun is None else self._begun
        if packet.ssrc != self.ssrc and not self._changes_to(packet, now):
            return False
        self._last = now
        return True

    def _changes_to(self, packet: RtpPacket, now: float) -> bool:
        chosen = self._layer is not None and packet.extensions.rtp_stream_id == self._layer
        waits = self._layer is not None and not chosen
        silent = now - (self._last if self.ssrc is not None else self._begun or 0.0) > SILENT_S
        if not (silent or (chosen and not self._chosen) or (self.ssrc is None and not waits)):
            return False
        self.ssrc, self._chosen = packet.ssrc, chosen
        return True
