"""Work on one picture after another in a few threads, with results in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 2
"""FFmpeg, OpenCV and much of numpy let others run meanwhile; more threads would take what live captures need."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(do: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield what ``do`` returns of each item, in order; one item more than there are threads is under way at most."""
    with ThreadPoolExecutor(THREADS, "take5-masks") as pool:
        under_way = deque[Future[Result]]()
        try:
            for item in items:
                under_way.append(pool.submit(do, item))
                if len(under_way) > THREADS:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for each in under_way:
                each.cancel()
