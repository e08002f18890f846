"""Packets of sound are joined where nobody waits for them, and nothing else changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_media import NEVER, received
from long_values import long_after
from numpy.typing import NDArray

from take5.scoring.models.region import Region
from take5.scoring.parameters import Parameters
from take5.stream.analysis.models import Models
from take5.stream.events import Event, Progress
from take5.stream.live import joining
from take5.stream.live.joining import SoundJoiner
from take5.stream.live.session import LiveSession
from take5.stream.settings import Settings
from take5.stream.timeline.clock import FLICKS, seconds_to_flicks
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat
from take5.stream.timeline.sound_shift import SoundShift

PACKET = FLICKS // 50
NOBODY = 0


def packets(count: int, start: int = 0, *, rate: int = 48_000, channels: int | None = 2) -> list[AudioBlock]:
    """Blocks of 20 ms, each sample with another value."""
    values = np.arange(count * rate // 50, dtype=np.float32).reshape(count, -1)
    each = [None if channels is None else np.stack([row + channel for channel in range(channels)]) for row in values]
    return [AudioBlock(start + i * PACKET, values[i], rate, each[i]) for i in range(count)]


def joined(blocks: list[AudioBlock], due: int = NOBODY) -> tuple[list[AudioBlock], list[AudioBlock]]:
    """What comes out at once, and what is still pending at the end."""
    joiner = SoundJoiner()
    out = [each for block in blocks for each in joiner.push(block, due)]
    return out, joiner.flush()


def lengths(blocks: list[AudioBlock]) -> list[int]:
    return [len(block.samples) // 960 for block in blocks]


@pytest.mark.parametrize("channels", [None, 1, 2])
def test_five_packets_of_20_ms_make_a_block(channels: int | None) -> None:
    given = packets(13, 7, channels=channels)
    out, rest = joined(given)
    assert (lengths(out), lengths(rest)) == ([5, 5], [3])
    assert [block.pts for block in (*out, *rest)] == [7, 7 + 5 * PACKET, 7 + 10 * PACKET]
    for name in ("samples", "audible"):
        sound = np.concatenate([getattr(block, name) for block in (*out, *rest)], axis=-1)
        np.testing.assert_array_equal(sound, np.concatenate([getattr(block, name) for block in given], axis=-1))
    assert all((block.channels is None) == (channels is None) for block in out)


def test_long_blocks_pass_as_they_are() -> None:
    block = AudioBlock(0, np.zeros(4800, np.float32), 48_000)
    assert SoundJoiner().push(block, NOBODY) == [block]


def test_what_completes_a_score_does_not_wait() -> None:
    joiner = SoundJoiner()
    left = seconds_to_flicks(0.055)
    given = packets(4)
    assert joiner.push(given[0], left) == []
    assert joiner.push(given[1], left) == []
    assert lengths(joiner.push(given[2], left)) == [3]
    assert lengths(joiner.push(given[3], 1)) == [1]


def test_a_hole_is_told_at_once() -> None:
    before, after = packets(2), packets(2, 30 * PACKET)
    out, rest = joined([*before, *after])
    assert (lengths(out), lengths(rest)) == ([2, 1], [1])
    assert [block.pts for block in (*out, *rest)] == [0, 30 * PACKET, 31 * PACKET]


def test_a_rounded_timestamp_is_kept() -> None:
    given = packets(3)
    given[1] = replace(given[1], pts=given[1].pts + 1)
    out, rest = joined(given)
    assert [block.pts for block in (*out, *rest)] == [block.pts for block in given]


def test_a_block_after_a_loss_stays_marked() -> None:
    given = packets(4)
    given[0] = replace(given[0], lost_before=True)
    given[2] = replace(given[2], lost_before=True)
    out, rest = joined(given)
    assert [(block.pts // PACKET, block.lost_before) for block in (*out, *rest)] == [
        (0, True), (1, False), (2, True), (3, False),
    ]  # fmt: skip


@pytest.mark.parametrize("other", [{"rate": 44_100}, {"channels": 1}, {"channels": None}])
def test_unlike_blocks_are_not_joined(other: dict[str, Any]) -> None:
    out, rest = joined([*packets(2), *packets(1, 2 * PACKET, **other)])
    assert [len(block.samples) for block in (*out, *rest)] == [1920, other.get("rate", 48_000) // 50]


class NoFace:
    """A tracker that finds none: sound alone is what these sessions are about."""

    def track(self, rgb: NDArray[np.uint8], frame: int) -> None:
        """Find nothing."""


@pytest.fixture(scope="module")
def faceless(models: Models) -> Models:
    @contextmanager
    def tracker(_: Region | None) -> Iterator[NoFace]:
        yield NoFace()

    return replace(models, tracker=tracker)


@pytest.fixture(scope="module")
def arrived(short: Path) -> tuple[UnitFormat, list[Received]]:
    """A talker whose sound comes in packets of 20 ms, as from WebRTC."""
    unit_format, media = received(short)
    blocks = [each for each in media if isinstance(each, AudioBlock)]
    sound = np.concatenate([block.audible for block in blocks], axis=1)
    step = blocks[0].rate // 50
    cut = [sound[:, at : at + step] for at in range(0, sound.shape[1], step)]
    small = [
        AudioBlock(blocks[0].pts + i * PACKET, piece.mean(axis=0), blocks[0].rate, piece) for i, piece in enumerate(cut)
    ]
    units = [each for each in media if isinstance(each, AccessUnit)]
    return unit_format, sorted([*units, *small], key=lambda each: each.pts)


def late(media: list[Received], kind: type[Received], by_s: float) -> list[Received]:
    """The same, one track ``by_s`` later than the other."""
    return sorted(media, key=lambda each: each.pts + seconds_to_flicks(by_s) * isinstance(each, kind))


def told(models: Models, unit_format: UnitFormat, media: list[Received], settings: Settings) -> list[tuple[int, Event]]:
    """The events of a session, each with the time of what it came with; pictures are analysed as they come."""
    live = LiveSession(models, settings, NEVER, unit_format)
    events: list[tuple[int, Event]] = []
    for each in media:
        events += [(each.pts, event) for event in live.push(each)]
        while (step := live.work()) is not None:
            events += [(each.pts, event) for event in step]
    events += [(-1, event) for event in live.finish()]
    live.close()
    return events


@pytest.mark.parametrize(
    ("settings", "order"),
    long_after(
        2,
        [
            (Settings(), lambda media: media),
            (Settings(Parameters(hop=0.2)), lambda media: media),
            (Settings(), lambda media: late(media, AudioBlock, 0.3)),
            (Settings(shift=SoundShift(130)), lambda media: media),
            (
                Settings(),
                lambda media: [m for m in media if not (6.1 < m.pts / FLICKS < 6.5 and isinstance(m, AudioBlock))],
            ),
        ],
    ),
    ids=["as it comes", "short hops", "sound late", "sound moved", "hole"],
)
def test_events_are_the_same_at_the_same_moments(
    faceless: Models,
    arrived: tuple[UnitFormat, list[Received]],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    order: Callable[[list[Received]], list[Received]],
) -> None:
    media = order(arrived[1][: len(arrived[1]) // 2])
    found = told(faceless, arrived[0], media, settings)
    with monkeypatch.context() as unjoined:
        unjoined.setattr(joining, "LONG_ENOUGH", 0)
        expected = told(faceless, arrived[0], media, settings)
    assert sum(isinstance(event, Progress) for _, event in expected) >= 9
    assert [(at, str(event)) for at, event in found] == [(at, str(event)) for at, event in expected]


def test_nothing_of_the_sound_is_missing_in_the_end(
    faceless: Models, arrived: tuple[UnitFormat, list[Received]]
) -> None:
    unit_format, media = arrived
    live = LiveSession(faceless, Settings(), NEVER, unit_format)
    for each in media[:407]:
        live.push(each)
    live.keep(media[407])
    result = live.result()
    assert result is not None
    blocks = live._ring.sound(0, 10**18)
    given = [each for each in media[:408] if isinstance(each, AudioBlock)]
    np.testing.assert_array_equal(
        np.concatenate([block.samples for block in blocks]), np.concatenate([block.samples for block in given])
    )
    live.close()
