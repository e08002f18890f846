"""Recovery is a function of a folder: whatever a kill, or a damaged disk, has left of it."""

import json
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import httpx
import msgspec
import pytest
from long_values import long_after
from serving import Served, eventually, served
from spools import Step, changes_of, folder_after, steps_of

from take5.scoring.errors import SpoolDamaged, Take5Error, UnreadableMedia
from take5.scoring.idle import Idle
from take5.scoring.parameters import frames_after
from take5.scoring.stopping import StopRule
from take5.stream.analysis.models import Models
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.events import Bundled, ClipReady, Event, Failed, Failure, Reported, Stopped
from take5.stream.hooks.command import parse_command
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.begin import begin_take
from take5.stream.live.session import LiveSession
from take5.stream.output.take import write_live_take
from take5.stream.recovery.recover import recover
from take5.stream.server.recovered import Recovery
from take5.stream.spool.contents import read_spool
from take5.stream.spool.folder import BROKEN, SPOOLS, SpoolFolder, count_unfinished, unfinished
from take5.stream.spool.plan import Changes
from take5.stream.spool.records import Begun, State, framed, journal_decoder, records

NAME = "20260101-000000-ann"
WANTED = Deliverables(wanted_for(["synctalk"], 256), "ann", report=True)
Asked = list[tuple[LiveSession, Changes]]


@pytest.fixture(scope="module")
def asked(short: Path, models: Models) -> Asked:
    return list(changes_of(models, short))


@pytest.fixture(scope="module")
def steps(asked: Asked, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """What the writer does to the files, first to last."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return steps_of(asked, tmp_path_factory.mktemp("spool"), WANTED, monkeypatch)


@pytest.fixture
def left(steps: list[Step], tmp_path: Path) -> Callable[[int], SpoolFolder]:
    """The spool after a number of steps, in a folder of its own."""

    def make(count: int) -> SpoolFolder:
        output = tmp_path / str(count)
        folder_after(steps[:count], output / SPOOLS / NAME)
        (folder,) = unfinished(output)
        return folder

    return make


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_a_capture_is_recovered_with_the_models_that_it_was_scored_with(
    left: Callable[[int], SpoolFolder], steps: list[Step], models: Models
) -> None:
    folder, wanted = left(len(steps)), []

    def models_for(encoder: str, tracker: str) -> Models:
        wanted.append((encoder, tracker))
        return models

    begun, *rest = records(folder.journal.read_bytes(), journal_decoder)[0]
    assert isinstance(begun, Begun)
    folder.journal.write_bytes(
        b"".join(framed(record) for record in (msgspec.structs.replace(begun, tracker="litert"), *rest))
    )
    one(list(recover(folder, models_for)), ClipReady)
    report = json.loads((folder.take / "report.json").read_text())
    assert (wanted, report["tracker"]) == ([("speech-embedding", "litert")], "litert")


def test_a_server_leaves_a_capture_of_another_tracker(models: Models, tmp_path: Path) -> None:
    recovery = Recovery(tmp_path, models, None)
    assert recovery._models_for("speech-embedding", "mediapipe") is models
    with pytest.raises(Take5Error, match="scored with the tracker litert; use take5 recover"):
        recovery._models_for("speech-embedding", "litert")


def test_a_spool_that_names_no_tracker_is_of_the_default_one(left: Callable[[int], SpoolFolder]) -> None:
    begun = msgspec.msgpack.decode(msgspec.msgpack.encode(read_spool(left(1)).begun))
    del begun["tracker"]
    again = journal_decoder.decode(msgspec.msgpack.encode(begun))
    assert isinstance(again, Begun)
    assert again.tracker == "mediapipe"


def last_state(folder: SpoolFolder) -> State | None:
    states = [
        record for record in records(folder.journal.read_bytes(), journal_decoder)[0] if isinstance(record, State)
    ]
    return states[-1] if states else None


def recovered(folder: SpoolFolder, models: Models, hooks: HookDispatcher | None = None) -> list[Event]:
    return list(recover(folder, lambda *_: models, hooks))


def one(events: list[Event], kind: type) -> Event:
    (event,) = (event for event in events if isinstance(event, kind))
    return event


def test_a_kill_between_any_two_writes_loses_nothing_that_was_kept(
    steps: list[Step], left: Callable[[int], SpoolFolder]
) -> None:
    told = set()
    for count in range(1, len(steps) + 1):
        folder = left(count)
        state, best = last_state(folder), read_spool(folder).best
        assert best == (None if state is None else state.best)
        assert best is not None or steps[count - 1].kept is None
        if steps[count - 1].kept is not None:
            told.add(steps[count - 1].kept)
        shutil.rmtree(folder.path.parent.parent)
    assert len(told) > 2


def test_a_write_that_was_cut_at_any_byte_loses_nothing_that_was_kept(
    steps: list[Step], left: Callable[[int], SpoolFolder]
) -> None:
    chosen = random.Random(1)  # noqa: S311 - no secret
    adding = [count for count, step in enumerate(steps, 1) if step.added is not None and count > 1]
    for count in chosen.sample(adding, 60):
        step, folder = steps[count - 1], left(count)
        assert step.added is not None
        with (folder.path / step.name).open("r+b") as file:
            file.truncate((folder.path / step.name).stat().st_size - chosen.randrange(1, len(step.added)))
        state = last_state(folder)
        assert read_spool(folder).best == (None if state is None else state.best)
        assert state is not None or step.kept is None
        shutil.rmtree(folder.path.parent.parent)


def test_damaged_bytes_cost_no_more_than_the_windows_that_they_are_in(
    steps: list[Step], left: Callable[[int], SpoolFolder]
) -> None:
    chosen = random.Random(2)  # noqa: S311 - no secret
    outcomes = set()
    for _ in range(80):
        folder = left(len(steps))
        path = chosen.choice(sorted(folder.path.iterdir()))
        data = bytearray(path.read_bytes())
        for _ in range(chosen.choice((1, 1, 20))):
            data[chosen.randrange(len(data))] ^= chosen.randrange(1, 256)
        path.write_bytes(data)
        try:
            contents = read_spool(folder)
            best = contents.best
        except SpoolDamaged:
            outcomes.add("damaged")
        else:
            assert contents.state is not None or best is None
            outcomes.add("none" if best is None else "best" if best == contents.state.best else "another")  # type: ignore[union-attr]
            if best is not None:
                ring = contents.ring()
                begin = contents.state.origin + best.start * 28_224_000  # type: ignore[union-attr]
                assert ring.units(begin, begin + 1)
        shutil.rmtree(folder.path.parent.parent)
    assert {"best", "another"} <= outcomes


def test_the_recovered_clip_is_the_one_that_would_have_been_written(
    asked: Asked, steps: list[Step], left: Callable[[int], SpoolFolder], models: Models, tmp_path: Path
) -> None:
    live = asked[-1][0]
    result = live.result()
    assert result is not None
    write_live_take(*result, tmp_path / "whole", lambda: None)
    log = tmp_path / "hooks"
    command = parse_command(f"{sys.executable} -c \"import sys; print(sys.argv[1], file=open({str(log)!r}, 'a'))\"")
    folder = left(len(steps))
    with HookDispatcher(command) as hooks:
        events = recovered(folder, models, hooks)
        assert hooks.wait(30)
    take = folder.take
    assert one(events, Stopped).stop.rule is StopRule.INTERRUPTED  # type: ignore[union-attr]
    for name in ("clip.mp4", "clip.wav"):
        assert (take / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    whole, ours = (json.loads((path / "report.json").read_text()) for path in (tmp_path / "whole", take))
    for key in ("best", "pool", "windows", "frames", "duration_s", "parameters", "encoder", "container_start_s"):
        assert ours[key] == whole[key], key
    bundle = one(events, Bundled)
    assert isinstance(bundle, Bundled)
    assert (bundle.error, bundle.frames) == (None, 125 + frames_after(125))
    assert one(events, Reported).error is None  # type: ignore[union-attr]
    assert log.read_text().splitlines() == [str(take)]
    assert not (folder.path.parent).exists(), "the spool goes"


@pytest.mark.usefixtures("plain_reports")
def test_a_capture_cut_off_right_after_its_window_gives_the_clip_without_bundles_and_why(
    steps: list[Step], left: Callable[[int], SpoolFolder], models: Models
) -> None:
    first = next(count for count, step in enumerate(steps) if step.kept is not None)
    folder = left(first)
    events = recovered(folder, models)
    clip, bundle = one(events, ClipReady), one(events, Bundled)
    assert isinstance(clip, ClipReady)
    assert isinstance(bundle, Bundled)
    with av.open(str(folder.take / "clip.mp4")) as container:
        assert len(list(container.decode(video=0))) == 125
    assert bundle.error is not None
    assert "frames after the window; 13 are needed" in bundle.error


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_trainers_that_need_no_frames_after_the_window_lose_nothing_with_them(
    steps: list[Step], left: Callable[[int], SpoolFolder], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Deliverables(wanted_for(["synctalk", "mimictalk", "livetalking"], 256), "ann")
    monkeypatch.setattr("take5.stream.recovery.recover.deliverables", lambda _: wanted)
    folder = left(next(count for count, step in enumerate(steps) if step.kept is not None))
    made = {event.trainer: event.error for event in recovered(folder, models) if isinstance(event, Bundled)}
    assert made["mimictalk"] is None
    assert "13 are needed" in str(made["synctalk"])
    assert "wants the idle clip" in str(made["livetalking"])


def test_an_idle_stretch_whose_media_are_not_there_is_left_out(
    steps: list[Step], left: Callable[[int], SpoolFolder]
) -> None:
    contents = read_spool(left(len(steps)))
    best, state = contents.best, contents.state
    assert best is not None
    assert state is not None
    for start, found in ((best.start, True), (100_000, False)):
        idle = Idle(start, start + 75, 0.2, blinks=True)
        given = replace(contents, state=msgspec.structs.replace(state, idle=idle))
        assert (given.selection(given.bests).idle == idle) is found


def test_before_a_window_was_kept_there_is_nothing_to_recover(
    left: Callable[[int], SpoolFolder], models: Models
) -> None:
    folder = left(1)
    failed = one(recovered(folder, models), Failed)
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.INTERRUPTED
    assert not folder.take.exists()
    assert not folder.path.exists()


@pytest.mark.parametrize("journal", [None, b""])
def test_a_spool_in_which_nothing_was_written_goes(journal: bytes | None, tmp_path: Path) -> None:
    folder = tmp_path / SPOOLS / NAME
    folder.mkdir(parents=True)
    if journal is not None:
        (folder / "journal").write_bytes(journal)
    assert list(unfinished(tmp_path)) == []
    assert not (tmp_path / SPOOLS).exists()


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_a_recovery_that_was_killed_is_taken_up_again_and_hooks_fire_once(
    steps: list[Step], left: Callable[[int], SpoolFolder], models: Models, tmp_path: Path
) -> None:
    log = tmp_path / "hooks"
    command = parse_command(f"{sys.executable} -c \"open({str(log)!r}, 'a').write('x')\"")
    folder = left(len(steps))
    with HookDispatcher(command) as hooks:
        for kind in (Stopped, ClipReady, Bundled, Reported):
            going_on = recover(folder, lambda *_: models, hooks)
            next(event for event in going_on if isinstance(event, kind))
            going_on.close()
            assert folder.path.exists()
            assert folder.lock()
            if folder.take.exists():
                (folder.take / ".report-1").mkdir(exist_ok=True)
        events = recovered(folder, models, hooks)
        assert hooks.wait(30)
    assert log.read_text() == "x"
    assert one(events, Bundled).error is None  # type: ignore[union-attr]
    assert sorted(path.name for path in folder.take.iterdir() if path.name.startswith(".")) == []


def test_a_spool_that_cannot_be_read_is_set_aside_and_named(tmp_path: Path, models: Models) -> None:
    broken = tmp_path / SPOOLS / NAME
    broken.mkdir(parents=True)
    (broken / "journal").write_bytes(b"not a journal")
    (folder,) = unfinished(tmp_path)
    failed = one(recovered(folder, models), Failed)
    assert isinstance(failed, Failed)
    assert f"{tmp_path / SPOOLS / BROKEN / NAME}" in failed.text
    assert (tmp_path / SPOOLS / BROKEN / NAME / "journal").exists()
    assert list(unfinished(tmp_path)) == []


def test_only_the_spools_of_processes_that_are_gone_are_taken(asked: Asked, tmp_path: Path) -> None:
    _, writer = begin_take(tmp_path, "ann", asked[0][0])
    assert writer is not None
    writer.start(lambda _: None)
    writer.notified()  # waits until the journal is there
    assert list(unfinished(tmp_path)) == []
    writer.folder.unlock()  # as when its process ends
    assert count_unfinished(tmp_path) == count_unfinished(tmp_path) == 1
    (folder,) = unfinished(tmp_path)
    assert folder.path == writer.folder.path
    folder.remove()
    assert not (tmp_path / SPOOLS).exists()


def test_two_captures_of_one_name_in_one_second_have_two_takes(asked: Asked, tmp_path: Path) -> None:
    takes = [begin_take(tmp_path, "ann", asked[0][0])[0] for _ in range(5)]
    assert len(set(takes)) == 5


def test_a_version_of_another_take5_is_set_aside(left: Callable[[int], SpoolFolder], models: Models) -> None:
    folder = left(1)
    begun = records(folder.journal.read_bytes(), journal_decoder)[0][0]
    folder.journal.write_bytes(framed(msgspec.structs.replace(begun, version=99)))
    failed = one(recovered(folder, models), Failed)
    assert "another version" in failed.text  # type: ignore[union-attr]


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_what_is_not_a_spool_stays(steps: list[Step], models: Models, tmp_path: Path) -> None:
    spools = tmp_path / SPOOLS
    folder_after(steps, spools / NAME)
    for name in ("photos", "my-backup"):
        (spools / name).mkdir()
        (spools / name / "a.jpg").write_bytes(b"a")
    (spools / "20260101-000009-eve").mkdir()
    (spools / "20260101-000009-eve" / "notes.txt").write_text("mine")
    (spools / "README").write_text("read me")
    (spools / "20260101-000008-link").symlink_to(spools / NAME)
    (spools / "20250101-000000-bob").mkdir()
    (spools / "20250101-000000-bob.lock").mkdir()
    found = list(unfinished(tmp_path))
    assert [folder.path.name for folder in found] == [NAME, "20260101-000009-eve"]
    for folder in found:
        recovered(folder, models)
    assert (tmp_path / NAME / "clip.mp4").exists()
    assert (spools / "photos" / "a.jpg").exists()
    assert (spools / BROKEN / "20260101-000009-eve" / "notes.txt").exists(), "what cannot be read is set aside"
    assert (spools / "20260101-000008-link").is_symlink()


def test_a_second_that_cannot_be_read_costs_its_windows_only(
    steps: list[Step], left: Callable[[int], SpoolFolder], caplog: pytest.LogCaptureFixture
) -> None:
    folder = left(len(steps))
    whole = read_spool(folder).best
    lost = folder.segments()[-1]
    lost.unlink()
    lost.mkdir()
    assert read_spool(folder).best is not None
    assert whole is not None
    assert lost.name in caplog.text


def test_a_journal_that_may_not_be_read_leaves_the_spool_where_it_is(
    steps: list[Step], left: Callable[[int], SpoolFolder], models: Models
) -> None:
    folder = left(len(steps))
    folder.journal.unlink()
    folder.journal.mkdir()
    with pytest.raises(UnreadableMedia, match="cannot be read"):
        recovered(folder, models)
    assert folder.segments()
    assert folder.lock(), "the lock is free again"


@pytest.mark.usefixtures("plain_reports")
@pytest.mark.parametrize("report", long_after(1, [None, '{"be']))
def test_a_folder_of_that_name_which_is_not_the_take_stays(
    report: str | None, steps: list[Step], left: Callable[[int], SpoolFolder], models: Models
) -> None:
    folder = left(len(steps))
    folder.take.mkdir()
    (folder.take / "notes.txt").write_text("mine")
    if report is not None:
        (folder.take / "report.json").write_text(report)
    clip = one(recovered(folder, models), ClipReady)
    assert isinstance(clip, ClipReady)
    assert clip.path == f"{folder.take}-2"
    assert (Path(clip.path) / "clip.mp4").exists()
    assert (folder.take / "notes.txt").read_text() == "mine"


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_a_take_that_was_removed_after_the_notice_is_made_again_without_another(
    steps: list[Step], left: Callable[[int], SpoolFolder], models: Models, tmp_path: Path
) -> None:
    log = tmp_path / "hooks"
    command = parse_command(f"{sys.executable} -c \"open({str(log)!r}, 'a').write('x')\"")
    folder = left(len(steps))
    with HookDispatcher(command) as hooks:
        going_on = recover(folder, lambda *_: models, hooks)
        next(event for event in going_on if isinstance(event, Reported))
        going_on.close()
        assert hooks.wait(30)
        shutil.rmtree(folder.take)
        assert folder.lock()
        bundle = one(recovered(folder, models, hooks), Bundled)
        assert hooks.wait(30)
    assert bundle.error is None  # type: ignore[union-attr]
    assert log.read_text() == "x"


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_a_fault_after_the_clip_leaves_the_rest_to_the_next_recovery(
    steps: list[Step], left: Callable[[int], SpoolFolder], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = left(len(steps))

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("take5.stream.recovery.recover.notify", broken)
        with pytest.raises(ZeroDivisionError):
            recovered(folder, models)
    assert (folder.take / "clip.mp4").exists()
    assert folder.lock(), "the spool is still there"
    for later in ("accepted.json", "deliveries.json", "on-ready.log"):
        (folder.take / later).write_text("{}")
    events = recovered(folder, models)
    assert one(events, Bundled).error is None  # type: ignore[union-attr]
    clip = one(events, ClipReady)
    assert isinstance(clip, ClipReady)
    assert sorted(clip.files) == ["clip.mp4", "clip.wav", "report.json", "source.mp4"]
    assert not folder.path.exists()


# --- at the start of a server ---


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_a_servers_names_answer_with_what_was_cut_off_and_what_is_broken_stops_nothing(
    steps: list[Step], models: Models, tmp_path: Path
) -> None:
    spools = tmp_path / SPOOLS
    folder_after(steps, spools / "20260101-000000-ann")
    folder_after(steps, spools / "20260101-000001-ann")
    folder_after(steps, spools / "20260101-000002-bob")
    change_begun(spools / "20260101-000002-bob", session="bob", encoder="ave")
    folder_after(steps[:1], spools / "20260101-000003-eve")
    change_begun(spools / "20260101-000003-eve", session="eve")
    (spools / "20260101-000004-joe").mkdir()
    (spools / "20260101-000004-joe" / "journal").write_bytes(b"broken")
    with served(models, tmp_path) as server:
        events = server.events("ann", until=("report", "error"))
        assert events[0]["state"] in ("stopping", "ready")
        assert eventually(lambda: bool(state(server, "ann")["report"]), 120)
        assert eventually(lambda: not (spools / "20260101-000001-ann").exists(), 120)
        ann = state(server, "ann")
        assert eventually(lambda: bool(state(server, "bob")["error"]), 60)
        assert "was scored with ave" in state(server, "bob")["error"]["text"]
        assert eventually(lambda: bool(state(server, "eve")["error"]), 60)
        assert ann["stopped"]["rule"] == "interrupted"
        assert ann["clip"]["path"] == str(tmp_path / "20260101-000001-ann"), "the latest"
        assert ann["clip"]["best"] == ann["best"] == ann["kept"]
        assert len(ann["windows"]) == len(last_journal(steps))
        assert (tmp_path / "20260101-000000-ann" / "clip.mp4").exists()
        assert httpx.get(f"{server.address}/api/sessions/ann/clip.mp4", timeout=10).status_code == 200
        assert state(server, "eve")["error"]["code"] == "interrupted"
        assert (spools / "20260101-000002-bob" / "journal").exists(), "for a server with that encoder"
        assert not (tmp_path / "20260101-000002-bob").exists()
        assert (spools / BROKEN / "20260101-000004-joe").exists()
        assert server.post("/whip/ann").status_code == 201, "the name takes a sender again"


def state(server: Served, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{server.address}/api/sessions/{name}", timeout=10).json()
    return answer


def last_journal(steps: list[Step]) -> set[int]:
    """Starts of the windows in all states."""
    pieces = b"".join(step.added or b"" for step in steps if step.name == "journal")
    journal, _ = records(pieces, journal_decoder)
    return {judged.score.start for record in journal if isinstance(record, State) for judged in record.windows}


def change_begun(folder: Path, **changed: str) -> None:
    """Let a spool be of another session, or encoder."""
    journal, _ = records((folder / "journal").read_bytes(), journal_decoder)
    begun = msgspec.structs.replace(journal[0], **changed)
    (folder / "journal").write_bytes(b"".join(map(framed, [begun, *journal[1:]])))


@pytest.mark.long
@pytest.mark.usefixtures("plain_reports")
def test_a_server_that_ends_leaves_the_rest_to_the_next(steps: list[Step], models: Models, tmp_path: Path) -> None:
    for number in range(3):
        folder_after(steps, tmp_path / SPOOLS / f"20260101-00000{number}-ann")
    with served(models, tmp_path):
        assert eventually(lambda: bool(list(tmp_path.glob("*/clip.mp4"))), 60)
    left = list(unfinished(tmp_path))
    assert left
    for folder in left:
        folder.unlock()
    with served(models, tmp_path):
        assert eventually(lambda: not (tmp_path / SPOOLS).exists(), 120)
    assert len(list(tmp_path.glob("*/report.html"))) == 3
