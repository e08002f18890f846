"""A receiver of webhooks that answers as it is told to, and notices to send to it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from threading import Event, Lock, Thread

from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.stream.events import ClipReady, LeftStep
from take5.stream.hooks.notice import BundlePlace, Notice, PreparedPlace, clip_notice, prepared_notice

SECRET = b"sixteen bytes or more"

Answer = Callable[["Handler"], None]


@dataclass(frozen=True)
class Post:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float


@dataclass
class Receiver:
    """What came, and how the next is answered; the last answer is given again and again."""

    answers: list[Answer]
    url: str = ""
    posts: list[Post] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    most_at_a_time: int = 0
    _at_a_time: int = 0
    _lock: Lock = field(default_factory=Lock)

    def receive(self, handler: "Handler") -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            self.posts.append(Post(handler.path, dict(handler.headers), body, time.monotonic()))
            answer = self.answers[min(len(self.posts), len(self.answers)) - 1]
            self._at_a_time += 1
            self.most_at_a_time = max(self.most_at_a_time, self._at_a_time)
        try:
            with suppress(ConnectionError):
                answer(handler)
        finally:
            with self._lock:
                self._at_a_time -= 1


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        self.receiver.receive(self)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving(*answers: Answer, port: int = 0, tls: SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(list(answers))
    handler = type("Bound", (Handler,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        receiver.url = f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_port}/take5"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join()


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hang(handler: Handler) -> None:
    """Answer nothing until the test is over."""
    handler.receiver.released.wait(60)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Begin an answer, and send a byte of it now and then for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.receiver.released.wait(0.05):
        handler.wfile.write(b"x")
    handler.close_connection = True


def break_off(handler: Handler) -> None:
    """Hang up in the middle of the status line."""
    handler.wfile.write(b"HTTP/1.1 2")
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """Answer 200 and a body without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while not handler.receiver.released.is_set():
        handler.wfile.write(65_536 * b"x")


def prepared_in(folder: Path) -> Notice:
    """A notice that the bundle for one trainer is prepared, and that for another is not."""
    notice = notice_in(folder)
    best = WindowScore(start=300, D=145.4, motion=Motion(0.1181, 0.1203, 0.0912, mouth_moves=True), views=1)
    clip = ClipReady(600, best, 125, str(folder), notice.details["files"])
    left = (LeftStep("training", "python main.py"),)
    places = [
        PreparedPlace("synctalk", folder / "synctalk", folder / "synctalk" / "manifest.json", left),
        PreparedPlace("instag", folder / "instag", folder / "instag" / "manifest.json", error="no face is seen"),
    ]
    return prepared_notice(clip, "studio", "speech-embedding", places)


def notice_in(folder: Path, *trainers: str) -> Notice:
    """A notice of a clip in a folder, which is made, with bundles for these trainers."""
    folder.mkdir(parents=True, exist_ok=True)
    best = WindowScore(start=300, D=145.4, motion=Motion(0.1181, 0.1203, 0.0912, mouth_moves=True), views=1)
    clip = ClipReady(600, best, 125, str(folder), {"clip.mp4": "api/sessions/studio/clip.mp4"})
    bundles = [BundlePlace(name, folder / name, folder / name / "manifest.json") for name in trainers]
    return clip_notice(clip, "studio", "speech-embedding", bundles)
