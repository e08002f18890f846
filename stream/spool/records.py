"""Records of a spool and their bytes: length and CRC-32, each 4 bytes, little-endian, then MessagePack.

A file of records can be cut or damaged anywhere: what is before the first broken record is read.
"""

import struct
import zlib
from fractions import Fraction
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from take5.scoring.gates.findings import Finding
from take5.scoring.idle import Idle
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.region import Framing
from take5.scoring.models.trackers import MEDIAPIPE
from take5.scoring.score import WindowScore
from take5.stream.events import ChunkNote
from take5.stream.settings import Settings
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat

SPOOL_VERSION = 1
HEAD = struct.Struct("<II")
FULL_SCALE = 32768.0


class Begun(msgspec.Struct, frozen=True, tag="begun", kw_only=True):
    """The first record: what is captured, and what is to be made of it.

    Attributes
    ----------
    version : int
        Of the spool's format.
    began : str
        When, ISO 8601 in UTC.
    session, capture : str
        Name of the session, and id of the capture.
    notice : str
        Id of the notice that hooks get, the same when it is sent again.
    codec, extradata, aspect, quarter_turns
        The format of the access units; ``aspect`` as "n/d".
    encoder, encoder_version : str
        What D is measured with.
    trainers, bundle_size, consent, name, report
        The deliverables.
    tracker : str
        What MC is measured with.
    """

    version: int
    began: str
    session: str
    capture: str
    notice: str
    codec: str
    extradata: bytes | None
    aspect: str
    quarter_turns: int
    settings: Settings
    encoder: str
    encoder_version: str
    trainers: tuple[str, ...] = ()
    bundle_size: int = 0
    consent: str | None = None
    name: str | None = None
    report: bool = False
    tracker: str = MEDIAPIPE

    @property
    def unit_format(self) -> UnitFormat:
        """The format of the access units."""
        return UnitFormat(self.codec, self.extradata, Fraction(self.aspect), self.quarter_turns)


class Judged(msgspec.Struct, frozen=True):
    """A window's score and verdict."""

    score: WindowScore
    reasons: tuple[Finding, ...]
    seen: bool
    warnings: tuple[Finding, ...]

    @classmethod
    def of(cls, window: JudgedWindow) -> "Judged":
        """Return a window's record."""
        return cls(window.score, window.reasons, window.seen, window.warnings)

    @property
    def window(self) -> JudgedWindow:
        """The window."""
        return JudgedWindow(self.score, self.reasons, self.seen, self.warnings)


class LengthState(msgspec.Struct, frozen=True, kw_only=True):
    """The choice so far among windows of another length than the first; see :class:`State`."""

    best: WindowScore | None
    pool: tuple[WindowScore, ...]
    warnings: tuple[str, ...]
    windows: tuple[Judged, ...]
    complete: bool = True


class State(msgspec.Struct, frozen=True, tag="state", kw_only=True):
    """The choice so far; the media of the best window of each length are on disk before this record is.

    ``windows`` and ``notes`` are those that have been added, or have changed, since the state before;
    ``framings`` are the sizes of the pictures of the pools, and where in them the face was found. ``others`` has the
    other lengths, in the order of the settings.
    See :class:`take5.stream.selection.Selection` for the shared fields.
    """

    frames: int
    tracked: int
    counts: FrameCounts
    origin: int
    source_fps: float
    best: WindowScore | None
    pool: tuple[WindowScore, ...]
    idle: Idle | None
    warnings: tuple[str, ...]
    windows: tuple[Judged, ...]
    notes: tuple[ChunkNote, ...]
    complete: bool = True
    framings: tuple[Framing, ...] = ()
    others: tuple[LengthState, ...] = ()

    @property
    def lengths(self) -> "tuple[State | LengthState, ...]":
        """The choice for each length, the first length's first."""
        return self, *self.others

    @property
    def bests(self) -> tuple[WindowScore | None, ...]:
        """The best window of each length."""
        return tuple(length.best for length in self.lengths)


class Notified(msgspec.Struct, frozen=True, tag="notified"):
    """The hooks have got the notice of the length whose files' names end with ``suffix``."""

    suffix: str = ""


class Unit(msgspec.Struct, frozen=True, tag="unit"):
    """An access unit; ``number`` counts the units of the capture."""

    number: int
    pts: int
    data: bytes
    keyframe: bool
    lost_before: bool
    quarter_turns: int = 0


class Block(msgspec.Struct, frozen=True, tag="block"):
    """A block of sound; ``number`` counts the blocks of the capture.

    ``mono`` holds its samples, ``channels`` the ``count`` channels of what a clip gets to hear, if those are others;
    16-bit integers if they hold the samples exactly, else 32-bit floats. ``mono`` is empty where it is their mean.
    """

    number: int
    pts: int
    rate: int
    mono: bytes
    wide: bool
    channels: bytes = b""
    count: int = 0
    channels_wide: bool = False


JournalRecord = Begun | State | Notified
MediaRecord = Unit | Block
Record = TypeVar("Record")
Floats = NDArray[np.float32]


def plain(value: object) -> object:
    """A number of NumPy's as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} cannot be put into a spool")


_encoder = msgspec.msgpack.Encoder(enc_hook=plain)
journal_decoder: msgspec.msgpack.Decoder[JournalRecord] = msgspec.msgpack.Decoder(JournalRecord)
media_decoder: msgspec.msgpack.Decoder[MediaRecord] = msgspec.msgpack.Decoder(MediaRecord)


def framed(record: JournalRecord | MediaRecord) -> bytes:
    """The bytes of a record in a file."""
    payload = _encoder.encode(record)
    return HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def records(data: bytes, decoder: "msgspec.msgpack.Decoder[Record]") -> tuple[list[Record], int]:
    """The records at the beginning of ``data``, up to the first that is cut, damaged or unknown, and their length."""
    found: list[Record] = []
    at = 0
    while at + HEAD.size <= len(data):
        size, checksum = HEAD.unpack_from(data, at)
        payload = data[at + HEAD.size : at + HEAD.size + size]
        if len(payload) < size or zlib.crc32(payload) != checksum:
            break
        try:
            found.append(decoder.decode(payload))
        except (msgspec.MsgspecError, ValueError):
            break
        at += HEAD.size + size
    return found, at


def media_record(number: int, media: Received) -> MediaRecord:
    """The record of what was received."""
    if isinstance(media, AccessUnit):
        return Unit(number, media.pts, media.data, media.keyframe, media.lost_before, media.quarter_turns)
    if media.channels is None:
        return Block(number, media.pts, media.rate, *_packed(media.samples))
    mean = np.array_equal(_mean(media.channels), media.samples)
    mono, wide = (b"", False) if mean else _packed(media.samples)
    channels, channels_wide = _packed(media.channels)
    return Block(number, media.pts, media.rate, mono, wide, channels, len(media.channels), channels_wide)


def received(record: MediaRecord) -> Received:
    """What a record was made of."""
    if isinstance(record, Unit):
        return AccessUnit(record.pts, record.data, record.keyframe, record.lost_before, record.quarter_turns)
    if not record.count:
        return AudioBlock(record.pts, _unpacked(record.mono, wide=record.wide), record.rate)
    channels = _unpacked(record.channels, wide=record.channels_wide).reshape(record.count, -1)
    samples = _unpacked(record.mono, wide=record.wide) if record.mono else _mean(channels)
    return AudioBlock(record.pts, samples, record.rate, channels)


def _mean(channels: Floats) -> Floats:
    return np.asarray(channels.mean(axis=0, dtype=np.float64), np.float32)


def _packed(samples: Floats) -> tuple[bytes, bool]:
    """Samples as bytes, and whether they need 32 bits."""
    scaled = samples * np.float32(FULL_SCALE)
    whole = np.clip(scaled, -32768, 32767).astype("<i2")
    if np.array_equal(whole, scaled):
        return whole.tobytes(), False
    return samples.astype("<f4").tobytes(), True


def _unpacked(data: bytes, *, wide: bool) -> Floats:
    if wide:
        return np.frombuffer(data, "<f4").astype(np.float32)
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
