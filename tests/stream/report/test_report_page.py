"""The report's page and sheet: whole, the same every time, and safe, whatever was recorded."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from full_disks import no_file_beyond
from long_values import long_after
from page_browser import DESKTOP, PHONE, pages
from playwright.sync_api import Browser, ViewportSize
from report_data import invented

from take5.scoring.score import best
from take5.stream.report.data import ReportData
from take5.stream.report.render_process import write_report_apart
from take5.stream.report.write import write_report_page

HOSTILE = '<img src=x onerror=alert(1)>"&\udcff $\\alpha$.mp4'


def written(data: ReportData, folder: Path) -> str:
    folder.mkdir()
    assert write_report_page(data, folder) == sorted(path.name for path in folder.iterdir())
    return (folder / "report.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    """The text that a person reads, without the figures."""
    plain = re.sub(r"<(style|svg).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", plain).split())


class Names(HTMLParser):
    """Collects the page's elements and its ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]


@pytest.mark.long
def test_a_full_disk_is_one_reason_from_the_drawing_process_too(tmp_path: Path) -> None:
    with no_file_beyond(10), pytest.raises(OSError, match=r"^File too large$"):
        write_report_apart(invented(), tmp_path)


@pytest.mark.long
def test_the_page_says_what_was_heard_and_that_hdr_was_mapped(tmp_path: Path) -> None:
    data = invented()
    page = words(written(data, tmp_path / "plain"))
    assert "channel mix" in page
    assert "HDR" not in page
    changed = replace(data, selection=replace(data.selection, channel="left", tone_mapped="pq"))
    page = words(written(changed, tmp_path / "changed"))
    assert "channel left" in page
    assert "HDR (PQ), mapped to SDR" in page


def test_the_first_screen_says_what_won_why_and_what_was_wrong(tmp_path: Path) -> None:
    data = invented()
    chosen = data.selection.best
    assert chosen is not None
    said = words(written(data, tmp_path / "a"))
    assert f"I {chosen.I:.0f}" in said
    assert "Of 56 windows, the 5 with the richest speech were compared." in said
    assert "0:12 to 0:17 more than one face in the picture Only one person may be in the picture." in said
    assert "0:10 to 0:12 head turned up or down (still counts)" in said
    assert "29.5 turn up or down at most 28 degrees" in said
    assert "could no longer win" in said


@pytest.mark.long
def test_the_same_data_gives_the_same_bytes_and_one_id_names_one_thing(tmp_path: Path) -> None:
    page = written(invented(), tmp_path / "a")
    assert page == written(invented(), tmp_path / "b")
    assert (tmp_path / "a/report.png").read_bytes() == (tmp_path / "b/report.png").read_bytes()
    names = Names(page)
    assert len(set(names.ids)) == len(names.ids)
    assert "script" not in names.tags
    assert re.findall(r"https?://(?!www.w3.org)", page) == []
    assert re.findall(r"#[0-9a-f]{6}", "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))) == []


def test_when_nothing_can_be_used_it_says_why_and_what_to_do(tmp_path: Path) -> None:
    said = words(written(invented(20, usable=False), tmp_path / "a"))
    assert "No part of it can be used" in said
    assert "more than one face in the picture , in 16 of 16 windows Only one person may be in the picture." in said


def test_a_recording_shorter_than_a_window_has_a_page_without_figures(tmp_path: Path) -> None:
    page = written(invented(3, usable=False), tmp_path / "a")
    assert "It is shorter than one window of 5 seconds. Record longer." in words(page)
    assert not (tmp_path / "a/report.png").exists()


@pytest.mark.long
def test_windows_that_there_was_no_time_for_are_counted(tmp_path: Path) -> None:
    data = invented()
    data = replace(data, selection=replace(data.selection, complete=False))
    said = words(written(data, tmp_path / "a"))
    checked = data.selection.checked
    assert f"Scoring had fallen behind: {checked.windows} of 56 windows were checked." in said
    assert f"Of the {checked.windows} windows checked (there were 56: scoring had fallen behind), the 5" in said
    assert "could no longer win" not in said


@pytest.mark.long
def test_one_window_alone(tmp_path: Path) -> None:
    said = words(written(invented(5), tmp_path / "a"))
    assert "0:00 to 0:05" in said
    assert "just long enough for this one" in said


def test_a_window_without_motion_as_by_the_strategy_audio_can_win(tmp_path: Path) -> None:
    data = invented()
    chosen = replace(data.selection.pool[0], motion=None, views=None)
    data = replace(data, selection=replace(data.selection, best=chosen, pool=(chosen,)), lips=None)
    assert "D 1" in words(written(data, tmp_path / "a"))


@pytest.mark.long
def test_silence_and_missing_lips_leave_the_rest_whole(tmp_path: Path) -> None:
    data = invented()
    assert data.lips is not None
    data.lips[7] = float("nan")
    notes = tuple(replace(note, level_dbfs=None, face=None) for note in data.notes[:20])
    page = written(replace(data, notes=notes), tmp_path / "a")
    assert "spectrum-" not in page
    assert "pool-" in page


@pytest.mark.long
def test_hours_stay_small(tmp_path: Path) -> None:
    data = invented(4 * 3600)
    every_minute = tuple(
        replace(
            v,
            reasons=tuple(
                replace(r, start=v.score.start, stop=v.score.start + 9) for r in data.selection.verdicts[9].reasons
            ),
        )
        for v in data.selection.verdicts
    )
    data = replace(data, selection=replace(data.selection, verdicts=every_minute))
    page = written(data, tmp_path / "a")
    assert len(page) < 2_000_000
    assert "more are in report.json" in page
    assert data.selection.best == best(data.selection.pool)


def test_matplotlib_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, take5.stream.report.write; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def brightness(colour: str) -> int:
    """Sum of the channels of a colour such as "rgb(82, 98, 93)"."""
    return sum(map(int, re.findall(r"\d+", colour)))


@pytest.mark.parametrize("size", long_after(1, [DESKTOP, PHONE]), ids=["desktop", "phone"])
def test_chromium_shows_it_within_its_policy_in_both_schemes(
    browser: Browser, tmp_path: Path, size: ViewportSize
) -> None:
    written(invented(video=HOSTILE), tmp_path / "a")
    with pages(browser) as open_page:
        for scheme in ("light", "dark"):
            page = open_page((tmp_path / "a/report.html").as_uri(), viewport=size, color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert "<img src=x onerror=alert(1)>" in page.inner_text(".file")
            assert page.locator("img[src=x]").count() == 0
            soft, ink, ground = (
                page.locator(name).evaluate("(each, what) => getComputedStyle(each)[what]", what)
                for name, what in ((".file", "color"), ("body", "color"), ("body", "backgroundColor"))
            )
            assert (brightness(ink) < brightness(ground)) == (scheme == "light"), (ink, ground)
            tick = page.locator("svg:visible text").first
            assert tick.evaluate("each => getComputedStyle(each).fill") == soft
