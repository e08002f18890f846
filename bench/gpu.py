"""What AVE costs for many sessions of a process, on a GPU and on the CPU.

    python -m bench.gpu [--weights audio_visual_encoder.pth] [--sessions 1 2 4 8 16 32 64] [--seconds 20]

Each session is a thread that submits the 25 segments of a second once a second, at a moment of its own, as captures do.
Printed for each device, with and without batches across sessions: CPU milliseconds of this process per second of media
of one session, milliseconds per second of media in which the encoder was busy, calls of the network a second, segments
of a call, and the delay of a session's embeddings. Without ``--weights`` the network has random ones: they cost the
same. On CUDA half precision is compared with float32 on the CPU, too.

What it should show, on a data centre's GPU of 2020 or later: a pass is bound by the launch of some 50 kernels, 0.3 to
0.6 ms whatever the batch up to a few hundred segments (25 take 5 GFLOP; the copies are 0.4 MB to the device, 0.05 MB
back). So one session costs 1 to 2 ms of CPU per second of media instead of 80 to 120, and 64 sessions about 5 % of a
core. With 64 submissions a second and 10 ms of waiting a batch has 1.6 sessions on average, so batching saves a third
of the launches; where many sessions begin at the same moment (``--together``) it saves nearly all. The delay is the
wait, 10 ms, and 1 to 2 ms; p95 below 15 ms. On the CPU 8 or more sessions a core do not keep up: the delay grows.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from take5.scoring.models.audio import AudioEncoder, Float32
from take5.scoring.models.ave import SPAN_SAMPLES, Ave, AveNetwork
from take5.scoring.parameters import FPS
from take5.stream.batching.batched_encoder import BatchedEncoder
from take5.stream.batching.micro_batches import BatchLimits

WARM_UP_S = 2.0


@dataclass
class Watched:
    """An encoder's calls: how many segments each had, and how long it took."""

    encoder: Ave
    sizes: list[int] = field(default_factory=list)
    busy_s: float = 0.0

    def __post_init__(self) -> None:
        self._encode = self.encoder.encode
        self.encoder.encode = self._watched  # type: ignore[method-assign]

    def _watched(self, segments: Float32) -> Float32:
        began = time.monotonic()
        rows = self._encode(segments)
        self.busy_s += time.monotonic() - began
        self.sizes.append(len(segments))
        return rows

    def begin(self) -> None:
        """Forget the calls so far."""
        self.sizes, self.busy_s = [], 0.0


@dataclass(frozen=True)
class Figures:
    """Of one run."""

    cpu_ms: float
    busy_ms: float
    calls: float
    segments: float
    median_ms: float
    p95_ms: float


def second_of_sound(seed: int) -> Float32:
    """Segments [25, 3800] of a second: noise with the envelope of syllables."""
    chance = np.random.default_rng(seed)
    samples = FPS * 640 + SPAN_SAMPLES
    envelope = np.abs(np.sin(np.arange(samples) * np.pi * 4 / 16_000 + seed))
    sound = (0.1 * envelope * chance.normal(size=samples)).astype(np.float32)
    return np.stack([sound[640 * frame :][:SPAN_SAMPLES] for frame in range(FPS)])


def session(encoder: AudioEncoder, number: int, begin: float, seconds: int, phase_s: float) -> list[float]:
    """Submit once a second; return the delays from when each second was due, in seconds."""
    given, delays = second_of_sound(number), []
    for second in range(seconds):
        due = begin + second + phase_s
        time.sleep(max(0.0, due - time.monotonic()))
        encoder.encode(given)
        delays.append(time.monotonic() - due)
    return delays


def measured(encoder: AudioEncoder, watched: Watched, sessions: int, seconds: int, *, together: bool) -> Figures:
    """Run the sessions, after one that warms the device up."""
    warm_until = time.monotonic() + WARM_UP_S
    while time.monotonic() < warm_until:
        encoder.encode(np.tile(second_of_sound(0), (1 + len(watched.sizes) % 4, 1)))
    phases = [0.0 if together else number * 0.618 % 1 for number in range(sessions)]
    with ThreadPoolExecutor(sessions) as pool:
        watched.begin()
        began, spent = time.monotonic() + 0.2, time.process_time()
        runs = [pool.submit(session, encoder, number, began, seconds, phase) for number, phase in enumerate(phases)]
        delays = sorted(1000 * delay for run in runs for delay in run.result())
        lasted = time.monotonic() - began
    media = sessions * seconds
    return Figures(
        cpu_ms=1000 * (time.process_time() - spent) / media,
        busy_ms=1000 * watched.busy_s / media,
        calls=len(watched.sizes) / lasted,
        segments=statistics.mean(watched.sizes),
        median_ms=statistics.median(delays),
        p95_ms=delays[min(len(delays) - 1, int(0.95 * len(delays)))],
    )


def random_weights(folder: Path) -> Path:
    """A checkpoint of AVE's layout with random weights."""
    torch.manual_seed(5)
    path = folder / "audio_visual_encoder.pth"
    torch.save(AveNetwork().state_dict(), path)
    return path


def precision(exact: Ave, half: Ave) -> str:
    """How far half precision is from float32, in embeddings and in D of five seconds."""
    found, wanted = (
        np.concatenate([encoder.encode(second_of_sound(seed)) for seed in range(5)]) for encoder in (half, exact)
    )
    diversity = [float(np.linalg.norm(rows[:, None] - rows[None], axis=2).mean()) for rows in (found, wanted)]
    worst = np.abs(found - wanted).max()
    return f"embeddings differ by up to {worst:.1e} of {wanted.max():.1f}, D by {diversity[0] / diversity[1] - 1:+.1e}"


def report(name: str, encoder: AudioEncoder, watched: Watched, options: argparse.Namespace) -> None:
    """Print a row for each number of sessions."""
    for sessions in options.sessions:
        figures = measured(encoder, watched, sessions, options.seconds, together=options.together)
        print(
            f"{name:16s} {sessions:8d} {figures.cpu_ms:10.2f} {figures.busy_ms:10.2f} {figures.calls:8.1f} "
            f"{figures.segments:9.1f} {figures.median_ms:10.1f} {figures.p95_ms:8.1f}",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--wait-ms", type=float, default=1000 * BatchLimits().wait_s, help="bound of a batch in time")
    parser.add_argument("--together", action="store_true", help="all sessions at the same moment of each second")
    parser.add_argument("--devices", nargs="+", default=["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"])
    options = parser.parse_args()
    limits = BatchLimits(options.wait_ms / 1000)
    header = ("device", "sessions", "CPU ms/s", "busy ms/s", "calls/s", "segments", "median ms", "p95 ms")
    with tempfile.TemporaryDirectory() as folder:
        weights = options.weights or random_weights(Path(folder))
        if "cuda" in options.devices:
            print(f"{torch.cuda.get_device_name()}: {precision(Ave(weights, 'cpu'), Ave(weights, 'cuda'))}")
        print("{:16s} {:>8s} {:>10s} {:>10s} {:>8s} {:>9s} {:>10s} {:>8s}".format(*header))
        for device in options.devices:
            ave = Ave(weights, device)
            watched = Watched(ave)
            batched = BatchedEncoder(ave, limits)
            report(f"{device}, batches", batched, watched, options)
            batched.close()
            report(f"{device}, alone", ave, watched, options)


if __name__ == "__main__":
    main()
