"""What a server says of itself: readiness, metrics, the log of requests."""

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import pytest
from killing import serving
from platform_server import programs
from prometheus_client.parser import text_string_to_metric_families
from repository import ROOT
from services import free_port
from serving import Served, eventually, served
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from take5.client.cli.log_options import JsonLines
from take5.scoring.errors import ServerError
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.analysis.models import Models
from take5.stream.events import Bundled, ClipReady, Event, Failed, Failure, Stopped, Trouble, Warned
from take5.stream.live.lateness import Lateness
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform
from take5.stream.server import patient_space
from take5.stream.server.access_log import template
from take5.stream.server.counts import CaptureCounts
from take5.stream.server.metrics import Metrics
from take5.stream.server.thread_times import TASKS, ThreadTimes
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock

VALUE = "t5secret"
SCORE = WindowScore(50, 140.0, Motion(0.1, 0.2, 0.05, mouth_moves=True), 1)
HAPPENED: tuple[Event, ...] = (
    Stopped(150, Stop(StopRule.CAP)),
    ClipReady(150, SCORE, 125, "/out/a", {"clip.mp4": "api/clip.mp4"}, (), after_stop_s=0.8),
    ClipReady(150, SCORE, 125, "/out/recovered"),
    Bundled(150, "raw", "/out/a/raw/a", 138, 125, (), after_stop_s=1.6),
    Bundled(150, "synctalk", error="no face"),
    Failed(0, Failure.NEVER_CONNECTED, "nothing has arrived"),
    Warned(0, Trouble.NO_SENDER_REPORTS),
)


@pytest.fixture
def server(models: Models, tmp_path: Path) -> Iterator[Served]:
    with served(models, tmp_path / "out", access_log=True) as running:
        yield running


def values(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_metrics_count_what_happens_and_say_what_is(server: Served) -> None:
    metrics, port = Metrics(server.sessions, lambda: {"done": 3}), free_port()
    end = metrics.serve("127.0.0.1", port)
    try:
        with pytest.raises(ServerError, match=f"127.0.0.1:{port}: metrics cannot be served there"):
            metrics.serve("127.0.0.1", port)
        for event in HAPPENED:
            metrics.heard(event)
        metrics.delivered("delivered")
        metrics.counted(CaptureCounts({"picture": 90, "sound": 50}, {"picture": 2}, {"inbox": 4}))
        metrics.skipped(3)
        assert server.post("/whip/a", offer="v=0").status_code in (400, 422)
        for path in ("/", "/favicon.ico", "/metrics/", "/api/sessions/ann"):
            assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 404
        found = values(httpx.get(f"http://127.0.0.1:{port}/metrics?x=1").text)
    finally:
        end()
    assert found["take5_captures_stopped_total{rule=cap}"] == 1
    assert found["take5_clips_total"] == 2
    assert (found["take5_clip_seconds_count"], found["take5_clip_seconds_sum"]) == (1, 0.8)
    assert (found["take5_bundle_seconds_count"], found["take5_bundle_seconds_sum"]) == (1, 1.6)
    assert found["take5_rtp_packets_total{track=picture}"] == 90
    lost = [found[f"take5_rtp_packets_lost_total{{track={track}}}"] for track in ("picture", "sound")]
    assert lost == [2, 0]
    dropped = [found[f"take5_dropped_total{{queue={queue}}}"] for queue in ("intake", "inbox", "followers")]
    assert dropped == [0, 4, 3]
    assert found["take5_bundles_total{outcome=made}"] == found["take5_bundles_total{outcome=failed}"] == 1
    assert found["take5_captures_failed_total{reason=never_connected}"] == 1
    assert found["take5_warnings_total{code=no_sender_reports}"] == 1
    assert found["take5_hook_attempts_total{outcome=delivered}"] == 1
    assert sum(value for name, value in found.items() if name.startswith("take5_offers_refused_total")) == 1
    assert found["take5_sessions{state=done}"] == 3
    assert (found["take5_captures"], found["take5_captures_capacity"], found["take5_draining"]) == (0, 3, 0)
    assert found["take5_free_bytes"] > 0


def test_a_disk_that_does_not_answer_costs_the_metrics_its_own_series_alone(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), list[Path]()

    def slow(folder: Path) -> int:
        asked.append(folder)
        assert answers.wait(30)
        return 7

    monkeypatch.setattr(patient_space, "free_space", slow)
    monkeypatch.setattr(patient_space, "ANSWER_S", 0.05)
    metrics, port = Metrics(server.sessions), free_port()
    end = metrics.serve("127.0.0.1", port)
    try:

        def found() -> dict[str, float]:
            return values(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text)

        for _ in range(3):
            assert "take5_free_bytes" not in (series := found())
            assert series["take5_captures"] == 0
        assert len(asked) == 1, "one measurement at a time"
        answers.set()
        assert eventually(lambda: found().get("take5_free_bytes") == 7, 10)
    finally:
        answers.set()
        end()


@pytest.mark.skipif(not TASKS.is_dir(), reason="this system does not say what threads have used")
def test_threads_are_known_by_what_they_do() -> None:
    def work() -> None:
        while time.thread_time() < 0.1:
            pass

    times = ThreadTimes()
    with (
        ThreadPoolExecutor(1, "take5-database") as requests,
        ThreadPoolExecutor(1, "take5-session-hooks-database") as deliveries,
    ):
        before = times.read().get("database", 0.0)
        for threads in (requests, deliveries):
            threads.submit(work).result()
        assert times.read()["database"] - before > 0.15


def test_the_dashboard_and_the_docs_name_the_metrics_that_exist(server: Served) -> None:
    metrics = Metrics(server.sessions, lambda: {"done": 1})
    for event in HAPPENED:
        metrics.heard(event)
    metrics.delivered("delivered")
    families = {family.name: family for family in metrics.registry.collect()}
    known = {name + end for name in families for end in ("", "_total", "_bucket", "_sum", "_count")}
    dashboard = json.loads((ROOT / "deploy" / "grafana.json").read_text())
    shown = {target["expr"] for panel in dashboard["panels"] for target in panel["targets"]}
    named = {name for text in shown for name in re.findall(r"\b(?:take5|process)_\w+", text)}
    assert named - known == set()
    docs = (ROOT / "docs" / "observability.md").read_text()
    documented = set(re.findall(r"`(take5_\w+?)(?:\{\w+\})?`", docs))
    assert documented - known == set()
    ours = {name for name in families if name.startswith("take5_")}
    assert {name for name in ours if f"`{name}" not in docs} == set()


def test_a_server_is_ready_until_its_disk_or_its_database_is_not(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database.open(f"sqlite:///{tmp_path / 'platform.db'}")) as database:
        platform = Platform(database)
        with served(models, tmp_path / "out", platform=platform, access_log=True) as server:
            programs(server.address, database)().create()

            def ready() -> tuple[int, dict[str, bool]]:
                answer = httpx.get(f"{server.address}/readyz")
                return answer.status_code, answer.json()["checks"]

            fine = {"models": True, "disk": True, "admission": True, "database": True}
            assert ready() == (200, fine)

            async def gone() -> None:
                raise OSError

            with monkeypatch.context() as broken:
                broken.setattr(platform, "check", gone)
                broken.setattr(server.sessions.space, "least", 1 << 62)
                broken.setattr(server.sessions, "draining", True)
                broken.setattr(type(server.sessions.admission), "processes", 0)
                assert ready() == (503, dict.fromkeys(fine, False))
            assert ready() == (200, fine)
            with monkeypatch.context() as broken:
                broken.setattr(platform.records, "states", lambda: 1 / 0)
                assert ready() == (503, {**fine, "database": False})


def test_requests_are_logged_by_their_templates_without_secrets(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "take5.access")
    secret = {"Authorization": "Bearer t5secret"}
    for path in (
        "/healthz",
        "/api/sessions/studio?ticket=t5secret",
        "/api/sessions/studio/clip.mp4?ticket=t5secret",
        "/t5secret",
    ):
        httpx.get(server.address + path, headers=secret)
    assert eventually(lambda: len(caplog.records) >= 4, 5)
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "take5.access"]
    shown = [(line["method"], line["route"], line["status"], line["session"]) for line in lines]
    assert shown == [
        ("GET", "/healthz", 200, None),
        ("GET", "/api/sessions/{name}", 404, "studio"),
        ("GET", "/api/sessions/{name}/{file}", 404, "studio"),
        ("GET", "-", 404, None),
    ]
    assert "t5secret" not in caplog.text + json.dumps(lines)
    assert all(line["ms"] >= 0 for line in lines)


def test_nobody_can_write_lines_of_his_own_into_the_log_of_requests(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "take5.access")
    httpx.get(f"{server.address}/api/sessions/%1b%5b31m%0anew%c2%85%e2%80%a8/clip.mp4")
    httpx.get(f"{server.address}/api/sessions/sessions")
    assert eventually(lambda: len(caplog.records) >= 2, 5)
    shown = [(record.getMessage(), JsonLines().format(record)) for record in caplog.records]
    assert all(len(line.splitlines()) == 1 and line.isascii() for lines in shown for line in lines)
    lines = [json.loads(line) for _, line in shown]
    assert [(line["route"], line["session"]) for line in lines] == [
        ("/api/sessions/{name}/{file}", None),
        ("/api/sessions/{name}", "sessions"),
    ]


def test_a_websocket_that_its_follower_has_left_has_its_code(server: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "take5.access")
    with connect(f"{server.address.replace('http', 'ws')}/api/sessions/ann/events") as socket:
        assert socket.recv(10)
    assert eventually(lambda: bool(caplog.records), 5)
    assert vars(caplog.records[-1])["request"]["status"] == 1000


def test_a_fault_of_the_server_is_logged_as_what_it_is_answered_with(
    server: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "take5.access")
    monkeypatch.setattr(server.sessions, "find", None)
    assert httpx.get(f"{server.address}/api/sessions/ann").status_code == 500
    monkeypatch.setattr(server.sessions, "follow", None)
    with (
        connect(f"{server.address.replace('http', 'ws')}/api/sessions/ann/events") as socket,
        pytest.raises(ConnectionClosedError),
    ):
        socket.recv(10)

    def logged() -> list[int]:
        return [vars(record)["request"]["status"] for record in caplog.records if record.name == "take5.access"]

    assert eventually(lambda: logged() == [500, 1006], 5)


def test_a_template_has_the_names_of_parameters() -> None:
    assert template("/whip/a", {"name": "a"}) == "/whip/{name}"
    assert template("/api/v1/sessions", {}) == "/api/v1/sessions"
    assert template("/secret", {}) == "-"


def test_a_json_line_says_when_what_and_about_whom() -> None:
    record = logging.LogRecord("take5.x", logging.WARNING, "", 0, "session %s cannot be\nerased", ("5f0c8c1b",), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["logger"], said["session"]) == ("warning", "take5.x", "5f0c8c1b")
    record = logging.LogRecord("take5.x", logging.WARNING, "", 0, "recovered: /out/20261130-125918-s0", None, None)
    assert json.loads(JsonLines().format(record))["session"] == "s0"
    assert said["time"].endswith("+00:00")


def test_a_traceback_is_part_of_its_line_and_shows_no_values(caplog: pytest.LogCaptureFixture) -> None:
    def fails(secret: str) -> None:
        try:
            int(secret[:0])
        except ValueError as error:
            raise RuntimeError("it failed") from error

    try:
        fails(VALUE)
    except RuntimeError:
        logging.getLogger("take5.x").exception("the capture of session %s failed", "studio")
    line = JsonLines().format(caplog.records[-1])
    assert "\n" not in line
    said = json.loads(line)
    assert said["session"] == "studio"
    assert said["exception"].splitlines()[0] == "Traceback (most recent call last):"
    assert said["exception"].splitlines()[-1] == "RuntimeError: it failed"
    assert "direct cause" in said["exception"]
    assert VALUE not in line


@pytest.mark.waiting
def test_every_line_of_a_server_is_json(tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    with serving(tmp_path / "out", "--log-format", "json", "--metrics", str(port), log=log) as server:
        host, _, at = server.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(at)), 10) as connection:
            connection.sendall(b"no request at all\r\n\r\n")
            connection.recv(1000)
        assert eventually(lambda: "Invalid HTTP" in log.read_text(), 10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["level"], line["logger"]) for line in lines if "Invalid HTTP" in line["event"]] == [
        ("warning", "uvicorn.error")
    ]


def test_a_score_is_late_from_the_arrival_of_the_last_that_it_needs() -> None:
    lateness = Lateness()
    assert lateness.of(25, 16_000, 0, 1.0) is None
    second = np.zeros(16_000, np.float32)
    for number in range(3):
        lateness.take(AudioBlock(number * FLICKS, second, 16_000), 11.0 + number)
        lateness.take(AccessUnit((number + 1) * FLICKS, b"", keyframe=True), 21.0 + number)
    assert lateness.of(26, 16_000, 0, 30.0) == 30.0 - 21.0
    assert lateness.of(1, 48_000, 0, 30.0) == 30.0 - 21.0
    assert lateness.of(51, 48_000, 0, 30.0) == 30.0 - 22.0
