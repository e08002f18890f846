"""``take5 calibrate``: what talkers reach against its definition, on made-up talkers and on the drawn one."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from media_files import numbered_media, silence, steady

from demo.talker import DEFAULT, truth
from take5.client.cli import options
from take5.client.cli.calibrate import _lines, _show
from take5.client.cli.calibrate import calibrate as command
from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.own_range import REACH
from take5.scoring.parameters import FPS, Parameters
from take5.scoring.score import MC_FLOOR, WindowScore, best, rank
from take5.stream.analysis.models import Models
from take5.stream.offline.calibration import Aim, Calibration, Talker, Trial, calibrate
from take5.stream.offline.reaches import LENGTHS, SLOPE, choices, lift, mean_reach, reach_interval, talker_reach
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


@pytest.mark.parametrize("length", [1, 8, 30])
def test_the_lift_is_the_mean_over_all_stretches_above_the_typical_window(length: int) -> None:
    windows = hostile(5, 60)
    able = [judged for judged in windows if judged.eligible]
    ends = [math.log(whole(able[at : at + length]) or 0) for at in range(len(able) - length + 1)]
    typical = np.mean([math.log(judged.score.I or 0) for judged in able])
    assert lift(windows, length, 5) == pytest.approx(np.mean(ends) - typical, rel=1e-9)


def test_windows_that_may_not_win_are_as_if_they_were_not_there() -> None:
    windows = hostile(6, 60)
    able = [judged for judged in windows if judged.eligible]
    assert talker_reach(windows, 56, 5) == talker_reach(able, 56, 5)
    assert Talker.of(selection(windows), AIM).short


# --- what talkers reach --------------------------------------------------------------------------------------------


def spread(seed: int, count: int, level: float = 1000.0) -> tuple[JudgedWindow, ...]:
    """Windows about a typical one, log I normal with the spread of people."""
    rng = np.random.default_rng(seed)
    return verdicts((level * np.exp(0.127 * rng.normal(size=count))).tolist())


def test_what_a_talker_reaches_does_not_depend_on_the_scale_of_I() -> None:
    reaches = [talker_reach(spread(3, 60, level), 56, 5) for level in (1.0, 1000.0, 1e6)]
    assert reaches == pytest.approx([reaches[0]] * 3)


def test_a_talker_of_a_minute_reaches_what_the_definition_says() -> None:
    windows = spread(4, 56)
    terms = [lift(windows, n, 5) + SLOPE * math.log(56 / n) for n in (*LENGTHS, 56)]
    assert talker_reach(windows, 56, 5) == pytest.approx(math.exp(np.mean(terms)))


@pytest.mark.long
def test_short_recordings_say_the_same_on_the_mean() -> None:
    """Stretches of 16 windows speak for a minute by the growth that is known."""
    short = mean_reach(talker_reach(spread(seed, 16), 56, 5) for seed in range(60))
    long = mean_reach(talker_reach(spread(seed, 200), 56, 5) for seed in range(60, 120))
    assert short == pytest.approx(long, rel=0.03)


def test_fewer_windows_than_the_shortest_length_say_nothing() -> None:
    assert talker_reach(spread(1, LENGTHS[0] - 1), 56, 5) is None
    assert talker_reach(spread(1, LENGTHS[0]), 56, 5) is not None
    assert talker_reach([verdict(s, 1000, eligible=False) for s in range(90)], 56, 5) is None


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    held = 0
    for row in np.random.default_rng(4).normal(0.22, 0.05, (2000, 8)).tolist():
        interval = reach_interval([math.exp(x) for x in row])
        assert interval is not None
        held += interval.low <= math.exp(0.22) <= interval.high
    assert held / 2000 == pytest.approx(0.95, abs=0.02)


def test_one_talker_has_no_interval_and_nobody_to_be_held_out_from() -> None:
    made = calibrate([selection(spread(1, 56))], AIM)
    assert (made.interval, made.held_out) == (None, (None,))
    assert made.reach == pytest.approx(talker_reach(spread(1, 56), 56, 5))


def test_the_held_out_reach_comes_from_the_others_alone() -> None:
    made = calibrate([selection(spread(seed, 56)) for seed in (1, 2, 3)], AIM)
    one, two, three = (talker.reach or 0 for talker in made.talkers)
    assert made.reach == pytest.approx((one * two * three) ** (1 / 3))
    assert made.held_out == pytest.approx(((two * three) ** 0.5, (one * three) ** 0.5, (one * two) ** 0.5))
    _, _, (_, own, held_out) = made.trials()
    assert own is not None
    assert held_out is not None
    assert (own.reach, held_out.reach) == (made.reach, made.held_out[2])


def test_recordings_of_two_encoders_make_no_threshold() -> None:
    windows = verdicts([1000.0] * 10)
    with pytest.raises(ParameterError, match="2 encoders"):
        calibrate([selection(windows), selection(windows, "ave")], AIM)


def test_recordings_of_two_trackers_make_no_threshold() -> None:
    one = selection(verdicts([1000.0] * 10))
    other = replace(one, tracker="litert")
    with pytest.raises(ParameterError, match="2 trackers"):
        calibrate([one, other], AIM)
    assert calibrate([one, one], AIM).json()["tracker"] == "mediapipe"
    assert calibrate([other, other], AIM).json()["tracker"] == "litert"


# --- what it does to a recording -----------------------------------------------------------------------------------


def test_a_trial_stops_where_a_capture_would() -> None:
    values = [1000.0] * 14 + [1300.0, 1400.0, 1000.0]
    trial = Talker.of(selection(verdicts(values)), AIM).trial(1.25, AIM)
    assert trial.time_s == 14 + 5
    assert (trial.I, trial.kept) == pytest.approx((1300, 1300 / 1400))
    assert Talker.of(selection(verdicts(values)), AIM).trial(1.5, AIM) == Trial(1.5)
    half = Aim(share=0.5)
    assert Talker.of(selection(verdicts(values)), half).trial(1.25, half).time_s == 11 + 5


def test_stopping_can_keep_more_than_going_on() -> None:
    """Five windows of higher D push the best one out of the pool."""
    windows = (verdict(0, 1300, 60), *(verdict(s, 1000, 50) for s in range(1, 12)))
    later = tuple(verdict(s, 1000, 60.0 + s) for s in range(12, 20))
    assert Talker.of(selection((*windows, *later)), AIM).trial(1.25, AIM).kept == pytest.approx(1.3)


@pytest.mark.parametrize(
    ("within_s", "share", "text"),
    [(15.9, 0.9, "within_s=15.9"), (math.nan, 0.9, "within_s=nan"), (60, 0.0, "share=0.0"), (60, 1.01, "share=1.01")],
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
        "[bold]short.mp4": verdicts([800.0] * 12 + [1200.0]),
        "none.mp4": faceless,
    }
    return calibrate([selection(windows, video=name) for name, windows in talkers.items()], AIM)


def test_the_table_says_what_each_talker_does(mixed: Calibration, capsys: pytest.CaptureFixture[str]) -> None:
    _show(mixed)
    lines = capsys.readouterr().out.splitlines()
    reaches = [f"{talker.reach:.3f}" for talker in mixed.talkers if talker.reach]
    assert " ".join(lines[1].split()) == f"minute.mp4 56/56 1000 1000 1000 1000 {reaches[0]} not - not -"
    assert " ".join(lines[2].split()) == f"[bold]short.mp4 13/13 800 825.3 800 1200 {reaches[1]}* 17 s 1.00 16 s 0.67"
    assert " ".join(lines[3].split()) == "none.mp4 0/56 - - - - - - - - -"
    assert mixed.reach is not None
    assert any(line.startswith(f"--stop-reach {mixed.reach:.3f}, for encoder speech-embedding: the") for line in lines)
    assert f"  built in for windows of 5 s: {REACH:.3f}" in lines
    assert any("with 95% confidence, by 2 talkers" in line for line in lines)
    assert any(line.strip().startswith("* fewer eligible windows than 60 s") for line in lines)


def test_what_is_built_in_is_that_of_the_windows_length() -> None:
    made = calibrate([selection(verdicts([1000.0] * 58))], Aim(parameters=Parameters(seconds=10.0)))
    assert "  built in for windows of 10 s: 1.171" in _lines(made)


def test_the_object_holds_every_number(mixed: Calibration) -> None:
    made = json.loads(json.dumps(mixed.json()))
    assert (made["version"], made["within_s"], made["share"]) == (2, 60.0, 0.95)
    assert made["reach"] == mixed.reach
    assert made["interval"]["confidence"] == 0.95
    minute, short, none = made["videos"]
    assert (minute["stopped"]["time_s"], minute["short"], minute["I"]["typical"]) == (None, False, pytest.approx(1000))
    assert (short["stopped"]["time_s"], short["held_out"]["time_s"], short["short"]) == (17.0, 16.0, True)
    assert (none["stopped"]["time_s"] if none["stopped"] else None, none["I"]["best"], none["reach"]) == (None,) * 3


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


@pytest.mark.long
def test_the_drawn_talker_is_stopped_by_its_best_window(
    run: Run, beginning: Callable[..., Path], tmp_path: Path
) -> None:
    script = DEFAULT[:5]  # 28 s: every frame is looked at, so a longer one only takes longer
    code, out, err = run("--json", beginning("calibrated", 28), tmp_path / "missing.mp4")
    assert code == 1
    assert "missing.mp4" in err
    made = json.loads(out)
    (video,) = made["videos"]
    winner = truth(script).winner_start_s
    assert winner is not None
    assert video["stopped"]["time_s"] == winner + 5
    assert video["stopped"]["kept"] == 1.0
    assert made["reach"] == pytest.approx(video["reach"])
    assert 0 < video["eligible"] < video["windows"] == 24
    assert [failure["video"] for failure in made["failed"]] == [str(tmp_path / "missing.mp4")]


def test_one_length_at_a_time(run: Run, tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="one length at a time"):
        run("--seconds", "5", "--seconds", "10", tmp_path / "any.mp4")


def test_without_an_eligible_window_it_says_so(run: Run, tmp_path: Path) -> None:
    faceless, short = tmp_path / "faceless.mp4", tmp_path / "short.mp4"
    numbered_media(faceless, steady(6 * 25, 25), silence(6))
    numbered_media(short, steady(2 * 25, 25), silence(2))
    code, out, err = run(faceless, short)
    assert code == 2
    assert "no video has 8 eligible windows" in out
    assert "short.mp4: picture and sound together last" in err
    code, out, _ = run("--json", short)
    assert code == 2
    assert json.loads(out)["reach"] is None
