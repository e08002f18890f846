"""The person says a sentence of consent, which is recorded: what is kept of it, and what is refused."""

import asyncio
import hashlib
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from consent_media import recording
from hooks_receiver import receiving, status
from platform_server import Json, Program, programs
from platform_takes import Shop
from repository import ROOT
from serving import eventually, served
from starlette.requests import Request

from take5.client import Take5
from take5.scoring.errors import UnreadableMedia
from take5.stream.analysis.models import Models
from take5.stream.ffmpeg.short_recording import read_recording
from take5.stream.platform import spoken_consent
from take5.stream.platform.consent import reference, sentence
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform
from take5.stream.server.bodies import whole_body
from take5.stream.server.connections import let_body_be_slow
from take5.stream.server.errors import Refused

TEXT = "Your face and voice are recorded."
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
NAME = "Ann {name} Lee"
BAD, SILENT, LARGE = (422, "recording_invalid"), (422, "recording_silent"), (413, "too_large")
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(scope="module")
def shop(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("spoken")
    with (
        closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database,
        served(models, folder / "out", platform=Platform(database)) as server,
    ):
        yield Shop(server, programs(server.address, database)(), folder / "out")


@pytest.fixture(scope="module")
def said() -> bytes:
    return recording()


@pytest.fixture
def uploading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once an upload has its place: an attempt before that could take it away."""
    begun = threading.Event()

    def noted(scope: Any) -> None:
        let_body_be_slow(scope)
        begun.set()

    monkeypatch.setattr(spoken_consent, "let_body_be_slow", noted)
    return begun


def agreed(program: Program, **fields: Any) -> Json:
    """A session whose person has agreed to the text, and has still to say it."""
    session = program.create(consent_text=TEXT, spoken_consent=True, **fields)
    answer = ask(program, session, "POST", json={"name": NAME, "sha256": DIGEST})
    assert answer.status_code == 200, answer.text
    return session


def ask(
    program: Program, session: Json, method: str, path: str = "", holder: str = "person", **options: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {session['secrets'][holder]}", **options.pop("headers", {})}
    url = f"{program.address}/api/sessions/{session['id']}/consent{path}"
    return httpx.request(method, url, headers=headers, timeout=60, **options)


def say(program: Program, session: Json, content: Any, **options: Any) -> httpx.Response:
    query = options.pop("query", "?language=en")
    return ask(program, session, "POST", f"/recording{query}", content=content, **options)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def begin(program: Program, session: Json) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {session['secrets']['person']}", "Content-Type": "application/sdp"}
    return refusal(httpx.post(f"{program.address}/whip/{session['id']}", headers=headers, content="v=0"))


def kept(shop: Shop, session: Json) -> list[str]:
    folder = shop.output / session["id"]
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_nothing_is_recorded_before_the_person_has_said_it(shop: Shop, kind: str, tmp_path: Path) -> None:
    program, content = shop.program, recording(kind)
    session = agreed(program, language="zh-Hans")
    shown = ask(program, session, "GET").json()
    assert shown["spoken_consent"]
    assert shown["sentences"]["en"] == sentence("en", NAME)
    assert sentence("en", NAME).startswith(f"I, {NAME}, agree")
    assert begin(program, session) == (403, "consent_missing")
    assert program.show(session["id"])["consented"]["spoken"] is None
    assert program.request("GET", f"/{session['id']}/consent/recording").status_code == 404
    answer = say(program, session, content, query="?language=zh-Hans")
    assert answer.status_code == 201, answer.text
    spoken = answer.json()["consented"]["spoken"]
    assert (spoken["file"], spoken["language"], spoken["bytes"]) == (f"consent.{kind}", "zh-Hans", len(content))
    assert spoken["sentence"] == sentence("zh-Hans", NAME)
    assert spoken["sha256"] == hashlib.sha256(content).hexdigest()
    assert 1.9 < spoken["seconds"] < 2.2
    assert kept(shop, session) == [f"consent.{kind}"]
    assert begin(program, session) == (422, "unsupported_media")
    again = ask(program, session, "GET", "/recording")
    assert (again.content, again.headers["content-type"]) == (content, f"video/{kind}")
    consented = program.show(session["id"])["consented"]
    assert consented["spoken"]["sha256"] == spoken["sha256"]
    assert reference(consented).endswith(f", said in consent.{kind} sha256:{spoken['sha256']}")
    with Take5(program.address, program.key) as client:
        client.sessions.download_consent(session["id"], tmp_path / "said")
        assert (tmp_path / "said").read_bytes() == content
        found = client.sessions.get(session["id"])
        assert found.spoken_consent
        assert found.consented is not None
        assert found.consented.spoken is not None
        assert found.consented.spoken.sentence == spoken["sentence"]


def test_once_is_enough(shop: Shop, said: bytes) -> None:
    session = agreed(shop.program)
    first = say(shop.program, session, said)
    assert first.status_code == 201
    assert say(shop.program, session, said).json() == first.json()
    assert refusal(say(shop.program, session, recording("mp4"))) == (409, "consent_given")
    assert kept(shop, session) == ["consent.webm"]


def test_what_is_no_consent_said_aloud_is_refused_and_leaves_nothing(shop: Shop, said: bytes) -> None:
    program, session = shop.program, agreed(shop.program)
    hostile: list[tuple[Any, tuple[int, str]]] = [
        (b"", BAD),
        (HTML, BAD),
        (said[:4] + HTML * 40, BAD),
        (said[: len(said) // 3], BAD),
        (b"\0\0\0\x18ftypisom" + HTML * 40, BAD),
        (recording(sound_s=0), BAD),
        (recording(picture=False), BAD),
        (recording(sound_s=0.2), BAD),
        (recording(seconds=0.5), BAD),
        (recording(seconds=40), BAD),
        (recording(sound_s=40), BAD),
        (recording(level=0), SILENT),
        (bytes(spoken_consent.MAX_BYTES + 1), LARGE),
        ((bytes(1 << 16) for _ in range(1 << 10)), LARGE),
    ]
    for number, (content, expected) in enumerate(hostile):
        assert refusal(say(program, session, content)) == expected, number
    assert refusal(say(program, session, said, query="")) == (422, "invalid")
    assert refusal(say(program, session, said, query="?language=../en")) == (422, "invalid")
    assert kept(shop, session) == []
    assert say(program, session, said).status_code == 201


def test_no_other_decoder_is_given_a_recording() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        video = container.add_stream("ffv1", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logs, pytest.raises(UnreadableMedia, match="no browser records"):
            read_recording(file.getvalue(), 30)
    finally:
        av.logging.set_level(before)
    assert any("not on whitelist" in text for _, _, text in logs)


def test_only_its_own_person_says_it_at_the_right_time(shop: Shop, said: bytes) -> None:
    program, session, other = shop.program, agreed(shop.program), agreed(shop.program)
    assert refusal(say(program, {**session, "secrets": other["secrets"]}, said)) == (401, "unauthorized")
    for holder in ("sender", "follower"):
        assert refusal(say(program, session, said, holder=holder)) == (403, "forbidden")
    assert refusal(say(program, session, said, headers={"Origin": "https://evil.example"})) == (403, "foreign")
    silent = program.create(consent_text=TEXT)
    assert refusal(say(program, silent, said)) == (404, "not_found")
    assert refusal(say(program, program.create(), said)) == (404, "not_found")
    early = program.create(consent_text=TEXT, spoken_consent=True)
    assert refusal(say(program, early, said)) == (409, "consent_missing")
    shop.take(session, "")
    assert program.request("POST", f"/{session['id']}/accept").status_code == 200
    assert refusal(say(program, session, said)) == (409, "accepted")
    program.request("POST", f"/{other['id']}/cancel")
    assert refusal(say(program, other, said)) == (401, "unauthorized")
    assert all(kept(shop, each) == [] for each in (session, other, silent, early))


def test_one_recording_of_a_session_is_sent_at_a_time(shop: Shop, said: bytes, uploading: threading.Event) -> None:
    session, going = agreed(shop.program), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield said[:100]
        going.wait(20)
        yield said[100:]

    answers: list[httpx.Response] = []
    sender = threading.Thread(target=lambda: answers.append(say(shop.program, session, slowly())))
    sender.start()
    assert uploading.wait(20)
    assert refusal(say(shop.program, session, b"")) == (409, "busy")
    going.set()
    sender.join(20)
    assert answers[0].status_code == 201


@pytest.mark.parametrize("spoken", [True, False])
def test_a_secret_that_is_renewed_meanwhile_gives_no_consent(
    shop: Shop, said: bytes, uploading: threading.Event, spoken: bool
) -> None:
    program, going = shop.program, threading.Event()
    session = agreed(program) if spoken else program.create(consent_text=TEXT)
    content = said if spoken else json.dumps({"name": NAME, "sha256": DIGEST}).encode()

    def slowly() -> Iterator[bytes]:
        yield content[:20]
        going.wait(20)
        yield content[20:]

    answers: list[httpx.Response] = []
    path = "/recording?language=en" if spoken else ""
    sender = threading.Thread(target=lambda: answers.append(ask(program, session, "POST", path, content=slowly())))
    sender.start()
    if spoken:
        assert uploading.wait(20)
    else:
        time.sleep(0.5)
    program.new_secret(session, "person")
    going.set()
    sender.join(20)
    assert refusal(answers[0]) == (401, "unauthorized")
    assert kept(shop, session) == []
    consented = program.show(session["id"])["consented"]
    assert consented["spoken"] is None if spoken else consented is None


def test_a_body_that_breaks_off_is_refused() -> None:
    messages = iter([{"type": "http.request", "body": b"abc", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    with pytest.raises(Refused) as refused:
        asyncio.run(whole_body(Request({"type": "http", "headers": []}, receive), 100))
    assert (refused.value.status, refused.value.code) == (400, "bad_request")


def test_the_documented_proxy_lets_recordings_through() -> None:
    allowed = re.search(r"client_max_body_size (\d+)m;", (ROOT / "docs/proxy.md").read_text())
    assert allowed is not None
    assert int(allowed[1]) * 1024 * 1024 >= spoken_consent.MAX_BYTES


def test_an_upload_that_does_not_end_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(spoken_consent, "UPLOAD_S", 0.3)
    session = agreed(shop.program)
    host, port = shop.program.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        head = f"POST /api/sessions/{session['id']}/consent/recording?language=en HTTP/1.1\r\nHost: {host}\r\n"
        secret = session["secrets"]["person"]
        connection.sendall(f"{head}Authorization: Bearer {secret}\r\nContent-Length: 1000\r\n\r\nabc".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")
    monkeypatch.undo()
    assert say(shop.program, session, said).status_code == 201


def test_a_deleted_session_leaves_no_recording(shop: Shop, said: bytes) -> None:
    session = agreed(shop.program)
    say(shop.program, session, said)
    deleted = shop.program.request("DELETE", f"/{session['id']}").json()["deleted"]
    assert deleted == [str(shop.output / session["id"])]
    assert kept(shop, session) == []
    assert shop.program.show(session["id"])["consented"] is None
    assert shop.program.request("GET", f"/{session['id']}/consent/recording").status_code == 404


def test_a_hook_is_told_once_the_consent_is_complete(shop: Shop, said: bytes) -> None:
    with receiving(status(200)) as receiver:
        session = agreed(shop.program, hook={"url": receiver.url, "secret": "sixteen bytes or more"})
        say(shop.program, session, said)
        assert eventually(lambda: len(receiver.posts) >= 2)
    bodies = [json.loads(post.body) for post in receiver.posts]
    assert [body["type"] for body in bodies] == ["created", "consented"]
    assert bodies[1]["consented"]["spoken"]["file"] == "consent.webm"


def test_it_needs_a_text(shop: Shop) -> None:
    answer = shop.program.request("POST", json={"spoken_consent": True})
    assert refusal(answer) == (422, "invalid")
    assert "consent_text" in answer.json()["error"]


def test_an_upload_that_breaks_off_is_no_fault_of_the_server(
    shop: Shop, said: bytes, uploading: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    session = agreed(shop.program)
    host, port = shop.program.address.removeprefix("http://").split(":")
    path = f"/api/sessions/{session['id']}/consent/recording?language=en"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {session['secrets']['person']}\r\n"
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(f"{head}Content-Type: video/webm\r\nContent-Length: {len(said)}\r\n\r\n".encode())
        connection.sendall(said[: len(said) // 2])
        assert uploading.wait(20)
        assert refusal(say(shop.program, session, said)) == (409, "busy")
    assert eventually(lambda: say(shop.program, session, said).status_code == 201, 5)
    assert not [record.message for record in caplog.records if record.levelname == "ERROR"]
