"""``take5 calibrate``: the threshold against its definition, on made-up talkers and on the drawn one."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media_files import numbered_media, silence, steady

from demo.talker import DEFAULT, Script, truth
from take5.client.cli import options
from take5.client.cli.calibrate import _lines, _show
from take5.client.cli.calibrate import calibrate as command
from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.models.encoders import ENCODERS
from take5.scoring.motion import Motion
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import MC_FLOOR, WindowScore, best, rank
from take5.stream.analysis.models import Models
from take5.stream.offline.calibration import (
    Aim,
    Calibration,
    Interval,
    Talker,
    Trial,
    best_within,
    calibrate,
    choices,
    expected_seconds,
    threshold,
    threshold_interval,
)
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.timeline.grid import FrameCounts

Json = dict[str, Any]
FACELESS = (Finding(Code.NO_FACE, 0, 1),)
AIM = Aim()


def verdict(second: float, I: float, D: float | None = None, *, eligible: bool = True) -> JudgedWindow:  # noqa: E741
    D = I if D is None else D
    MC = D / I - MC_FLOOR
    score = WindowScore(round(second * FPS), D, Motion(MC, MC, MC, True), 1)
    return JudgedWindow(score, () if eligible else FACELESS)


def verdicts(values: Sequence[float], hop: float = 1.0) -> tuple[JudgedWindow, ...]:
    return tuple(verdict(hop * index, value) for index, value in enumerate(values))


def selection(windows: tuple[JudgedWindow, ...], encoder: str = "speech-embedding", video: str = "v.mp4") -> Selection:
    frames = windows[-1].score.start + 125 if windows else 125
    return Selection(video, encoder, "1", 25.0, 0, frames, frames, FrameCounts(), None, (), windows, Settings())


def hostile(seed: int, count: int) -> tuple[JudgedWindow, ...]:
    """Windows with ties in D, some not eligible, D and I apart."""
    rng = np.random.default_rng(seed)
    rows = zip(
        rng.uniform(800, 1200, count).tolist(), rng.integers(60, 90, count).tolist(), rng.random(count), strict=True
    )
    return tuple(verdict(s, value, float(D), eligible=bool(luck < 0.8)) for s, (value, D, luck) in enumerate(rows))


def whole(windows: Sequence[JudgedWindow]) -> float | None:
    """Algorithm 1 in one go."""
    chosen = best(rank(v.score for v in windows if v.eligible)[:5])
    return None if chosen is None else chosen.I


# --- Algorithm 1 on stretches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_choice_after_each_window_is_algorithm_1s(seed: int) -> None:
    windows = hostile(seed, 40)
    assert list(choices(windows, 5)) == [whole(windows[: n + 1]) for n in range(40)]


@pytest.mark.parametrize("seconds", [5.0, 12.0, 12.9, 39.0, 44.0, 60.0])
def test_best_within_is_the_median_of_all_stretches(seconds: float) -> None:
    windows = hostile(5, 40)  # 44 s
    length = min(40, math.floor(seconds) - 4)
    ends = [whole(windows[start : start + length]) for start in range(40 - length + 1)]
    expected = np.median([end for end in ends if end is not None])
    assert best_within(windows, Aim(within_s=seconds)) == pytest.approx(expected, rel=1e-12)


def test_only_whole_windows_are_within_and_a_second_less_is_not_short() -> None:
    assert [Aim(within_s=seconds).windows for seconds in (5, 12, 12.9, 13, 60)] == [1, 8, 8, 9, 56]
    assert [Talker.of(selection(verdicts([1.0] * n)), AIM).short for n in (54, 55, 56)] == [True, False, False]


def test_a_longer_recording_of_the_same_talker_gives_the_same() -> None:
    minute = np.random.default_rng(2).permutation(np.linspace(700, 1200, 56)).tolist()
    assert [best_within(verdicts(minute * n), AIM) for n in (1, 2, 9)] == pytest.approx([1200] * 3)


def test_without_an_eligible_window_there_is_no_best() -> None:
    assert best_within([verdict(s, 1000, eligible=False) for s in range(90)], AIM) is None
    assert best_within([], AIM) is None


# --- the threshold -------------------------------------------------------------------------------------------------


def test_the_threshold_is_a_share_of_the_middle_talker() -> None:
    assert threshold([1000, 1200, 1100], 0.9) == pytest.approx(990)
    assert threshold([1000, 1200], 1.0) == 1100
    assert threshold([1000, None, 1e9, 1100], 0.9) == pytest.approx(990)
    assert threshold([None, None], 0.9) is None


@pytest.mark.parametrize(
    ("count", "rank_", "confidence"), [(2, 1, 0.5), (4, 1, 0.875), (5, 1, 0.9375), (10, 2, 1 - 22 / 1024)]
)
def test_the_interval_lies_between_the_right_talkers(count: int, rank_: int, confidence: float) -> None:
    bests = [1000.0 + 10 * i for i in range(count)]
    expected = Interval(0.5 * bests[rank_ - 1], 0.5 * bests[-rank_], confidence)
    assert threshold_interval([None, *reversed(bests)], 0.5) == expected


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    rng, held, stated = np.random.default_rng(4), 0, 0.0
    for row in np.exp(rng.normal(size=(4000, 12))).tolist():
        interval = threshold_interval(row, 1.0)
        assert interval is not None
        held, stated = held + (interval.low <= 1.0 <= interval.high), interval.confidence
    assert held / 4000 == pytest.approx(stated, abs=4 * math.sqrt(stated * (1 - stated) / 4000))
    assert 0.9 <= stated < 0.99


def test_one_talker_has_no_interval_and_nobody_to_be_held_out_from() -> None:
    made = calibrate([selection(verdicts([1000.0] * 56))], AIM)
    assert (made.interval, made.held_out) == (None, (None,))
    assert made.stop_at == pytest.approx(950)


def test_the_held_out_threshold_comes_from_the_others_alone() -> None:
    made = calibrate([selection(verdicts([value] * 56)) for value in (1000.0, 1100.0, 1400.0)], AIM)
    assert made.held_out == pytest.approx((0.95 * 1250, 0.95 * 1200, 0.95 * 1050))
    (_, own, held_out), *_ = made.trials()
    assert own is not None
    assert (own.time_s, own.I) == (None, None)
    assert held_out is not None
    assert held_out == Trial(held_out.stop_at)
    assert held_out.stop_at == pytest.approx(1187.5)


def test_recordings_of_two_encoders_make_no_threshold() -> None:
    windows = verdicts([1000.0] * 10)
    with pytest.raises(ParameterError, match="2 encoders"):
        calibrate([selection(windows), selection(windows, "ave")], AIM)


# --- what it does to a recording -----------------------------------------------------------------------------------


def test_a_trial_stops_at_the_end_of_the_first_window_that_is_good_enough() -> None:
    talker = Talker.of(selection(verdicts([800, 900, 1000, 950, 1250])), AIM)
    trial = talker.trial(990.0, Parameters())
    assert trial.time_s == 7.0
    assert (trial.I, trial.kept) == pytest.approx((1000, 0.8))
    assert talker.trial(800.0 - 1e-6, Parameters()).time_s == 5.0
    assert talker.trial(1251.0, Parameters()) == Trial(1251.0)


def test_stopping_can_keep_more_than_going_on() -> None:
    """Five windows of higher D push the best one out of the pool."""
    windows = (verdict(0, 1200, 60), *(verdict(s, 1000, 60.0 + s) for s in range(1, 6)))
    assert Talker.of(selection(windows), AIM).trial(1100.0, Parameters()).kept == pytest.approx(1.2)


def geometric(rng: np.random.Generator, talkers: int, windows: int) -> list[Talker]:
    """Windows that do not overlap, one in ten of them good."""
    aim = Aim(parameters=Parameters(hop=5.0))
    good = np.where(rng.random((talkers, windows)) < 0.1, 1000.0, 500.0)
    return [Talker.of(selection(verdicts(row, hop=5.0)), aim) for row in good.tolist()]


@pytest.mark.parametrize(("talkers", "windows"), [(40, 120), (800, 6)])
def test_expected_seconds_are_right_whether_recordings_are_long_or_short(talkers: int, windows: int) -> None:
    made = geometric(np.random.default_rng(6), talkers, windows)
    assert expected_seconds(made, 999.0, Parameters(hop=5.0)) == pytest.approx(50, rel=0.1)


def test_expected_seconds_are_one_window_where_all_are_good_and_unknown_where_none_is() -> None:
    talkers = [Talker.of(selection(verdicts([1000.0] * 20)), AIM)]
    assert expected_seconds(talkers, 999.0, Parameters()) == 5.0
    assert expected_seconds(talkers, 1001.0, Parameters()) is None


@pytest.mark.parametrize(
    ("within_s", "share", "text"),
    [(4.9, 0.9, "within_s=4.9"), (math.nan, 0.9, "within_s=nan"), (60, 0.0, "share=0.0"), (60, 1.01, "share=1.01")],
)
def test_an_aim_that_makes_no_sense_is_refused(within_s: float, share: float, text: str) -> None:
    with pytest.raises(ParameterError, match=f"{text} must be"):
        Aim(within_s, share)


# --- what a person and a program read ------------------------------------------------------------------------------


@pytest.fixture
def mixed() -> Calibration:
    """A talker of a minute, a short one, one who cannot be used, and a name with brackets in it."""
    faceless = tuple(verdict(s, 1000, eligible=False) for s in range(56))
    talkers = {
        "minute.mp4": verdicts([1000.0] * 56),
        "[bold]short.mp4": verdicts([800.0, 1200.0]),
        "none.mp4": faceless,
    }
    return calibrate([selection(windows, video=name) for name, windows in talkers.items()], AIM)


def test_the_table_says_what_each_talker_does(mixed: Calibration, capsys: pytest.CaptureFixture[str]) -> None:
    _show(mixed)
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[1].split()) == "minute.mp4 56/56 1000 1000 1000 1000 1000 never - never -"
    assert " ".join(lines[2].split()) == "[bold]short.mp4 2/2 840 1000 1160 1200 1200* 6 s 1.00 6 s 1.00"
    assert " ".join(lines[3].split()) == "none.mp4 0/56 - - - - - - - - -"
    assert "--stop-at 1045, for encoder speech-embedding: 0.95 of what the middle talker gives within 60 s" in lines
    assert any(f"built in for these settings: {ENCODERS['speech-embedding'].stop_at:g}" in line for line in lines)
    assert any("950 to 1140 with 50% confidence, by 2 talkers" in line for line in lines)
    assert any(line.strip().startswith("* shorter than 60 s") for line in lines)


def test_a_threshold_for_other_settings_is_not_compared_with_the_built_in_one() -> None:
    made = calibrate([selection(verdicts([1000.0] * 58))], Aim(parameters=Parameters(seconds=3.0)))
    assert any("built in for these settings: none" in line for line in _lines(made))


def test_the_object_holds_every_number(mixed: Calibration) -> None:
    made = json.loads(json.dumps(mixed.json()))
    assert (made["version"], made["within_s"], made["share"]) == (1, 60.0, 0.95)
    assert made["stop_at"] == pytest.approx(1045)
    assert made["interval"]["confidence"] == 0.5
    minute, short, none = made["videos"]
    assert (minute["reached"]["time_s"], minute["short"]) == (None, False)
    assert (short["reached"]["time_s"], short["held_out"]["time_s"], short["short"]) == (6.0, 6.0, True)
    assert (none["reached"], none["held_out"], none["I"]["best"], none["I"]["q50"]) == (None, None, None, None)


# --- the command ---------------------------------------------------------------------------------------------------

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(models: Models, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(options, "load_models", lambda *_: models)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = command.main([str(argument) for argument in arguments], prog_name="calibrate", standalone_mode=False)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_the_drawn_talker_reaches_its_threshold_with_its_best_window(
    run: Run, rendered: Callable[[str, Script], Path], tmp_path: Path
) -> None:
    script = DEFAULT[:5]  # 28 s: every frame is looked at, so a longer one only takes longer
    code, out, err = run("--json", rendered("calibrated", script), tmp_path / "missing.mp4")
    assert code == 1
    assert "missing.mp4" in err
    made = json.loads(out)
    (video,) = made["videos"]
    winner = truth(script).winner_start_s
    assert winner is not None
    assert video["reached"]["time_s"] == winner + 5
    assert video["reached"]["kept"] == 1.0
    assert made["stop_at"] == pytest.approx(0.95 * video["I"]["best"])
    assert 0 < video["eligible"] < video["windows"] == 24
    assert [failure["video"] for failure in made["failed"]] == [str(tmp_path / "missing.mp4")]


def test_without_an_eligible_window_it_says_so(run: Run, tmp_path: Path) -> None:
    faceless, short = tmp_path / "faceless.mp4", tmp_path / "short.mp4"
    numbered_media(faceless, steady(6 * 25, 25), silence(6))
    numbered_media(short, steady(2 * 25, 25), silence(2))
    code, out, err = run(faceless, short)
    assert code == 2
    assert "no video has an eligible window" in out
    assert "short.mp4: picture and sound together last" in err
    code, out, _ = run("--json", short)
    assert code == 2
    assert json.loads(out)["stop_at"] is None
