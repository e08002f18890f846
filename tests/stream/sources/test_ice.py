"""Addresses of STUN and TURN servers, and what is handed out for them."""

import pytest

from take5.scoring.errors import ParameterError
from take5.stream.sources.webrtc.ice import IceServer

GIVEN = {"username": "ann", "credential": "open sesame"}


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("stun:example.org", ("stun", "example.org", 3478, "udp")),
        ("stun:192.0.2.7:19302", ("stun", "192.0.2.7", 19302, "udp")),
        ("stuns:example.org", ("stuns", "example.org", 5349, "udp")),
        ("stun:[2001:db8::7]:3479", ("stun", "2001:db8::7", 3479, "udp")),
        ("turn:turn_1.example.org", ("turn", "turn_1.example.org", 3478, "udp")),
        ("turn:localhost?transport=tcp", ("turn", "localhost", 3478, "tcp")),
        ("turns:example.org", ("turns", "example.org", 5349, "tcp")),
        ("turns:[::1]:443?transport=tcp", ("turns", "::1", 443, "tcp")),
    ],
)
def test_an_address_is_read(url: str, parts: tuple[str, str, int, str]) -> None:
    server = IceServer(url, **GIVEN if url.startswith("turn") else {})
    assert (server.scheme, server.host, server.port, server.transport) == parts
    assert server.relays is url.startswith("turn")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "an ICE server is like"),
        ("example.org", "an ICE server is like"),
        ("trun:example.org", "an ICE server is like"),
        ("STUN:example.org", "an ICE server is like"),
        ("stun:", "an ICE server is like"),
        ("stun:exa mple.org", "an ICE server is like"),
        ("stun:example..org", "an ICE server is like"),
        ("stun:2001:db8::7", "an ICE server is like"),
        ("stun:[192.0.2.7]", "an ICE server is like"),
        ("stun:[::g]", "an ICE server is like"),
        ("stun:example.org:x", "an ICE server is like"),
        ("stun:example.org>, <turn:x", "an ICE server is like"),
        ("stun://example.org", "without slashes"),
        ("stun:example.org:0", "port 0 must be from 1 to 65535"),
        ("stun:example.org:65536", "port 65536 must be from 1 to 65535"),
        ("stun:example.org?transport=udp", "transport is for turn: and turns: only"),
        ("turn:example.org?transport=sctp", "transport can be udp or tcp"),
        ("turns:example.org?transport=udp", "transport can be tcp"),
        ("turn:ann:secret@example.org", "give user name and credential by themselves"),
    ],
)
def test_what_is_no_address_is_refused_in_words(url: str, fault: str) -> None:
    with pytest.raises(ParameterError, match=fault) as refused:
        IceServer(url, **GIVEN)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "a TURN server needs a user name and a credential"),
        ({"username": "ann"}, "go together"),
        ({"credential": "x"}, "go together"),
        ({**GIVEN, "secret": "x"}, "give one of the two"),
        ({"username": "", "credential": "x"}, "the user name of the TURN server is empty"),
        ({"username": "ann", "credential": " "}, "the credential of the TURN server is empty"),
        ({"secret": ""}, "the shared secret of the TURN server is empty"),
        ({"username": "ann\r\nSet-Cookie: x", "credential": "x"}, "printable ASCII"),
        ({"username": "änn", "credential": "x"}, "printable ASCII"),
    ],
)
def test_a_turn_server_needs_credentials(given: dict[str, str], fault: str) -> None:
    with pytest.raises(ParameterError, match=fault):
        IceServer("turn:example.org", **given)


def test_credentials_made_from_a_secret_end_at_their_time() -> None:
    """The credential is what ``printf 1700000000:ab12 | openssl dgst -sha1 -hmac north -binary | base64`` prints."""
    access = IceServer("turn:example.org", secret="north").access(1_700_000_000, "ab12")  # noqa: S106 - of this test
    credential = "9/aCM+T5dzzM5n7JTIUjl9Job3E="
    assert access.json() == {"urls": ["turn:example.org"], "username": "1700000000:ab12", "credential": credential}
    assert access.link == (
        f'<turn:example.org>; rel="ice-server"; username="1700000000:ab12"; credential="{credential}"; '
        'credential-type="password"'
    )


def test_given_credentials_are_handed_out_as_they_are() -> None:
    access = IceServer("turns:example.org", 'a"n\\n', "open sesame").access(1, "x")
    assert access.json() == {"urls": ["turns:example.org"], "username": 'a"n\\n', "credential": "open sesame"}
    assert 'username="a\\"n\\\\n"; credential="open sesame"' in access.link


def test_a_stun_server_has_no_credentials() -> None:
    access = IceServer("stun:example.org", secret="north").access(1, "x")  # noqa: S106 - of this test
    assert access.json() == {"urls": ["stun:example.org"]}
    assert access.link == '<stun:example.org>; rel="ice-server"'


def test_secrets_are_not_shown() -> None:
    server = IceServer("turn:example.org", secret="north")  # noqa: S106 - of this test
    assert "north" not in repr(server)
    assert "credential" not in repr(server.access(1, "x"))
