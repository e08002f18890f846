"""A capture beside a flood: ``PYTHONPATH=tests/support python -m bench.flood VIDEO [--descriptors 256]``.

A real server gets VIDEO from ``take5 push``. For a minute, others hold idle connections, send offers that never
connect, from several addresses, and offers that are refused, while honest senders come, half of which take 4 s to
connect. Prints, before, during and after the flood, how late the capture's progress is told, and the server's
descriptors, memory and CPU; then what was answered, what the honest saw, the capture's clip, and the size of the log.
"""

import argparse
import asyncio
import os
import socket
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from killing import Followed, Program, follow, sending, serving
from serving import SDP

NAME = "running"
QUIET_S = 10.0
NEWCOMER_EVERY_S = 8.0
"""So that one has gone when the next comes."""
HALVES = (
    b"",
    b"POST /whip HTTP/1.1\r\nHost: local",
    b"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\n",
)
"""What idle connections have sent: nothing, half a head, no body."""


@dataclass
class Flood:
    """What is sent to a server, and what came of it."""

    address: str
    addresses: int
    until: float
    seen: Counter[str] = field(default_factory=Counter)
    honest: list[str] = field(default_factory=list)

    async def idle(self, held: int) -> None:
        """Hold connections that send no whole request; open each again that is closed."""
        port = int(self.address.rpartition(":")[2])
        connections: list[socket.socket] = []
        while time.monotonic() < self.until:
            connections = [each for each in connections if not _closed(each)]
            for number in range(held - len(connections)):
                try:
                    connections.append(socket.create_connection(("127.0.0.1", port), timeout=1))
                    connections[-1].send(HALVES[number % len(HALVES)])
                except OSError:
                    self.seen["idle: refused"] += 1
                    break
                self.seen["idle: opened"] += 1
            await asyncio.sleep(0.5)
        for each in connections:
            each.close()

    async def offers(self, kind: str, bodies: list[tuple[str, str]], a_second: float) -> None:
        """Send offers to paths; kinds of answers are counted."""
        number, running = 0, set()
        while time.monotonic() < self.until:
            path, body = bodies[number % len(bodies)]
            running.add(asyncio.create_task(self._offer(kind, path.format(number), body, number % self.addresses)))
            number += 1
            await asyncio.sleep(1 / a_second)
        await asyncio.gather(*running)

    async def _offer(self, kind: str, path: str, body: str, address: int) -> None:
        transport = httpx.AsyncHTTPTransport(verify=False, local_address=f"127.0.0.{2 + address}")
        async with httpx.AsyncClient(transport=transport, timeout=20) as client:
            try:
                answer = await client.post(self.address + path, content=body, headers=SDP)
                self.seen[f"{kind}: {answer.status_code}"] += 1
            except httpx.HTTPError as error:
                self.seen[f"{kind}: {type(error).__name__}"] += 1

    async def newcomers(self, every_s: float) -> None:
        """Honest senders, every other of which takes 4 s to connect."""
        running = set()
        for number in count():
            running.add(asyncio.create_task(self._newcomer(f"honest{number}", 4.0 * (number % 2))))
            await asyncio.sleep(every_s)
            if time.monotonic() > self.until:
                break
        await asyncio.gather(*running)

    async def _newcomer(self, name: str, wait_s: float) -> None:
        began = time.monotonic()
        connection = RTCPeerConnection(RTCConfiguration([]))
        for track in (AudioStreamTrack(), VideoStreamTrack()):
            connection.addTransceiver(track, direction="sendonly")
        await connection.setLocalDescription(await connection.createOffer())
        outcome = "not connected"
        async with httpx.AsyncClient(timeout=20, verify=False) as client:  # noqa: S501 - no TLS
            body = connection.localDescription.sdp
            answer = await client.post(f"{self.address}/whip/{name}", content=body, headers=SDP)
            if answer.status_code == 201:
                await asyncio.sleep(wait_s)
                await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
                deadline = time.monotonic() + 8
                while time.monotonic() < deadline and outcome == "not connected":
                    await asyncio.sleep(0.1)
                    state = (await client.get(f"{self.address}/api/sessions/{name}")).json()
                    outcome = "got in" if state["state"] == "receiving" else outcome
                    outcome = state["error"]["text"] if state.get("error") else outcome
                await client.delete(self.address + answer.headers["location"])
            else:
                outcome = f"{answer.status_code} {answer.json()['error']}"
        await connection.close()
        self.honest.append(f"{outcome}{' (4 s)' if wait_s else ''}")
        self.seen[f"honest, seconds: {time.monotonic() - began - wait_s:.0f}"] += 1


async def _offer_text() -> str:
    connection = RTCPeerConnection(RTCConfiguration([]))
    for kind in ("audio", "video"):
        connection.addTransceiver(kind, direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    text: str = connection.localDescription.sdp
    await connection.close()
    return text


def _closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def flood(address: str, options: argparse.Namespace) -> Flood:
    """Send it all, and wait for its end."""
    offer = await _offer_text()
    sent = Flood(address, options.addresses, time.monotonic() + options.seconds)
    await asyncio.gather(
        sent.idle(options.idle),
        sent.offers("dead offers", [("/whip", offer)], options.dead),
        sent.offers("refused", [("/whip/no!{}", offer), ("/whip/n{}", "not sdp")], options.refused / options.seconds),
        sent.newcomers(NEWCOMER_EVERY_S),
    )
    return sent


def _used(server: Program) -> tuple[int, float, float]:
    """Descriptors, memory in MB, and CPU seconds of a server."""
    folder = Path("/proc", str(server.process.pid))
    pages = int((folder / "statm").read_text().split()[1])
    user, system = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
    seconds = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return len(list((folder / "fd").iterdir())), pages * os.sysconf("SC_PAGE_SIZE") / 1e6, seconds


def _phase(name: str, server: Program, followed: Followed, began: float, before: float) -> None:
    told = [(at, event["time_s"]) for at, event in followed.of("progress")]
    first = min(at - time_s for at, time_s in told)
    late = [1e3 * (at - time_s - first) for at, time_s in told if at >= began]
    descriptors, memory, cpu = _used(server)
    used = (cpu - before) / (time.monotonic() - began)
    print(
        f"{name:>7}: told {np.median(late):4.0f} ms later than at best (p99 {np.percentile(late, 99):4.0f}); "
        f"{descriptors} descriptors, {memory:.0f} MB, {used:.2f} cores",
        flush=True,
    )


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Measure one flood."""
    log, rules = folder / "log", ("--stop-at", "0", "--stop-gain", "0")
    with serving(folder / "out", *rules, log=log, descriptors=options.descriptors) as server:
        followed = follow(server.address, NAME)
        with sending(server.address, NAME, options.video):
            server.wait_for(NAME, lambda state: state["time_s"] > QUIET_S / 2)
            for phase in ("before", "during", "after"):
                began, before = time.monotonic(), _used(server)[2]
                if phase == "during":
                    sent = asyncio.run(flood(server.address, options))
                else:
                    time.sleep(QUIET_S)
                _phase(phase, server, followed, began, before)
        state = server.wait_for(NAME, lambda state: state["clip"] or state["error"], 90)
        time.sleep(20)  # until the last pending places have expired
        descriptors, memory, _ = _used(server)
        print(f"   ended: {descriptors} descriptors, {memory:.0f} MB; {httpx.get(server.address + '/healthz').json()}")
    print(", ".join(f"{what}: {times}" for what, times in sorted(sent.seen.items())))
    print("honest senders: " + ", ".join(f"{what}: {times}" for what, times in Counter(sent.honest).items()))
    clip = state["clip"]
    print(f"clip: {clip and clip['start_s']} of {state['time_s']:.0f} s, {state['error']}; checked {state['checked']}")
    print(f"log: {log.stat().st_size} bytes")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--idle", type=int, default=300, help="connections that only wait")
    parser.add_argument("--dead", type=float, default=3.0, help="offers a second that never connect")
    parser.add_argument("--refused", type=int, default=1000, help="offers that are refused")
    parser.add_argument("--addresses", type=int, default=8, help="from which dead offers come")
    parser.add_argument("--descriptors", type=int, help="limit of the server's")
    with tempfile.TemporaryDirectory() as folder:
        measure(parser.parse_args(), Path(folder))


if __name__ == "__main__":
    main()
