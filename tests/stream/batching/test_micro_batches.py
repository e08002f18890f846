"""Submissions of several threads, in batches bounded in time and size."""

import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, active_count
from threading import enumerate as running_threads

import numpy as np
import pytest

from take5.scoring.errors import ParameterError
from take5.stream.batching.micro_batches import BatchLimits, MicroBatcher, Rows

LONG_S = 30.0
"""A wait that no test sits out."""


class Doubling:
    """Doubles rows, once its gate is open; remembers each batch, and refuses negative rows."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.gate = Event(), Event()
        if open_gate:
            self.gate.set()

    def __call__(self, rows: Rows) -> Rows:
        self.batches.append(rows[:, 0].astype(int).tolist())
        self.begun.set()
        assert self.gate.wait(LONG_S)
        if (rows < 0).any():
            raise ValueError(f"{rows.min():g} is negative")
        return rows * 2


def rows_of(*values: float) -> Rows:
    return np.array(values, np.float32)[:, np.newaxis]


class Stage:
    """Threads that submit to a batcher in a given order while its first batch is held."""

    def __init__(self, batcher: MicroBatcher, compute: Doubling) -> None:
        self.batcher, self.compute = batcher, compute
        self._pool = ThreadPoolExecutor(32)

    def submit(self, rows: Rows) -> "Future[Rows]":
        """Submit in another thread; return once it waits."""
        waiting = self.waiting
        future = self._pool.submit(self.batcher.submit, rows)
        end = time.monotonic() + LONG_S
        while self.waiting <= waiting and not future.done() and time.monotonic() < end:
            time.sleep(0.001)
        return future

    def hold(self) -> "Future[Rows]":
        """Submit a row whose batch is not computed until the gate opens."""
        future = self._pool.submit(self.batcher.submit, rows_of(0))
        assert self.compute.begun.wait(LONG_S)
        return future

    @property
    def waiting(self) -> int:
        return len(self.batcher._queue._waiting)

    def end(self) -> None:
        self.compute.gate.set()
        self.batcher.close()
        self._pool.shutdown()


@contextmanager
def held(limits: BatchLimits) -> Iterator[Stage]:
    """A batcher that computes a first row until the gate opens."""
    compute = Doubling(open_gate=False)
    stage = Stage(MicroBatcher(compute, limits), compute)
    try:
        stage.hold()
        yield stage
    finally:
        stage.end()


def test_each_thread_gets_its_own_rows() -> None:
    batcher = MicroBatcher(Doubling(), BatchLimits(0.002))
    with ThreadPoolExecutor(16) as pool:
        given = [rows_of(*range(i, i + 1 + i % 7)) for i in range(200)]
        for rows, found in zip(given, pool.map(batcher.submit, given), strict=True):
            np.testing.assert_array_equal(found, rows * 2)
    batcher.close()


def test_what_comes_while_a_batch_is_computed_goes_together_into_the_next() -> None:
    with held(BatchLimits(0.0)) as stage:
        futures = [stage.submit(rows_of(i, i)) for i in range(1, 6)]
        stage.compute.gate.set()
        assert [future.result(LONG_S).ravel().tolist() for future in futures] == [[2 * i] * 2 for i in range(1, 6)]
        assert stage.compute.batches == [[0], [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]]


def test_a_batch_is_bounded_in_size() -> None:
    with held(BatchLimits(0.0, rows=4)) as stage:
        futures = [stage.submit(rows_of(i, i, i)) for i in (1, 2, 3)]
        stage.compute.gate.set()
        assert [future.result(LONG_S).ravel().tolist() for future in futures] == [[2 * i] * 3 for i in (1, 2, 3)]
        assert max(map(len, stage.compute.batches)) <= 4


def test_a_full_batch_does_not_wait() -> None:
    compute = Doubling()
    batcher = MicroBatcher(compute, BatchLimits(LONG_S, rows=4))
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(batcher.submit, rows_of(i, i)) for i in (1, 2)]:
            future.result(LONG_S / 2)
    assert [len(batch) for batch in compute.batches] == [4]
    batcher.close()


def test_a_submission_waits_for_company_no_longer_than_its_bound() -> None:
    batcher = MicroBatcher(Doubling(), BatchLimits(0.05))
    batcher.submit(rows_of(1))
    began = time.monotonic()
    batcher.submit(rows_of(2))
    assert 0.045 <= time.monotonic() - began < 5
    batcher.close()


def test_those_that_keep_coming_do_not_prolong_the_wait_of_the_first() -> None:
    compute = Doubling()
    batcher = MicroBatcher(compute, BatchLimits(0.2))
    with ThreadPoolExecutor(64) as pool:
        first = pool.submit(batcher.submit, rows_of(-0.0))
        began = time.monotonic()
        others = []
        while not first.done() and time.monotonic() - began < 5.0:
            others.append(pool.submit(batcher.submit, rows_of(1)))
            time.sleep(0.02)
        assert time.monotonic() - began < 2.0
        for other in others:
            other.result(LONG_S)
    batcher.close()


def test_a_long_submission_goes_in_shares_and_others_between() -> None:
    """One that brings 40 batches' worth costs another no more than the batch that is being computed."""
    with held(BatchLimits(0.0, rows=12, share=8)) as stage:
        long = stage.submit(np.ones((320, 1), np.float32))
        short = [stage.submit(rows_of(i)) for i in (2, 3, 4)]
        stage.compute.gate.set()
        assert [future.result(LONG_S).item() for future in short] == [4, 6, 8]
        assert stage.compute.batches[1] == [1] * 8 + [2, 3, 4]
        assert (long.result(LONG_S) == 2).all()
        assert len(long.result()) == 320


def test_those_who_come_later_are_not_behind_what_is_left_of_a_long_one() -> None:
    with held(BatchLimits(0.0, rows=4, share=4)) as stage:
        stage.submit(np.ones((12, 1), np.float32))
        stage.submit(rows_of(*[2] * 8))
        stage.submit(rows_of(3))
        stage.compute.gate.set()
    assert stage.compute.batches[1:4] == [[1] * 4, [2] * 4, [3, 1, 1, 1]]


def test_an_error_goes_to_the_one_who_caused_it() -> None:
    with held(BatchLimits(0.0)) as stage:
        good, bad, wide = (stage.submit(rows) for rows in (rows_of(1), rows_of(-1), np.ones((2, 3), np.float32)))
        stage.compute.gate.set()
        assert good.result(LONG_S).item() == 2
        assert wide.result(LONG_S).shape == (2, 3)
        with pytest.raises(ValueError, match="-1 is negative"):
            bad.result(LONG_S)
        assert stage.batcher.submit(rows_of(4)).item() == 8


def test_a_long_submission_that_fails_is_not_computed_further() -> None:
    with held(BatchLimits(0.0, rows=2)) as stage:
        bad = stage.submit(rows_of(*[-1] * 50))
        stage.compute.gate.set()
        with pytest.raises(ValueError, match="-1 is negative"):
            bad.result(LONG_S)
        assert stage.batcher.submit(rows_of(4)).item() == 8
        assert stage.compute.batches == [[0], [-1, -1], [4]]


def test_a_compute_that_loses_rows_is_named() -> None:
    batcher = MicroBatcher(lambda rows: rows[1:])
    with pytest.raises(ParameterError, match="2 rows were computed of 3"):
        batcher.submit(rows_of(1, 2, 3))
    batcher.close()


def test_closing_loses_nothing() -> None:
    compute = Doubling()
    stage = Stage(MicroBatcher(compute, BatchLimits(LONG_S)), compute)
    futures = [stage.submit(rows_of(i)) for i in range(1, 9)]
    stage.end()
    assert [future.result(LONG_S / 2).item() for future in futures] == [2 * i for i in range(1, 9)]
    assert compute.batches == [[*range(1, 9)]]
    assert stage.batcher.submit(rows_of(5)).item() == 10


def test_its_thread_begins_when_needed_and_ends_with_it() -> None:
    before = active_count()
    batcher = MicroBatcher(Doubling())
    assert active_count() == before
    batcher.submit(rows_of(1))
    assert "take5-batches" in [thread.name for thread in running_threads()]
    del batcher
    gc.collect()
    assert active_count() == before


def test_the_end_of_the_interpreter_loses_nothing() -> None:
    code = (
        "import atexit, threading, time\n"
        "found = []\n"
        "atexit.register(lambda: print(thread.join(10), found))\n"
        "import numpy as np\n"
        "from take5.stream.batching.micro_batches import BatchLimits, MicroBatcher\n"
        "batcher = MicroBatcher(lambda rows: rows * 2, BatchLimits(60.0))\n"
        "row = np.ones((1, 1), np.float32)\n"
        "thread = threading.Thread(target=lambda: found.append(batcher.submit(row).item()), daemon=True)\n"
        "thread.start()\n"
        "while not batcher._queue._waiting: time.sleep(0.01)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "None [2.0]\n"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wait_s": -0.1}, "wait_s=-0.1 must not be negative"),
        ({"wait_s": float("nan")}, "wait_s=nan must not be negative"),
        ({"rows": 0}, "rows=0 must be at least 1"),
        ({"share": 0}, "share=0 must be at least 1"),
    ],
)
def test_limits_are_checked(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        BatchLimits(**wrong)  # type: ignore[arg-type]
