"""Captures some seconds, in a process and an environment of its own, and writes what came to an .npz file."""

import gc
import sys
import threading
from pathlib import Path

import numpy as np

from take5.scoring.errors import CaptureError
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.sources.webcam.camera import Camera, Wanted
from take5.stream.sources.webcam.microphone import Microphone
from take5.stream.sources.webcam.webcam import Webcam
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received


def held() -> tuple[int, int]:
    gc.collect()
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def main(out: str, seconds: float, driver: str, camera: str, size: str) -> None:
    width, height = map(int, size.split("x"))
    microphone = Microphone()
    before = held()
    webcam = Webcam(Camera(Wanted(driver, camera, (width, height), 25.0)), microphone)
    received: list[Received] = []
    stop = threading.Event()

    def put(media: Received) -> None:
        received.append(media)
        if isinstance(media, AudioBlock):
            first = next(m for m in received if isinstance(m, AudioBlock))
            if media.end - first.pts >= seconds * FLICKS:
                stop.set()
            sys.stdout.write("heard\n")
            sys.stdout.flush()

    error = ""
    try:
        webcam.run(put, stop)
    except CaptureError as refused:
        error = str(refused)
    after = held()
    units = [m for m in received if isinstance(m, AccessUnit)]
    blocks = [m for m in received if isinstance(m, AudioBlock)]
    pictures = list(decode_units(units, webcam.unit_format))
    np.savez(
        out,
        sound=np.concatenate([np.zeros(0, np.float32), *(b.samples for b in blocks)]),
        block_pts=np.array([b.pts for b in blocks]),
        block_end=np.array([b.end for b in blocks]),
        rate=microphone.rate,
        unit_pts=np.array([u.pts for u in units]),
        keyframe=np.array([u.keyframe for u in units]),
        unit_bytes=np.array([len(u.data) for u in units]),
        picture_pts=np.array([p.pts for p in pictures]),
        luma=np.array([float(p.picture.rgb()[..., 1].mean()) for p in pictures]),
        codec=webcam.unit_format.codec,
        held=np.array([before, after]),
        error=error,
    )


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), float(sys.argv[2]), *sys.argv[3:6])
