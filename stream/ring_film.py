"""A live recording as bundles are made of it: from the ring, with the faces that were tracked while it came."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.models.region import Region
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.stream.media import Picture
from take5.stream.scanner import UNDECODABLE, Faces, FrameLook, FrameScanner, Models
from take5.stream.sources.units import RingMaterial


@dataclass
class RingFilm:
    """What a ring holds, and who is seen in it.

    Parameters
    ----------
    material : RingMaterial
        Pictures and sound.
    models : Models
        What looks where nobody has looked.
    region : Region, optional
        Part of the picture in which the face was found.
    known : callable
        The looks at grid frames [start, stop), None where nobody looked.
    """

    material: RingMaterial
    models: Models
    region: Region | None
    known: Callable[[int, int], list[FrameLook | None]]
    _found: dict[int, FrameLook] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Grid frames for which there are pictures and sound."""
        return self.material.frames

    def looked(self, start: int, stop: int) -> list[FrameLook]:
        """What is seen in grid frames [start, stop); whoever was not looked at is looked at now."""
        for _ in self.look(start, stop):
            pass
        known = self._known(start, stop)
        return [known[frame] for frame in range(start, stop)]

    def look(self, start: int, stop: int) -> Iterator[None]:
        """Look at those of grid frames [start, stop) at which nobody looked, one a step, with a lead-in before them.

        The ring is asked for its units at the first step; what it no longer has cannot be decoded, then or later.
        """
        known = self._known(start, stop)
        absent = [frame for frame in range(start, stop) if frame not in known]
        if not absent:
            return
        with Faces(self.models, self.region) as faces:
            scanner = FrameScanner(faces)
            for frame in self.material.grid_frames(max(0, absent[0] - LEAD_IN_FRAMES), absent[-1] + 1):
                look = scanner.look(frame)
                if frame.index >= absent[0]:
                    self._found[frame.index] = look
                yield
        self._found = dict.fromkeys(absent, UNDECODABLE) | self._found

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in grid frames [start, stop)."""
        sound = self.material.timing_of(start, stop)
        missing = np.array([look.missing for look in self.looked(start, stop)], dtype=np.bool_)
        return Timing(missing, sound.sound_missing, sound.silent)

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return self.material.pictures(start, stop)

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """What grid frames [start, stop) sound like: float32 [C, n], and samples per second."""
        return self.material.sound(start, stop)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """What was scored of grid frames [start, stop): 16 kHz, int16."""
        return self.material.pcm(start, stop)

    def _known(self, start: int, stop: int) -> dict[int, FrameLook]:
        before = enumerate(self.known(start, stop), start)
        return self._found | {frame: look for frame, look in before if look is not None and look.seen}
