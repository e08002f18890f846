"""Rows and observations in temporary files: what is read back is what was written."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from take5.scoring.errors import OutputError
from take5.scoring.gates.measures import FrameMeasures
from take5.scoring.gates.sound import SoundMeasures, SoundMeter
from take5.stream.analysis.frames import UNDECODABLE, FrameObservation, unseen
from take5.stream.recording import observation_file, row_file
from take5.stream.recording.observation_file import ObservationFile
from take5.stream.recording.row_file import MeasureFile, RowFile


@pytest.fixture(params=["in memory", "on disk"], autouse=True)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "on disk":
        monkeypatch.setattr(row_file, "IN_MEMORY_BYTES", 1)


def test_slices_are_those_of_an_array() -> None:
    rows = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    stored = RowFile(np.float32, (3,), given=np.float64)
    for part in np.split(rows, [1, 1, 20, 700]):
        stored.append(part)
    assert len(stored) == 1000
    for span in (slice(0, 1000), slice(None), slice(3, 3), slice(990, 2000), slice(-5, None), slice(7, 2)):
        np.testing.assert_array_equal(stored[span], rows[span].astype(np.float64), strict=True)
    stored[0:5][:] = 0.0
    np.testing.assert_array_equal(stored[0:5], rows[0:5])


def test_rows_are_cut_off_or_filled_with_zeros() -> None:
    stored = RowFile(np.int16)
    stored.append(np.arange(5))
    stored.resize(3)
    assert stored[:].tolist() == [0, 1, 2]
    stored.resize(6)
    assert stored[:].tolist() == [0, 1, 2, 0, 0, 0]
    stored.append(np.array([9]))
    assert stored[5:].tolist() == [0, 9]


def test_spans_are_copied_one_behind_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_file, "COPIED_ROWS", 4)
    stored = RowFile(np.int64)
    stored.append(np.arange(100))
    assert stored.at([slice(2, 13), slice(50, 50), slice(90, 93)])[:].tolist() == [*range(2, 13), 90, 91, 92]


def test_sound_measures_come_back_as_they_were() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    expected = SoundMeter().push(sound)
    stored, meter = MeasureFile(), SoundMeter()
    for piece in np.array_split(sound, 11):
        stored.append(meter.push(piece))
    assert len(stored) == len(expected)
    for name, column in vars(stored[3:17]).items():
        np.testing.assert_array_equal(column, getattr(expected[3:17], name), strict=True)
    assert isinstance(stored.at([slice(0, 2)])[:], SoundMeasures)


def test_observations_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation_file, "RECENT", 2)
    observed = ObservationFile(6)
    seen = FrameObservation(None, 1, False, True, (True, False), measures=FrameMeasures.of_frame(yaw=3.0, step=40.0))
    observed[4], observed[1], observed[2] = seen, UNDECODABLE, unseen(missing=False)
    assert observed.known.tolist() == [False, True, True, False, True, False]
    assert observed[0] is None
    nothing, undecodable, unanalysed, _, back, _ = observed[:]
    assert nothing is None
    assert undecodable is not None
    assert (undecodable.damaged, undecodable.repeats) == (True, ())
    assert unanalysed is not None
    assert not unanalysed.seen
    assert back is not None
    assert (back.faces, back.missing, back.repeats) == (1, True, (True, False))
    for name, column in vars(seen.measures[0:1]).items():
        np.testing.assert_array_equal(getattr(back.measures, name), column)


def test_measures_pickle_as_one_array() -> None:
    measures = FrameMeasures.of_frame(yaw=1.0)
    content = pickle.dumps(measures)
    assert len(content) < 500
    assert pickle.loads(content).yaw.tolist() == [1.0]  # noqa: S301 - written above


def test_without_a_folder_for_temporary_files_the_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_file, "IN_MEMORY_BYTES", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    stored = RowFile(np.int64)
    with pytest.raises(OutputError, match="gone: cannot be written"):
        stored.append(np.arange(100))
