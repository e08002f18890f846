"""Pictures from the middle of a media file: decoding begins at a keyframe that is sought."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing

import av
from av.container import InputContainer

from take5.stream.ffmpeg.container import packets, seek
from take5.stream.ffmpeg.decoders import PictureDecoder, packet_flicks
from take5.stream.sources.file_index import FileIndex, Keyframe
from take5.stream.timeline.media import VideoFrame


class SeekingDecoder:
    """Decodes the pictures of a file from keyframes on.

    Parameters
    ----------
    opened : callable
        Opens the file.
    streams : callable
        Returns its streams of pictures and sound.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractContextManager[InputContainer]],
        streams: Callable[[InputContainer], tuple[av.VideoStream, av.AudioStream]],
    ) -> None:
        self._opened, self._streams = opened, streams

    def around(self, index: FileIndex, wanted: int) -> Iterator[VideoFrame]:
        """Decode from the keyframe before ``wanted`` on, or from the one before that.

        A stream that refreshes bit by bit shows nothing yet at what it calls a keyframe. Where seeking does not lead
        to a keyframe, it is looked for from the start of the file.
        """
        keyframes = index.keyframes_before(wanted)
        attempts = [*((keyframe, True) for keyframe in keyframes), (keyframes[-1], False)]
        for keyframe, seeking in attempts:
            with closing(self._from(keyframe, seeking=seeking)) as frames:
                first = next(frames, None)
                if first is not None and (first.pts <= wanted or not seeking):
                    yield first
                    yield from frames
                    return

    def _from(self, keyframe: Keyframe, *, seeking: bool) -> Generator[VideoFrame, None, None]:
        begun = False
        with self._opened() as container:
            video, _ = self._streams(container)
            video.thread_type = "AUTO"
            if seeking:
                seek(container, keyframe.seek, video)
            decoder = PictureDecoder(video)
            for packet in packets(container, video):
                begun = begun or (packet.pts is not None and packet_flicks(packet.pts, video) == keyframe.pts)
                if begun:
                    yield from (frame for frame in decoder.decode(packet) if frame.pts >= keyframe.pts)
            yield from decoder.decode(None)

    def still(self, keyframe: Keyframe) -> VideoFrame | None:
        """Decode a keyframe alone; None where seeking does not lead to it, or it is damaged."""
        with self._opened() as container:
            video, _ = self._streams(container)
            seek(container, keyframe.seek, video)
            for packet in packets(container, video):
                if packet.pts is not None and packet_flicks(packet.pts, video) == keyframe.pts:
                    decoder = PictureDecoder(video)
                    frames = [*decoder.decode(packet), *decoder.decode(None)]
                    return next((frame for frame in frames if frame.pts == keyframe.pts and not frame.damaged), None)
                at = packet.pts if packet.dts is None else packet.dts
                if at is not None and at > keyframe.seek:
                    break
        return None

    def resized(
        self, keyframes: Sequence[Keyframe], headers: Mapping[int, bytes], size: tuple[int, int]
    ) -> Iterator[int]:
        """Yield the keyframes from which on pictures have another size; only where headers differ are they decoded."""
        header: bytes | None = None
        for keyframe in keyframes:
            found = headers[keyframe.pts] or header
            if found != header and header is not None:
                with closing(self._from(keyframe, seeking=True)) as frames:
                    first = next(frames, None)
                if first is not None and first.picture.size != size:
                    size = first.picture.size
                    yield keyframe.pts
            header = found
