"""Before both tracks have begun: what a program pushes is held, within bounds."""

from collections import deque

from take5.scoring.errors import ParameterError
from take5.stream.timeline.clock import seconds_to_flicks, to_seconds
from take5.stream.timeline.media import AudioBlock, VideoFrame
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift

HOLD_FRAMES_FLICKS = seconds_to_flicks(2.0)
"""How much video is held while there is no sound: frames are not encoded yet."""

HOLD_SOUND_FLICKS = seconds_to_flicks(10.0)
"""How much sound is held while there is no frame."""


class PushedOrigin:
    """Finds grid frame 0: the later of the two tracks' first times. What is long before it is forgotten."""

    def __init__(self, shift: SoundShift = UNMOVED) -> None:
        self._shift = shift
        self._frames: deque[VideoFrame] = deque()
        self._blocks: deque[AudioBlock] = deque()
        self._forgotten: dict[str, int] = {}

    def check(self, media: VideoFrame | AudioBlock) -> None:
        """Raise ParameterError for what begins where the other track has been forgotten."""
        mine, other = ("sound", "frames") if isinstance(media, AudioBlock) else ("frames", "sound")
        until = self._forgotten.get(other)
        if until is not None and media.pts < until:
            raise ParameterError(
                f"the {mine} would begin at {to_seconds(media.pts):.6g} s, where the {other} came alone and, up to "
                f"{to_seconds(until):.6g} s, had to be forgotten; push both as they come"
            )

    def push(self, media: VideoFrame | AudioBlock) -> int | None:
        """Hold a frame or a block; return the instant of grid frame 0, in flicks, once both tracks have begun."""
        if isinstance(media, AudioBlock):
            self._blocks.append(media)
            self._trim_blocks(media.end - HOLD_SOUND_FLICKS)
        else:
            self._frames.append(media)
            self._trim_frames(media.pts - HOLD_FRAMES_FLICKS)
        if not (self._frames and self._blocks):
            return None
        return self._shift.origin(self._frames[0].pts, self._blocks[0].pts)

    def held(self) -> list[VideoFrame | AudioBlock]:
        """What is held, sound first; each track in order."""
        return [*self._blocks, *self._frames]

    def _trim_blocks(self, until: int) -> None:
        while self._blocks[0].end < until:
            self._blocks.popleft()
            self._forgotten["sound"] = self._blocks[0].pts

    def _trim_frames(self, until: int) -> None:
        while self._frames[0].pts < until:
            self._frames.popleft()
            self._forgotten["frames"] = self._frames[0].pts
