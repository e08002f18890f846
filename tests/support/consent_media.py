"""Recordings as browsers make them of a person who says a sentence: short, in WebM or MP4."""

import io
from fractions import Fraction
from typing import Literal

import av
import numpy as np

RATE, FPS, SIZE = 48_000, 10, (160, 120)
CODECS: dict[str, tuple[Literal["libvpx", "libx264"], Literal["libopus", "aac"]]] = {
    "webm": ("libvpx", "libopus"),
    "mp4": ("libx264", "aac"),
}


def recording(
    kind: str = "webm", seconds: float = 2.0, *, picture: bool = True, sound_s: float | None = None, level: float = 0.3
) -> bytes:
    """Return a recording; ``sound_s`` is 0 for none, and by default as long as the picture."""
    video_codec, audio_codec = CODECS[kind]
    sound_s = seconds if sound_s is None else sound_s
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        video = container.add_stream(video_codec, rate=FPS) if picture else None
        audio = container.add_stream(audio_codec, rate=RATE, layout="mono") if sound_s else None
        if video is not None:
            video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
            video.bit_rate = 40_000
            grey = av.VideoFrame.from_ndarray(np.full((SIZE[1], SIZE[0], 3), 120, np.uint8), "rgb24")
            for number in range(round(seconds * FPS)):
                grey.pts, grey.time_base = number, Fraction(1, FPS)
                container.mux(video.encode(grey))
            container.mux(video.encode(None))
        if audio is not None:
            tone = np.sin(np.arange(round(sound_s * RATE)) * 0.06) * level
            frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return file.getvalue()
