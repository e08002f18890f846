"""What the steps of a session cost by themselves: ``python -m bench.floors VIDEO [--seconds 10]``.

Each step runs alone over the first seconds of VIDEO and is given in CPU milliseconds per second of media, the median of
``--runs`` (3): what a session would still cost if there were nothing around its steps. Beside MediaPipe's face
landmarker stand its two networks alone, in LiteRT (the extra ``litert``).
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import av
import mediapipe
import numpy as np
import pylibsrtp

from bench.machine import machine
from take5.client.api.models import load_models
from take5.scoring.gates.change import FaceChange
from take5.scoring.gates.measures import measure_frame
from take5.scoring.gates.sound import SoundMeter
from take5.scoring.models.audio import EmbeddingStream
from take5.scoring.models.litert import Network
from take5.scoring.parameters import DETECT_EVERY_FRAMES, FPS, SAMPLE_RATE
from take5.stream.model_files.cache import find

PACKET_BYTES = 1200
SOUND_PACKETS = 50
"""A second: Opus in packets of 20 ms."""

WARM = 2
"""Times that a step runs before it is measured."""


def per_call_ms(step: Callable[[Any], object], items: Iterable[Any]) -> float:
    """CPU milliseconds of a step per item, on all threads; the first items warm it up."""
    items = list(items)
    for item in items[:WARM]:
        step(item)
    began = time.process_time()
    for item in items[WARM:]:
        step(item)
    return 1000 * (time.process_time() - began) / (len(items) - WARM)


def decoding_ms(packets: list[Any], stream: Any) -> float:
    """CPU milliseconds of decoding a packet, in order."""
    context = av.CodecContext.create(stream.codec_context.name, "r")
    context.extradata = stream.codec_context.extradata
    return per_call_ms(context.decode, packets)


def unprotecting_ms(size: int, count: int = 2000) -> float:
    """CPU milliseconds of taking an RTP packet of so many bytes out of SRTP."""
    key = bytes(range(30))
    sender = pylibsrtp.Session(pylibsrtp.Policy(key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND))
    receiver = pylibsrtp.Session(pylibsrtp.Policy(key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND))
    header = b"\x80\x60%b" + bytes(4) + b"\0\0\0\1"
    packets = [sender.protect((header % number.to_bytes(2, "big")) + bytes(size)) for number in range(count)]
    return per_call_ms(receiver.unprotect, packets)


def floors(video: Path, seconds: int) -> dict[str, float]:
    """CPU milliseconds per second of media, by step."""
    with av.open(str(video)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        packets: list[Any] = [packet for packet in container.demux(picture, sound) if packet.size]
        packets = [packet for packet in packets if float(packet.pts * packet.time_base) < seconds]
        units = [packet for packet in packets if packet.stream is picture]
        opus = [packet for packet in packets if packet.stream is sound]
        found = {
            "decoding pictures": FPS * decoding_ms(units, picture),
            "decoding sound": len(opus) / seconds * decoding_ms(opus, sound),
        }
    rtp = sum(-(-packet.size // PACKET_BYTES) for packet in units) / seconds + SOUND_PACKETS
    found["SRTP"] = rtp * unprotecting_ms(PACKET_BYTES)
    with av.open(str(video)) as container:
        frames = [frame for frame, _ in zip(container.decode(video=0), range(seconds * FPS), strict=False)]
    found["to RGB"] = FPS * per_call_ms(lambda frame: frame.to_ndarray(format="rgb24"), frames)
    return found | _networks([frame.to_ndarray(format="rgb24") for frame in frames], seconds)


def _networks(pictures: list[Any], seconds: int) -> dict[str, float]:
    models, found = load_models("speech-embedding", None, "cpu"), dict[str, float]()
    faces: list[Any] = []
    with ExitStack() as stack:
        tracker = stack.enter_context(models.tracker(models.finder.find(pictures[0])))
        numbered = list(enumerate(pictures))
        found["MediaPipe's face landmarker"] = FPS * per_call_ms(
            lambda item: faces.append(tracker.track(item[1], item[0])), numbered
        )
    path = find("face_landmarker")
    for name, label in (("face_landmarks_detector", "landmarks"), ("face_blendshapes", "blendshapes")):
        network = Network(path, f"{name}.tflite")
        given = np.random.default_rng(0).random(network.input_shape, np.float32)
        found[f"of it the network for {label}"] = FPS * per_call_ms(network.run, [given] * len(pictures))
    found["handing pictures to MediaPipe"] = FPS * per_call_ms(
        lambda rgb: mediapipe.Image(mediapipe.ImageFormat.SRGB, rgb), pictures
    )
    looks = pictures[::DETECT_EVERY_FRAMES]
    found["looking for other faces"] = FPS / DETECT_EVERY_FRAMES * per_call_ms(models.counter.count, looks)
    change = FaceChange()

    def measured(item: Any) -> None:
        rgb, face = item
        measure_frame(rgb, face, 40.0, change.push(rgb, None if face is None else face.landmarks))

    found["measuring pictures for the gates"] = FPS * per_call_ms(measured, zip(pictures, faces, strict=True))
    seconds_of_sound = np.random.default_rng(0).normal(0, 0.1, (seconds, SAMPLE_RATE)).astype(np.float32)
    found["audio encoder"] = per_call_ms(EmbeddingStream(models.encoder).push, seconds_of_sound)
    found["speech detector, measures of sound"] = per_call_ms(SoundMeter(models.speech()).push, seconds_of_sound)
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    runs = [floors(options.video, options.seconds) for _ in range(options.runs)]
    for name in runs[0]:
        values = [run[name] for run in runs]
        print(f"{name:38s} {statistics.median(values):6.1f} ms/s  ({min(values):.1f} to {max(values):.1f})")


if __name__ == "__main__":
    main()
