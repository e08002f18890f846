"""Sessions of a platform from creation to deletion.

``PYTHONPATH=tests/support python -m bench.platform VIDEO [--count 100] [--at-a-time 2] [--seconds 8]
[--database ADDRESS]``

A real server gets VIDEO from ``take5 push`` for each session, some at a time; a program creates each, waits for its
clip, lists, downloads, accepts and deletes it, through ``take5.client``. Prints the latency of each request (median,
95 %, longest), how the sessions ended, the server's memory and the database's size on the way, and what is left at the
end: files of sessions, rows about people, entries in memory.
"""

import argparse
import sqlite3
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from killing import sending, serving
from sqlalchemy import func, select

from take5.client import Take5
from take5.stream.platform.database import Database
from take5.stream.platform.keys import Scope, create_key
from take5.stream.platform.tables import Table

PATIENCE_S = 180.0
EVERY = 10


@dataclass
class Measured:
    """What the requests and the sessions have shown so far."""

    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    ends: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def request(self, name: str) -> Iterator[None]:
        """Time a request."""
        began = time.monotonic()
        yield
        with self.lock:
            self.latencies[name].append(time.monotonic() - began)

    def table(self) -> str:
        """Milliseconds by request."""
        lines = [f"{'request':10} {'count':>6} {'median':>8} {'p95':>8} {'longest':>8}  ms"]
        for name, found in sorted(self.latencies.items()):
            middle, high, top = 1e3 * np.quantile(found, [0.5, 0.95, 1.0])
            lines.append(f"{name:10} {len(found):6} {middle:8.1f} {high:8.1f} {top:8.1f}")
        return "\n".join(lines)


def one(client: Take5, measured: Measured, address: str, video: Path, folder: Path, seconds: float) -> str:
    """Let one session live; return its id."""
    stop = {"cap_s": seconds, "share": 0.0, "gain": 0.0}
    with measured.request("create"):
        session = client.sessions.create(person="Ann Example", stop=stop, strictness="loose")
    with sending(address, session.id, video, session.secrets.sender):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with measured.request("get"):
                shown = client.sessions.get(session.id)
            if shown.state in ("done", "failed"):
                break
            time.sleep(0.5)
    with measured.request("takes"):
        client.sessions.takes(session.id)
    if shown.state == "done":
        with measured.request("clip"):
            client.sessions.download_clip(session.id, folder / f"{session.id}.mp4")
        with measured.request("accept"):
            shown = client.sessions.accept(session.id)
    with measured.request("delete"):
        client.sessions.delete(session.id)
    with measured.lock:
        measured.ends[shown.state] += 1
    return session.id


def resident_mb(process: int) -> float:
    """Resident memory of a process in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1e3


def size_kb(address: str, database: Database) -> float:
    """Size of a database, with its log, in kB."""
    if address.startswith("sqlite"):
        path = Path(address.removeprefix("sqlite:///"))
        return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*")) / 1e3
    with database.reading() as session:
        found = session.scalar(select(func.pg_database_size(func.current_database())))
    return float(found or 0) / 1e3


def left(database: Database) -> str:
    """Rows by table, and how many of the sessions' hold anything of a person."""
    with database.reading() as session:
        counts = {
            name: session.scalar(select(func.count()).select_from(table))
            for name, table in Table.metadata.tables.items()
        }
        people = session.scalar(
            select(func.count())
            .select_from(Table.metadata.tables["sessions"])
            .where(Table.metadata.tables["sessions"].c.person.is_not(None))
        )
    return f"rows {counts}; sessions that name a person: {people}"


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Run, and print."""
    address, output, clips = options.database or f"sqlite:///{folder / 'platform.db'}", folder / "out", folder / "clips"
    clips.mkdir()
    measured = Measured()
    with closing(Database.open(address)) as database:
        key = create_key(database, "bench", tuple(Scope))[1]
        arguments = ["--database", address, "--max-sessions", str(options.at_a_time), "--no-report"]
        with serving(output, *arguments) as server, Take5(server.address, key) as client:
            print(f"before: {resident_mb(server.process.pid):.0f} MB, database {size_kb(address, database):.0f} kB")
            began, done = time.monotonic(), 0
            with ThreadPoolExecutor(options.at_a_time) as threads:

                def run(_: int) -> str:
                    return one(client, measured, server.address, options.video, clips, options.seconds)

                ids = []
                for session in threads.map(run, range(options.count)):
                    ids.append(session)
                    done += 1
                    if done % EVERY == 0:
                        now = f"{resident_mb(server.process.pid):.0f} MB, database {size_kb(address, database):.0f} kB"
                        print(f"after {done}: {now}, {time.monotonic() - began:.0f} s", flush=True)
            with measured.request("list"):
                listed = list(client.sessions.list(state="deleted"))
            print(f"ended: {dict(measured.ends)}; {len(listed)} are listed as deleted")
            print(measured.table())
            print(f"live: {httpx.get(f'{server.address}/healthz').json()}")
        print(left(database))
    files = [path for path in output.rglob("*") if any(session in path.name for session in ids)]
    print(
        f"files of sessions: {len(files)}; everything in the folder: {sorted(path.name for path in output.rglob('*'))}"
    )
    if address.startswith("sqlite"):
        text = (folder / "platform.db").read_bytes()
        print(f"'Ann Example' in the database's file: {text.count(b'Ann Example')}; SQLite {sqlite3.sqlite_version}")


def main() -> None:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--at-a-time", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each is recorded")
    parser.add_argument("--database", metavar="ADDRESS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))


if __name__ == "__main__":
    main()
