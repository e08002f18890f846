"""The page in real Chromium: what the server says, and how it is shown."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from page_browser import OpenPage
from page_talk import begun, following, is_followed, problem, says, scored, status, tell, window
from playwright.sync_api import WebSocketRoute, expect
from serving import Served, eventually, served

from take5.client.pages import PAGES
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.idle import IdleState
from take5.scoring.own_range import Standing
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import (
    BestChanged,
    Bundled,
    BundlePrepared,
    ChunkNote,
    ClipReady,
    Coached,
    Failed,
    Failure,
    LeftStep,
    NoClip,
    Progress,
    Reported,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
)
from take5.stream.selection import Checked
from take5.stream.texts.languages import texts

pytestmark = pytest.mark.waiting

CLIP_FILES = {"clip.mp4": "api/sessions/checked/clip.mp4"}
GOAL = StopRules(stop_at=1120.0, gain=None)
IMPATIENT = "const later = setTimeout; window.setTimeout = (task, wait_ms) => later(task, wait_ms / 20);"


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(models, tmp_path_factory.mktemp("out"), rules=GOAL, pages=PAGES) as running:
        yield running


def test_meters_chart_and_ring_show_what_is_best_so_far(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "meters")
    tell(server, "meters", *begun())
    for event in scored(800.0, 1010.0, 900.0):
        tell(server, "meters", event)
        if isinstance(event, Progress) and event.window:
            expect(page.locator("#number-overall")).to_have_text(f"{event.window.score.I:.0f}")
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")
    expect(page.locator("#clock")).to_have_text("0:07")
    for name, text in (("overall", "900"), ("variety", "146"), ("calm", "0.162")):
        expect(page.locator(f"#number-{name}")).to_have_text(text)
    ring = page.get_by_role("progressbar", name="Progress")
    expect(ring).to_have_attribute("aria-valuenow", "90")
    expect(ring).to_have_attribute("aria-valuetext", "90% of the goal")
    meter = page.get_by_role("meter", name="Overall")
    expect(meter).to_have_attribute("aria-valuetext", "900; the goal is 1120")
    expect(page.locator("#chart .point")).to_have_count(1)
    expect(page.locator("#chart .goal")).to_have_count(1)
    expect(page.locator("#chart-text")).to_have_text(
        "Windows that count: 3. The best runs from 0:01 to 0:06, overall 1010."
    )
    late = open_page(f"{server.address}/#session=meters")
    expect(late.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")


def test_the_best_is_marked_even_if_its_second_was_skipped(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "skipped")
    latest, best = window(3, 900.0), window(1, 1010.0)
    tell(
        server,
        "skipped",
        *begun(),
        BestChanged(150, best.score),
        Progress(200, latest, best.score, ChunkNote(1.0, 1, -20.0)),
    )
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")
    expect(page.locator("#chart .point")).to_have_count(1)


@pytest.mark.long
def test_windows_that_do_not_count_or_were_not_scored_are_marked(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "marks")
    lost = window(1, 900.0, Finding(Code.FRAMES_MISSING, 30, 40), Finding(Code.NO_FACE, 30, 40))
    tell(server, "marks", *begun(), *scored(800.0), Progress(150, lost, None, ChunkNote(1.0, 1, -20.0)))
    says(page, "This does not count: missing frames, no face in the picture.")
    expect(page.locator("#verdict")).to_have_text("does not count")
    expect(page.locator("#aspects li")).to_have_text(
        ["In stepdoes not count", "Seendoes not count", "Sharpgood", "Speakinggood"]
    )
    expect(page.locator("#chart .ineligible")).to_have_count(1)
    unseen = window(2, 900.0, seen=False)
    tell(server, "marks", Progress(175, unseen, None, ChunkNote(None, None, -20.0)))
    says(page, "These seconds are not scored: scoring has fallen behind.")
    expect(page.locator("#verdict")).to_have_text("not scored")
    expect(page.locator("#number-overall")).to_have_text(re.compile(r"^\W$"))
    expect(page.locator("#chart .unscored")).to_have_count(1)


@pytest.mark.long
def test_how_many_windows_were_checked_is_said_until_the_end(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "checked")
    unseen = window(2, 900.0, seen=False)
    note = ChunkNote(None, None, -20.0)
    tell(server, "checked", *begun(), Progress(175, unseen, None, note, None, Checked(1, 3, complete=False)))
    says(page, "Keep talking. 1 of 3 windows checked so far.")
    tell(server, "checked", Stopped(175, Stop(StopRule.CAP, 7.0, 7.0)))
    tell(server, "checked", Scored(175, window(1, 800.0), Checked(2, 3, complete=False)))
    tell(server, "checked", Scored(175, window(0, 800.0), Checked(1, 9, complete=False), 250))
    says(page, "It stopped by itself: the maximum time is over. Checking the others: 2 of 3 windows checked.")
    best = window(1, 800.0).score
    tell(server, "checked", ClipReady(175, best, 125, "/out/x", CLIP_FILES, checked=Checked(2, 3, complete=False)))
    expect(page.locator("#result-text")).to_contain_text("2 of 3 windows were checked")


@pytest.mark.long
def test_the_one_thing_to_change_is_said_on_the_picture(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "words")
    tell(server, "words", *begun(), Progress(25, None, None, ChunkNote(1.0, 1, -20.0)))
    says(page, "Keep talking: the first score needs five seconds.")
    coaching = texts("en").coaching
    for told, text in (
        (Coached(25, Code.NO_FACE), coaching["no_face"]),
        (Coached(50, Code.TOO_QUIET), coaching["too_quiet"]),
        (Coached(75, None, Code.TOO_QUIET), coaching["good"]),
        (Coached(100, None), ""),
    ):
        tell(server, "words", told)
        expect(page.locator("#coach")).to_have_text(text)


def test_what_is_said_stays_long_enough_to_be_read(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "steady")
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    tell(server, "steady", *begun(), *scored(800.0))
    expect(page.locator("#clock")).to_have_text("0:05")
    says(page, "Best so far at 0:00")
    tell(server, "steady", Progress(150, window(1, 700.0, Finding(Code.NO_FACE, 60, 70)), None))
    expect(page.locator("#clock")).to_have_text("0:06")
    status(page, "Best so far at 0:00")
    says(page, "This does not count")


def test_stalls_warnings_and_the_stop_are_told(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "stalls")
    tell(server, "stalls", *begun(), *scored(800.0), Stalled(125, "picture"))
    says(page, "No picture is arriving.")
    tell(server, "stalls", Resumed(125), Warned(125, Trouble.LOW_RESOLUTION, [640, 360]))
    says(page, "Best so far at 0:00. Keep talking.")
    expect(page.locator("#warning")).to_contain_text(re.compile("640 . 360"))
    tell(server, "stalls", Warned(125, Trouble.DISK_LOW, 812))
    expect(page.locator("#warning")).to_contain_text("812 MB are free")
    expect(page.locator("#save")).to_be_hidden()
    tell(server, "stalls", Stopped(150, Stop(StopRule.GAIN, 0.005, 0.01)))
    says(page, "It stopped by itself: going on would hardly improve it. Writing the clip")


@pytest.mark.long
def test_a_clip_that_cannot_be_written_is_said_and_can_be_tried_again(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "full")
    stopped = Stopped(150, Stop(StopRule.GAIN, 0.005, 0.01))
    tell(server, "full", *begun(), *scored(800.0), StateChanged(150, State.STOPPING), stopped)
    tell(server, "full", Warned(150, Trouble.NOT_WRITTEN, "out: cannot be written"))
    expect(page.locator("#warning")).to_contain_text("cannot be written yet")
    with page.expect_response(lambda answer: answer.url.endswith("/api/sessions/full/save")):
        page.get_by_role("button", name="Write the clip now").click()
    expect(page.locator("#save")).to_be_enabled()
    again = following(server, open_page, "full")
    expect(again.locator("#warning")).to_contain_text("cannot be written yet")


def test_without_a_goal_the_ring_shows_the_time_and_the_gain_is_said(
    models: Models, open_page: OpenPage, tmp_path: Path
) -> None:
    with served(models, tmp_path, rules=StopRules(stop_at=0, cap_s=100.0), pages=PAGES) as server:
        page = following(server, open_page, "time")
        best = window(0, 1000.0)
        tell(server, "time", *begun(), Progress(625, best, best.score, ChunkNote(1.0, 1, -20.0), 0.0488))
        ring = page.get_by_role("progressbar")
        expect(ring).to_have_attribute("aria-valuetext", "0:25 of 1:40 at most")
        expect(ring).to_have_attribute("aria-valuenow", "25")
        expect(page.locator("#gain")).to_have_text("Another half minute may add 5%; it stops at 1%.")


@pytest.mark.long
def test_the_ring_is_about_this_person_s_own_range(models: Models, open_page: OpenPage, tmp_path: Path) -> None:
    with served(models, tmp_path, rules=StopRules(), pages=PAGES) as server:
        page = following(server, open_page, "own")
        best, note = window(0, 1100.0), ChunkNote(1.0, 1, -20.0)
        learning, known = Standing(5, 5, 4, 1000.0), Standing(14, 16, 13, 1000.0, 1250.0, 1187.5, 0.5546)
        tell(server, "own", *begun(), Progress(225, best, best.score, note, standing=learning))
        ring = page.get_by_role("progressbar", name="Progress")
        expect(ring).to_have_attribute("aria-valuetext", "Getting to know your range: 5 of 12 windows.")
        expect(page.locator("#ring-number")).to_have_text("5/12")
        expect(page.locator("#chart .goal")).to_have_count(0)
        tell(server, "own", Progress(450, best, best.score, note, standing=known))
        expect(ring).to_have_attribute("aria-valuetext", "Better than 13 of your 14 windows so far.")
        expect(ring).to_have_attribute("aria-valuenow", "55")
        expect(page.locator("#goal")).to_have_text("Better than 13 of your 14 windows so far.")
        expect(page.get_by_role("meter", name="Overall")).to_have_attribute("aria-valuetext", "1100; the goal is 1188")
        expect(page.locator("#chart .goal")).to_have_count(1)
        late = open_page(f"{server.address}/#session=own")
        expect(late.locator("#goal")).to_have_text("Better than 13 of your 14 windows so far.")


def test_why_there_is_no_clip_and_what_to_do(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "failed")
    reasons = {"several_faces": 3, "still_mouth": 9}
    for failure, parts in (
        (Failure.NEVER_CONNECTED, ["A firewall may block UDP"]),
        (Failure.NO_SOUND, ["No sound reached the server"]),
        (
            Failure.NOTHING_ELIGIBLE,
            ["Mouth does not move", "9 windows", "Talk while", "Only one person may"],
        ),
    ):
        tell(
            server,
            "failed",
            *begun(),
            Failed(0, failure, "told", reasons if failure is Failure.NOTHING_ELIGIBLE else {}),
        )
        expect(page.locator("#result-title")).to_be_focused()
        for text in parts:
            expect(page.locator("#result")).to_contain_text(re.compile(text, re.IGNORECASE))
        expect(page.locator("#use")).to_be_hidden()
        assert eventually(lambda: not is_followed(server, "failed"))
        page.get_by_role("button", name="Again").click()
        assert eventually(lambda: is_followed(server, "failed"))


def test_a_lost_connection_is_made_again_and_nothing_is_forgotten(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/")
    sockets: list[WebSocketRoute] = []
    gone = False

    def through(route: WebSocketRoute) -> None:
        if gone:
            route.close(code=1012)
        else:
            sockets.append(route)
            route.connect_to_server()

    page.route_web_socket(re.compile("/events"), through)
    page.get_by_role("tab", name="OBS").click()
    page.get_by_label("Name of the session").fill("again")
    page.get_by_role("button", name="Wait for the sender").click()
    status(page, "Waiting for the sender")
    tell(server, "again", *begun(), *scored(800.0))
    expect(page.locator("#number-overall")).to_have_text("800")
    gone = True
    sockets[0].close(code=1012)
    status(page, "The connection to the server is lost. Trying again")
    gone = False
    tell(server, "again", *scored(1010.0, first=1))
    expect(page.locator("#best")).to_have_text("Best so far: 0:01 to 0:06, overall 1010.")
    assert len(sockets) == 2


@pytest.mark.long
def test_a_server_that_is_gone_is_waited_for(server: Served, open_page: OpenPage) -> None:
    page = open_page(server.address + "/", IMPATIENT)
    gone, failed = True, 0

    def through(route: WebSocketRoute) -> None:
        nonlocal failed
        if gone:
            failed += 1
            route.close(code=1012)
        else:
            route.connect_to_server()

    page.route_web_socket(re.compile("/events"), through)
    page.get_by_role("tab", name="OBS").click()
    page.get_by_role("button", name="Wait for the sender").click()
    problem(page, "The server is gone", "keeps trying")
    assert failed >= 4
    gone = False
    status(page, "Waiting for the sender")
    expect(page.locator("#problem")).to_be_hidden()


def test_what_comes_of_the_clip_is_shown_as_it_comes(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "after")
    files = {"clip.mp4": "api/sessions/after/clip.mp4"}
    best = window(0, 1200.0).score
    wanted = ("synctalk", "er-nerf")
    clip = ClipReady(150, best, 125, "/clips/after", files, wanted, report=True, prepare=wanted)
    tell(server, "after", *begun(), *scored(1200.0), clip)
    expect(page.locator("#report")).to_have_text("Drawing the report on why this was chosen …")
    tell(server, "after", Bundled(150, "synctalk", "/clips/after/synctalk/ann", 138, 125, ("sit closer",)))
    page.evaluate("document.querySelector('#accepted').hidden = false")
    bundles = page.locator("#bundles li")
    expect(bundles.first).to_contain_text("For synctalk:/clips/after/synctalk/annsit closer")
    expect(bundles.first).to_contain_text("Being prepared for training (experimental) …")
    expect(bundles.last).to_contain_text("For er-nerf:being written, next to the clip")
    tell(server, "after", Bundled(150, "er-nerf", error="the disk is full"))
    expect(bundles.last).to_contain_text("the disk is full")
    tell(server, "after", Reported(150, {"report.html": "api/sessions/after/report.html"}))
    link = page.get_by_role("link", name="Why this was chosen")
    expect(link).to_have_attribute("href", f"{server.address}/api/sessions/after/report.html")
    assert "report.html" in page.locator("#files a").all_inner_texts()
    left = (LeftStep("training", "python main.py data/ann"),)
    tell(server, "after", BundlePrepared(150, "synctalk", "/clips/after/synctalk/ann", ("head_pose",), left))
    expect(bundles.first).to_contain_text("Prepared for training (experimental). Next: python main.py data/ann")
    expect(bundles.last).not_to_contain_text("training")


def test_a_length_without_a_clip_is_named(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "lengths")
    best = window(0, 1200.0).score
    clip = ClipReady(200, best, 125, "/clips/lengths", {"clip.mp4": "gone"}, lengths=(250,))
    tell(server, "lengths", *begun(), *scored(1200.0), BestChanged(200, window(2, 900.0).score, 250), clip)
    expect(page.locator("#clips")).to_be_hidden()
    expect(page.locator("#no-clips")).to_be_hidden()
    tell(server, "lengths", NoClip(250, Failed(200, Failure.TOO_SHORT, "it ended after 8.0 s")))
    expect(page.locator("#no-clips")).to_have_text("No clip of 10 seconds: it ended after 8.0 s")
    expect(page.locator("#result-title")).to_have_text("The best five seconds")


def test_a_report_that_could_not_be_drawn_is_no_failure(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "undrawn")
    clip = ClipReady(150, window(0, 1200.0).score, 125, "/clips/undrawn", {"clip.mp4": "gone"}, report=True)
    tell(server, "undrawn", *begun(), *scored(1200.0), clip, Reported(150, error="no room"))
    expect(page.locator("#report")).to_have_text("There is no report this time; clip and scores are complete.")
    expect(page.locator("#result-title")).to_have_text("The best five seconds")


@pytest.mark.long
def test_the_second_stage_asks_for_silence(server: Served, open_page: OpenPage) -> None:
    page = following(server, open_page, "still")
    tell(server, "still", *begun(), *scored(1200.0), Coached(150, IdleState.WAITING))
    expect(page.locator("#coach")).to_have_text(texts().coaching["idle"])
    says(page, "That is good enough. Now sit still and silent for five seconds.")
    tell(server, "still", *scored(1200.0, 900.0), Coached(275, IdleState.FOUND))
    expect(page.locator("#coach")).to_have_text(texts().coaching["idle_done"])
