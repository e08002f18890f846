"""Encoded frames as they come out of RTP packets: small, and enough for what does not decode pictures."""

import av
import numpy as np

SPS, IDR, SLICE = b"\x00\x00\x00\x01\x67a", b"\x00\x00\x00\x01\x65a", b"\x00\x00\x00\x01\x41a"
NTP = 3_900_000_000 << 32
"""A time of sender reports."""


def opus_packets(count: int) -> list[bytes]:
    """Packets of 20 ms of a tone."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    time = np.arange(960 * count) / 48_000
    tone = (10_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    packets = []
    for at in range(0, len(tone), 960):
        frame = av.AudioFrame.from_ndarray(np.repeat(tone[at : at + 960], 2)[None], format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, at
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets[:count]
