"""What ``take5 select --engine ray`` asks of the machines of a cluster; without a cluster."""

from pathlib import Path

import pytest

from take5.client.api.models import WEIGHTS_VARIABLE
from take5.client.cli.batch import Inputs, ModelChoice, engine_for
from take5.stream.cluster.share import ClusterShare


def test_machines_load_the_encoder_that_the_recipe_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, choice = Inputs([], [], whole=True), ModelChoice("auto", None, "cpu", "mediapipe")
    engine, encoder = engine_for(inputs, None, choice, share=ClusterShare(), output=tmp_path, visible=False)
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "ave.pth"))  # there
    assert vars(engine)["_setup"].args[0].__self__.encoder == encoder.name == "speech-embedding"


def test_weights_are_found_wherever_a_machine_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = ModelChoice("auto", Path("ave.pth"), "cpu", "mediapipe").everywhere
    assert (found.encoder, found.ave_weights) == ("ave", tmp_path / "ave.pth")
