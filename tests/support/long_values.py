"""Values of a test's parameters, most of which are left to the tests that take long."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest


def long_after(first: int, values: Iterable[Any]) -> list[Any]:
    """The first of some values, or tuples of them, as they are; the others marked ``long``."""
    given = iter(values)
    return [
        *islice(given, first),
        *(pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=pytest.mark.long) for each in given),
    ]
