"""Sessions with everything that can be held of a person, before a server that erases; and a look everywhere."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from consent_media import recording
from hooks_receiver import Receiver
from new_database import new_database
from platform_server import Json, programs
from platform_takes import Shop, events
from serving import eventually, served

from take5.scoring.errors import OutputError
from take5.stream.analysis.models import Models
from take5.stream.events import Bundled
from take5.stream.platform.clock import SteadyClock
from take5.stream.platform.database import BUSY_S, Database
from take5.stream.platform.retention import Retention
from take5.stream.platform.service import Platform
from take5.stream.platform.tables import DeliveryRow, SecretRow, SessionRow, TakeRow
from take5.stream.server.watch import CaptureReport, CaptureState, ended

NAME, LABEL, TEXT = "Ada Lovelace-Byron", "host seventeen", "I, the undersigned, agree to be recorded."
SECRET = "a secret that signs what is posted"  # noqa: S105 - of a test
DAY = timedelta(days=1)
FOREIGN = ("20300101-000000-studio", "0" * 24, "notes.txt")
"""What a server has beside sessions of its platform: none of its business."""


class ErasingShop(Shop):
    """A platform's server whose database a test looks into."""

    database: Database


@contextmanager
def shop_at(
    models: Models, folder: Path, retention: Retention | None = None, busy_s: float = BUSY_S
) -> Iterator[ErasingShop]:
    with closing(new_database(folder / "platform.db", busy_s)) as database:
        platform = Platform(database, retention=retention or Retention(), clock=lambda: SteadyClock(settled_s=0))
        with served(models, folder / "out", platform=platform) as server:
            shop = ErasingShop(server, programs(server.address, database)(), folder / "out")
            shop.database = database
            yield shop


def whole(shop: ErasingShop, receiver: Receiver | None = None, **fields: Any) -> Json:
    """A session with everything that can be held of a person: two takes, consent, a spool, half-written files."""
    hook = {} if receiver is None else {"hook": {"url": f"{receiver.url}ada", "secret": SECRET}}
    session = shop.program.create(
        person=NAME,
        label=LABEL,
        consent_text=TEXT,
        spoken_consent=True,
        consent=f"contract of {NAME}",
        **hook,
        **fields,
    )
    digest = shop.as_person(session, "GET", "/consent").json()["sha256"]
    assert shop.as_person(session, "POST", "/consent", json={"name": NAME, "sha256": digest}).status_code == 200
    said = shop.as_person(session, "POST", "/consent/recording?language=en", content=recording("webm"))
    assert said.status_code == 201, said.text
    for name in ("", "-2"):
        shop.take(session, name)
    id_ = session["id"]
    for path in (
        f".spool/20300101-000100-{id_}/media-000001",
        f".spool/broken/20300101-000200-{id_}/journal",
        f".20300101-000300-{id_}-77-{'a' * 32}.partial/clip.mp4",
        f"20300101-000000-{id_}/.bundle-x/picture.jpg",
        f"20300101-000400-{id_}/clip.mp4",
    ):
        (shop.output / path).parent.mkdir(parents=True, exist_ok=True)
        (shop.output / path).write_bytes(f"footage of {NAME}".encode())
    for name in FOREIGN:
        (shop.output / name).mkdir(exist_ok=True)
        (shop.output / name / "clip.mp4").write_bytes(b"of somebody else")
    return session


def ages(shop: ErasingShop, session: Json, by: timedelta) -> None:
    """Let a session's takes have ended so long ago."""
    with shop.database.writing() as opened:
        row = opened.get_one(SessionRow, session["id"])
        row.erase_at = None if row.erase_at is None else row.erase_at - by
        for take in row.takes:
            assert take.ended is not None
            take.started, take.ended = take.started - by, take.ended - by
            take.accepted = None if take.accepted is None else take.accepted - by


def everything(folder: Path) -> bytes:
    """Every name and every byte below a folder."""
    paths = sorted(folder.rglob("*"))
    files = b"\n".join(_bytes_of(path) for path in paths if path.is_file())
    return "\n".join(map(str, paths)).encode() + files


def _bytes_of(path: Path) -> bytes:
    """Of a file; none of one that is erased meanwhile."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def nothing_is_left(shop: ErasingShop, session: Json, folder: Path, log: str) -> None:
    """Look everywhere: files, names, the database's pages and its log, what was logged."""
    words = [NAME, LABEL, TEXT, SECRET, "Lovelace", f"-{session['id']}", *session["secrets"].values()]
    held = everything(folder)
    assert [word for word in words if word.encode() in held] == []
    assert [word for word in words[:5] if word in log] == []
    assert sorted(path.name for path in shop.output.iterdir() if path.name != ".spool") == sorted(FOREIGN)
    assert [path.name for path in shop.output.glob(".spool/**/*") if path.is_file()] == []
    with shop.database.reading() as opened:
        assert not [row for row in opened.query(SecretRow) if row.session_id == session["id"]]
        assert not opened.query(TakeRow).all()
        assert {row.payload for row in opened.query(DeliveryRow)} <= {None}


def is_erased(shop: ErasingShop, session: Json) -> bool:
    return bool(shop.program.show(session["id"])["state"] == "deleted")


def plain_take(shop: ErasingShop, session: Json) -> Path:
    """A take whose bundle was made."""
    folder = shop.output / f"20300101-000000-{session['id']}"
    (folder / "raw").mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(b"clip")
    happened = [
        each
        for each in events(folder, folder / "raw", session["id"])
        if not (isinstance(each, Bundled) and each.error) and getattr(each, "window_frames", 125) == 125
    ]
    watch = shop.server.sessions.watch
    for event in (None, *happened):
        watch.report(session["id"], CaptureReport(CaptureState.LIVE, folder, event))
    watch.report(session["id"], ended(happened[1], folder))
    assert eventually(lambda: shop.program.show(session["id"])["state"] == "done", 10)
    return folder


def refuse(path: Path) -> bool:
    raise OutputError(f"{path}: cannot be deleted (Permission denied)")
