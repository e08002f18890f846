"""What every audio encoder of the table keeps, whichever it is."""

import numpy as np
import pytest
from encoder_sounds import cuts, noise
from repository import ROOT

from take5.scoring.models.audio import AudioEncoder, EmbeddingStream, embed
from take5.scoring.models.encoders import ENCODERS
from take5.stream.model_files.cache import find

READY = [name for name, entry in ENCODERS.items() if not entry.needs_weights]
FRAMES = 60


@pytest.fixture(params=READY)
def named(request: pytest.FixtureRequest) -> tuple[str, AudioEncoder]:
    name: str = request.param
    return name, ENCODERS[name].load(find, None, "cpu")


def test_its_name_is_its_key(named: tuple[str, AudioEncoder]) -> None:
    """Threshold and meter are looked up by the name."""
    name, encoder = named
    assert encoder.name == name
    assert encoder.version


def test_its_spans_never_fall(named: tuple[str, AudioEncoder]) -> None:
    spans = [named[1].span(frame) for frame in range(FRAMES)]
    assert spans == sorted(spans)
    assert [stop for _, stop in spans] == sorted(stop for _, stop in spans)


@pytest.mark.parametrize("seed", range(3))
def test_its_rows_do_not_depend_on_how_the_sound_was_cut(named: tuple[str, AudioEncoder], seed: int) -> None:
    encoder, samples = named[1], noise(FRAMES * 640)
    whole = embed(encoder, samples, FRAMES)
    assert whole.shape == (FRAMES, encoder.dimension)
    assert np.isfinite(whole).all()
    stream, at, rows = EmbeddingStream(encoder), 0, []
    for length in cuts(len(samples), seed):
        rows.append(stream.push(samples[at : at + length]))
        at += length
    np.testing.assert_array_equal(np.concatenate([*rows, stream.finish(FRAMES)]), whole)


def test_every_encoder_is_documented() -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert [name for name in ENCODERS if f"`{name}`" not in page] == []
