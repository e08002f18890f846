"""``RayEngine`` on a real cluster of several nodes, one of which is killed."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from batch_workers import answering, job, setup_failing, setup_mixed, setup_takes
from ray_cluster import LocalCluster, need_ray, ray_cluster

from take5.scoring.errors import ClusterError, Take5Error
from take5.stream.cluster.share import ClusterShare
from take5.stream.offline.batch.engine import Setup
from take5.stream.offline.batch.job import Failed, Job, Outcome
from take5.stream.offline.batch.ray_engine import RayEngine

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    need_ray()
    with ray_cluster(2) as local:
        yield local


def engine(cluster: LocalCluster, setup: Setup, output: Path, notices: list[str] | None = None) -> RayEngine:
    share = ClusterShare(cluster.address)
    told: list[str] = [] if notices is None else notices
    return RayEngine(setup, share, output, 40, None, 2, on_notice=told.append)


def videos(outcomes: Iterable[Outcome]) -> list[str]:
    return sorted(str(outcome.job.video) for outcome in outcomes)


def errors(outcomes: Iterable[Outcome]) -> dict[str, str]:
    return {str(outcome.job.video): outcome.error for outcome in outcomes if isinstance(outcome, Failed)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with files of the videos' names."""
    monkeypatch.chdir(tmp_path)
    for name in [*map(str, range(20)), "a", "segfault.mp4", "b", "bug", "answer", "hold-1", "hold-2"]:
        (tmp_path / name).touch()
    return tmp_path


def test_each_job_is_done_once_and_drawn_where_there_is_room(cluster: LocalCluster, here: Path) -> None:
    drawn = 0

    def jobs() -> Iterator[Job]:
        nonlocal drawn
        for number in range(20):
            drawn += 1
            yield job(number)

    finished = []
    for outcome in engine(cluster, answering, here / "out").run(jobs()):
        finished.append(outcome)
        assert drawn - len(finished) <= 2
    assert videos(finished) == sorted(map(str, range(20)))
    assert len(set(errors(finished).values())) <= 2  # each worker is set up once
    assert not (here / "out").exists()


def test_a_video_that_crashes_its_decoder_costs_itself_alone(cluster: LocalCluster, here: Path) -> None:
    outcomes = list(engine(cluster, answering, here / "out").run(map(job, ["a", "segfault.mp4", "bug", "b"])))
    assert videos(outcomes) == ["a", "b", "bug", "segfault.mp4"]
    told = errors(outcomes)
    assert told["segfault.mp4"] == "segfault.mp4: the worker process that read it was killed by SIGSEGV"
    assert told["bug"].startswith("bug: KeyError in ")
    assert told["a"].isdecimal()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("told", "model face is not on this machine"),
        ("bug", "a worker cannot begin: KeyError in "),
    ],
)
def test_a_worker_that_cannot_begin_ends_it_all(cluster: LocalCluster, here: Path, kind: str, told: str) -> None:
    with pytest.raises(Take5Error, match=told):
        list(engine(cluster, partial(setup_failing, kind), here / "out").run(map(job, ["a", "b"])))


def test_closing_ends_what_is_under_way_and_nothing_half_written_stays(cluster: LocalCluster, here: Path) -> None:
    takes = here / "takes"
    takes.mkdir()
    jobs = [job(name, takes) for name in ("answer", "hold-1")]
    with closing(engine(cluster, setup_mixed, takes).run(jobs)) as outcomes:
        assert videos([next(outcomes)]) == ["answer"]
    assert list(takes.iterdir()) == []


def test_a_video_that_no_node_sees_is_named(cluster: LocalCluster, here: Path) -> None:
    (outcome,) = engine(cluster, answering, here / "out").run([job("gone.mp4")])
    assert errors([outcome]) == {"gone.mp4": "gone.mp4: cannot be read (No such file or directory)"}


def test_no_cluster_at_the_address_is_an_error(here: Path) -> None:
    need_ray()
    with pytest.raises(ClusterError, match=r"^127\.0\.0\.1:9: no Ray cluster can be joined"):
        list(RayEngine(answering, ClusterShare("127.0.0.1:9"), here, 1, None, 1).run([job("a")]))


def test_what_a_killed_node_had_is_done_again_elsewhere(here: Path) -> None:
    """Each job writes a take; one node is killed once both have begun, and a third joins."""
    need_ray()
    notices: list[str] = []
    with ray_cluster(2) as cluster:
        lost = cluster.add(2)
        jobs = [job(number, here / "out" / str(number)) for number in range(20)]
        outcomes = []
        for outcome in engine(cluster, setup_takes, here / "out", notices).run(jobs):
            outcomes.append(outcome)
            if len(outcomes) == 4:
                cluster.kill(lost)
    assert videos(outcomes) == sorted(map(str, range(20)))
    assert set(errors(outcomes).values()) == {"written"}
    assert sorted(path.name for path in (here / "out").iterdir()) == sorted(map(str, range(20)))
    assert notices
    assert all(notice.endswith("was lost; it is done again elsewhere") for notice in notices)
    assert threading.active_count() < 20
    assert "RAY_AUTH_TOKEN" not in os.environ
