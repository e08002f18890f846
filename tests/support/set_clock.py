"""A clock that a test sets."""


class Clock:
    """Time as a test sets it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now
