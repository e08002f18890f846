"""What Chromium's fake camera and microphone show and say: a video as .y4m, its sound as .wav."""

import wave
from pathlib import Path

import av

RATE = 48_000


def fake_camera(video: Path, path: Path) -> Path:
    """Write the pictures of a video at 25 fps, uncompressed."""
    with av.open(str(video)) as container, path.open("wb") as out:
        stream = container.streams.video[0]
        out.write(f"YUV4MPEG2 W{stream.width} H{stream.height} F25:1 Ip A1:1 C420jpeg\n".encode())
        for frame in container.decode(stream):
            out.write(b"FRAME\n" + frame.to_ndarray(format="yuv420p").tobytes())
    return path


def fake_microphone(video: Path, path: Path) -> Path:
    """Write the sound of a video, 48 kHz mono."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(str(video)) as container, wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        for frame in [*container.decode(audio=0), None]:
            for resampled in resampler.resample(frame):
                out.writeframes(resampled.to_ndarray().tobytes())
    return path
