"""Jobs in processes: each done once, drawn one by one, and a worker that dies costs one job."""

import itertools
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from batch_workers import answer, answering, job, setup_dying, setup_failing, setup_mixed, setup_threads
from serving import eventually

from take5.scoring.errors import Take5Error
from take5.stream.offline.batch.engine import Engine, SerialEngine
from take5.stream.offline.batch.job import Failed, Job, Outcome
from take5.stream.offline.batch.processes import ProcessEngine
from take5.stream.offline.batch.worker_process import THREADS


def videos(outcomes: Iterable[Outcome]) -> list[str]:
    return sorted(str(outcome.job.video) for outcome in outcomes)


@pytest.mark.parametrize("engine", [SerialEngine(answer), ProcessEngine(answering, 1), ProcessEngine(answering, 3)])
def test_each_job_is_done_once_and_drawn_when_there_is_room(engine: Engine) -> None:
    drawn = 0

    def jobs() -> Iterator[Job]:
        nonlocal drawn
        for number in range(20):
            drawn += 1
            yield job(number)

    finished = []
    for outcome in engine.run(jobs()):
        finished.append(outcome)
        assert drawn - len(finished) <= 3
    assert videos(finished) == sorted(map(str, range(20)))
    assert multiprocessing.active_children() == []


def test_no_job_is_no_worker() -> None:
    assert list(ProcessEngine(partial(setup_failing, "bug"), 2).run([])) == []


def test_of_jobs_without_end_as_many_are_done_as_somebody_asks_for() -> None:
    with closing(ProcessEngine(answering, 2).run(map(job, itertools.count()))) as outcomes:
        assert len(videos(itertools.islice(outcomes, 7))) == 7
    assert multiprocessing.active_children() == []


@pytest.mark.long
def test_a_worker_that_dies_costs_its_job_and_is_replaced() -> None:
    told = {
        "killed.mp4": "was killed by SIGKILL (out of memory? fewer --jobs need less)",
        "segfault.mp4": "was killed by SIGSEGV",
        "exit.mp4": "ended with exit code 3",
        "exit.mkv": "ended with exit code 3",
    }
    names = ["a", "killed.mp4", "b", "segfault.mp4", "c", "exit.mp4", "exit.mkv", "d"]
    outcomes = list(ProcessEngine(answering, 2).run(map(job, names)))
    assert videos(outcomes) == sorted(names)
    errors = {str(outcome.job.video): outcome.error for outcome in outcomes if isinstance(outcome, Failed)}
    assert {video: error for video, error in errors.items() if not error.isdecimal()} == {
        video: f"{video}: the worker process that read it {how}" for video, how in told.items()
    }


def test_a_bug_costs_its_job_and_not_its_worker() -> None:
    *before, bug, after = ProcessEngine(answering, 1).run(map(job, ["a", "b", "bug", "c"]))
    assert isinstance(bug, Failed)
    assert bug.error.startswith("bug: KeyError in ")
    assert bug.error.endswith(": 'no such key'; this is a fault of take5, please report it")
    assert len({outcome.error for outcome in (*before, after) if isinstance(outcome, Failed)}) == 1


def test_a_worker_is_replaced_after_its_share() -> None:
    outcomes = list(ProcessEngine(answering, 1, jobs_each=2).run(map(job, range(6))))
    processes = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    assert [len(list(group)) for _, group in itertools.groupby(processes)] == [2, 2, 2]


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("told", "model face is not on this machine"),
        ("bug", "a worker cannot begin: KeyError in "),
        ("exit", "a worker process ended with exit code 3 while it loaded the models"),
    ],
)
def test_a_worker_that_cannot_begin_ends_it_all(kind: str, told: str) -> None:
    with pytest.raises(Take5Error, match=told):
        list(ProcessEngine(partial(setup_failing, kind), 2).run(map(job, range(9))))
    assert multiprocessing.active_children() == []


def test_workers_compute_with_one_thread_unless_somebody_wants_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREADS[1:]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(THREADS[0], "3")
    (outcome,) = ProcessEngine(setup_threads, 1).run([job("a")])
    assert isinstance(outcome, Failed)
    assert outcome.error == "3 1 1"
    assert THREADS[1] not in os.environ


def test_what_a_killed_worker_had_half_written_is_removed(tmp_path: Path) -> None:
    others = f".take-{os.getpid()}-{'0' * 32}.partial"
    (tmp_path / others).mkdir()
    (outcome,) = ProcessEngine(setup_dying, 1).run([job("a", tmp_path / "take")])
    assert isinstance(outcome, Failed)
    assert "SIGKILL" in outcome.error
    assert [path.name for path in tmp_path.iterdir()] == [others]


@pytest.mark.long
def test_closing_ends_what_is_under_way_and_nothing_half_written_stays(tmp_path: Path) -> None:
    jobs = [job(name, tmp_path) for name in ("answer", "hold-1", "hold-2")]
    with closing(ProcessEngine(setup_mixed, 3).run(jobs)) as outcomes:
        assert videos([next(outcomes)]) == ["answer"]
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == []
    assert multiprocessing.active_children() == []


def test_a_command_that_is_killed_takes_its_workers_with_it(tmp_path: Path) -> None:
    code = "import sys, batch_workers; batch_workers.run_alone(sys.argv[1])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment) as program:
        assert eventually(lambda: len(list(tmp_path.iterdir())) == 2)
        program.kill()
    assert eventually(lambda: list(tmp_path.iterdir()) == [])
