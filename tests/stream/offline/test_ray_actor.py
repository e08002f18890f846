"""What an actor of a cluster checks and does, without a cluster; and what is said without Ray."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from batch_workers import answering, job

from take5.scoring.errors import ClusterError, ParameterError
from take5.stream.cluster.joined import joined
from take5.stream.cluster.place import Place
from take5.stream.cluster.share import ClusterShare
from take5.stream.offline.batch.job import Failed
from take5.stream.offline.batch.ray_actor import JobActor, Pickled, Unseen


@pytest.fixture
def actor() -> JobActor:
    return JobActor(Pickled(pickle.dumps(answering)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)  # an actor changes it
    (tmp_path / "probe").touch()
    return Place.of(tmp_path / "probe")


def test_an_actor_works_where_the_files_are_the_same(actor: JobActor, place: Place, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert isinstance(actor.begin(tmp_path, place), str)
    outcomes = [actor.do(job("a.mp4")), actor.do(job("a.mp4"))]
    processes = {outcome.error for outcome in outcomes if isinstance(outcome, Failed)}
    assert len(processes) == 1
    assert processes != {str(os.getpid())}
    actor.stop()


def test_a_node_without_the_folder_the_output_or_the_video_is_named(
    actor: JobActor, place: Place, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    for folder, other in ((nowhere, place), (tmp_path, Place.of(nowhere / "probe"))):
        error = actor.begin(folder, other)
        assert isinstance(error, ClusterError)
        assert str(error).startswith(f"{nowhere}: node ")
        assert "must be on storage that all nodes share, under the same path" in str(error)
    assert isinstance(actor.do(job("a.mp4")), Unseen)


def test_a_node_with_another_version_is_refused(actor: JobActor, place: Place, tmp_path: Path) -> None:
    error = actor.begin(tmp_path, Place(place.probe, "0.0.1"))
    assert isinstance(error, ClusterError)
    assert f"has take5 {place.take5}, the machine that asks it 0.0.1" in str(error)


@pytest.mark.parametrize(
    ("address", "told"),
    [("ray://head:10001", "Ray Client is not supported"), ("head", "give HOST:PORT"), (":6379", "give HOST:PORT")],
)
def test_addresses_that_cannot_be_joined_are_refused(address: str, told: str) -> None:
    with pytest.raises(ParameterError, match=told), joined(address, 1):
        pass


def test_what_a_cluster_has_room_for() -> None:
    has = {"CPU": 8.0, "GPU": 1.0}
    assert ClusterShare().workers_in(has) == 8
    assert ClusterShare(cpus=3).workers_in(has) == 2
    assert ClusterShare(gpus=0.25).workers_in(has) == 4
    assert ClusterShare(gpus=0.25).workers_in({"CPU": 8.0}) == 0
    assert str(ClusterShare(gpus=0.25)) == "1 CPU and 0.25 GPU"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--engine", "ray"], 1, "work across machines needs Ray; run: pip install 'take5[cluster]'"),
        (["--ray", "auto"], 64, "--ray needs --engine ray"),
        (["--engine", "ray", "--worker-cpus", "0"], 64, "0.0 is not in the range x>0"),
    ],
)
def test_the_command_line_without_ray(tmp_path: Path, arguments: list[str], code: int, told: str) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    program = "import sys\nsys.modules['ray'] = None\nfrom take5.client.cli import main\nmain()"
    command = [sys.executable, "-c", program, "select", "a.mp4", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
