from pathlib import Path

import ave_checkpoint
import numpy as np
import numpy.typing as npt
import pytest
import torch
from encoder_sounds import Float32, cuts, diversity, hum, noise, silence, speech
from scipy.signal import lfilter

from take5.scoring.errors import ModelDamaged, ModelMissing, ParameterError, WeightsMismatch
from take5.scoring.models.audio import AudioEncoder, EmbeddingStream, embed
from take5.scoring.models.ave import Ave, AveNetwork, clip_rows, load_network
from take5.scoring.models.ave_mel import log_mel


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ave_checkpoint.save(tmp_path_factory.mktemp("ave") / "audio_visual_encoder.pth", ave_checkpoint.make_state())


@pytest.fixture(scope="module")
def encoder(weights: Path) -> Ave:
    return Ave(weights, device="cpu")


class MelOnly:
    """AVE's cutting and mel without its network: an embedding is the mel window."""

    name, version, device = "mel", "0", "cpu"
    dimension = 80 * 16
    preemphasis = Ave.preemphasis

    def span(self, frame: int, total_samples: int | None = None) -> tuple[int, int]:
        return Ave.span(self, frame, total_samples)  # type: ignore[arg-type] # it asks for no more of it

    def encode(self, segments: Float32) -> Float32:
        return log_mel(segments).reshape(len(segments), -1)


def whole_mel(samples: Float32) -> npt.NDArray[np.float64]:
    """Mel [80, T] of the whole sound as facts/ave.md has it, column by column and band by band."""
    emphasised = lfilter([1, -0.97], [1], samples.astype(np.float64))
    padded = np.pad(emphasised, 400)
    hann = np.hanning(801)[:800]
    columns = [np.abs(np.fft.rfft(padded[at : at + 800] * hann)) for at in range(0, len(samples) + 1, 200)]
    bands = []
    edges = [mel_to_hertz(hertz_to_mel(55) + i * (hertz_to_mel(7600) - hertz_to_mel(55)) / 81) for i in range(82)]
    hertz = np.arange(401) * 20.0
    for left, centre, right in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.interp(hertz, [left, centre, right], [0, 2 / (right - left), 0])
        bands.append([float(column @ triangle) for column in columns])
    decibels = 20 * np.log10(np.maximum(1e-5, bands)) - 20
    return np.clip(8 * ((decibels + 100) / 100) - 4, -4, 4)


def hertz_to_mel(hertz: float) -> float:
    return hertz / (200 / 3) if hertz < 1000 else 15 + float(np.log(hertz / 1000) / (np.log(6.4) / 27))


def mel_to_hertz(mel: float) -> float:
    return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def window_rows(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SyncTalk's windows [N + 4, 80, 16]: moved back at the end, the first and last written twice more."""
    columns = mel.shape[1]
    windows = []
    for j in range(int((columns - 16) / 80.0 * 25) + 2):
        start = int(80.0 * (j / 25))
        start = min(start, columns - 16)
        windows.append(mel[:, start : start + 16])
    return np.stack([windows[0]] * 2 + windows + [windows[-1]] * 2)


@pytest.mark.parametrize("samples", [3000, 3199, 3200, 16_000, 47_999, 48_123, 76_700, 80_000])
def test_mel_windows_are_those_of_the_whole_sound(samples: int) -> None:
    sound = noise(samples)
    expected = window_rows(whole_mel(sound))
    windows = embed(MelOnly(), sound, len(expected)).reshape(-1, 80, 16)
    np.testing.assert_allclose(windows, expected, rtol=0, atol=2e-5)
    assert np.ptp(expected) > 3


def test_mel_of_speech_and_of_silence() -> None:
    windows = embed(MelOnly(), speech(), 126).reshape(-1, 80, 16)
    np.testing.assert_allclose(windows, window_rows(whole_mel(speech())), rtol=0, atol=2e-5)
    assert (embed(MelOnly(), silence(), 125) == -4).all()


def test_network_is_the_one_of_the_facts(weights: Path) -> None:
    network, version = load_network(weights)
    mel = ave_checkpoint.smooth_windows(torch.Generator().manual_seed(8))
    expected = ave_checkpoint.run(ave_checkpoint.make_state(), mel[:, 0])
    with torch.inference_mode():
        plain = network(mel)
        network.fold()
        folded = network(mel)
    assert expected.shape == (32, 512)
    assert expected.min() == 0
    assert float((expected > 0).float().mean()) > 0.2
    torch.testing.assert_close(plain, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(folded, expected, rtol=1e-4, atol=1e-4)
    assert len(version) == 12


def test_state_dict_has_the_checkpoints_keys() -> None:
    state = AveNetwork().state_dict()
    names = ["0.weight", "0.bias"] + [f"1.{n}" for n in ("weight", "bias", "running_mean", "running_var")]
    names.append("1.num_batches_tracked")
    assert list(state) == [f"{block}.conv_block.{name}" for block in range(13) for name in names]
    assert sum(parameter.numel() for parameter in AveNetwork().parameters()) == 2_812_672


def test_embeddings_are_the_network_on_the_mel_windows(encoder: Ave) -> None:
    sound = speech()[:40_000]
    mel = torch.from_numpy(window_rows(whole_mel(sound))).float()
    rows = embed(encoder, sound, len(mel))
    np.testing.assert_allclose(rows, ave_checkpoint.run(ave_checkpoint.make_state(), mel).numpy(), rtol=1e-3, atol=1e-3)
    assert rows.dtype == np.float32


def test_the_cutting_changes_no_bit(encoder: Ave) -> None:
    sound, frames = speech()[:24_077], 38
    whole = embed(encoder, sound, frames)
    for lengths in ([1] * len(sound), [640] * 37 + [397], cuts(len(sound), 1), cuts(len(sound), 2)):
        stream = EmbeddingStream(encoder)
        pieces = np.split(sound, np.cumsum(lengths)[:-1])
        rows = np.concatenate([*(stream.push(piece) for piece in pieces), stream.finish(frames)])
        np.testing.assert_array_equal(rows, whole)


@pytest.mark.parametrize("frame", [0, 12, 31, 49])
def test_sound_outside_a_frames_span_changes_nothing(encoder: Ave, frame: int) -> None:
    sound = noise(32_000)
    start, stop = encoder.span(frame, len(sound))
    other = -noise(32_000, seed=9)
    other[max(start, 0) : stop] = sound[max(start, 0) : stop]
    before, after = embed(encoder, sound, 50), embed(encoder, other, 50)
    np.testing.assert_array_equal(after[frame], before[frame])
    assert not np.array_equal(after[25 - frame // 2], before[25 - frame // 2])


@pytest.mark.parametrize("edge", [slice(0, 40), slice(-40, None)])
def test_sound_at_the_edges_of_a_frames_span_counts(encoder: Ave, edge: slice) -> None:
    sound, frame = noise(32_000), 20
    other = sound.copy()
    other[slice(*encoder.span(frame))][edge] = 0.9
    assert not np.array_equal(embed(encoder, other, 21)[frame], embed(encoder, sound, 21)[frame])


def test_spans(encoder: Ave) -> None:
    assert encoder.span(0) == encoder.span(1) == encoder.span(2) == (-400, 3400)
    assert encoder.span(3) == (200 * 3 - 400, 200 * 3 + 3400)
    assert encoder.span(17) == (200 * 48 - 400, 200 * 48 + 3400)
    assert encoder.span(123, 80_000) == (200 * 385 - 400, 200 * 385 + 3400)
    assert encoder.span(50, 100) == (-400, 3400)


@pytest.mark.parametrize(("samples", "rows"), [(80_000, 126), (3000, 6), (76_700, 120), (16_000, 26)])
def test_clip_rows(encoder: Ave, samples: int, rows: int) -> None:
    sound = speech()[:samples]
    clip = clip_rows(encoder, sound)
    assert clip.shape == (rows, 512, 1)
    np.testing.assert_array_equal(clip[..., 0], embed(encoder, sound, rows))
    for same in (clip[:3], clip[-3:]):
        np.testing.assert_allclose(same, np.broadcast_to(same[0], same.shape), rtol=1e-4, atol=1e-4)


def test_clip_that_is_too_short(encoder: Ave) -> None:
    with pytest.raises(ParameterError, match="2999 samples is too short: AVE needs at least 3000"):
        clip_rows(encoder, noise(2999))


def test_speech_is_more_diverse_than_a_hum_and_a_hum_than_silence(encoder: Ave) -> None:
    d_speech, d_hum, d_silence = (diversity(embed(encoder, sound, 125)) for sound in (speech(), hum(), silence()))
    assert d_speech > 4 * d_hum
    assert d_hum > d_silence + 0.1


def test_half_precision_keeps_diversity_within_a_thousandth(weights: Path, encoder: Ave) -> None:
    """Measured: 0.04 % over all 125 frames of five seconds; here over every fifth, as a CPU is slow at halves."""
    half = Ave(weights, device="cpu", half=True)
    emphasised = lfilter([1, -0.97], [1], np.pad(speech(), 4000)).astype(np.float32)
    spans = [half.span(frame, 80_000) for frame in range(0, 125, 5)]
    segments = np.stack([emphasised[4000 + start : 4000 + stop] for start, stop in spans])
    rows, exact = half.encode(segments), encoder.encode(segments)
    assert rows.dtype == np.float32
    assert not np.array_equal(rows, exact)
    assert diversity(rows) == pytest.approx(diversity(exact), rel=1e-3)


def test_what_it_says_of_itself(encoder: Ave, weights: Path) -> None:
    contract: AudioEncoder = encoder
    assert (contract.name, contract.dimension, contract.device, contract.preemphasis) == ("ave", 512, "cpu", 0.97)
    assert not encoder.half
    assert contract.version == load_network(weights)[1]
    assert Ave(weights).device == (
        "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    )


def test_one_thread_unless_asked(weights: Path) -> None:
    Ave(weights, device="cpu", threads=2)
    assert torch.get_num_threads() == 2
    Ave(weights, device="cpu")
    assert torch.get_num_threads() == 1
    with pytest.raises(ParameterError, match="threads=0 must be at least 1"):
        Ave(weights, threads=0)


def test_loading_draws_no_random_numbers(weights: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    Ave(weights, device="cpu")
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("device", ["tpu9", "cuda:99", "cpu:3", "meta", ""])
def test_devices_that_are_not_there(weights: Path, device: str) -> None:
    with pytest.raises(ParameterError, match=f"device='{device}'"):
        Ave(weights, device=device)


@pytest.mark.parametrize("kind", ["prefixed", "half", "double"])
def test_checkpoints_that_are_fine(tmp_path: Path, encoder: Ave, kind: str) -> None:
    state = ave_checkpoint.make_state()
    if kind == "prefixed":
        state = {f"audio_encoder.{key}": value for key, value in state.items()}
    else:
        state = {key: getattr(value, kind)() if value.is_floating_point() else value for key, value in state.items()}
    other = Ave(ave_checkpoint.save(tmp_path / "ave.pth", state), device="cpu")
    sound = speech()[:16_000]
    tolerance = 0.1 if kind == "half" else 0.0
    np.testing.assert_allclose(embed(other, sound, 25), embed(encoder, sound, 25), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"3.conv_block.0.bias": None}, "3.conv_block.0.bias is missing"),
        ({"10.conv_block.1.running_var": None, "9.conv_block.1.bias": None}, "9.conv_block.1.bias is missing"),
        ({"7.conv_block.0.bias": None, "7.conv_block.0.weight": None}, "7.conv_block.0.weight is missing"),
        ({"12.conv_block.1.num_batches_tracked": None}, "12.conv_block.1.num_batches_tracked is missing"),
        ({"13.conv_block.0.weight": torch.zeros(2)}, "13.conv_block.0.weight is not part of it"),
        ({"face.weight": torch.zeros(2)}, "face.weight is not part of it"),
        (
            {"2.conv_block.2.weight": torch.zeros(2), "4.conv_block.0.bias": None},
            "2.conv_block.2.weight is not part of it",
        ),
        (
            {"3.conv_block.0.weight": torch.zeros(64, 32, 5, 5), "2.conv_block.1.bias": torch.zeros(33)},
            r"2.conv_block.1.bias has shape \(33,\), expected \(32,\)",
        ),
        (
            {"5.conv_block.1.weight": torch.ones(64, dtype=torch.int32)},
            "5.conv_block.1.weight is torch.int32, expected",
        ),
        ({"0.conv_block.0.bias": torch.full((32,), torch.nan)}, "0.conv_block.0.bias holds NaN or infinity"),
        ({"6.conv_block.1.running_var": torch.full((128,), torch.inf)}, "6.conv_block.1.running_var holds NaN"),
        ({"1.conv_block.0.bias": "text"}, "1.conv_block.0.bias is a str, not a tensor"),
    ],
)
def test_the_first_difference_is_named(tmp_path: Path, changes: dict[str, torch.Tensor], difference: str) -> None:
    state = {key: value for key, value in (ave_checkpoint.make_state() | changes).items() if value is not None}
    path = ave_checkpoint.save(tmp_path / "wrong.pth", dict(reversed(state.items())))
    with pytest.raises(WeightsMismatch, match=rf"wrong\.pth: not the weights of AVE: {difference}"):
        load_network(path)


def test_checkpoint_that_is_no_dict(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    with pytest.raises(WeightsMismatch, match=r"list\.pth: .* it holds a list"):
        load_network(tmp_path / "list.pth")


def test_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"0.conv_block.0.weight": tmp_path}, tmp_path / "code.pth")
    with pytest.raises(ModelDamaged, match=r"code\.pth: no PyTorch checkpoint of plain tensors"):
        load_network(tmp_path / "code.pth")


@pytest.mark.parametrize("how", ["text", "passwd", "empty", "short"])
def test_damaged_checkpoints(tmp_path: Path, weights: Path, how: str) -> None:
    content = {
        "text": b"<html>not found</html>",
        "passwd": b"root:x:0:0:root:/root:/bin/bash\n",
        "empty": b"",
        "short": weights.read_bytes()[:-1000],
    }[how]
    (tmp_path / "broken.pth").write_bytes(content)
    with pytest.raises(ModelDamaged, match=r"broken\.pth: no PyTorch checkpoint of plain tensors, or cut short"):
        load_network(tmp_path / "broken.pth")


def test_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"gone\.pth"):
        Ave(tmp_path / "gone.pth")
