"""Everything that is held about a session, exported to its person and its platform."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from erasure_stage import NAME, SECRET, ErasingShop, shop_at, whole
from hooks_receiver import receiving, status
from serving import eventually

from take5.client.platform.clients import Take5
from take5.stream.analysis.models import Models
from take5.stream.events import BundlePrepared, LeftStep
from take5.stream.model_files.cache import models_directory
from take5.stream.server.watch import CaptureReport, CaptureState


@pytest.fixture
def shop(models: Models, tmp_path: Path) -> Iterator[ErasingShop]:
    with shop_at(models, tmp_path) as made:
        yield made


def exported(answer: httpx.Response) -> tuple[Any, zipfile.ZipFile]:
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return json.loads(archive.read("session.json")), archive


def test_everything_is_exported_to_the_person_and_the_platform(models: Models, tmp_path: Path) -> None:
    with receiving(status(200)) as receiver, shop_at(models, tmp_path) as shop:
        session = whole(shop, receiver)
        assert eventually(lambda: len(receiver.posts) > 8, 10)
        record, archive = exported(shop.as_person(session, "GET", "/export"))
        theirs, other = exported(shop.get(session, "/export"))
        assert archive.namelist() == other.namelist()
        assert theirs["session"] == record["session"]
        names = set(archive.namelist())
        id_ = session["id"]
        assert {
            f"files/20300101-000000-{id_}/clip.mp4",
            f"files/20300101-000000-{id_}/raw/ann/pictures/0.jpg",
            f"files/{id_}/consent.webm",
            f"cut-off/20300101-000100-{id_}/media-000001",
        } <= names
        held = {
            path for path in shop.output.rglob("*") if path.is_file() and id_ in str(path) and not path.is_symlink()
        }
        unwritten = {path for path in held if ".partial" in str(path)}
        assert len(names) - 1 == len(held - unwritten)
        assert (record["session"]["person"], record["session"]["consented"]["name"]) == (NAME, NAME)
        assert [take["id"][-2:] for take in record["takes"]] == [id_[-2:], "-2"]
        assert {each["kind"] for each in record["deliveries"]} >= {"created", "consented", "started", "clip", "bundle"}
        text = archive.read("session.json").decode()
        for secret in (SECRET, shop.program.key, str(tmp_path), *session["secrets"].values()):
            assert secret not in text
        assert not re.search(
            r"[0-9a-f]{64}",
            text.replace(record["session"]["consented"]["sha256"], "").replace(
                record["session"]["consented"]["spoken"]["sha256"], ""
            ),
        )
        assert shop.get({"id": "0" * 24}, "/export").status_code == 404
        with Take5(shop.server.address, shop.program.key) as client:
            fetched = client.sessions.export(id_, tmp_path)
        assert fetched == tmp_path / f"{id_}-export.zip"
        assert zipfile.ZipFile(fetched).namelist() == archive.namelist()


def test_no_path_of_the_server_is_exported_in_what_is_said_of_a_take(shop: ErasingShop, tmp_path: Path) -> None:
    session = shop.program.create()
    folder = shop.take(session, "")
    bundle, watch = folder / "synctalk" / "ann", shop.server.sessions.watch
    steps = (LeftStep("masks", f"take5 prepare --masks {bundle}"),)
    network = models_directory() / "selfie_segmentation.tflite"
    texts = (f"no masks: {network} is at fault; then take5 prepare --masks {bundle}", f"take5 recover {shop.output}.")
    for event in (
        BundlePrepared(400, "synctalk", str(bundle), ("head_pose",), steps, texts, window_frames=125),
        BundlePrepared(400, "instag", str(bundle), error=f"'{folder}-2/x' and {folder}: cannot be read"),
    ):
        watch.report(session["id"], CaptureReport(CaptureState.DONE, folder, event))

    def prepared() -> list[Any]:
        record, archive = exported(shop.as_person(session, "GET", "/export"))
        assert not any(str(place) in archive.read("session.json").decode() for place in (tmp_path, network.parent))
        (take,) = record["takes"]
        return [each["event"] for each in take["events"] if each["kind"] == "BundlePrepared"]

    assert eventually(lambda: len(prepared()) == 2, 10)
    made, failed = prepared()
    name = f"{folder.name}/synctalk/ann"
    assert made["left"] == [{"what": "masks", "command": f"take5 prepare --masks {name}"}]
    without = f"no masks: selfie_segmentation.tflite is at fault; then take5 prepare --masks {name}"
    assert made["warnings"] == [without, "take5 recover .."]
    assert failed["error"] == f"'{folder.name}-2/x' and {folder.name}: cannot be read"


def test_of_a_deleted_session_only_the_record_is_exported(shop: ErasingShop) -> None:
    session = whole(shop)
    shop.program.request("DELETE", f"/{session['id']}")
    record, archive = exported(shop.get(session, "/export"))
    assert archive.namelist() == ["session.json"]
    assert (record["takes"], record["secrets"], record["session"]["person"]) == ([], [], None)
    assert record["session"]["erase_reason"] == "requested"
    assert shop.as_person(session, "GET", "/export").status_code == 401
