"""What a real connection makes of senders that pause, begin again, jump, or send several layers at once."""

import asyncio
from collections.abc import Coroutine
from itertools import pairwise

import pytest
from rtp_sender import LAYER_EXTENSION, RtpSender, Track

from take5.stream.sources.webrtc.layers import LAYER_ID
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock

pytestmark = pytest.mark.waiting


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def pictures(sender: RtpSender) -> list[float]:
    """Times of the pictures that came, in seconds."""
    return [media.pts / FLICKS for media in sender.media if isinstance(media, AccessUnit)]


def holes(times: list[float], least_s: float = 0.1) -> list[float]:
    """Lengths of the holes between them, in seconds."""
    return [after - before for before, after in pairwise(times) if after - before > least_s]


@pytest.mark.long
@pytest.mark.parametrize("pause_s", [1.2, 3.0])
def test_a_picture_that_pauses_comes_back_at_once(pause_s: float) -> None:
    async def paused() -> None:
        async with RtpSender() as sender:
            await sender.send(1.2)
            await sender.send(pause_s, picture=False)
            await sender.send(1.0)
            times = pictures(sender)
        assert len(times) >= 53, "55 were sent"
        assert holes(times) == [pytest.approx(pause_s + 0.04, abs=0.02)]
        assert not any(unit.lost_before for unit in sender.media if isinstance(unit, AccessUnit))
        assert sender.jumps == []

    run(paused())


@pytest.mark.parametrize("by_s", [12 * 3600.0, -300.0])
def test_a_jump_of_both_clocks_is_one_hole(by_s: float) -> None:
    async def jumped() -> None:
        async with RtpSender() as sender:
            await sender.send(1.5)
            sender.picture.rtp += round(by_s * 90_000)
            sender.sound.rtp += round(by_s * 48_000)
            await sender.send(1.5)
            times = pictures(sender)
        assert times[-1] - times[0] == pytest.approx(2.96, abs=0.15)
        assert len(holes(times)) == 1
        assert sender.jumps == [1]

    run(jumped())


@pytest.mark.long
def test_a_source_that_begins_again_with_another_number_is_followed() -> None:
    async def again() -> None:
        async with RtpSender() as sender:
            await sender.send(1.5)
            sender.picture = Track(1999, rtp=77_777_777, sequence=5)
            sender.sound = Track(2999, rtp=4_000_000_000, sequence=9)
            await sender.send(3.5)
            times = pictures(sender)
            sounds = [media.pts / FLICKS for media in sender.media if isinstance(media, AudioBlock)]
            assert sender.ended == 0
        assert times[-1] - times[0] == pytest.approx(4.96, abs=0.15)
        assert sounds[-1] - sounds[0] == pytest.approx(4.98, abs=0.15)
        assert len(holes(times)) == 1
        assert holes(times)[0] < 2.2

    run(again())


def layered(offer: str) -> str:
    """An offer as OBS's, of three layers."""
    lines = [f"a=extmap:{LAYER_EXTENSION} {LAYER_ID}", "a=rid:0 send", "a=rid:1 send", "a=rid:2 send"]
    video = offer.index("m=video")
    at = offer.index("a=mid:", video)
    return offer[:at] + "\r\n".join([*lines, "a=simulcast:send 0;1;2", ""]) + offer[at:]


def test_of_several_layers_one_is_taken() -> None:
    """OBS sends all of them, of one payload; the picture is whole, and from the first layer alone."""

    async def all_of_them() -> None:
        async with RtpSender(layered) as sender:
            assert "a=simulcast:recv 0;~1;~2\r\n" in sender.answer
            sender.picture.layer = "0"
            others = (Track(1002, 10**9, 5, "1"), Track(1003, 2 * 10**9, 9, "2"))
            await sender.send(2.0, also=others)
            times = pictures(sender)
        assert len(times) >= 48
        assert holes(times) == []
        assert not any(unit.lost_before for unit in sender.media if isinstance(unit, AccessUnit))
        assert sender.jumps == []

    run(all_of_them())


def test_two_sources_of_one_payload_never_mix() -> None:
    async def both() -> None:
        async with RtpSender() as sender:
            await sender.send(2.0, also=(Track(1002, 10**9, 5),))
            times = pictures(sender)
        assert len(times) >= 48
        assert holes(times) == []
        assert sender.jumps == []

    run(both())
