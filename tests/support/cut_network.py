"""A person's network that can be taken away, without root: everything between a browser and a server is relayed here.

While it is away, connections stay open and nothing comes through, as behind a router that has lost its line.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from lossy_relay import LossyRelay
from playwright.sync_api import Page, Route

PIECE = 65_536
LOOK_S = 0.05
CANDIDATE = re.compile(
    r"^a=candidate:(?P<about>\S+ 1 udp \d+) (?P<host>\S+) (?P<port>\d+) typ host.*\r\n", re.IGNORECASE | re.MULTILINE
)


class CutNetwork:
    """The network between pages and a server, while it is entered by :func:`cut_network`.

    Parameters
    ----------
    server : str
        Address of the server.
    media : LossyRelay
        Relays picture and sound.

    Attributes
    ----------
    address : str
        What pages open instead.
    """

    def __init__(self, server: str, media: LossyRelay) -> None:
        self._there = (urlsplit(server).hostname or "", urlsplit(server).port or 80)
        self._media, self._up, self._over = media, threading.Event(), False
        self._up.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, name="cut-network", daemon=True).start()

    def cut(self) -> None:
        """Take it away."""
        self._up.clear()
        self._media.cut()

    def mend(self) -> None:
        """Give it back."""
        self._up.set()
        self._media.mend()

    def carry(self, page: Page) -> None:
        """Let picture and sound of a page go through here, too."""
        page.route(re.compile(r"/whip/[^/]+$"), self._offer)

    def close(self) -> None:
        """End all connections."""
        self._over = True
        self._up.set()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _offer(self, route: Route) -> None:
        """Neither side learns of another way to the other."""
        if route.request.method != "POST":
            return route.continue_()
        offer = re.sub(r"^a=candidate:.*\r\n", "", route.request.post_data or "", flags=re.MULTILINE)
        answer = route.fetch(post_data=offer)
        text = answer.text()
        found = next((each for each in CANDIDATE.finditer(text) if ":" not in each["host"]), None)
        if found is not None:
            self._media.server = (found["host"], int(found["port"]))
            host, port = self._media.address.split(":")
            only = f"a=candidate:{found['about']} {host} {port} typ host\r\n"
            text = re.sub(r"^a=candidate:.*\r\n", "", text, flags=re.MULTILINE)
            text = re.sub(r"^a=ice-ufrag", f"{only}a=ice-ufrag", text, flags=re.MULTILINE)
        return route.fulfill(response=answer, body=text)

    def _accept(self) -> None:
        while not self._over:
            with suppress(OSError):
                near, _ = self._listener.accept()
                far = socket.create_connection(self._there)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(PIECE):
                while not self._up.wait(LOOK_S):
                    pass
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def cut_network(server: str) -> Iterator[CutNetwork]:
    """Relay to a server while the block lasts."""
    with LossyRelay() as media:
        network = CutNetwork(server, media)
        try:
            yield network
        finally:
            network.close()
