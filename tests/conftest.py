"""What tests share: the models, the generated talker, and the folder of real clips where there is one."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from page_browser import OpenPage, launch, pages
from playwright.sync_api import Browser, Playwright, sync_playwright
from remembering import remembering
from repository import ROOT
from talker_choice import SHORT

from demo.talker import DEFAULT, Script
from demo.talker.render import render
from take5.client.cli import batch, options
from take5.client.cli.options import load_models
from take5.stream.analysis.models import Models
from take5.stream.output import take
from take5.stream.report.data import ReportData

CLIPS = Path(os.environ.get("TAKE5_CLIPS", ROOT.parent / "shared" / "clips"))
SIZE = (450, 360)
IN_REAL_TIME = ("realtime", "services")

# Programs that tests start inherit what is ignored: SIGINT in a shell's background job, SIGHUP under nohup.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(scope="session")
def in_real_time(request: pytest.FixtureRequest) -> bool:
    """Whether any test of the run passes in real time: models that remember need seconds to catch up at what is new."""
    return any(item.get_closest_marker(mark) for item in request.session.items for mark in IN_REAL_TIME)


@pytest.fixture(scope="session")
def models(in_real_time: bool) -> Models:
    loaded = load_models("speech-embedding", None, "cpu")
    return loaded if in_real_time else remembering(loaded)


@pytest.fixture(autouse=True)
def commands_remember(in_real_time: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the models that commands load in this process remember."""
    if not in_real_time:
        for module in (batch, options):
            monkeypatch.setattr(module, "load_models", lambda *which: remembering(load_models(*which)))


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Render a script once, small; later calls by the same name give the same file, in every process of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "talkers"
    folder.mkdir(exist_ok=True)

    def render_once(name: str, script: Script, size: tuple[int, int] = SIZE) -> Path:
        path = folder / f"{name}.mkv"
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                render(script, path, size)
        return path

    return render_once


@pytest.fixture(scope="session")
def talker(rendered: Callable[[str, Script], Path]) -> Path:
    return rendered("talker", DEFAULT)


@pytest.fixture(scope="session")
def short(rendered: Callable[[str, Script], Path]) -> Path:
    """Twenty seconds, with the same best window."""
    return rendered("short", SHORT)


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


@pytest.fixture
def clips() -> list[Path]:
    found = sorted(CLIPS.glob("*.mp4"))
    if not found:
        pytest.skip(f"needs the folder of real clips (TAKE5_CLIPS; none in {CLIPS})")
    return found
