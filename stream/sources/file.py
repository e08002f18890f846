"""Media files: anything that FFmpeg reads, with its own timestamps.

Times are flicks on the file's own clock. A file is read in three ways: :meth:`MediaFile.media` delivers everything in
order, as any source does; :meth:`MediaFile.scan` takes the sound and the timestamps of the pictures without decoding
one; :meth:`MediaFile.grid_frames` seeks and decodes a stretch of the grid.
"""

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain, takewhile

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from take5.scoring.errors import MissingTrack, UnreadableMedia
from take5.stream.ffmpeg.container import AnyPacket, AnyStream, frame_duration, opened, packets, seek, stated_end, torn
from take5.stream.ffmpeg.decoders import PictureDecoder, SoundDecoder, packet_flicks
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.ffmpeg.sizes import new_extradata, size_header
from take5.stream.ffmpeg.tracks import MAIN_TRACKS, UsedTracks, WantedTracks, candidates, left_out, listed, tracks_of
from take5.stream.ffmpeg.unit_decoder import unit_format_of
from take5.stream.sources.channel import AUTO, MIX, checked_channel, place_of
from take5.stream.sources.file_decoding import SeekingDecoder
from take5.stream.sources.file_index import FileIndex, Keyframe
from take5.stream.sources.file_notes import FileNotes
from take5.stream.sources.given import Copy, Given
from take5.stream.sources.joined import structure_warnings
from take5.stream.sources.read_ahead import read_ahead, with_ready_picture
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, seconds_to_flicks, to_flicks
from take5.stream.timeline.grid import FrameCounts, GridFrame, PictureGrid
from take5.stream.timeline.media import AccessUnit, AudioBlock, Media, VideoFrame
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift
from take5.stream.timeline.soundtrack import cut

PREROLL_FLICKS = seconds_to_flicks(1.0)
"""How much sound is decoded before the part that is wanted: the first output of a decoder is unreliable."""


@dataclass
class MediaFile:
    """A media file.

    Parameters
    ----------
    path : Path or Address
        The file; a pipe, standard input or an address is copied first.
    wanted : WantedTracks
        Its tracks; by default the main ones, or the next that can be decoded.
    copy : Copy, optional
        Where it is read from.
    channel : str
        The channel that is scored and heard: ``mix``, ``left``, ``right`` or its number from 1. ``auto`` is the mix
        until :func:`take5.stream.recording.from_file.choose_channel` has chosen.
    shift : SoundShift
        How its sound is moved against its picture.

    Raises
    ------
    ParameterError
        If ``channel`` is none of them.
    UnreadableMedia
        If FFmpeg cannot read it, nothing in it can be decoded, or it has no such channel.
    MissingTrack
        If it has no moving picture or no sound.
    """

    path: Given
    warnings: list[str] = field(default_factory=list)
    wanted: WantedTracks = MAIN_TRACKS
    copy: Copy | None = None
    channel: str = AUTO
    shift: SoundShift = UNMOVED

    def __post_init__(self) -> None:
        self.channel = checked_channel(self.channel)
        self.copy = self.copy or Copy(self.path)
        self._place, self._notes = self.copy.path, FileNotes(self.warnings)
        self._decoder = SeekingDecoder(self.opened, self._streams)
        with self.opened() as container:
            self._video = candidates(container, self.path, "video", self.wanted.video)[0]
            self._audio = candidates(container, self.path, "audio", self.wanted.audio)[0]
            self.audio_tracks = tracks_of(container, "audio")
            notes = [*left_out(container, self._video), *left_out(container, self._audio)]
            self.tracks = UsedTracks(self._audio.number, self._video.number, tuple(notes))
            video, audio = self._streams(container)
            self.source_fps = float(1 / frame_duration(video))
            self._stated_end = stated_end(container, video, audio)
            frame, block = self._beginnings(container, video, audio)
            self._check_channel(audio)
            self.unit_format = unit_format_of(video, frame.picture)
            if torn(container, self._place):
                self._notes.add("the file ends in the middle of a packet: cut off or damaged")
            for warning in structure_warnings(self._place, container.format.name):
                self._notes.add(warning)
        self._first, self._size = frame.pts, frame.picture.size
        self.tone_mapped = frame.picture.hdr if isinstance(frame.picture, DecodedPicture) else None
        if self.tone_mapped is not None:
            self._notes.add(f"the picture is HDR ({self.tone_mapped.upper()}) and is tone-mapped to SDR (BT.709)")
        self.origin = self.shift.origin(frame.pts, block.pts)
        self._video_end, self._sound_end = frame.pts, block.end

    def _beginnings(
        self, container: InputContainer, video: av.VideoStream, audio: av.AudioStream
    ) -> tuple[VideoFrame, AudioBlock]:
        """Decode the first picture, of those not before the first keyframe, and the first sound."""
        pictures, sounds = PictureDecoder(video), self._sound_decoder(audio)
        frames: list[VideoFrame] = []
        blocks: list[AudioBlock] = []
        key: int | None = None
        for packet in packets(container, video, audio):
            if packet.stream_index == audio.index:
                blocks = blocks or sounds.decode(packet)
            elif packet.pts is not None and not frames:
                key = packet_flicks(packet.pts, video) if key is None and packet.is_keyframe else key
                frames = [frame for frame in pictures.decode(packet) if key is not None and frame.pts >= key]
            if frames and blocks:
                break
        frames, blocks = frames or pictures.decode(None), blocks or sounds.decode(None)
        if not frames:
            raise UnreadableMedia(f"{self.path}: no picture in its video track can be decoded")
        if not blocks:
            raise MissingTrack(f"{self.path}: no sound in {self._audio} can be decoded{self._others()}")
        return frames[0], blocks[0]

    def opened(self) -> AbstractContextManager[InputContainer]:
        """Open it for reading; an error names what was given."""
        return opened(self._place, self.path)

    def _streams(self, container: InputContainer) -> tuple[av.VideoStream, av.AudioStream]:
        video, audio = container.streams[self._video.index], container.streams[self._audio.index]
        assert isinstance(video, av.VideoStream)  # noqa: S101 - the file has not changed since
        assert isinstance(audio, av.AudioStream)  # noqa: S101
        return video, audio

    def _packets(self, container: InputContainer, *streams: AnyStream) -> Iterator[AnyPacket]:
        return packets(container, *streams, on_break=self._notes.broken, on_jump_back=self._notes.jumped_back)

    def _note_losses(self, pictures: int, sounds: int) -> None:
        self._notes.losses(max(self._video_end, self._sound_end), self._stated_end, pictures, sounds)

    def note_silence(self, silent: NDArray[np.bool_]) -> None:
        """Warn if all of the sound is digital silence and there are other tracks."""
        if silent.all() and (others := self._others()):
            self._notes.add(f"{self._audio} is silent{others}")

    def _others(self) -> str:
        """Name the audio tracks that are not used."""
        others = [track for track in self.audio_tracks if track.playable and track != self._audio]
        return f"; the file also has {listed(others)}: choose with --audio-track" if others else ""

    @property
    def stated_frames(self) -> int:
        """Grid frames that the file says it has, for a progress bar; 0 where it does not say."""
        return 0 if self._stated_end is None else max(0, (self._stated_end - self.origin) // FRAME_FLICKS)

    def media(self) -> Iterator[Media]:
        """Decode everything in the order of the file; each access unit comes before the frames that it completes."""
        with self.opened() as container:
            video, audio = self._streams(container)
            video.thread_type = "AUTO"
            pictures, sounds = PictureDecoder(video), self._sound_decoder(audio)
            duration = to_flicks(1, frame_duration(video))
            extradata: bytes | None = None
            for packet in packets(
                container, video, audio, on_break=self._notes.broken, on_jump_back=self._notes.jumped_back
            ):
                if packet.stream_index == audio.index:
                    yield from self._heard(sounds.decode(packet))
                    continue
                extradata = new_extradata(packet) or extradata
                if packet.pts is not None:
                    parameters = extradata if packet.is_keyframe else None
                    pts = packet_flicks(packet.pts, video)
                    yield AccessUnit(pts, bytes(packet), packet.is_keyframe, extradata=parameters)
                yield from self._seen(pictures.decode(packet), duration)
            yield from self._seen(pictures.decode(None), duration)
            yield from self._heard(sounds.decode(None))
        self._note_losses(pictures.errors, sounds.errors)

    def sounds(self) -> Generator[AudioBlock, None, None]:
        """Decode the sound alone, in order, as far as the file can be read."""
        with self.opened() as container:
            _, audio = self._streams(container)
            decoder = self._sound_decoder(audio)
            for packet in chain(packets(container, audio), [None]):
                yield from decoder.decode(packet)

    def _sound_decoder(self, audio: av.AudioStream) -> SoundDecoder:
        return SoundDecoder(audio, place_of(self.channel), self.shift)

    def _check_channel(self, audio: av.AudioStream) -> None:
        place, count = place_of(self.channel), audio.codec_context.layout.nb_channels
        if place is not None and place >= count:
            raise UnreadableMedia(
                f"{self.path}: has no channel {self.channel}, its sound has {count}; choose another, or mix"
            )

    def use_channel(self, channel: str) -> None:
        """Use a channel that was chosen by its sound; warn unless it is the mix."""
        self.channel = channel
        if channel != MIX:
            self._notes.add(f"only the {channel} channel is used: its speech is clearly better than the mix's")

    def _seen(self, frames: list[VideoFrame], duration: int) -> Iterator[VideoFrame]:
        for frame in frames:
            if frame.pts >= self._first:
                self._video_end = max(self._video_end, frame.pts + duration)
                yield frame

    def _heard(self, blocks: list[AudioBlock]) -> list[AudioBlock]:
        self._sound_end = max([self._sound_end, *(self.shift.received(block).end for block in blocks)])
        return blocks

    def video_end(self) -> int:
        """Where the last picture's time ends, once :meth:`media` is exhausted."""
        return self._video_end

    def scan(self, on_sound: Callable[[AudioBlock], None]) -> FileIndex:
        """Read the whole file once: sound goes to ``on_sound``, of the pictures only their timestamps are taken."""
        times: list[int] = []
        keyframes: list[Keyframe] = []
        headers: dict[int, bytes] = {}
        with self.opened() as container:
            video, audio = self._streams(container)
            sounds, codec = self._sound_decoder(audio), video.codec_context.codec.canonical_name
            duration = to_flicks(1, frame_duration(video))
            for packet in packets(
                container, video, audio, on_break=self._notes.broken, on_jump_back=self._notes.jumped_back
            ):
                if packet.stream_index == audio.index:
                    for block in self._heard(sounds.decode(packet)):
                        on_sound(block)
                elif packet.pts is not None:
                    pts = packet_flicks(packet.pts, video)
                    if packet.is_keyframe:
                        keyframes.append(Keyframe(pts, packet.pts if packet.dts is None else packet.dts))
                        headers[pts] = size_header(codec, packet)
                    if pts >= self._first and not packet.is_discard:
                        times.append(pts)
            for block in self._heard(sounds.decode(None)):
                on_sound(block)
        times.sort()
        keyframes.sort(key=lambda keyframe: keyframe.pts)
        self._video_end = times[-1] + duration
        self._note_losses(0, sounds.errors)
        return FileIndex(
            times, keyframes, self._video_end, tuple(self._decoder.resized(keyframes, headers, self._size))
        )

    def grid(self, index: FileIndex, hop: int | None = None) -> tuple[list[GridFrame[int]], FrameCounts]:
        """Lay the timestamps of ``index`` on the grid, without their pictures; see :class:`PictureGrid` for ``hop``."""
        frames, counts = self.laid(index, hop)
        return list(frames), counts

    def laid(self, index: FileIndex, hop: int | None = None) -> tuple[Iterator[GridFrame[int]], FrameCounts]:
        """Do what :meth:`grid` does, one grid frame at a time; the counts are complete after the last one."""
        grid = PictureGrid[int](self.origin, hop=hop)
        pushed = (frame for pts in index.pts for frame in grid.push(pts, pts))
        ended = (frame for _ in range(1) for frame in grid.finish(index.video_end))
        return chain(pushed, ended), grid.counts

    def grid_frames(
        self, index: FileIndex, start: int, stop: int, hop: int | None = None
    ) -> Iterator[GridFrame[VideoFrame]]:
        """Decode grid frames [start, stop), from the keyframe before them on; see :class:`PictureGrid` for ``hop``.

        A source frame that cannot be decoded is absent.
        """
        grid = PictureGrid[VideoFrame](self.origin, first=start, hop=hop)
        begin = self.origin + start * FRAME_FLICKS
        wanted = index.pts[max(0, bisect_right(index.pts, begin) - 1)]
        for frame in self._decoder.around(index, wanted):
            for shown in grid.push(frame.pts, frame):
                if shown.index >= stop:
                    return
                yield shown
        for shown in grid.finish(index.video_end):
            if shown.index < stop:
                yield shown

    def still(self, keyframe: Keyframe) -> VideoFrame | None:
        """Decode a keyframe alone; None where it cannot be found again, or is damaged."""
        return self._decoder.still(keyframe)

    def ready_frames(
        self, index: FileIndex, start: int, stop: int, hop: int
    ) -> Generator[GridFrame[VideoFrame], None, None]:
        """Decode like :meth:`grid_frames`, and make arrays of what is shown, a little ahead in a separate thread."""
        return read_ahead(lambda: map(with_ready_picture, self.grid_frames(index, start, stop, hop)))

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        """Decode the sound between two times in flicks: float32 [C, n] with 1 or 2 channels, and samples per second."""
        blocks = self._sound_blocks(start, stop, seeking=True)
        if not blocks or blocks[0].pts > start:  # seeking led elsewhere
            blocks = self._sound_blocks(start, stop, seeking=False)
        return cut(blocks, start, stop)

    def _sound_blocks(self, start: int, stop: int, *, seeking: bool) -> list[AudioBlock]:
        """Decode the blocks that begin in the second before ``start``, or between ``start`` and ``stop``."""
        first = start - PREROLL_FLICKS
        with self.opened() as container:
            _, audio = self._streams(container)
            decoder = self._sound_decoder(audio)
            if seeking:
                seek(container, (first + min(0, self.shift.flicks)) * av.time_base // FLICKS)
            every = chain(packets(container, audio), [None])
            decoded = (block for packet in every for block in decoder.decode(packet))
            return [block for block in takewhile(lambda block: block.pts < stop, decoded) if block.pts >= first]
