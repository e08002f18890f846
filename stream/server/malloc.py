"""Memory that one capture has freed serves the next, whichever threads they run in."""

import ctypes
import os
from contextlib import suppress

M_ARENA_MAX = -8
FEW = 2
"""Of glibc's arenas. By default there are eight a core, and each keeps what captures have freed in it: after 30
captures 390 MB instead of 310."""


def share_arenas() -> None:
    """Let all threads allocate from few arenas; to be called before the models are loaded.

    ``MALLOC_ARENA_MAX`` in the environment goes before it. Where there is no glibc it does nothing.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(AttributeError, OSError, TypeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, FEW)
