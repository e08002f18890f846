"""``import take5``: light, typed, the same answer as the command; and the examples of ``docs/python.md`` run."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from repository import ROOT

import take5
from demo.talker import DEFAULT, Script
from take5.client.api.models import ENCODER_NAMES, default_encoder
from take5.client.cli import run
from take5.scoring import errors
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.models.encoders import ENCODERS
from take5.stream.analysis.models import Models
from take5.stream.bundles.check import check
from take5.stream.bundles.trainers.registry import trainer_named

PYTHON_MD = ROOT / "docs" / "python.md"
HEAVY = {"torch", "mediapipe", "onnxruntime", "av", "numpy", "scipy"}

LIGHT = f"""
import sys, take5
print(take5.__file__)
loaded = {HEAVY!r} & set(sys.modules)
missing = [name for name in take5.__all__ if name not in dir(take5)]
from take5 import *
models = {{"torch", "mediapipe", "onnxruntime"}} & set(sys.modules)
sys.exit(repr((loaded, missing, models)) if loaded or missing or models else 0)
"""

TYPED = """
from typing import assert_type
import take5
result = take5.select("talk.mp4", strategy="audio")
assert_type(result, take5.FileResult)
assert_type(result.best, take5.Window | None)
assert_type(take5.Session(take5.load_models()).best, take5.Window | None)
assert_type(take5.Session().result, take5.Result)
take5.select("talk.mp4", strategy="no such")
take5.nothing_of_that_name
"""


@pytest.fixture(scope="module")
def video(rendered: Callable[[str, Script], Path]) -> Path:
    best = next(stretch for stretch in DEFAULT if stretch.name == "best")
    return rendered("only-best", (replace(best, duration_s=7),))


@pytest.fixture(scope="module")
def result(video: Path, models: Models) -> take5.FileResult:
    return take5.select(video, models=models)


def light(path: str) -> str:
    """Where a new interpreter finds take5, which must load nothing big."""
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_take5_loads_nothing_big() -> None:
    light("")


@pytest.mark.long
def test_the_wheel_is_as_light(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    assert light(str(tmp_path / "site")) == str(tmp_path / "site" / "take5" / "__init__.py")


def test_editors_see_what_is_loaded_late() -> None:
    """What is imported for type checkers alone is what ``__getattr__`` finds, in the same modules."""
    tree = ast.parse(Path(take5.__file__).read_text(encoding="utf-8"))
    typed = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in typed.body if isinstance(node, ast.ImportFrom)]
    assert {alias.name: node.module for node in imports for alias in node.names} == take5._HOMES
    assert set(take5._HOMES) < set(take5.__all__)


@pytest.mark.long
def test_type_checkers_see_real_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(TYPED)
    check = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(program)]
    done = subprocess.run(check, capture_output=True, text=True, check=False, cwd=ROOT)
    told = [line for line in done.stdout.splitlines() if "program.py" in line and "error:" in line]
    assert len(told) == 2, done.stdout + done.stderr
    assert "\"Literal['no such']\"" in told[0]
    assert 'no attribute "nothing_of_that_name"' in told[1]


def test_every_error_that_may_be_raised_can_be_named() -> None:
    of_commands = {"ClusterError"}
    of_captures = {"CaptureError", "NoPortFree", "OfferMalformed", "OfferUnusable", "SpoolDamaged"}
    of_databases = {name for name, value in vars(errors).items() if _is_of_databases(value)}
    assert "NotADatabase" in of_databases
    tree = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert tree - set(take5.__all__) == of_captures | of_commands | of_databases
    assert all(issubclass(getattr(errors, name), take5.Take5Error) for name in tree)
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        take5.nothing_of_that_name  # type: ignore[attr-defined] # noqa: B018 - that is what is refused


def _is_of_databases(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, errors.DatabaseError)


def test_encoders_can_be_named() -> None:
    assert list(ENCODER_NAMES) == ["auto", *ENCODERS]
    assert default_encoder(None) == "speech-embedding"
    assert default_encoder(Path("weights.pth")) == "ave"


def test_select_is_the_command(
    result: take5.FileResult, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = tmp_path / "command.npz"
    assert run(["select", str(video), "-o", str(tmp_path), "--json", "--report", "--features", str(features)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(result.json()))
    folder = result.write(tmp_path / "mine")
    assert folder == tmp_path / "mine"
    assert result.write_report(folder) == folder
    for name in ("clip.mp4", "clip.wav", "report.json", "report.html", "report.png"):
        assert (folder / name).read_bytes() == (tmp_path / video.stem / name).read_bytes()
    mine, theirs = result.features(), np.load(features)
    for name in ("audio", "lips", "pose", "faces"):
        np.testing.assert_array_equal(getattr(mine, name), theirs[name])
    assert result.write_features(tmp_path / "mine.npz").read_bytes() == features.read_bytes()


@pytest.mark.long
def test_trainers_take_the_bundles(result: take5.FileResult, tmp_path: Path) -> None:
    bundles = result.bundle(tmp_path, "synctalk", "er-nerf", name="anna", size=256, consent="C-1")
    assert [bundle.folder for bundle in bundles] == [tmp_path / "synctalk" / "anna", tmp_path / "er-nerf" / "anna"]
    assert not [violation for bundle in bundles for violation in check(bundle.folder, trainer_named(bundle.trainer))]
    assert json.loads(bundles[0].manifest.read_text())["consent"] == "C-1"
    with pytest.raises(take5.OutputExists, match="anna"):
        result.bundle(tmp_path, "synctalk", name="anna")
    with pytest.raises(take5.ParameterError, match="nobody"):
        result.bundle(tmp_path, "nobody")
    with pytest.raises(take5.NoIdle, match="LiveTalking wants the idle clip"):
        result.bundle(tmp_path, "livetalking")


def test_a_result_says_what_the_report_says(result: take5.FileResult) -> None:
    report = result.json()
    best = result.best
    assert best is not None
    assert {key: getattr(best, key) for key in report["best"] if key != "container_start_s"} == {
        key: value for key, value in report["best"].items() if key != "container_start_s"
    }
    assert [(w.start_s, w.D, w.eligible) for w in result.windows] == [
        (w["start_s"], w["D"], w["eligible"]) for w in report["windows"]
    ]
    assert best in result.pool
    assert best in result.windows
    assert (result.encoder, result.duration_s, result.warnings) == ("speech-embedding", 7.0, ())
    assert (result.tracker, report["tracker"]) == ("mediapipe", "mediapipe")
    assert len(repr(result)) < 2500
    with pytest.raises(FrozenInstanceError):
        result.encoder = "another"  # type: ignore[misc] # that is what is refused


def test_every_option_of_the_command_arrives(video: Path, models: Models) -> None:
    stages: set[str] = set()
    other = take5.select(
        str(video),
        seconds=2,
        hop=0.4,
        pool=2,
        hfr_threshold=0.2,
        exhaustive=True,
        strategy="random",
        diversity="entropy",
        seed=3,
        gates=take5.GateConfig("loose", ("blurred=off",)),
        models=models,
        progress=lambda stage, *_: stages.add(stage),
    )
    expected = {"seconds": 2, "hop": 0.4, "pool": 2, "hfr_threshold": 0.2}
    gates = {"strictness": "loose", "overrides": ["blurred=off"], "trainers": []}
    chosen = {**expected, "strategy": "random", "diversity": "entropy", "seed": 3, "gates": gates}
    assert other.json()["parameters"] == chosen
    assert other.json()["frames"]["tracked"] == 175
    assert stages == {"sound", "faces"}
    assert other.windows[1].start_s == 0.4
    assert other.windows[1].end_s == 2.4


WRONG = {
    "strategy": ({"strategy": "best"}, "strategy='best' must be one of full, random"),
    "diversity": ({"diversity": "D"}, "diversity='D' must be one of euclidean, pc1"),
    "seed": ({"seed": -1}, "seed=-1 must be 0 or more"),
    "hop": ({"hop": 2}, "seconds=5.0 must be a multiple of hop=2"),
    "encoder": ({"encoder": "mel"}, "encoder='mel' must be one of auto, speech-embedding, ave"),
    "tracker": ({"tracker": "dlib"}, "tracker='dlib' must be one of mediapipe, litert"),
    "weights": ({"encoder": "ave"}, "needs ave_weights=PATH"),
}


@pytest.mark.parametrize("option", WRONG)
def test_an_option_that_breaks_a_rule_is_told(video: Path, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAKE5_AVE_WEIGHTS", raising=False)
    options, text = WRONG[option]
    with pytest.raises(take5.ParameterError, match=re.escape(text)):
        take5.select(video, **options)  # type: ignore[arg-type] # that is what is refused


def test_models_and_what_they_are_loaded_by_do_not_go_together(video: Path, models: Models) -> None:
    with pytest.raises(take5.ParameterError, match="still to be loaded"):
        take5.select(video, models=models, device="cpu")
    with pytest.raises(take5.ParameterError, match="still to be loaded"):
        take5.select(video, models=models, tracker="litert")


def test_weights_are_found_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKE5_AVE_WEIGHTS", str(tmp_path / "weights.pth"))
    with pytest.raises(take5.ModelMissing, match=r"weights\.pth"):
        take5.load_models()
    encoder: AudioEncoder = take5.load_models("speech-embedding").encoder
    assert encoder.name == "speech-embedding"


def test_a_file_that_is_none_is_told(tmp_path: Path, models: Models) -> None:
    with pytest.raises(take5.UnreadableMedia, match="no such file"):
        take5.select(tmp_path / "none.mp4", models=models)


@pytest.mark.long
def test_the_examples_run(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From top to bottom, as one program."""
    examples = re.findall(r"^```python\n(.*?)^```", PYTHON_MD.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) >= 5
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talk.mp4").symlink_to(video)
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, str(PYTHON_MD), "exec"), names)  # noqa: S102
    for folder in ("talk", "mine"):
        assert {path.name for path in (tmp_path / "clips" / folder).iterdir()} == {
            "clip.mp4",
            "clip.wav",
            "report.json",
        }


def test_the_document_names_everything() -> None:
    text = PYTHON_MD.read_text(encoding="utf-8")
    for kind in (take5.FileResult, take5.Session):
        for name in vars(kind) | vars(take5.Result):
            if not name.startswith("_") and name not in {"of", "selection", "material"}:
                assert f"`{name}" in text or f"`{name}(" in text, name
    assert take5.select.__kwdefaults__ is not None
    assert all(f"`{option}`" in text for option in take5.select.__kwdefaults__)
