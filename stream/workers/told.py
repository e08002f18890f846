"""Events between processes: the name of their kind, and their bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import msgspec

from take5.scoring.gates.findings import Code
from take5.scoring.idle import IdleState
from take5.stream.events import Coached, Event, Progress, Scored
from take5.stream.spool.records import plain


class Kinded(msgspec.Struct, frozen=True, array_like=True):
    """An event as it travels."""

    kind: str
    data: bytes


class _Instruction(msgspec.Struct, frozen=True):
    """What :class:`Coached` holds, whose ``code`` is of two kinds."""

    frame: int
    code: str | None
    followed: Code | None
    restarts: bool


def packed(event: Event) -> Kinded:
    """Return an event as it travels; what later analyses need of its windows is left out."""
    return Kinded(type(event).__name__, _encoder.encode(_bare(event)))


def unpacked(kinded: Kinded) -> Event:
    """Return an event that has travelled."""
    event: Event = _DECODERS[kinded.kind](kinded.data)
    return event


def _bare(event: Event) -> Event:
    if isinstance(event, Scored):
        return replace(event, window=replace(event.window, sound=None))
    if not isinstance(event, Progress):
        return event
    others = tuple(replace(each, window=each.window and replace(each.window, sound=None)) for each in event.others)
    return replace(event, window=event.window and replace(event.window, sound=None), others=others)


def _coached(data: bytes) -> Coached:
    found = msgspec.msgpack.decode(data, type=_Instruction)
    codes = (kind(found.code) for kind in (Code, IdleState) if found.code in list(kind))
    return Coached(found.frame, next(codes, None), found.followed, found.restarts)


def _decoder(kind: type[Any]) -> Callable[[bytes], Any]:
    return _coached if kind is Coached else msgspec.msgpack.Decoder(kind).decode


_encoder = msgspec.msgpack.Encoder(enc_hook=plain)
_DECODERS = {kind.__name__: _decoder(kind) for kind in get_args(Event)}
