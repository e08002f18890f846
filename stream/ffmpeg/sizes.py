"""Where the pictures of a file may change their size, by the headers of its keyframes."""

from take5.stream.ffmpeg.container import AnyPacket

SPS = {"h264": ({7}, 0x1F, 0), "hevc": ({33}, 0x3F, 1)}
"""Types of the NAL units with the size; mask and shift by which their first byte gives the type."""

HEADER_BYTES = 1024
"""Parameter sets come before the picture, within so many bytes."""

AV1_SEQUENCE_HEADER = 1


def size_header(codec: str, packet: AnyPacket) -> bytes:
    """The part of a keyframe that states the size of the pictures; where it stays the same, so does the size.

    Empty for keyframes without such a part, and for codecs that are not known here.
    """
    if found := new_extradata(packet):
        return found
    data = bytes(memoryview(packet)[:HEADER_BYTES])
    if codec in SPS:
        return _parameter_sets(codec, data)
    if codec == "vp8":
        return data[6:10]
    if codec == "vp9":
        return data[1:8] + bytes([data[8] & 0xF0]) if len(data) > 8 else b""
    return _sequence_header(data) if codec == "av1" else b""


def new_extradata(packet: AnyPacket) -> bytes:
    """The decoder's extradata from this packet on, where a file has several descriptions of its pictures; or empty."""
    return bytes(packet.get_sidedata("new_extradata")) if packet.has_sidedata("new_extradata") else b""


def _parameter_sets(codec: str, data: bytes) -> bytes:
    """The sequence parameter sets, in Annex B or after their lengths."""
    types, mask, shift = SPS[codec]
    annex_b = data.startswith((b"\0\0\1", b"\0\0\0\1"))
    units = data.split(b"\0\0\1")[1:] if annex_b else _after_lengths(data)
    return b"".join(unit.rstrip(b"\0") for unit in units if unit and unit[0] >> shift & mask in types)


def _after_lengths(data: bytes) -> list[bytes]:
    units, at = [], 0
    while at + 4 < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        units.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return units


def _sequence_header(data: bytes) -> bytes:
    """AV1's sequence header, from units of less than 128 bytes each."""
    at = 0
    while at + 2 < len(data) and data[at] & 2 and data[at + 1] < 0x80:
        size = data[at + 1]
        if data[at] >> 3 & 0xF == AV1_SEQUENCE_HEADER:
            return data[at + 2 : at + 2 + size]
        at += 2 + size
    return b""
