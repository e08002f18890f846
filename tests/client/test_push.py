"""A file through WHIP: what is sent and when, and what is said when it cannot be."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import Audio, Video, clicks, numbered_media, silence, steady, write_media
from serving import eventually
from whip_clients.refusing import Answer, refusing

from take5.client import push_process
from take5.client.cli import run
from take5.client.cli.push import whip_address
from take5.client.push import HungUp, Sender, push, why_refused
from take5.client.stored import Outgoing
from take5.scoring.errors import MissingTrack, ServerError
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS, to_seconds
from take5.stream.timeline.media import AudioBlock, VideoFrame

pytestmark = pytest.mark.waiting

SIZE = (96, 64)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("push") / "film.mkv"
    return numbered_media(path, steady(50, 25), clicks([0.5], 2.0), audio=Audio(codec="pcm_s16le", format="s16"))


# --- what is sent, and when ---


class Recorder(Sender):
    """Stands in for a connection, and keeps what is sent; it breaks after so many."""

    def __init__(self, breaks_after: int = 10**6) -> None:
        self.sent: list[tuple[Outgoing, int]] = []
        self._breaks_after = breaks_after

    def send(self, media: Outgoing, pts: int) -> None:
        if len(self.sent) == self._breaks_after:
            raise ConnectionRefusedError(111, "Connection refused")
        self.sent.append((media, pts))

    def times(self, kind: type[VideoFrame | AudioBlock]) -> list[float]:
        return [to_seconds(pts) for media, pts in self.sent if isinstance(media, kind)]


def pushed(film: Path, seconds: float = float("inf"), *, loop: bool = False, stop_after: int = 10**6) -> Recorder:
    recorder = Recorder()
    push(
        MediaFile(film),
        recorder,
        lambda _: None,
        seconds=seconds,
        loop=loop,
        stopped=lambda: len(recorder.sent) >= stop_after,
    )
    return recorder


def test_everything_is_sent_once_at_its_time(film: Path) -> None:
    recorder = pushed(film)
    assert recorder.times(VideoFrame) == pytest.approx([i / 25 for i in range(50)])
    blocks = [(media, pts) for media, pts in recorder.sent if isinstance(media, AudioBlock)]
    ends = [pts + len(media.samples) * FLICKS // media.rate for media, pts in blocks]
    assert blocks[0][1] == 0
    assert [pts for _, pts in blocks[1:]] == pytest.approx(ends[:-1], abs=FLICKS // 1000)  # Matroska counts in ms
    assert ends[-1] == pytest.approx(2 * FLICKS, abs=FLICKS // 1000)


def test_what_comes_before_both_tracks_have_begun_is_not_sent(tmp_path: Path) -> None:
    late = Audio(codec="pcm_s16le", format="s16", start=Fraction(1))
    film = numbered_media(tmp_path / "late.mkv", steady(50, 25), silence(1.0), audio=late)
    recorder = pushed(film)
    assert recorder.times(VideoFrame) == pytest.approx([i / 25 for i in range(25)])
    assert recorder.times(AudioBlock)[0] == 0.0


def test_each_is_sent_when_it_is_due(film: Path) -> None:
    recorder, due = Recorder(), list[tuple[float, int]]()
    push(MediaFile(film), recorder, lambda seconds: due.append((seconds, len(recorder.sent))))
    assert due == [(to_seconds(pts), i) for i, (_, pts) in enumerate(recorder.sent)]


def test_it_says_how_much_has_been_sent(film: Path) -> None:
    recorder, told = Recorder(), list[float]()
    push(MediaFile(film), recorder, lambda _: None, sent=told.append)
    assert told == [to_seconds(pts) for _, pts in recorder.sent]


def test_no_more_is_sent_than_asked_for(film: Path) -> None:
    recorder = pushed(film, seconds=0.5)
    assert len(recorder.times(VideoFrame)) == 13
    assert max(recorder.times(VideoFrame) + recorder.times(AudioBlock)) < 0.5


def test_it_ends_when_it_has_been_stopped(film: Path) -> None:
    assert len(pushed(film, stop_after=7).sent) == 7


def test_a_loop_counts_on(film: Path) -> None:
    recorder = pushed(film, seconds=5.0, loop=True)
    assert recorder.times(VideoFrame) == pytest.approx([i / 25 for i in range(125)])
    assert max(np.diff(recorder.times(AudioBlock))) < 0.1
    rounds = [media.picture.digest for media, _ in recorder.sent if isinstance(media, VideoFrame)]
    assert rounds[:50] == rounds[50:100]


def test_a_server_that_hangs_up_is_an_error(film: Path) -> None:
    with pytest.raises(HungUp, match=r"hung up after 0\.\d s .*refused"):
        push(MediaFile(film), Recorder(breaks_after=3), lambda _: None)


def test_a_server_that_hangs_up_after_a_stop_is_none(film: Path) -> None:
    asked: list[None] = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 4

    push(MediaFile(film), Recorder(breaks_after=3), lambda _: None, stopped=stopped)
    assert len(asked) == 5


# --- how it is encoded ---


def encoded(film: Path, path: Path, size: tuple[int, int] = SIZE) -> Path:
    """A film as it is sent, but to a file."""
    sender, file = Sender("http://127.0.0.1/whip/me", size), MediaFile(film)
    with av.open(str(path), "w") as container:
        sender._begin(container)
        push(file, sender, lambda _: None)
    return path


def test_pictures_are_what_whip_receivers_take(film: Path, tmp_path: Path) -> None:
    with av.open(str(encoded(film, tmp_path / "sent.mkv"))) as container:
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.size]
        assert video.codec_context.name == "h264"
        assert video.codec_context.profile in ("Baseline", "Constrained Baseline")
    assert [packet.pts for packet in packets if packet.is_keyframe] == [0, 1000]
    assert [packet.pts for packet in packets] == [40 * i for i in range(50)]


def test_sound_is_opus_in_stereo_where_it_was(film: Path, tmp_path: Path) -> None:
    with av.open(str(encoded(film, tmp_path / "sent.mkv"))) as container:
        audio = container.streams.audio[0]
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("opus", 48_000, "stereo")
        frames = list(container.decode(audio))
        sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert float(frames[0].time or 0.0) + np.abs(sound).argmax() / 48_000 == pytest.approx(0.5, abs=0.001)


def test_odd_times_are_kept(tmp_path: Path) -> None:
    times = [Fraction(t, 1000) for t in (0, 33, 71, 100, 250, 291, 333)]
    video = Video(time_base=Fraction(1, 1000))
    film = numbered_media(tmp_path / "odd.mkv", times, silence(0.4), video, Audio(codec="pcm_s16le", format="s16"))
    with av.open(str(encoded(film, tmp_path / "sent.mkv"))) as container:
        assert [packet.pts for packet in container.demux(video=0) if packet.size] == [int(t * 1000) for t in times]


def test_pictures_of_another_size_are_scaled(film: Path, tmp_path: Path) -> None:
    with av.open(str(encoded(film, tmp_path / "sent.mkv", (48, 32)))) as container:
        assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {(48, 32)}


# --- what is said ---


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h:1/whip/me", "http://h:1/whip/me"),
        ("http://h:1/whip/me/", "http://h:1/whip/me"),
        ("https://h/deep/whip/me?x=1", "https://h/deep/whip/me?x=1"),
    ],
)
def test_an_address_with_a_name_is_kept(url: str, address: str) -> None:
    assert whip_address(url) == address


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/whip", "http://h:1/whip/"])
def test_a_name_that_nobody_guesses_is_made(url: str) -> None:
    made = {whip_address(url).removeprefix("http://h:1/whip/") for _ in range(3)}
    assert len(made) == 3
    assert all(len(name) >= 20 and "/" not in name for name in made)


@pytest.mark.parametrize("url", ["localhost:8005", "ftp://h/whip", "whip", "http:///whip"])
def test_what_is_no_address_is_an_error(url: str) -> None:
    with pytest.raises(ServerError, match="begins with http"):
        whip_address(url)


@pytest.mark.parametrize("url", ["http://[::1/whip", "http://localhost:abc/whip/x", "http://localhost:99999"])
def test_an_address_that_cannot_be_read_is_an_error(film: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["push", url, str(film)]) == 1
    assert f"take5: error: {url}: is not an address (" in capsys.readouterr().err


REFUSALS = {
    "401": (Answer(401, '{"error": "token missing or wrong"}'), "refused: 401, token missing or wrong"),
    "409": (Answer(409, '{"error": "session me has a sender"}'), "refused: 409, session me has a sender"),
    "415": (Answer(415, '{"error": "the body is of no type"}'), "refused: 415, the body is of no type"),
    "422": (Answer(422, '{"error": "no codec in common"}'), "refused: 422, no codec in common"),
    "503": (Answer(503, '{"error": "3 of 3 are going on"}'), "refused: 503, 3 of 3 are going on"),
    "html": (Answer(404, "<h1>not here</h1>"), "refused: 404, Not Found"),
    "list": (Answer(500, "[1]"), "refused: 500, Internal Server Error"),
    "sdp": (Answer(400, '{"error": "the body is not SDP"}'), "the server does not take an offer of H.264 and Opus"),
    "full": (Answer(500, "", {"live": 2, "capacity": 2}), "the server is full (2 of 2 captures in progress)"),
    "other": (Answer(403, "no", {"status": "ok"}), "refused: 403, Forbidden"),
    "odd": (Answer(403, "no", []), "refused: 403, Forbidden"),
    "part": (Answer(403, "no", {"capacity": 3}), "refused: 403, Forbidden"),
    "text": (Answer(403, "no", {"capacity": "3", "live": 1}), "refused: 403, Forbidden"),
}


@pytest.fixture(scope="module")
def refuser() -> Iterator[str]:
    with refusing({"silent": Answer(0, "")} | {key: answer for key, (answer, _) in REFUSALS.items()}) as address:
        yield address


@pytest.mark.parametrize("key", REFUSALS)
def test_a_refusal_is_told_as_the_server_tells_it(
    film: Path, refuser: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{refuser}/{key}/whip/me"
    assert run(["push", url, str(film)]) == 1
    assert f"{url}: {REFUSALS[key][1]}" in capsys.readouterr().err


def test_nobody_is_asked_in_vain() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as nobody:
        port = nobody.server_port
    assert "not reached (Connection refused)" in why_refused(f"http://127.0.0.1:{port}/whip/me")


def test_a_server_that_is_not_there_is_an_error(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as nobody:
        port = nobody.server_port
    assert run(["push", f"http://127.0.0.1:{port}/whip/me", str(film)]) == 1
    assert f"http://127.0.0.1:{port}/whip/me: no server answers there" in capsys.readouterr().err


def test_a_file_without_sound_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = (np.zeros((64, 96, 3), np.uint8) for _ in range(5))
    mute = write_media(tmp_path / "mute.mkv", pictures, steady(5, 25), None)
    with pytest.raises(MissingTrack):
        MediaFile(mute)
    assert run(["push", "http://127.0.0.1:9/whip/me", str(mute)]) == 1
    assert "no audio track" in capsys.readouterr().err


def test_a_pyav_without_the_muxer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "formats_available", {"mp4"})
    with pytest.raises(ServerError, match=r"this PyAV \(.+\) has no WHIP muxer; install av 18 or newer"):
        Sender("http://127.0.0.1/whip/me", SIZE)


DEAF = """
import contextlib, ctypes
from take5.client import push_child

class Deaf(push_child.Sender):
    @contextlib.contextmanager
    def connected(self):
        if {connects}:
            yield
        ctypes.PyDLL(None).sleep(100)

    def send(self, media, pts):
        pass

push_child.Sender, push_child.CONNECT_S, push_child.GOODBYE_S = Deaf, 0.5, 0.5
raise SystemExit(push_child.main())
"""


@pytest.mark.parametrize(("connects", "what"), [(False, "offer within 90 s"), (True, "goodbye within 6 s")])
def test_a_server_that_has_stopped_answering_holds_up_no_one(
    film: Path,
    refuser: str,
    connects: bool,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Connecting and hanging up wait in C, with Python's lock held, as FFmpeg does."""
    monkeypatch.setattr(push_process, "PROGRAM", (sys.executable, "-c", DEAF.format(connects=connects)))
    url = f"{refuser}/silent/whip/me"
    assert run(["push", url, str(film), "--seconds", "0.2"]) == 1
    assert capfd.readouterr().err.splitlines()[2:] == [f"take5: error: {url}: the server has not answered the {what}"]


def test_an_offer_that_is_not_answered_can_be_given_up(film: Path, refuser: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "take5.client.cli", "push", f"{refuser}/silent/whip/me", str(film)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as sending:
        assert sending.stderr is not None
        next(line for line in sending.stderr if "encoded" in line)
        assert eventually(lambda: bool([*tmp_path.rglob("key.pem")]), 10)
        sending.send_signal(signal.SIGINT)
        assert sending.stderr.read().strip() == "take5: interrupted"
        assert sending.wait(20) == 130
    assert list(tmp_path.iterdir()) == [], "the key of the connection"


def test_a_process_that_sends_and_is_killed_is_an_error(
    film: Path, refuser: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(push_process, "PROGRAM", (sys.executable, "-c", killed))
    assert run(["push", f"{refuser}/silent/whip/me", str(film)]) == 1
    assert "the process that sends has ended with exit code -9" in capsys.readouterr().err
    monkeypatch.setattr(push_process, "PROGRAM", ("/no/such/program",))
    assert run(["push", f"{refuser}/silent/whip/me", str(film)]) == 1
    assert "no process can be started that sends (No such file or directory)" in capsys.readouterr().err
