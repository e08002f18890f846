"""What a session holds: its frames, encoded once, and its sound; what clips are made of."""

from collections.abc import Iterator
from fractions import Fraction

from take5.scoring.errors import OutputError
from take5.stream.ffmpeg.pictures import encodable
from take5.stream.recording.from_ring import RingMedia
from take5.stream.recording.ring import Ring
from take5.stream.sources.webcam.encoder import UnitEncoder
from take5.stream.timeline.clock import frame_seconds, seconds_to_flicks, to_seconds
from take5.stream.timeline.media import AccessUnit, Picture, UnitFormat, VideoFrame

UNIT_FORMAT = UnitFormat("h264", None)


class FrameStore:
    """Encodes a session's frames for its ring; those of another size begin with a keyframe."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._encoder: UnitEncoder | None = None
        self._size = (0, 0)
        self._zero: int | None = None

    def keep(self, frame: VideoFrame, rate: Fraction) -> None:
        """Keep the next frame; ``rate`` says how many frames make a second."""
        picture = encodable(frame.picture)
        zero = self._zero = frame.pts if self._zero is None else self._zero
        size = picture.width, picture.height
        if self._encoder is None or size != self._size:
            self._encoder, self._size = UnitEncoder(picture, rate), size
        stamp_s = to_seconds(frame.pts - zero)  # so small that it gives back its flicks
        for unit in self._encoder.encode(picture, stamp_s, stamp_s):
            pts = zero + seconds_to_flicks(unit.stamp_s)
            self._ring.push_unit(AccessUnit(pts, unit.data, unit.keyframe))


class HeldMedia(RingMedia):
    """What a session holds of its windows; there is no clip of a window that it has dropped."""

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        count = 0
        for picture in super().pictures(start, stop):
            count += 1
            yield picture
        if count < stop - start:
            raise OutputError(
                f"of the window at {frame_seconds(start)} s the session holds {count} of {stop - start} pictures only; "
                "write a result before the session goes on"
            )
