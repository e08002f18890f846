"""AVE for several sessions at once: on the CPU here, and the device's part with a seam in place of CUDA."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, get_ident

import ave_checkpoint
import numpy as np
import pytest
import torch
from encoder_sounds import Float32, diversity, hum, noise, silence, speech

from take5.client.api.models import load_encoder
from take5.scoring.models import ave_device
from take5.scoring.models.audio import AudioEncoder, EmbeddingStream, embed
from take5.scoring.models.ave import Ave
from take5.stream.batching.batched_encoder import BatchedEncoder, shared_by_sessions
from take5.stream.batching.micro_batches import BatchLimits

FRAMES = 50


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ave_checkpoint.save(tmp_path_factory.mktemp("ave") / "audio_visual_encoder.pth")


@pytest.fixture(scope="module")
def ave(weights: Path) -> Ave:
    return Ave(weights, device="cpu")


class Recording:
    """Moves nothing, since the host is the device, and writes down what would have been done, by which thread."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self._in_stream = self._pending = 0
        self._memory: list[torch.Tensor] = []
        self._lock = Lock()

    def _note(self, call: str) -> None:
        self.calls.append((call, get_ident()))

    def pinned(self, *shape: int) -> torch.Tensor:
        """Page-locked memory."""
        self._note("pinned")
        self._memory.append(torch.full(shape, torch.nan))
        return self._memory[-1]

    @contextmanager
    def stream(self) -> Iterator[None]:
        """The stream."""
        assert self._lock.acquire(blocking=False), "two threads at once"
        self._note("stream")
        self._in_stream += 1
        yield
        self._in_stream -= 1
        self._lock.release()

    def to_device(self, host: torch.Tensor) -> torch.Tensor:
        """Upload."""
        assert self._in_stream
        assert any(host is memory for memory in self._memory), "not page-locked: CUDA would wait for the copy"
        self._note("up")
        return host.clone()

    def to_host(self, there: torch.Tensor, host: torch.Tensor) -> None:
        """Download: it arrives with `wait` only."""
        assert self._in_stream
        assert any(host is memory for memory in self._memory), "not page-locked: CUDA would wait for the copy"
        self._note("down")
        self._arriving = (there.clone(), host)

    def wait(self) -> None:
        """Synchronize."""
        assert self._in_stream
        self._note("wait")
        there, host = self._arriving
        host.copy_(there)


def sounds() -> list[Float32]:
    pieces = [speech(), hum(), noise(80_000) * np.float32(0.2), silence()]
    return [np.roll(pieces[i % 4], 977 * i)[:32_000] for i in range(8)]


def embedded(encoder: AudioEncoder, samples: Float32) -> Float32:
    """As a session embeds sound: as it arrives, each 20 ms."""
    stream = EmbeddingStream(encoder)
    pushed = [stream.push(piece) for piece in np.split(samples, len(samples) // 320)]
    return np.concatenate([*pushed, stream.finish(FRAMES)])


@pytest.fixture(scope="module")
def alone(ave: Ave) -> list[Float32]:
    """What each of the sounds gives without the others."""
    return [embed(ave, samples, FRAMES) for samples in sounds()]


def test_sessions_in_threads_get_what_each_gets_alone(ave: Ave, alone: list[Float32]) -> None:
    batched = BatchedEncoder(ave, BatchLimits(0.02))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda samples: embedded(batched, samples), sounds()))
    batched.close()
    for rows, expected in zip(found, alone, strict=True):
        np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-5 * expected.max())
        assert diversity(rows) == pytest.approx(diversity(expected), rel=1e-6)


def test_batches_have_segments_of_several_sessions(ave: Ave, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    encode = ave.encode

    def watched(segments: Float32) -> Float32:
        sizes.append(len(segments))
        return encode(segments)

    monkeypatch.setattr(ave, "encode", watched)
    batched = BatchedEncoder(ave, BatchLimits(0.5))
    segments = noise(25 * 3800).reshape(25, 3800)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(batched.encode, [segments] * 8))
    batched.close()
    assert sum(sizes) == 200
    assert max(sizes) >= 100


def test_it_says_of_itself_what_the_encoder_says(ave: Ave) -> None:
    batched: AudioEncoder = BatchedEncoder(ave)
    for name in ("name", "version", "dimension", "device", "preemphasis"):
        assert getattr(batched, name) == getattr(ave, name)
    assert [batched.span(7), batched.span(40, 20_000)] == [ave.span(7), ave.span(40, 20_000)]


def test_only_cuda_is_shared_in_batches(weights: Path) -> None:
    encoder = load_encoder("ave", weights, "cpu")
    assert isinstance(encoder, Ave)
    encoder.device = "cuda:1"
    assert isinstance(shared_by_sessions(encoder), BatchedEncoder)


def test_on_a_device_the_mel_is_computed_there_to_the_same_numbers(weights: Path, alone: list[Float32]) -> None:
    there = Ave(weights, device="cpu", transfers=Recording())
    for samples, expected in zip(sounds(), alone, strict=True):
        rows = embed(there, samples, FRAMES)
        assert np.abs(rows - expected).max() < 2e-3 * expected.max()
        assert diversity(rows) == pytest.approx(diversity(expected), rel=2e-4, abs=1e-3)


def test_copies_are_page_locked_in_a_stream_and_waited_for(weights: Path) -> None:
    transfers = Recording()
    there = Ave(weights, device="cpu", transfers=transfers)
    rows = there.encode(noise(3 * 3800).reshape(3, 3800))
    assert [call for call, _ in transfers.calls] == ["stream", "pinned", "up", "pinned", "down", "wait"]
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert not any(np.shares_memory(rows, memory.numpy()) for memory in transfers._memory)


def test_one_thread_has_the_device_for_all_sessions(weights: Path) -> None:
    transfers = Recording()
    batched = BatchedEncoder(Ave(weights, device="cpu", transfers=transfers), BatchLimits(0.01))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda samples: embedded(batched, samples), sounds()))
    batched.close()
    assert len({thread for _, thread in transfers.calls}) == 1
    assert all(rows.shape == (FRAMES, 512) and np.isfinite(rows).all() for rows in found)


def test_more_than_fits_goes_in_several_passes(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ave_device, "MOST_SEGMENTS", 4)
    transfers = Recording()
    there = Ave(weights, device="cpu", transfers=transfers)
    segments = noise(10 * 3800).reshape(10, 3800)
    rows = there.encode(segments)
    assert [call for call, _ in transfers.calls].count("up") == 3
    np.testing.assert_allclose(
        rows[[0, 4, 9]], np.concatenate([there.encode(segments[[i]]) for i in (0, 4, 9)]), atol=1e-4
    )


@pytest.mark.parametrize("device", ["cpu", "cuda"][: 1 + torch.cuda.is_available()])
def test_each_device_of_this_machine_gives_the_same_numbers(device: str, weights: Path, alone: list[Float32]) -> None:
    encoder = load_encoder("ave", weights, device)
    assert isinstance(encoder, BatchedEncoder) == (device == "cuda")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda samples: embedded(encoder, samples), sounds()))
    for rows, expected in zip(found, alone, strict=True):
        assert diversity(rows) == pytest.approx(diversity(expected), rel=2e-3, abs=1e-2)
