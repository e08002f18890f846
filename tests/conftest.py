"""What tests share: the models, the generated talker, and the folder of real clips where there is one."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cut_media import first_seconds
from filelock import FileLock
from page_browser import OpenPage, launch, pages
from page_media import fake_camera, fake_microphone
from plain_http import read_authorities_once
from playwright.sync_api import Browser, Playwright, sync_playwright
from remembering import Memories, remembering, work_remembering
from repository import ROOT
from shelf import Shelf, answered_with
from talker_choice import SHORT, SHORT_S

import demo.talker
from demo.talker import DEFAULT, FILLER, Script, fitted
from demo.talker.render import Profile, render
from take5.client.cli import batch, options
from take5.client.cli.options import load_models
from take5.stream.analysis.models import Models
from take5.stream.model_files.cache import DIRECTORY_VARIABLE
from take5.stream.output import take
from take5.stream.report.data import ReportData

CLIPS = Path(os.environ.get("TAKE5_CLIPS", ROOT.parent / "shared" / "clips"))
SIZE = (450, 360)
DRAWN_WITH = ("av", "numpy", "pillow", "scipy", "scikit-image")
IN_REAL_TIME = ("realtime", "waiting", "services")
KINDS = ("long", *IN_REAL_TIME)

read_authorities_once()

# Programs that tests start inherit what is ignored: SIGINT in a shell's background job, SIGHUP under nohup.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m waiting``, ``-m "long and not waiting"`` and the like, import no module that has no such test."""
    expression = config.option.markexpr
    wanted = [kind for kind in KINDS if re.search(rf"(?<!not )\b{kind}\b", expression)]
    if not wanted or " or " in expression or not collection_path.match("test_*.py"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    return None if all(f"mark.{kind}" in text for kind in wanted) else True


@pytest.fixture(scope="session")
def in_real_time(request: pytest.FixtureRequest) -> bool:
    """Whether any test of the run passes in real time: models that remember need seconds to catch up at what is new."""
    return any(item.get_closest_marker(mark) for item in request.session.items for mark in IN_REAL_TIME)


@pytest.fixture(scope="session")
def shelf(request: pytest.FixtureRequest) -> Shelf:
    """What models have answered, in every process and in earlier runs; ``pytest --cache-clear`` forgets it."""
    kept = request.config.cache
    assert kept is not None
    return Shelf(kept.mkdir("answers") / f"{answered_with()}.sqlite")


@pytest.fixture(scope="session")
def memories(shelf: Shelf) -> Iterator[Memories]:
    """What models answer in this run."""
    yield Memories(shelf)
    shelf.write()


@pytest.fixture(scope="session")
def models(in_real_time: bool, memories: Memories) -> Models:
    loaded = load_models("speech-embedding", None, "cpu")
    return loaded if in_real_time else remembering(loaded, memories)


@cache
def load_once(_directory: str | None, *which: Any) -> Models:
    return load_models(*which)


@pytest.fixture(autouse=True)
def commands_remember(in_real_time: bool, memories: Memories, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the models that commands load in this process, once for all, and in the workers of a batch, remember."""

    def load(*which: Any) -> Models:
        return remembering(load_once(os.environ.get(DIRECTORY_VARIABLE), *which), memories)

    if not in_real_time:
        for module in (batch, options):
            monkeypatch.setattr(module, "load_models", load)
        monkeypatch.setattr(batch, "prepare", partial(work_remembering, shelf=shelf.path))


@pytest.fixture(scope="session")
def rendered(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Render a script small; later calls by the same name give the same file, in every process and in later runs.

    ``pytest --cache-clear`` forgets them. What they are made with is part of their folder's name.
    """
    kept = request.config.cache
    assert kept is not None
    talkers = kept.mkdir("talkers")

    def render_once(name: str, script: Script, size: tuple[int, int] = SIZE, profile: Profile = "high") -> Path:
        path = talkers / made_with(script, size, profile) / f"{name}.mkv"
        return made_once(path, lambda partial: render(script, partial, size, profile=profile))

    return render_once


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """Make a file in a folder of its own, unless it is there, while others wait for it."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(f".partial{path.suffix}")
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            make(partial)
            partial.replace(path)
    return path


@cache
def renderer() -> str:
    """What draws and speaks: the code, the libraries' versions, and that of the voice."""
    sources = sorted(Path(demo.talker.__file__).parent.glob("*.py"))
    code = b"".join(source.read_bytes() for source in sources)
    espeak = shutil.which("espeak-ng")
    voice = subprocess.run([espeak, "--version"], capture_output=True, check=False).stdout if espeak else b""
    return f"{hashlib.sha256(code).hexdigest()} {[version(library) for library in DRAWN_WITH]} {voice!r}"


def made_with(script: Script, size: tuple[int, int], profile: Profile) -> str:
    return hashlib.sha256(f"{renderer()} {script} {size} {profile}".encode()).hexdigest()[:16]


@pytest.fixture(scope="session")
def talker(rendered: Callable[[str, Script], Path]) -> Path:
    return rendered("talker", DEFAULT)


@pytest.fixture(scope="session")
def beginning(rendered: Callable[..., Path]) -> Callable[..., Path]:
    """The talker's first seconds, in a file of a given name: the same pictures, which the models know already."""

    def cut_once(name: str, seconds: int) -> Path:
        whole = rendered("talker", DEFAULT)
        folder = whole.parent / f"first-{seconds}"
        return made_once(folder / f"{name}.mkv", lambda partial: first_seconds(whole, partial, seconds))

    return cut_once


@pytest.fixture(scope="session")
def short(beginning: Callable[..., Path]) -> Path:
    """Twenty seconds, with the same best window."""
    return beginning("short", SHORT_S)


@pytest.fixture(scope="session")
def short_to_send(rendered: Callable[..., Path]) -> Path:
    """The same, as ``take5 push`` sends it without encoding."""
    return rendered("short", SHORT, profile="baseline")


@pytest.fixture(scope="session")
def brief_to_send(rendered: Callable[..., Path]) -> Path:
    """Twelve seconds, for ``take5 push`` as well."""
    return rendered("brief", fitted(DEFAULT, 12, FILLER), profile="baseline")


@pytest.fixture(scope="session")
def seven(beginning: Callable[..., Path]) -> Path:
    """Seven seconds."""
    return beginning("seven", 7)


@pytest.fixture(scope="session")
def three(beginning: Callable[..., Path]) -> Path:
    """Three seconds."""
    return beginning("three", 3)


@pytest.fixture
def plain_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the reports of live takes be short texts: drawing one takes a process and its seconds."""

    def write(_: ReportData, folder: Path) -> list[str]:
        names = ["report.html", "report.png"]
        for name in names:
            (folder / name).write_text("drawn")
        return names

    monkeypatch.setattr(take, "write_report_apart", write)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser with Chromium's test picture before its camera."""
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    with pages(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def talking(playwright: Playwright, short: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with a talking head before its camera."""
    folder = tmp_path_factory.mktemp("devices")
    camera, microphone = fake_camera(short, folder / "camera.y4m"), fake_microphone(short, folder / "microphone.wav")
    browser = launch(playwright, camera=camera, microphone=microphone)
    yield browser
    browser.close()


@pytest.fixture
def talker_page(talking: Browser) -> Iterator[OpenPage]:
    with pages(talking) as open_page:
        yield open_page


@pytest.fixture
def clips() -> list[Path]:
    found = sorted(CLIPS.glob("*.mp4"))
    if not found:
        pytest.skip(f"needs the folder of real clips (TAKE5_CLIPS; none in {CLIPS})")
    return found
