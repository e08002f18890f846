"""Commands that are told: what they are given, and real ones that fail, hang, write megabytes, and leave children."""

import asyncio
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hooks_receiver import notice_in, prepared_in
from serving import descriptors, eventually

from take5.scoring.errors import ParameterError
from take5.stream.hooks.command import SECRET_VARIABLE, Command, environment, parse_command
from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.output_log import LOG_BYTES

pytestmark = pytest.mark.waiting

TELL = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ), sys.stdin.read()], open('{}', 'w'))"


def python(code: str, *arguments: str) -> Command:
    return Command((sys.executable, "-c", code, *arguments))


def run(command: Command, notice: Notice, timeout_s: float = 30.0) -> Attempt:
    async def attempts() -> list[Attempt]:
        return [attempt async for attempt in command.attempts(notice, timeout_s, asyncio.Semaphore(1))]

    (attempt,) = asyncio.run(attempts())
    return attempt


def log(notice: Notice) -> str:
    return (notice.folder / "on-ready.log").read_text()


@pytest.fixture
def notice(tmp_path: Path) -> Notice:
    return notice_in(tmp_path / "take", "synctalk", "instag")


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def number_in(path: Path) -> int:
    assert eventually(lambda: path.exists() and path.read_text().endswith("\n"), 20)
    return int(path.read_text())


def test_it_is_told_by_its_last_argument_its_environment_and_its_input(notice: Notice, tmp_path: Path) -> None:
    attempt = run(python(TELL.format(tmp_path / "told"), "--iterations", "4000"), notice)
    assert (attempt.code, attempt.error) == (0, None)
    arguments, variables, text = json.loads((tmp_path / "told").read_text())
    folder = str(notice.folder)
    assert arguments == ["--iterations", "4000", folder]
    assert json.loads(text) == notice.json()
    told = {name: value for name, value in variables.items() if name in environment(notice, {})}
    assert told == {
        "TAKE5_ID": notice.id,
        "TAKE5_TYPE": "bundle",
        "TAKE5_FOLDER": folder,
        "TAKE5_CLIP": f"{folder}/clip.mp4",
        "TAKE5_SESSION": "studio",
        "TAKE5_ENCODER": "speech-embedding",
        "TAKE5_TRACKER": "mediapipe",
        "TAKE5_WINDOW_S": "5.0",
        "TAKE5_START_S": "12.0",
        "TAKE5_END_S": "17.0",
        "TAKE5_I": str(notice.details["best"]["I"]),
        "TAKE5_D": "145.4",
        "TAKE5_MC": "0.1181",
        "TAKE5_VIEWS": "1",
        "TAKE5_TRAINERS": "synctalk,instag",
        "TAKE5_BUNDLES": f"{folder}/synctalk:{folder}/instag",
        "TAKE5_MANIFESTS": f"{folder}/synctalk/manifest.json:{folder}/instag/manifest.json",
        "TAKE5_ERROR": "",
    }


def test_of_bundles_that_are_prepared_it_is_told_and_why_others_are_not(tmp_path: Path) -> None:
    notice = prepared_in(tmp_path / "take")
    told = environment(notice, {})
    assert told["TAKE5_TYPE"] == "prepared"
    assert (told["TAKE5_TRAINERS"], told["TAKE5_BUNDLES"]) == ("synctalk", str(tmp_path / "take" / "synctalk"))
    assert told["TAKE5_ERROR"] == "instag: no face is seen"


def test_what_take5_has_in_its_environment_is_handed_on_but_for_its_secrets(notice: Notice) -> None:
    secrets = dict.fromkeys((SECRET_VARIABLE, "TAKE5_DATABASE", "PGPASSWORD", "TAKE5_TURN_SECRET"), "hidden")
    given = environment(notice, {"PATH": "/bin", "TAKE5_SESSION": "of another", **secrets})
    assert given["PATH"] == "/bin"
    assert given["TAKE5_SESSION"] == "studio"
    assert "hidden" not in given.values()


def test_no_shell_reads_it(notice: Notice, tmp_path: Path) -> None:
    strange = f"$(touch {tmp_path}/made) ; touch {tmp_path}/made | * `touch {tmp_path}/made` && $HOME"
    line = f"{sys.executable} -c {shlex.quote(TELL.format(tmp_path / 'told'))} {shlex.quote(strange)} > x"
    assert run(parse_command(line), notice).error is None
    assert json.loads((tmp_path / "told").read_text())[0] == [strange, ">", "x", str(notice.folder)]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["with space", "-dash", "quote'\"$", "new\nline", os.fsdecode(b"not\xffunicode")])
def test_folders_of_any_name_arrive(tmp_path: Path, name: str) -> None:
    notice = notice_in(tmp_path / name)
    assert run(python(TELL.format(tmp_path / "told")), notice).error is None
    arguments, variables, text = json.loads((tmp_path / "told").read_text())
    assert arguments == [str(tmp_path / name)]
    assert variables["TAKE5_FOLDER"] == json.loads(text)["path"] == str(tmp_path / name)


def test_one_that_does_not_read_a_large_notice_is_not_waited_for(tmp_path: Path) -> None:
    notice = notice_in(tmp_path / "take", *(f"trainer-{number}" for number in range(300)))
    assert len(notice.body()) > 40_000
    attempt = run(Command(("/bin/true",)), notice)
    assert attempt.error is None


def test_what_it_says_is_in_the_log(notice: Notice) -> None:
    code = "import sys; print('said', flush=True); print('complained', file=sys.stderr); sys.exit(3)"
    attempt = run(python(code), notice)
    assert (attempt.code, attempt.error) == (3, "ended with exit code 3")
    first, *said, last = log(notice).splitlines()
    assert sys.executable in first
    assert said == ["said", "complained"]
    assert last == "== ended with exit code 3"


def test_a_signal_is_named(notice: Notice) -> None:
    attempt = run(python("import os; os.kill(os.getpid(), 11)"), notice)
    assert (attempt.code, attempt.error) == (-11, "was ended by SIGSEGV")


def test_one_that_hangs_is_ended_in_time(notice: Notice) -> None:
    attempt = run(python("import time; time.sleep(60)"), notice, 0.5)
    assert (attempt.code, attempt.error) == (None, "did not end within 0.5 s, and was ended")
    assert 0.5 <= attempt.duration_s < 20


STUBBORN = Command(
    (
        "/bin/sh",
        "-c",
        """trap '' TERM; (while :; do sleep 1; done) & echo $! > "$1/child"; while :; do sleep 1; done""",
        "",
    )
)
"""It ignores SIGTERM, and so does its child."""


def test_with_one_that_hangs_its_children_are_ended_however_stubborn(notice: Notice) -> None:
    attempt = run(STUBBORN, notice, 1.0)
    assert attempt.error == "did not end within 1 s, and was ended"
    assert 1.0 <= attempt.duration_s < 20
    assert not alive(number_in(notice.folder / "child"))
    assert log(notice).endswith("was ended\n")


def test_one_that_ends_when_asked_may_clean_up(notice: Notice) -> None:
    tidy = Command(("/bin/sh", "-c", "trap 'echo cleaned up; exit' TERM; while :; do sleep 0.05; done"))
    attempt = run(tidy, notice, 1.0)
    assert attempt.error == "did not end within 1 s, and was ended"
    assert "cleaned up" in log(notice)


def test_when_take5_ends_it_is_ended_with_its_children(notice: Notice) -> None:
    async def cancelled() -> None:
        running = asyncio.ensure_future(anext(STUBBORN.attempts(notice, 60.0, asyncio.Semaphore(1))))
        await asyncio.to_thread(number_in, notice.folder / "child")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert not alive(number_in(notice.folder / "child"))


BACKGROUND = """
import os, sys, time
if os.fork():
    sys.exit(print("left", flush=True))
open(sys.argv[1], "w").write(f"{os.getpid()}\\n")
while not os.path.exists(sys.argv[2]): time.sleep(0.02)
print("from behind", flush=True)
while True: time.sleep(1)
"""


def test_what_it_leaves_behind_is_not_waited_for_and_let_alone(notice: Notice, tmp_path: Path) -> None:
    attempt = run(python(BACKGROUND, str(tmp_path / "pid"), str(tmp_path / "go")), notice)
    pid = number_in(tmp_path / "pid")
    try:
        assert (attempt.error, attempt.duration_s < 20) == (None, True)
        assert alive(pid)
        (tmp_path / "go").touch()
        assert eventually(lambda: "from behind" in log(notice), 20)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_of_megabytes_the_newest_are_kept(notice: Notice) -> None:
    code = "import sys\nfor number in range(600_000): print(number)\nprint('the end')"
    attempt = run(python(code), notice)
    assert attempt.error is None
    text = log(notice)
    assert LOG_BYTES / 2 - 20 <= len(text) <= LOG_BYTES
    lines = text.splitlines()
    assert lines[0] == "[older lines have been left out]"
    assert lines[-2:] == ["the end", "== done"]
    assert lines[1:-2] == [str(number) for number in range(int(lines[1]), 600_000)]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_folder_that_is_removed_stays_removed(notice: Notice, when: str) -> None:
    if when == "before":
        notice.folder.rmdir()
    attempt = run(python("import shutil, sys; shutil.rmtree(sys.argv[1], True); print('gone')"), notice)
    assert attempt.error is None
    assert not notice.folder.exists()


def make(path: Path, text: str, mode: int) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda path: path.unlink(), "No such file or directory"),
        (lambda path: path.chmod(0o644), "Permission denied"),
        (lambda path: path.write_bytes(b"\x7fELF no more"), "Exec format error"),
    ],
)
def test_a_program_that_is_broken_later_is_an_error_of_the_try(
    notice: Notice, tmp_path: Path, break_it: Callable[[Path], object], reason: str
) -> None:
    program = make(tmp_path / "train.sh", "#!/bin/sh\n", 0o755)
    command = parse_command(str(program))
    break_it(program)
    attempt = run(command, notice)
    assert (attempt.code, attempt.error) == (None, f"cannot be started ({reason})")
    assert reason in log(notice)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no program"),
        ("   ", "no program"),
        ("'open", "No closing quotation"),
        ("no-such-program-anywhere -x", "no program 'no-such-program-anywhere'"),
        (__file__, "no program"),
        (str(Path(__file__).parent), "no program"),
    ],
)
def test_what_cannot_be_run_is_told_when_it_is_given(line: str, reason: str) -> None:
    with pytest.raises(ParameterError, match=f"--on-ready {line!r}: .*{reason}"):
        parse_command(line)


def test_a_program_is_found_where_it_is_when_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "train.sh", "#!/bin/sh\n", 0o755)
    monkeypatch.chdir(tmp_path)
    assert parse_command("./train.sh -x 'a b'").arguments == (str(tmp_path / "train.sh"), "-x", "a b")
    assert parse_command("true").arguments[0].endswith("/true")


def test_nothing_is_left_open(notice: Notice) -> None:
    run(Command(("/bin/true",)), notice)
    before = descriptors()
    for _ in range(5):
        run(Command(("/bin/true",)), notice)
    assert eventually(lambda: descriptors() <= before, 10)


def test_runs_do_not_wait_for_each_other_beyond_their_number(tmp_path: Path) -> None:
    notices = [notice_in(tmp_path / str(number)) for number in range(4)]

    async def both() -> float:
        slots, since = asyncio.Semaphore(2), time.monotonic()
        command = Command(("/bin/sh", "-c", "sleep 0.5"))
        await asyncio.gather(*(anext(command.attempts(notice, 30.0, slots)) for notice in notices))
        return time.monotonic() - since

    assert asyncio.run(both()) >= 1.0
