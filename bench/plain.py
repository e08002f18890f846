"""The plain way to score a talker while they talk, to compare with: ``python -m bench.plain VIDEO``.

Every frame goes through MediaPipe's face landmarker as it is shipped, every second the sound of the last five is
embedded as a whole and the window is scored by the paper's formulas, and ten seconds of decoded frames are kept to cut
the clip from. It reads a file: network, gates, events and the clip cost nothing here. Prints CPU seconds per second.
"""

import argparse
import json
import resource
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from take5.client.api.models import load_encoder
from take5.scoring.algorithm1 import diversity, motion_complexity
from take5.scoring.models.audio import AudioEncoder, embed
from take5.scoring.parameters import FPS, SAMPLE_RATE, Parameters
from take5.stream.model_files.cache import find

Floats = NDArray[np.float64]
RING_FRAMES = 10 * FPS
LINES = vision.FaceLandmarksConnections.FACE_LANDMARKS_LIPS
LIPS = sorted({point for line in LINES for point in (line.start, line.end)})


def landmarker() -> Any:
    """MediaPipe's face landmarker for video, with its own settings."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(find("face_landmarker"))),
        running_mode=vision.RunningMode.VIDEO,
    )
    return vision.FaceLandmarker.create_from_options(options)


def media(video: Path) -> Iterator[av.VideoFrame | NDArray[np.float32]]:
    """Pictures, and pieces of sound, float32 [n] at 16 kHz, in the order of the file."""
    with av.open(str(video)) as container:
        pictures, sound = container.streams.video[0], container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        for packet in container.demux(pictures, sound):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    yield frame
                elif isinstance(frame, av.AudioFrame):
                    yield from (piece.to_ndarray()[0] for piece in resampler.resample(frame))


def lips_of(faces: Any, picture: av.VideoFrame, number: int) -> Floats:
    """Points of the lips [n, 2] in pixels; zeros without a face."""
    image = mediapipe.Image(mediapipe.ImageFormat.SRGB, picture.to_ndarray(format="rgb24"))
    found = faces.detect_for_video(image, number * 1000 // FPS).face_landmarks
    if not found:
        return np.zeros((len(LIPS), 2))
    return np.array([(found[0][i].x * picture.width, found[0][i].y * picture.height) for i in LIPS])


def score(video: Path, seconds: float, encoder: AudioEncoder) -> int:
    """Score the windows of the first seconds of a video; return how many seconds there were."""
    parameters = Parameters()
    window, hop = parameters.window_frames, parameters.hop_frames
    ring, lips = deque[av.VideoFrame](maxlen=RING_FRAMES), deque[Floats](maxlen=window)
    heard = np.zeros(0, np.float32)
    frames = 0
    with landmarker() as faces:
        for item in media(video):
            if not isinstance(item, av.VideoFrame):
                heard = np.concatenate([heard, item])[-window * SAMPLE_RATE // FPS :]
                continue
            ring.append(item)
            lips.append(lips_of(faces, item, frames))
            frames += 1
            if frames >= window and frames % hop == 0:
                diversity(embed(encoder, heard, window).astype(np.float64))
                motion_complexity(np.stack(lips), parameters.hfr_threshold)
            if frames >= seconds * FPS:
                break
    return frames // FPS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    encoder = load_encoder("speech-embedding", None, "cpu")
    score(options.video, 6.0, encoder)  # all is loaded, and a first window is scored
    before, began = time.process_time(), time.monotonic()
    lasted = score(options.video, options.seconds, encoder)
    cpu = (time.process_time() - before) / lasted
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({"cpu": cpu, "wall": (time.monotonic() - began) / lasted, "mb": resident}))


if __name__ == "__main__":
    main()
