"""Pictures in threads."""

import threading
import time
from collections.abc import Iterator

import pytest

from take5.stream.bundles.masks.in_threads import THREADS, in_threads


def test_results_come_in_order_and_few_items_are_under_way() -> None:
    taken, used = list[int](), set[int]()

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    def slower_first(number: int) -> int:
        used.add(threading.get_ident())
        time.sleep(0.01 if number % THREADS == 0 else 0.001)
        return number

    for place, number in enumerate(in_threads(slower_first, items())):
        assert number == place
        assert len(taken) <= place + THREADS + 1
    assert len(used) == THREADS


def test_an_error_ends_it() -> None:
    def third_fails(number: int) -> int:
        if number == 3:
            raise ValueError(number)
        return number

    done = []
    with pytest.raises(ValueError, match="3"):
        done += list(in_threads(third_fails, range(100)))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("take5-masks")]
