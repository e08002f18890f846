"""The server's addresses: what is accepted, what is refused and how, and that nothing is left behind."""

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, descriptors, eventually, offer_of, served
from websockets.exceptions import ConnectionClosed

from take5.client.pages import PAGES
from take5.scoring.score import WindowScore
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady
from take5.stream.live import watchdog
from take5.stream.server.whip import MAX_OFFER

pytestmark = pytest.mark.waiting

TOKEN = "open-sesame"  # noqa: S105 - of this test alone
OFFER = offer_of()


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), pages=PAGES) as running:
        yield running


def end(server: Served, answer: httpx.Response) -> None:
    assert httpx.delete(server.address + answer.headers["location"]).status_code == 200
    name = answer.headers["location"].split("/")[2]
    assert eventually(lambda: not server.sessions.entry(name).live)


def test_an_offer_is_answered_with_everything_that_whip_asks_for(server: Served) -> None:
    answer = server.post(offer=OFFER)
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/sdp")
    assert answer.headers["etag"]
    assert answer.headers["location"].startswith("/whip/")
    assert "a=recvonly" in answer.text
    assert "a=candidate" in answer.text
    assert "H264" in answer.text
    assert "VP8" not in answer.text
    assert "maxaveragebitrate=128000" in answer.text
    assert "x-google-start-bitrate" in answer.text
    end(server, answer)


def test_the_end_is_told_to_followers_and_kept_as_state(server: Served) -> None:
    answer = server.post("/whip/short", OFFER)
    end(server, answer)
    hello = server.events("short", until=("hello",))[0]
    assert hello["state"] == "failed"
    assert hello["error"]["code"] == "never_connected"
    assert httpx.get(f"{server.address}/api/sessions/short").json() == hello
    assert server.events("short", until=("hello",), query="?next=1")[0]["state"] == "waiting"


@pytest.mark.parametrize(
    ("offer", "status", "code"),
    [
        ("not sdp", 400, "bad_sdp"),
        ("", 400, "bad_sdp"),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", 400, "bad_sdp"),
        (b"v=0\r\n\xff\xfe", 400, "bad_sdp"),
        (offer_of("audio"), 422, "unsupported_media"),
        (offer_of("video"), 422, "unsupported_media"),
        (offer_of("audio", "video", "video"), 422, "unsupported_media"),
        (offer_of(direction="recvonly"), 422, "unsupported_media"),
        (OFFER.replace("H264/90000", "AV1/90000").replace("VP8/90000", "VP9/90000"), 422, "unsupported_media"),
        (OFFER.replace("opus/48000/2", "speex/16000"), 422, "unsupported_media"),
        ("v=0\r\n" + "a=x\r\n" * MAX_OFFER, 413, "too_large"),
        (b"v" * 10_000_000, 413, "too_large"),
    ],
)
def test_a_bad_offer_is_refused(server: Served, offer: str | bytes, status: int, code: str) -> None:
    answer = server.post(offer=offer)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert answer.json()["error"]
    assert server.sessions.live == 0


WITHOUT = "the offer cannot be read as SDP: its audio track has no a="


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (OFFER.replace("a=ice-ufrag:", "a=x:"), f"{WITHOUT}ice-ufrag line (the connection is made by ICE)"),
        (
            OFFER.replace("a=setup:actpass", "a=x"),
            f"{WITHOUT}setup line (media are encrypted with DTLS: a=setup:actpass)",
        ),
        (OFFER.replace("a=rtcp-mux", "a=x"), f"{WITHOUT}rtcp-mux line (reports come on the port of the media)"),
        (OFFER.replace("a=fingerprint", "a=x"), "the offer's audio track has no a=fingerprint line"),
        (OFFER.replace("a=rtpmap", "a=x"), "format 96 of its audio track has no a=rtpmap line"),
        (OFFER.replace("a=mid:0", "a=extmap:x y\r\na=mid:0"), "cannot be read: 'a=extmap:x y'"),
        (OFFER.replace("a=mid:1", "a=mid:0"), "two tracks of the offer have the same name, a=mid:0"),
        (OFFER.replace("m=audio ", "m=audio x"), "is not m=KIND PORT PROTOCOL FORMATS"),
        (OFFER + "m=image 9 udptl t38\r\n", "a track of kind 'image'; take5 takes one picture and one sound"),
        (OFFER.replace("a=sendonly\r\n", "").replace("t=0 0", "t=0 0\r\na=inactive"), "does not send its video track"),
        (OFFER[: len(OFFER) // 2], ""),
    ],
)
def test_a_bad_offer_is_refused_in_words_that_a_sender_can_act_on(server: Served, broken: str, words: str) -> None:
    answer = server.post(offer=broken)
    assert answer.status_code in (400, 422)
    assert words in answer.json()["error"]
    for internal in ("NoneType", "object", "unpack", "coroutine", "index", "literal", "()"):
        assert internal not in answer.json()["error"]


@pytest.mark.parametrize(
    "odd",
    [
        OFFER.replace("a=sendonly\r\n", ""),
        OFFER.replace("a=sendonly\r\n", "").replace("t=0 0", "t=0 0\r\na=sendonly"),
        OFFER.replace("\r\n", "\n"),
        OFFER.replace("\r\n", "\r"),
        "\ufeff\r\n" + OFFER,
        "".join(line + "\r\n" for line in OFFER.splitlines() if not line.startswith(("a=mid:", "a=group:"))),
    ],
)
def test_an_offer_may_leave_out_what_is_clear_without_it(server: Served, odd: str) -> None:
    """Without a direction a track is sendrecv (RFC 8866), and where lines end does not matter."""
    answer = server.post(offer=odd)
    assert answer.status_code == 201, answer.text
    assert answer.text.count("a=recvonly") == 2
    end(server, answer)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/whip", "POST, OPTIONS"),
        ("DELETE", "/whip/ann", "POST, OPTIONS"),
        ("PUT", "/whip/ann/", "POST, OPTIONS"),
        ("PATCH", "/whip/ann/0", "DELETE, OPTIONS"),
        ("GET", "/whip/ann/0/", "DELETE, OPTIONS"),
        ("POST", "/api/config", "GET, HEAD"),
        ("DELETE", "/api/sessions/ann/accept", "POST"),
        ("POST", "/app.js", "GET, HEAD"),
    ],
)
def test_what_an_address_cannot_do_is_refused_with_what_it_can(
    server: Served, method: str, path: str, allowed: str
) -> None:
    answer = httpx.request(method, server.address + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["code"] == "method_not_allowed"


def test_options_say_what_each_address_can_do(server: Served) -> None:
    for path, allowed in (
        ("/whip", "POST, OPTIONS"),
        ("/whip/ann/", "POST, OPTIONS"),
        ("/whip/ann/0", "DELETE, OPTIONS"),
    ):
        answer = httpx.options(server.address + path)
        assert (answer.status_code, answer.headers["allow"]) == (200, allowed)


def test_a_slash_at_the_end_changes_nothing(server: Served) -> None:
    answer = server.post("/whip/slashed/", OFFER)
    assert answer.status_code == 201
    location = answer.headers["location"]
    assert re.fullmatch(r"/whip/slashed/[^/]+", location)
    assert httpx.delete(f"{server.address}{location}/").status_code == 200
    assert eventually(lambda: not server.sessions.entry("slashed").live)
    made_up = server.post("/whip/", OFFER)
    assert made_up.status_code == 201
    end(server, made_up)


def test_a_refused_offer_leaves_no_session(server: Served) -> None:
    assert server.post("/whip/refused", "not sdp").status_code == 400
    assert eventually(lambda: httpx.get(f"{server.address}/api/sessions/refused").status_code == 404)


@pytest.mark.long
def test_offers_with_any_line_broken_never_break_the_server(server: Served) -> None:
    """Each line left out, cut short, or with its numbers gone; what can be answered is, the rest is refused."""
    lines = OFFER.splitlines()
    kinds = {line.split(":")[0].split(" ")[0]: at for at, line in enumerate(lines) if at}
    seen = set()
    for at in kinds.values():
        for broken in (
            [],
            [lines[at][: len(lines[at]) // 2]],
            [lines[at].translate({ord(d): "x" for d in "0123456789"})],
        ):
            answer = server.post(offer="\r\n".join([*lines[:at], *broken, *lines[at + 1 :]]) + "\r\n")
            seen.add(answer.status_code)
            assert answer.status_code in (201, 400, 422), (at, lines[at], broken, answer.text)
            if answer.status_code == 201:
                end(server, answer)
    assert {201, 400} <= seen


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/whip", {"Content-Type": "text/plain"}, 415, "wrong_type"),
        ("POST", "/whip", {}, 415, "wrong_type"),
        ("POST", "/whip/no!name", {"Content-Type": "application/sdp"}, 404, "not_found"),
        ("POST", f"/whip/{'x' * 65}", {"Content-Type": "application/sdp"}, 404, "not_found"),
        ("DELETE", "/whip/nobody/0", {}, 404, "not_found"),
        ("PATCH", "/whip/nobody/0", {}, 405, "method_not_allowed"),
        ("GET", "/api/sessions/nobody", {}, 404, "not_found"),
        ("GET", "/api/sessions/nobody/clip.mp4", {}, 404, "not_found"),
        ("POST", "/api/sessions/nobody/accept", {}, 404, "not_found"),
        ("GET", "/nothing/here", {}, 404, "not_found"),
    ],
)
def test_a_bad_request_is_refused(
    server: Served, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = httpx.request(method, server.address + path, headers=headers, content=OFFER if method == "POST" else None)
    assert answer.status_code == status
    assert answer.json()["code"] == code


def test_files_cannot_be_asked_for_by_other_names(server: Served) -> None:
    end(server, server.post("/whip/files", OFFER))
    for name in ("clip.mp4", "..%2f..%2fetc%2fpasswd", "report.txt"):
        assert httpx.get(f"{server.address}/api/sessions/files/{name}").status_code == 404


def test_options(server: Served) -> None:
    plain = httpx.options(f"{server.address}/whip")
    assert (plain.status_code, plain.headers["accept-post"]) == (200, "application/sdp")


def test_two_senders_on_one_session(server: Served) -> None:
    first = server.post("/whip/mine", OFFER)
    second = server.post("/whip/mine", OFFER)
    assert (second.status_code, second.json()["code"]) == (409, "busy")
    for capture in ("0", "%C3%A9"):
        wrong = httpx.delete(f"{server.address}/whip/mine/{capture}")
        assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")
    end(server, first)
    third = server.post("/whip/mine", OFFER)
    assert third.status_code == 201
    end(server, third)


def test_an_offer_that_breaks_off_is_no_fault_of_the_server(server: Served, caplog: pytest.LogCaptureFixture) -> None:
    url = httpx.URL(server.address)
    head = "POST /whip/half HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: 5000\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.encode() + b"v=0\r\n")
        assert eventually(lambda: server.tasks() > 0)
    end(server, server.post(offer=OFFER))
    assert "Traceback" not in caplog.text
    assert httpx.get(f"{server.address}/api/sessions/half").status_code == 404


def test_a_decision_that_cannot_be_written_is_refused(server: Served, tmp_path: Path) -> None:
    """Until it is beside the clip, the clip is not accepted."""
    end(server, server.post("/whip/decided", OFFER))
    entry, address = server.sessions.entry("decided"), f"{server.address}/api/sessions/decided"
    (tmp_path / "take" / "accepted.json" / "full").mkdir(parents=True)
    clip = ClipReady(150, WindowScore(0, 146.0, None, None), 125, str(tmp_path / "take"), {})
    entry.feed.now.last[ClipReady] = clip
    for folder, status, code in (("take", 507, "not_written"), ("gone", 404, "not_found")):
        entry.folder = tmp_path / folder
        refused = httpx.post(f"{address}/accept")
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert entry.clip == clip
    entry.folder = tmp_path
    assert httpx.post(f"{address}/accept").json()["accepted"] is True
    assert (tmp_path / "accepted.json").is_file()


def test_a_sender_that_never_connects_is_given_up(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "CONNECT_S", 0.5)
    server.post("/whip/never", OFFER)
    events = server.events("never")
    assert events[-1]["code"] == "never_connected"
    assert "firewall" in events[-1]["text"]


def test_the_page_is_served_and_may_talk_to_this_server_alone(server: Served) -> None:
    page = httpx.get(server.address + "/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for file in PAGES.iterdir():
        assert httpx.get(f"{server.address}/{file.name}").status_code == 200
    config = httpx.get(f"{server.address}/api/config").json()
    assert config["stop"]["cap_s"] == 600
    assert config["token_required"] is False
    assert config["picture"] == 720


def test_with_a_token_nothing_is_told_without_it(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path, token=TOKEN, pages=PAGES) as server:
        for shown in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic open-sesame"}):
            answer = server.post("/whip/mine", OFFER, **shown)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
        answer = server.post("/whip/mine", OFFER, Authorization=f"Bearer {TOKEN}")
        assert answer.status_code == 201
        state = f"{server.address}/api/sessions/mine"
        assert httpx.get(state).status_code == 401
        assert httpx.get(state, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert httpx.delete(server.address + answer.headers["location"]).status_code == 401
        assert httpx.get(f"{server.address}/").status_code == 200
        assert httpx.get(f"{server.address}/api/config").json()["token_required"] is True


def test_a_malformed_name_cannot_be_followed(server: Served) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        server.events("no!name")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404


def test_it_works_inside_another_application(models: Models, tmp_path: Path) -> None:
    with served(models, tmp_path, under="/inside/take5", pages=PAGES) as server:
        answer = server.post("/whip/x", OFFER)
        assert answer.status_code == 201
        assert answer.headers["location"].startswith("/inside/take5/whip/x/")
        assert httpx.get(f"{server.address}/").status_code == 200
        origin = server.address.removesuffix("/inside/take5")
        assert httpx.delete(origin + answer.headers["location"]).status_code == 200
        assert eventually(lambda: not server.sessions.entry("x").live)
        assert server.events("x", until=("hello",))[0]["state"] == "failed"


def threads() -> list[str]:
    """Threads by name, but for those of asyncio's pool, which it keeps for later and makes as they are needed."""
    return sorted(thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_"))


def test_senders_leave_nothing_behind(server: Served) -> None:
    for _ in range(3):
        end(server, server.post(offer=OFFER))
    before = descriptors(), threads(), server.tasks()
    for _ in range(30):
        end(server, server.post(offer=OFFER))
    assert eventually(lambda: server.tasks() <= before[2], 10)
    assert eventually(lambda: len(threads()) <= len(before[1]), 10), threads()
    assert descriptors() <= before[0] + 2
