"""Face and sound level of one chunk, as shown live and in the report."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from take5.stream.analysis.frames import FrameObservation
from take5.stream.events import ChunkNote


def chunk_note(observations: Iterable[FrameObservation | None], samples: NDArray[np.floating]) -> ChunkNote:
    """Summarise the analysed frames, and the level of the sound [n] in [-1, 1]."""
    seen = [observation for observation in observations if observation and observation.seen]
    counted = [observation.faces for observation in seen if observation.faces >= 0]
    return ChunkNote(
        face=sum(observation.face is not None for observation in seen) / len(seen) if seen else None,
        faces=max(counted, default=None),
        level_dbfs=level_dbfs(samples),
    )


def level_dbfs(samples: NDArray[np.floating]) -> float | None:
    """RMS of sound in dB of full scale; None for digital silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return round(10 * math.log10(power), 1) if power else None
