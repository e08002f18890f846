"""Which of several audio tracks a file is scored by: the one with the most speech."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import av

from take5.scoring.gates.sound import SPEECH, SoundMeter, SpeechStream
from take5.scoring.parameters import FPS
from take5.stream.ffmpeg.container import packets, seek
from take5.stream.ffmpeg.decoders import SoundDecoder
from take5.stream.ffmpeg.tracks import Track
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.soundtrack import SoundTrack

SAMPLES, SAMPLE_S = 6, 10.0
"""How many parts of a long recording are listened to, and how long each is."""

ENOUGH = 0.9
"""The main track stays if it has this share of the speech of the track that has the most."""

Stretch = tuple[int, int]
"""Half-open, in flicks."""


def with_most_speech(file: MediaFile, speech: Callable[[], SpeechStream]) -> MediaFile:
    """Return the file with the audio track that has the most speech, if it has several and none was asked for."""
    playable = [track for track in file.audio_tracks if track.playable]
    if file.wanted.audio is not None or len(playable) < 2:
        return file
    heard = _heard(file, playable, speech, _samples(file)) or _heard(file, playable, speech, [_beginning(file)])
    most = max(heard, key=lambda number: heard[number], default=file.tracks.audio)
    number = file.tracks.audio
    if heard.get(number, 0) < ENOUGH * heard.get(most, 0):
        file, number = _other(file, most), most
    seconds = ", ".join(f"{track.number}: {heard.get(track.number, 0) / FPS:.0f} s" for track in playable)
    note = f"audio track {number} is used (speech sampled in track {seconds}); --audio-track N uses another"
    if note not in file.tracks.notes:
        file.tracks = replace(file.tracks, notes=(*file.tracks.notes, note))
    return file


def _other(file: MediaFile, audio: int) -> MediaFile:
    """The same file with another audio track."""
    return replace(file, wanted=replace(file.wanted, audio=audio), warnings=[])


def _beginning(file: MediaFile) -> Stretch:
    return file.origin, file.origin + seconds_to_flicks(SAMPLES * SAMPLE_S)


def _samples(file: MediaFile) -> list[Stretch]:
    """Parts evenly spread over the recording; all of a short one."""
    length, part = file.stated_frames * FRAME_FLICKS, seconds_to_flicks(SAMPLE_S)
    if length <= SAMPLES * part:
        return [_beginning(file)]
    starts = (file.origin + (2 * sample + 1) * length // (2 * SAMPLES) - part // 2 for sample in range(SAMPLES))
    return [(start, start + part) for start in starts]


@dataclass
class _Listener:
    """Counts the grid frames with speech in the blocks of one track."""

    meter: SoundMeter
    blocks: SoundTrack | None = None
    frames: int = 0

    def push(self, block: AudioBlock) -> None:
        self.blocks = self.blocks or SoundTrack(block.pts, FPS)
        self.frames += int((self.meter.push(self.blocks.push(block)).speech >= SPEECH).sum())


def _heard(
    file: MediaFile, tracks: Sequence[Track], speech: Callable[[], SpeechStream], stretches: Sequence[Stretch]
) -> dict[int, int]:
    """Frames with speech by the track's number; without those that have none."""
    heard: dict[int, int] = {}
    for stretch in stretches:
        listeners = {track.number: _Listener(SoundMeter(speech())) for track in tracks}
        for number, block in _blocks(file, tracks, stretch):
            listeners[number].push(block)
        for number, listener in listeners.items():
            if listener.frames:
                heard[number] = heard.get(number, 0) + listener.frames
    return heard


def _blocks(file: MediaFile, tracks: Sequence[Track], stretch: Stretch) -> Iterator[tuple[int, AudioBlock]]:
    """Decode what several tracks have in a stretch of time."""
    start, stop = stretch
    with file.opened() as container:
        streams = [stream for stream in container.streams.audio if stream.index in {track.index for track in tracks}]
        decoders = {stream.index: SoundDecoder(stream) for stream in streams}
        numbers = {track.index: track.number for track in tracks}
        if start > file.origin:
            seek(container, start * av.time_base // FLICKS)
        for packet in packets(container, *streams):
            for block in decoders[packet.stream_index].decode(packet):
                if block.pts >= stop:
                    return
                if block.end > start:
                    yield numbers[packet.stream_index], block
