"""An MP4 whose picture has two sample descriptions: its size changes, and so do the decoder's extradata."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
FIXED_BYTES = {b"stsd": 8}
"""Bytes of a box before the boxes in it."""


def write_described(path: Path, original: Path, change_s: float, size: tuple[int, int]) -> Path:
    """Write an MP4 like ``original``, scaled to another size from a time on, a multiple of a second."""
    parts = path.with_name("before.mp4"), path.with_name("after.mp4")
    with av.open(str(original)) as source:
        whole = source.streams.video[0].width, source.streams.video[0].height
    _encode(parts[0], original, 0.0, change_s, whole)
    _encode(parts[1], original, change_s, 1e9, size)
    before = _joined(path, original, *parts, change_s)
    content = bytearray(path.read_bytes())
    entry = _find(parts[1].read_bytes(), [*CONTAINERS, b"stsd", b"avc1"])
    path.write_bytes(_described(content, entry, before))
    return path


def _encode(path: Path, original: Path, start_s: float, stop_s: float, size: tuple[int, int]) -> None:
    """Pictures between two times, without sound unless they begin at 0."""
    with av.open(str(original)) as source, av.open(str(path), "w") as output:
        shown = output.add_stream("libx264", rate=25, options={"crf": "12", "preset": "veryfast", "bf": "0", "g": "25"})
        shown.width, shown.height = size
        shown.pix_fmt = "yuv420p"
        count = 0
        for frame in source.decode(video=0):
            assert frame.time is not None
            if start_s - 0.001 <= frame.time < stop_s - 0.001:
                picture = frame.reformat(*size, "yuv420p")
                picture.pts, picture.time_base = count, Fraction(1, 25)
                picture.pict_type = av.video.frame.PictureType.NONE
                count += 1
                output.mux(shown.encode(picture))
        output.mux(shown.encode(None))


def _joined(path: Path, original: Path, first: Path, second: Path, change_s: float) -> int:
    """Mux the pictures of both files, described as the first one's, and sound; return the first one's pictures."""
    before = 0
    with av.open(str(first)) as a, av.open(str(second)) as b, av.open(str(path), "w") as output:
        shown = output.add_stream_from_template(a.streams.video[0])
        heard = output.add_stream("aac", rate=48_000)
        assert isinstance(heard, av.AudioStream)
        heard.layout = "mono"
        sounds = _sound_packets(heard, original)
        for source, shift in ((a, Fraction(0)), (b, Fraction(change_s))):
            for packet in source.demux(video=0):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                at = packet.pts * packet.time_base + shift
                while sounds and sounds[0][0] <= at:
                    output.mux(sounds.pop(0)[1])
                packet.pts = packet.dts = round(at / packet.time_base)
                packet.stream = shown
                output.mux(packet)
                before += not shift
        for _, sound in sounds:
            output.mux(sound)
    return before


def _sound_packets(stream: av.AudioStream, path: Path) -> list[tuple[Fraction, "av.Packet[av.AudioStream]"]]:
    with av.open(str(path)) as source:
        resampler = av.AudioResampler("fltp", "mono", 48_000, 1024)
        pieces = [piece for frame in source.decode(audio=0) for piece in resampler.resample(frame)]
        encoded = [packet for piece in [*pieces, *resampler.resample(None), None] for packet in stream.encode(piece)]
    return [(packet.pts * packet.time_base, packet) for packet in encoded if packet.pts is not None]


def _boxes(content: bytes | bytearray, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of the boxes between two places."""
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", content, start)
        yield kind, start, start + size
        start += size


def _place(content: bytes | bytearray, way: list[bytes]) -> list[tuple[int, int]]:
    """Begin and end of each box on the way to the first one."""
    found, start, stop = list[tuple[int, int]](), 0, len(content)
    for kind in way:
        begin, end = next((begin, end) for each, begin, end in _boxes(content, start, stop) if each == kind)
        found.append((begin, end))
        start, stop = begin + 8 + FIXED_BYTES.get(kind, 0), end
    return found


def _find(content: bytes, way: list[bytes]) -> bytes:
    begin, end = _place(content, way)[-1]
    return content[begin:end]


def _described(content: bytearray, entry: bytes, before: int) -> bytearray:
    """Add a sample description, and let the samples from ``before`` on have it; the file's index is at its end."""
    place = _place(content, [*CONTAINERS, b"stsc"])[-1]
    (chunks,) = struct.unpack_from(">I", content, _place(content, [*CONTAINERS, b"stco"])[-1][0] + 12)
    (count,) = struct.unpack_from(">I", content, place[0] + 12)
    runs = np.frombuffer(content, ">u4", offset=place[0] + 16, count=3 * count)
    rows, samples = [], 0
    firsts = [*runs[::3].tolist(), chunks + 1]
    for (first, after), count in zip(pairwise(firsts), runs[1::3].tolist(), strict=True):
        for chunk in range(first, after):
            assert samples >= before or samples + count <= before, "a chunk has samples of both descriptions"
            rows.append((chunk, count, 1 if samples < before else 2))
            samples += count
    table = struct.pack(">4sII", b"stsc", 0, len(rows)) + b"".join(struct.pack(">3I", *row) for row in rows)
    content = _replaced(content, b"stsc", struct.pack(">I", len(table) + 4) + table)
    begin, end = _place(content, [*CONTAINERS, b"stsd"])[-1]
    described = content[begin:end] + entry
    struct.pack_into(">I", described, 0, len(described))
    struct.pack_into(">I", described, 12, 2)
    return _replaced(content, b"stsd", bytes(described))


def _replaced(content: bytearray, kind: bytes, box: bytes) -> bytearray:
    """Replace a box of the first track, and let those around it have their new sizes."""
    way = _place(content, [*CONTAINERS, kind])
    begin, end = way[-1]
    for outer, stop in way[:-1]:
        struct.pack_into(">I", content, outer, stop - outer + len(box) - (end - begin))
    return content[:begin] + box + content[end:]
