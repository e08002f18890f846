"""A session's takes through the API: listed, downloaded, accepted, asked for again; and after a restart."""

import asyncio
import io
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from platform_server import Program, programs
from platform_takes import Shop
from serving import served
from websockets.sync.client import connect

from take5.stream.analysis.models import Models
from take5.stream.output.zipped import zipped
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform


@contextmanager
def shop_at(models: Models, folder: Path) -> Iterator[Shop]:
    with closing(Database.open(f"sqlite:///{folder / 'platform.db'}")) as database:
        platform = Platform(database)
        with served(models, folder / "out", platform=platform) as server:
            yield Shop(server, programs(server.address, database)(), folder / "out")
            asyncio.run(platform.settle())


@pytest.fixture(scope="module")
def shop(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_at(models, tmp_path_factory.mktemp("takes")) as made:
        yield made


def test_takes_are_listed_with_what_they_hold(shop: Shop) -> None:
    session = shop.program.create()
    assert shop.get(session, "/takes").json() == {"takes": []}
    folder = shop.take(session, "")
    (take,) = shop.get(session, "/takes").json()["takes"]
    assert (take["id"], take["state"], take["accepted"], take["folder"]) == (folder.name, "done", False, str(folder))
    assert take["files"] == ["clip-10s.mp4", "clip.mp4", "report.html", "source.mp4"]
    assert (take["clip"]["type"], take["clip"]["start_s"], take["clip"]["end_s"]) == ("clip", 2.0, 7.0)
    assert [(each["trainer"], each["seconds"], each["error"]) for each in take["bundles"]] == [
        ("raw", 5.0, None),
        ("synctalk", 5.0, "no face"),
    ]
    assert shop.program.show(session["id"])["folder"] == str(folder)


def test_clip_report_files_and_bundles_are_downloaded(shop: Shop) -> None:
    session = shop.program.create()
    assert shop.get(session, "/clip").status_code == 404
    first, last = shop.take(session, ""), shop.take(session, "-2")
    clip = shop.get(session, "/clip")
    assert (clip.status_code, clip.content, clip.headers["content-type"]) == (200, b"clip.mp4 -2", "video/mp4")
    assert clip.headers["content-disposition"] == f'attachment; filename="{last.name}-clip.mp4"'
    assert shop.get(session, "/clip?seconds=10").content == b"clip-10s.mp4 -2"
    assert shop.get(session, "/clip?seconds=7").status_code == 404
    assert shop.get(session, f"/clip?take={first.name}").content == b"clip.mp4 "
    assert shop.get(session, "/report").headers["content-security-policy"].startswith("default-src 'none'")
    assert shop.get(session, "/files/source.mp4").content == b"source.mp4 -2"
    archive = shop.get(session, "/bundles/raw")
    assert archive.headers["content-disposition"] == f'attachment; filename="{last.name}-raw.zip"'
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["ann/manifest.json", "ann/pictures/0.jpg"]
        assert len(opened.read("ann/pictures/0.jpg")) == 1_600_000
    for missing in ("/bundles/synctalk", "/bundles/raw?seconds=10", "/clip?take=x", "/bundles/x"):
        answer = shop.get(session, missing)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "name", ["deliveries.json", "..%2Fclip.mp4", "%2e%2e/clip.mp4", "idle.mp4", "clip.mp4%00", "clip-9s.mp4"]
)
def test_nothing_else_is_handed_out(shop: Shop, name: str) -> None:
    session = shop.program.create()
    shop.take(session, "")
    assert shop.get(session, f"/files/{name}").status_code == 404
    assert shop.get(session, f"/clip?take=..%2F{name}").status_code == 404


def test_another_key_sees_no_take(shop: Shop) -> None:
    session = shop.program.create()
    shop.take(session, "")
    other = Program(shop.server.address, session["secrets"]["person"])
    for path in ("/takes", "/clip", "/report", "/files/clip.mp4", "/bundles/raw"):
        assert other.request("GET", f"/{session['id']}{path}").status_code == 401
    for path in ("/accept", "/retake"):
        assert other.request("POST", f"/{session['id']}{path}").status_code == 401


def test_a_platform_accepts_a_take_and_asks_for_another(shop: Shop) -> None:
    session = shop.program.create()
    assert shop.post(session, "/accept").json()["code"] == "not_found"
    first, last = shop.take(session, ""), shop.take(session, "-2")
    answer = shop.post(session, "/accept", take=first.name)
    assert (answer.status_code, answer.json()["state"], answer.json()["accepted"]) == (200, "accepted", first.name)
    assert (first / "accepted.json").is_file()
    assert shop.get(session, "/clip").content == b"clip.mp4 "
    headers = {"Authorization": f"Bearer {session['secrets']['sender']}"}
    whip = httpx.post(f"{shop.server.address}/whip/{session['id']}", headers=headers)
    assert whip.status_code in (409, 415)
    offer = httpx.post(
        f"{shop.server.address}/whip/{session['id']}",
        headers=headers | {"Content-Type": "application/sdp"}, content="v=0",
    )  # fmt: skip
    assert (offer.status_code, offer.json()["code"]) == (409, "accepted")
    again = shop.post(session, "/retake", expires_in_s=3600)
    assert (again.json()["state"], again.json()["accepted"]) == ("created", None)
    assert not (first / "accepted.json").exists()
    assert len(shop.get(session, "/takes").json()["takes"]) == 2
    assert shop.post(session, "/accept").json()["accepted"] == last.name
    answer = shop.post(session, "/accept", take=first.name)
    assert (answer.json()["accepted"], (last / "accepted.json").exists()) == (first.name, False)


def test_what_cannot_be_accepted_or_taken_again_says_why(shop: Shop) -> None:
    session = shop.program.create()
    shop.take(session, "", over=False)
    assert shop.post(session, "/retake").json()["code"] == "busy"
    shop.program.request("POST", f"/{session['id']}/cancel")
    for path in ("/accept", "/retake"):
        assert (shop.post(session, path).status_code, shop.post(session, path).json()["code"]) == (409, "cancelled")
    assert shop.post(session, "/accept", tak="x").json()["code"] == "invalid"
    assert shop.post(session, "/retake", expires_in_s=1).json()["code"] == "invalid"


def test_a_person_accepts_while_the_bundles_are_being_made(shop: Shop) -> None:
    session = shop.program.create()
    folder = shop.take(session, "", over=False)
    answer = shop.as_person(session, "POST", "/accept")
    assert (answer.status_code, answer.json()["accepted"]) == (200, True)
    shown = shop.program.show(session["id"])
    assert (shown["state"], shown["accepted"]) == ("accepted", folder.name)
    assert (folder / "accepted.json").is_file()


def test_after_a_restart_names_answer_as_before(models: Models, tmp_path: Path) -> None:
    with shop_at(models, tmp_path) as before:
        session = before.program.create()
        kept, folder = before.program.create(), before.take(session, "")
        before.take(kept, "")
        before.as_person(kept, "POST", "/accept")
    with shop_at(models, tmp_path) as after:
        after.program.key = before.program.key
        state = after.as_person(session, "GET", "").json()
        assert (state["state"], state["clip"]["path"], state["stopped"]["rule"]) == ("ready", str(folder), "ended")
        assert [each["trainer"] for each in state["bundles"]] == ["raw", "synctalk"]
        assert after.as_person(kept, "GET", "").json()["clip"]["accepted"] is True
        assert after.as_person(session, "GET", "/clip.mp4").content == b"clip.mp4 "
        assert after.as_person(session, "GET", "/deliveries.json").status_code == 404
        with connect(
            f"{after.server.address.replace('http', 'ws')}/api/sessions/{session['id']}/events",
            additional_headers={"Authorization": f"Bearer {session['secrets']['follower']}"},
        ) as socket:
            assert '"clip-10s.mp4"' in str(socket.recv(10))
        assert after.as_person(session, "POST", "/accept").json()["accepted"] is True
        assert after.program.show(session["id"])["state"] == "accepted"


def test_a_folder_that_is_gone_is_said_and_changes_nothing(shop: Shop) -> None:
    session = shop.program.create()
    folder = shop.take(session, "")
    folder.rename(folder.with_name("elsewhere"))
    assert shop.post(session, "/accept").status_code == 404
    assert shop.program.show(session["id"])["state"] == "done"
    assert "moved or removed" in shop.get(session, "/clip").json()["detail"]
    assert shop.get(session, "/bundles/raw").status_code == 404


def test_an_archive_whose_folder_is_deleted_meanwhile_is_not_whole(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "bundle" / name).mkdir(parents=True)
        (tmp_path / "bundle" / name / "0.jpg").write_bytes(b"jpeg")
    pieces = zipped(tmp_path / "bundle")
    next(pieces)
    shutil.rmtree(tmp_path / "bundle")
    with pytest.raises(FileNotFoundError):
        list(pieces)
    with pytest.raises(FileNotFoundError):
        list(zipped(tmp_path / "bundle"))


def test_a_file_is_an_archive_too(tmp_path: Path) -> None:
    (tmp_path / "one.mp4").write_bytes(b"video")
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(tmp_path / "one.mp4")))) as opened:
        assert opened.read("one.mp4") == b"video"
