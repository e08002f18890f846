"""A platform's server in a process of its own: real captures, real kills, and what the records say afterwards."""

import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from killing import sending, serving
from platform_server import Json, Program, programs
from serving import eventually
from worker_server import captures_in, kill, workers

from take5.stream.platform.database import Database
from take5.stream.preparing.process import PROGRAM

pytestmark = pytest.mark.realtime

Start = Callable[[], AbstractContextManager[Callable[[], None]]]
"""Runs the server while a block lasts; what it yields kills it."""


@pytest.fixture(scope="module")
def video(brief_to_send: Path) -> Path:
    return brief_to_send


@pytest.fixture
def shop(address: str) -> Program:
    """A program whose server is not known yet."""
    with closing(Database.open(address)) as database:
        return programs("", database)()


@pytest.fixture
def processes() -> str:
    """How many processes capture."""
    return "1"


@pytest.fixture
def start(address: str, tmp_path: Path, shop: Program, processes: str) -> Start:
    @contextmanager
    def started() -> Iterator[Callable[[], None]]:
        with serving(tmp_path / "out", "--database", address, "--no-report", "--workers", processes) as server:
            shop.address = server.address
            yield server.kill

    return started


def becomes(shop: Program, session: Json, state: str, patience_s: float = 90) -> bool:
    return eventually(lambda: shop.show(session["id"])["state"] == state, patience_s)


def bearer(session: Json, holder: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['secrets'][holder]}"}


def prepared_of(shop: Program, session: Json) -> list[Json | None]:
    """What has become of the preparation of a session's bundles, but for raw ones."""
    (take,) = shop.request("GET", f"/{session['id']}/takes").json()["takes"]
    return [bundle["preparation"] for bundle in take["bundles"] if bundle["trainer"] != "raw"]


def preparing(folder: Path) -> bool:
    """Whether any process prepares a bundle in a folder."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    return any(PROGRAM[-1] in line and str(folder) in line for line in listed.splitlines())


@pytest.mark.parametrize("processes", ["1", pytest.param("2", marks=pytest.mark.long)])
def test_a_session_survives_a_kill_is_captured_as_it_states_accepted_and_deleted(
    shop: Program, start: Start, video: Path, tmp_path: Path, processes: str
) -> None:
    wanted = {"trainers": ["raw", "synctalk"], "strictness": "loose", "consent": "form 7"}
    with start() as kill:
        session = shop.create(label="host", stop={"cap_s": 8}, **wanted)
        kill()
    with start():
        assert shop.show(session["id"])["state"] == "created"
        with sending(shop.address, session["id"], video, session["secrets"]["sender"]):
            assert becomes(shop, session, "live")
            assert becomes(shop, session, "done")
        shown, place = shop.show(session["id"]), f"{shop.address}/api/sessions/{session['id']}"
        state = httpx.get(place, headers=bearer(session, "follower")).json()
        assert (state["rules"]["cap_s"], state["stopped"]["rule"]) == (8, "cap")
        assert [bundle["trainer"] for bundle in state["bundles"]] == ["raw", "synctalk"]
        assert state["clip"]["prepare"] == ["synctalk"]
        assert shown["folder"] == state["clip"]["path"]
        assert session["id"] in Path(shown["folder"]).name
        assert httpx.get(f"{place}/clip.mp4", headers=bearer(session, "follower")).status_code == 200
        assert httpx.post(f"{place}/accept", headers=bearer(session, "sender")).status_code == 403
        assert httpx.post(f"{place}/accept", headers=bearer(session, "person")).json()["accepted"] is True
        (take,) = shop.request("GET", f"/{session['id']}/takes").json()["takes"]
        assert (shop.show(session["id"])["state"], take["accepted"]) == ("accepted", True)
        assert take["clip"]["best"]["I"] == state["clip"]["best"]["I"]
        clip = shop.request("GET", f"/{session['id']}/clip").content
        assert clip == (Path(shown["folder"]) / "clip.mp4").read_bytes()
        archive = shop.request("GET", f"/{session['id']}/bundles/raw").content
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            assert opened.testzip() is None
            assert "manifest.json" in {Path(name).name for name in opened.namelist()}
        if processes == "1":  # else it is deleted while it is being prepared
            assert eventually(lambda: all(prepared_of(shop, session)), 180)
            state = httpx.get(place, headers=bearer(session, "follower")).json()
            assert [(event["trainer"], event["error"]) for event in state["prepared"]] == [("synctalk", None)]
        else:
            assert preparing(tmp_path)
        assert shop.request("DELETE", f"/{session['id']}").json()["deleted"] == [shown["folder"]]
        assert not preparing(tmp_path)
        assert httpx.get(f"{place}/clip.mp4", headers=bearer(session, "follower")).status_code == 401
        assert not list((tmp_path / "out").rglob(f"*{session['id']}*"))


@pytest.mark.long
def test_a_kill_between_clip_and_acceptance_loses_nothing(shop: Program, start: Start, video: Path) -> None:
    with start() as kill:
        session = shop.create(stop={"cap_s": 8}, trainers=["raw"], strictness="loose")
        with sending(shop.address, session["id"], video, session["secrets"]["person"]):
            assert becomes(shop, session, "done")
        before = httpx.get(f"{shop.address}/api/sessions/{session['id']}", headers=bearer(session, "person")).json()
        kill()
    with start() as kill:
        place = f"{shop.address}/api/sessions/{session['id']}"
        after = httpx.get(place, headers=bearer(session, "person")).json()
        for key in ("clip", "bundles", "stopped", "session", "rules"):
            assert after[key] == before[key], key
        assert httpx.post(f"{place}/accept", headers=bearer(session, "person")).json()["accepted"] is True
        folder = Path(shop.show(session["id"])["folder"])
        assert (folder / "accepted.json").is_file()
        kill()
    with start():
        place = f"{shop.address}/api/sessions/{session['id']}"
        assert shop.show(session["id"])["state"] == "accepted"
        assert httpx.get(place, headers=bearer(session, "person")).json()["clip"]["accepted"] is True
        shop.request("POST", f"/{session['id']}/retake")
        assert not (folder / "accepted.json").exists()
        with sending(shop.address, session["id"], video, session["secrets"]["sender"]):
            assert becomes(shop, session, "done")
        first, second = shop.request("GET", f"/{session['id']}/takes").json()["takes"]
        assert first["folder"] == str(folder)
        assert first["id"] != second["id"]
        assert set(shop.request("DELETE", f"/{session['id']}").json()["deleted"]) == {first["folder"], second["folder"]}


@pytest.mark.long
def test_a_kill_during_a_capture_leaves_a_record_that_agrees(shop: Program, start: Start, video: Path) -> None:
    with start() as kill:
        kept, lost = shop.create(stop={"share": 0, "gain": 0}), shop.create()
        with sending(shop.address, kept["id"], video, kept["secrets"]["person"]):
            assert becomes(shop, kept, "live")
            place = f"{shop.address}/api/sessions/{kept['id']}"
            assert eventually(lambda: httpx.get(place, headers=bearer(kept, "person")).json()["kept"], 60)
            kill()
    with start():
        assert becomes(shop, kept, "done")
        assert (Path(shop.show(kept["id"])["folder"]) / "clip.mp4").exists()
        assert shop.show(lost["id"])["state"] == "created"


@pytest.mark.long
def test_deleting_a_live_session_ends_its_capture_and_leaves_nothing(
    shop: Program, start: Start, video: Path, tmp_path: Path
) -> None:
    with start():
        session = shop.create(stop={"share": 0, "gain": 0})
        send = partial(
            sending, shop.address, session["id"], video, session["secrets"]["sender"], errors=subprocess.PIPE
        )
        with send() as push:
            assert becomes(shop, session, "live")
            answer = shop.request("DELETE", f"/{session['id']}")
            assert (answer.status_code, answer.json()["state"]) == (200, "deleted")
            assert said(push).endswith("/events: the session has been deleted")
        with send() as push:
            assert "secret missing, wrong, expired, revoked, or of another or a deleted session; " in said(push)
        assert shop.show(session["id"])["state"] == "deleted"
        assert not list((tmp_path / "out").rglob(f"*{session['id']}*"))


def said(push: "subprocess.Popen[bytes]") -> str:
    """What ``take5 push`` says last, which ends with an error."""
    assert push.stderr is not None
    assert push.wait(30) == 1
    return push.stderr.read().decode().splitlines()[-1]


@pytest.mark.long
def test_a_session_survives_its_worker(address: str, tmp_path: Path, shop: Program, video: Path) -> None:
    output = tmp_path / "out"
    with serving(output, "--database", address, "--no-report", "--workers", "2") as server:
        shop.address = server.address
        session = shop.create(label="host", stop={"cap_s": 60}, trainers=["raw"])
        name, holder = session["id"], bearer(session, "follower")

        def state() -> Json:
            found: Json = httpx.get(f"{server.address}/api/sessions/{name}", headers=holder).json()
            return found

        with sending(server.address, name, video, session["secrets"]["sender"]):
            assert becomes(shop, session, "live")
            assert eventually(lambda: bool(state()["kept"]), 90)
            (worker,) = [each for each in workers(server) if captures_in(each, output)]
            kill(worker)
            assert becomes(shop, session, "done")
        assert state()["stopped"]["rule"] == "interrupted"
        (take,) = shop.request("GET", f"/{name}/takes").json()["takes"]
        assert take["clip"]["best"]["I"] == state()["clip"]["best"]["I"]
        assert eventually(lambda: len(state()["bundles"]) == 1)
