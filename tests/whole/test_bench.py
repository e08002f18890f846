"""The table of ``make bench``, and the comparison of two results."""

import resource
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import Audio, Video, clicks, numbered_media, steady

from bench.__main__ import medians, table
from bench.compare import rows
from bench.curves import drawn
from bench.files import command, repeated
from bench.growth import Repeated
from bench.watching import Windows


def test_the_median_of_each_figure_counts() -> None:
    assert medians([{"a": 1.0}, {"a": 5.0, "b": 2.0}, {"a": 3.0}]) == {"a": 3.0, "b": 2.0}


def test_sessions_have_a_row_each_and_other_figures_a_line() -> None:
    lines = table({"plain: CPU s/s": 0.5, "1 sessions cpu": 0.25, "1 sessions live": 12.0}, [1, 2])
    assert lines[0] == "plain: CPU s/s: 0.500"
    assert lines[-1].startswith("| 1 | 0.25 | - |")
    assert "| 12 |" in lines[-1]


def test_two_results_are_compared_by_their_ratio() -> None:
    _, *lines = rows({"a": 2.0, "b": 0.0, "c": 1.0}, {"a": 3.0, "b": 1.0, "d": 1.0})
    assert [line.split()[-1] for line in lines[:2]] == ["1.50", "-"]
    assert lines[2:] == ["c: before only", "d: after only"]


def test_a_video_is_repeated_as_stored(tmp_path: Path) -> None:
    video = Video(options={"profile": "baseline", "bf": "0"})
    pcm = Audio(codec="pcm_s16le", format="s16")
    film = numbered_media(tmp_path / "film.mkv", steady(25, 25), clicks([0.5], 1.0), video, pcm)
    repeated(film, tmp_path / "long.mkv", 3)
    with av.open(str(tmp_path / "long.mkv")) as container:
        times = [float(frame.time or 0.0) for frame in container.decode(video=0)]
    assert times == pytest.approx([i / 25 for i in range(75)], abs=0.05)


def test_no_window_counts_before_the_first() -> None:
    windows = Windows()
    assert (windows.total, windows.live, windows.later, windows.never) == (0, 0, 0, 0)


def test_curves_are_drawn_of_what_a_result_has() -> None:
    figures = {"select of 60 s: CPU s/s": 0.2, "select of 60 s: MB": 400.0, "1 sessions cpu": 0.4}
    assert drawn([{"machine": "one", "medians": figures}]) == {}
    more = figures | {
        "select of 300 s: CPU s/s": 0.1,
        "select of 300 s: MB": 410.0,
        "2 sessions cpu": 0.9,
        "select of 60 s, pool 5: CPU s": 9.0,
        "select of 60 s, hop 0.5: CPU s": 9.5,
    }
    rows = [{"minute": 1.0, "MB": 200.0, "ring MB": 8.0}]
    made = drawn([{"machine": "one", "medians": more}, {"machine": "two", "rows": rows}])
    assert sorted(made) == ["lengths", "live-memory", "options", "sessions"]
    assert made["lengths"].get_suptitle() == "one"
    seconds = made["lengths"].axes[0].lines[0]
    assert seconds.get_xdata() == pytest.approx([1, 5])
    assert seconds.get_ydata() == pytest.approx([12, 30])


def test_no_curve_leaves_its_axes() -> None:
    slopes = {"cpu": 1.0, "live": 2.0, "never": 40.0}
    figures = {f"{n} sessions {name}": n * slope for n in (1, 2) for name, slope in slopes.items()}
    (figure,) = drawn([{"machine": "one", "medians": figures}]).values()
    for axes in figure.axes:
        assert axes.get_ylim()[1] > max(float(np.max(line.get_ydata())) for line in axes.lines)


def test_a_command_costs_time_and_memory() -> None:
    cost = command(sys.executable, "-c", "b = b'x' * 200_000_000; sum(range(3_000_000))")
    assert cost.cpu > 0.01
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # which a child begins with
    assert 180 < cost.mb < max(400, 1.1 * own)


def test_a_command_that_fails_ends_the_measuring() -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        command(sys.executable, "-c", "raise SystemExit(3)")


def test_answers_are_repeated_after_the_first_turn() -> None:
    asked: list[int] = []

    def ask(value: int) -> int:
        asked.append(value)
        return value

    repeated_answers = Repeated(3, ask)
    assert [repeated_answers(value) for value in range(7)] == [0, 1, 2, 0, 1, 2, 0]
    assert asked == [0, 1, 2]
