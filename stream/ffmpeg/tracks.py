"""Which tracks of a media file are read: the main ones, those with a decoder, or those that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import av
from av.container import InputContainer
from av.stream import Disposition

from take5.scoring.errors import MissingTrack, ParameterError
from take5.stream.ffmpeg.container import AnyStream

Kind = Literal["audio", "video"]


@dataclass(frozen=True)
class WantedTracks:
    """Numbers of tracks that were asked for, counted from 1 among those of their kind; None for the main ones."""

    audio: int | None = None
    video: int | None = None

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            if number is not None and number < 1:
                raise ParameterError(f"{name}_track={number} must be 1 or more")


MAIN_TRACKS = WantedTracks()


@dataclass(frozen=True)
class Track:
    """A track: its number among those of its kind, its stream, and a few words about it."""

    kind: Kind
    number: int
    index: int
    about: str
    playable: bool

    def __str__(self) -> str:
        return f"{self.kind} track {self.number} ({self.about})"


@dataclass(frozen=True)
class UsedTracks:
    """Numbers of the tracks that are used, and notes on the choice."""

    audio: int
    video: int
    notes: tuple[str, ...] = ()


def tracks_of(container: InputContainer, kind: Kind) -> list[Track]:
    """The tracks of a kind, in the file's order; cover pictures do not count."""
    streams: Sequence[AnyStream] = container.streams.audio if kind == "audio" else container.streams.video
    real = [stream for stream in streams if not stream.disposition & Disposition.attached_pic]
    return [
        Track(kind, number, stream.index, _about(stream), _playable(stream)) for number, stream in enumerate(real, 1)
    ]


def candidates(container: InputContainer, path: object, kind: Kind, wanted: int | None) -> list[Track]:
    """Playable tracks of a kind, the preferred one first: the one that was asked for alone, else the main one.

    Raises
    ------
    MissingTrack
        If there is none, or not the one that was asked for.
    """
    found = tracks_of(container, kind)
    if not found:
        raise MissingTrack(f"{path}: has no {kind} track; take5 needs picture and sound")
    if wanted is not None:
        return [_asked_for(found, path, kind, wanted)]
    playable = [track for track in found if track.playable]
    if not playable:
        its = "its only" if len(found) == 1 else "any"
        raise MissingTrack(
            f"{path}: FFmpeg has no decoder for {its} {kind} track; convert the file, for example to H.264 and AAC"
        )
    best = container.streams.best(kind)
    return sorted(playable, key=lambda track: best is None or track.index != best.index)


def left_out(container: InputContainer, used: Track) -> list[str]:
    """Note which track without a decoder would have been the main one."""
    best = container.streams.best(used.kind)
    main = next((track for track in tracks_of(container, used.kind) if best and track.index == best.index), None)
    if main is None or main.playable:
        return []
    return [f"{main} cannot be decoded and is left out; track {used.number} ({used.about}) is used"]


def listed(tracks: Sequence[Track]) -> str:
    """Describe tracks for an error or a note: ``audio track 1 (aac, mono) and 2 (...)``."""
    kind = tracks[0].kind
    return f"{kind} track " + " and ".join(f"{track.number} ({track.about})" for track in tracks)


def _asked_for(found: list[Track], path: object, kind: Kind, wanted: int) -> Track:
    if wanted > len(found):
        raise MissingTrack(f"{path}: has no {kind} track {wanted}; it has {listed(found)}")
    track = found[wanted - 1]
    if not track.playable:
        others = [each for each in found if each.playable]
        raise MissingTrack(
            f"{path}: FFmpeg has no decoder for {kind} track {wanted}"
            + (f"; the file also has {listed(others)}: choose with --{kind}-track" if others else "")
        )
    return track


def _playable(stream: AnyStream) -> bool:
    return getattr(stream, "codec_context", None) is not None  # typed as if every stream had a decoder


def _about(stream: AnyStream) -> str:
    if not _playable(stream):
        return "no decoder"
    if isinstance(stream, av.AudioStream):
        size = stream.codec_context.layout.name
    else:
        size = f"{stream.codec_context.width}x{stream.codec_context.height}"
    named = (stream.metadata.get("title"), None if stream.language in (None, "und") else stream.language)
    return ", ".join([stream.codec_context.name, size, *filter(None, named)])
