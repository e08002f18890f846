"""Simulcast: which layer is taken, what the answer says, and which source's packets count."""

import asyncio

import pytest
from aiortc.rtp import RtpPacket
from serving import offer_of

from take5.stream.sources.webrtc.layers import LAYER_ID, OneSource, chosen_layer, offered_layers, with_layers
from take5.stream.sources.webrtc.peer import accept

OBS = ["a=extmap:2 " + LAYER_ID, "a=rid:0 send", "a=rid:1 send", "a=rid:2 send", "a=simulcast:send 0;1;2"]
CHROMIUM = ["a=extmap:10 " + LAYER_ID, "a=rid:q send", "a=rid:h send", "a=rid:f send", "a=simulcast:send q;h;f"]


def offer_with(lines: list[str]) -> str:
    """An offer of sound and picture, the picture's section with more lines."""
    offer = offer_of()
    at = offer.index("a=mid:", offer.index("m=video"))
    return offer[:at] + "\r\n".join([*lines, ""]) + offer[at:]


@pytest.mark.parametrize(
    ("layers", "chosen"),
    [
        ([], None),
        (["0", "1", "2"], "0"),
        (["q", "h", "f"], "f"),
        (["f", "h", "q"], "f"),
        (["l", "m", "h"], "h"),
        (["low", "mid", "high"], "high"),
        (["1", "2"], "1"),
    ],
)
def test_the_layer_of_full_size_is_taken(layers: list[str], chosen: str | None) -> None:
    assert chosen_layer(layers) == chosen


@pytest.mark.parametrize(
    ("line", "layers"),
    [
        ("a=simulcast:send 0;1;2", ["0", "1", "2"]),
        ("a=simulcast:send a,b;~c", ["a", "c"]),
        ("a=simulcast:recv x send y;z", ["y", "z"]),
        ("a=simulcast:recv x", []),
        ("a=sendonly", []),
    ],
)
def test_layers_are_read_from_the_picture_of_an_offer(line: str, layers: list[str]) -> None:
    sound = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=simulcast:send s;t\r\n"
    assert offered_layers(f"v=0\r\n{sound}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n{line}\r\n") == layers


@pytest.mark.parametrize(
    ("lines", "taken"), [(OBS, "a=simulcast:recv 0;~1;~2"), (CHROMIUM, "a=simulcast:recv ~q;~h;f"), ([], None)]
)
def test_the_answer_takes_every_layer_but_wants_one_now(lines: list[str], taken: str | None) -> None:
    offer = offer_with(lines)

    async def answer() -> str:
        peer = await accept(offer)
        answered = await peer.answer()
        await peer.close()
        return answered

    video = asyncio.run(answer()).partition("m=video")[2]
    assert video.count("a=simulcast:") == (taken is not None)
    assert video.count(" recv\r\n") == (3 if taken else 0)
    if taken:
        assert f"{taken}\r\n" in video
        assert f"{lines[0]}\r\n" in video
        assert taken.count(";") == 2, "as OBS counts them"


def test_an_answer_without_layers_stays_as_it_is() -> None:
    assert with_layers("v=0\r\nm=video 9\r\n", []) == "v=0\r\nm=video 9\r\n"


def packet(ssrc: int, layer: str | None = None) -> RtpPacket:
    made = RtpPacket(ssrc=ssrc)
    made.extensions.rtp_stream_id = layer
    return made


def test_one_source_is_taken_until_it_is_silent() -> None:
    source = OneSource()
    assert source.takes(packet(1), 0.0)
    assert not source.takes(packet(2), 0.1)
    assert source.takes(packet(1), 0.9)
    assert not source.takes(packet(2), 1.8)
    assert source.takes(packet(2), 2.0)
    assert not source.takes(packet(1), 2.1)


def test_the_layer_that_is_wanted_is_waited_for_and_taken_over_any_other() -> None:
    source = OneSource("f")
    assert not source.takes(packet(1, "q"), 0.0)
    assert not source.takes(packet(2), 0.5)
    assert source.takes(packet(1, "q"), 1.1), "better than nothing"
    assert source.takes(packet(3, "f"), 1.2)
    assert source.takes(packet(3), 1.3), "names come with the first packets only"
    assert not source.takes(packet(1, "q"), 1.4)
