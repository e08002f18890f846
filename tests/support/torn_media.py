"""A media file whose time jumps."""

from fractions import Fraction
from pathlib import Path

import av


def tear(source: Path, target: Path, at_s: float, jump_s: float, kinds: str = "video audio") -> Path:
    """Copy a file; from ``at_s`` on, packets of these kinds of tracks come ``jump_s`` later."""
    with av.open(str(source)) as whole, av.open(str(target), "w") as torn:
        streams = {stream.index: torn.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if packet.pts * packet.time_base >= at_s and packet.stream.type in kinds:
                later = round(Fraction(jump_s) / packet.time_base)
                packet.pts, packet.dts = packet.pts + later, packet.dts + later
            packet.stream = streams[packet.stream.index]
            torn.mux(packet)
    return target
