"""The beginning of a media file."""

from pathlib import Path

import av


def first_seconds(source: Path, target: Path, until_s: float) -> Path:
    """Copy what a file holds until a time, without encoding it again: no picture may follow from a later one."""
    with av.open(str(source)) as whole, av.open(str(target), "w") as cut:
        streams = {stream.index: cut.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if packet.pts * packet.time_base < until_s:
                packet.stream = streams[packet.stream.index]
                cut.mux(packet)
    return target
