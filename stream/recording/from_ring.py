"""A live recording: media from the ring, with the faces that were tracked as it arrived."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from take5.scoring.eligibility import Timing
from take5.scoring.models.region import Framing
from take5.scoring.parameters import LEAD_IN_FRAMES, SAMPLES_PER_FRAME
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import UNDECODABLE, FrameObservation, FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.recording.ring import MARGIN_FLICKS, Ring
from take5.stream.timeline.clock import FRAME_FLICKS
from take5.stream.timeline.grid import GridFrame, PictureGrid
from take5.stream.timeline.media import AccessUnit, AudioBlock, Picture, UnitFormat, VideoFrame
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift
from take5.stream.timeline.soundtrack import MISSING_TAIL_FLICKS, SoundTrack, cut, silent_frames, to_pcm16


@dataclass(frozen=True)
class SourceStretch:
    """A stretch of what was received: units in order of decoding, and blocks that touch [start, stop), in flicks.

    ``shown`` is an instant of the window that it was received for.
    """

    units: list[AccessUnit]
    unit_format: UnitFormat
    blocks: list[AudioBlock]
    start: int
    stop: int
    shown: int


class RingMedia:
    """The contents of a ring, as grid frames and sound of a clip.

    Parameters
    ----------
    ring : Ring
        The received media.
    unit_format : UnitFormat
        Format of its access units.
    origin : int
        Instant of grid frame 0, in flicks on the source's clock.
    shift : SoundShift
        How the sound in the ring has been moved against the picture.
    """

    def __init__(self, ring: Ring, unit_format: UnitFormat, origin: int, shift: SoundShift = UNMOVED) -> None:
        self._ring, self._format, self._origin, self._shift = ring, unit_format, origin, shift

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return (cell.shown.picture for cell in self.grid_frames(start, stop))

    def grid_frames(self, start: int, stop: int) -> Iterator[GridFrame[VideoFrame]]:
        """Decode grid frames [start, stop) lazily."""
        grid = PictureGrid[VideoFrame](self._origin, first=start)
        begin, end = self._span(start, stop)
        units = self._ring.units(begin - MARGIN_FLICKS, end + MARGIN_FLICKS) or self._ring.units(
            begin, end + MARGIN_FLICKS
        )
        for frame in decode_units(units, self._format):
            for cell in grid.push(frame.pts, frame):
                if cell.index >= stop:
                    return
                yield cell
        yield from (cell for cell in grid.finish(end) if cell.index < stop)

    def spread(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode a few pictures that are spread over all that was received but grid frames [start, stop)."""
        frames = decode_units(self._ring.keyframes_outside(*self._span(start, stop)), self._format)
        return (frame.picture for frame in frames if not frame.damaged)

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Sound of grid frames [start, stop): float32 [C, n], and samples per second."""
        begin, end = self._span(start, stop)
        return cut(self._ring.sound(begin, end), begin, end)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """Scored sound of grid frames [start, stop): 16 kHz, int16."""
        return to_pcm16(self._scored(start, stop)[0])

    @property
    def frames(self) -> int:
        """Number of grid frames with both picture and sound."""
        picture, sound = self._ring.end
        shown = (picture - self._origin + FRAME_FLICKS // 2) // FRAME_FLICKS + 1
        heard = (sound + MISSING_TAIL_FLICKS - self._origin) // FRAME_FLICKS
        return max(0, min(shown, heard))

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in the sound of grid frames [start, stop); pictures are not covered."""
        samples, track = self._scored(start, stop)
        missing = track.missing(0, stop - start)
        return Timing(np.zeros(stop - start, dtype=np.bool_), missing, silent_frames(samples))

    def _scored(self, start: int, stop: int) -> tuple[NDArray[np.float32], SoundTrack]:
        begin, end = self._span(start, stop)
        track = SoundTrack(begin)
        blocks = self._ring.sound(begin - MARGIN_FLICKS, end + MARGIN_FLICKS)
        samples = np.concatenate([*map(track.push, blocks), track.finish()])
        wanted = (stop - start) * SAMPLES_PER_FRAME
        return np.pad(samples, (0, max(0, wanted - len(samples))))[:wanted], track

    def source(self, start: int, window_stop: int, stop: int) -> "SourceStretch":
        """The received media of a window and the grid frames up to ``stop``, from the preceding keyframe, unchanged."""
        begin, end = self._span(start, stop)
        units = self._ring.units(begin, end)
        first = min((unit.pts for unit in units), default=begin)
        shown, _ = self._span(window_stop - 1, stop)
        late = self._shift.flicks
        blocks = [self._shift.received(block) for block in self._ring.sound(first - late, end - late)]
        return SourceStretch(units, self._format, blocks, first, end, shown)

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        return self._origin + start * FRAME_FLICKS, self._origin + stop * FRAME_FLICKS


@dataclass
class RingRecording:
    """The contents of a ring, and the observations of its frames.

    Parameters
    ----------
    material : RingMedia
        Pictures and sound.
    models : Models
        Models for frames not analysed yet.
    framings : sequence of Framing
        Sizes of the pictures, and where in them the face was found.
    known : callable
        Returns known observations of grid frames [start, stop), None for frames not analysed.
    """

    material: RingMedia
    models: Models
    framings: Sequence[Framing]
    known: Callable[[int, int], list[FrameObservation | None]]
    _found: dict[int, FrameObservation] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Number of grid frames with both picture and sound."""
        return self.material.frames

    def observations(self, start: int, stop: int) -> list[FrameObservation]:
        """Observations of grid frames [start, stop); frames not analysed yet are analysed on demand."""
        for _ in self.observe(start, stop):
            pass
        known = self._known(start, stop)
        return [known[frame] for frame in range(start, stop)]

    def observe(self, start: int, stop: int) -> Iterator[None]:
        """Analyse those of grid frames [start, stop) not analysed yet, one per step, after a lead-in.

        The ring's units are read at the first step; frames no longer in it are marked undecodable.
        """
        known = self._known(start, stop)
        absent = [frame for frame in range(start, stop) if frame not in known]
        if not absent:
            return
        with Faces(self.models, self.framings) as faces:
            scanner = FrameScanner(faces)
            for frame in self.material.grid_frames(max(0, absent[0] - LEAD_IN_FRAMES), absent[-1] + 1):
                observation = scanner.observe(frame)
                if frame.index >= absent[0]:
                    self._found[frame.index] = observation
                yield
        self._found = dict.fromkeys(absent, UNDECODABLE) | self._found

    def timing_of(self, start: int, stop: int) -> Timing:
        """What is missing in grid frames [start, stop)."""
        sound = self.material.timing_of(start, stop)
        missing = np.array([one.missing for one in self.observations(start, stop)], dtype=np.bool_)
        return Timing(missing, sound.sound_missing, sound.silent)

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode the pictures of grid frames [start, stop)."""
        return self.material.pictures(start, stop)

    def spread(self, start: int, stop: int) -> Iterator[Picture]:
        """Decode a few pictures that are spread over all that was received but grid frames [start, stop)."""
        return self.material.spread(start, stop)

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Sound of grid frames [start, stop): float32 [C, n], and samples per second."""
        return self.material.sound(start, stop)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        """Scored sound of grid frames [start, stop): 16 kHz, int16."""
        return self.material.pcm(start, stop)

    def _known(self, start: int, stop: int) -> dict[int, FrameObservation]:
        before = enumerate(self.known(start, stop), start)
        return self._found | {frame: one for frame, one in before if one is not None and one.seen}
