"""What a person reads, and the pace of a replay."""

from dataclasses import replace
from pathlib import Path

import pytest

from take5.client.cli import run
from take5.client.pacing import paced
from take5.client.terminal import clock, event_line, json_event_line, summary
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore
from take5.stream.events import BestChanged, ClipReady, Failed, Failure, Finished, NoClip, Progress
from take5.stream.selection import Checked, Selection
from take5.stream.settings import Settings
from take5.stream.timeline.grid import FrameCounts

BEST = WindowScore(1550, 140.0, Motion(0.1, 0.1, 0.1, mouth_moves=True), 2)
REASON = Finding(Code.NO_FACE, 0, 5)


def selection(best: WindowScore | None) -> Selection:
    verdicts = (JudgedWindow(WindowScore(0, 120.0), (REASON, REASON)), JudgedWindow(WindowScore(25, 1.0), seen=False))
    return Selection(
        "talk.mp4", "ave", "abc", 30.0, 0, 2000, 125, FrameCounts(3, 7, 0), best, (BEST,) if best else (), verdicts,
        Settings(), ("cut off",),
    )  # fmt: skip


def test_the_summary_names_the_choice_the_encoder_and_what_was_rejected() -> None:
    assert summary(selection(BEST), Path("out/clip.mp4")).splitlines() == [
        "talk.mp4: 1:02.00 to 1:07.00, I 1400 = D 140 / MC 0.1000, views 2",
        "  2 windows, 1 analysed, 1 in the pool",
        "  encoder ave",
        "  source frames at 25 fps: 3 doubled, 7 dropped, 0 late",
        "  1 not eligible: no face in the picture",
        "  warning: cut off",
        f"  {Path('out/clip.mp4')}",
    ]
    assert summary(replace(selection(BEST), tracker="litert")).splitlines()[2] == "  encoder ave, tracker litert"
    assert summary(selection(None)).splitlines()[0] == "talk.mp4: no eligible window in 80.0 s"


def test_a_line_a_window() -> None:
    good = Progress(1675, JudgedWindow(BEST, ()), BEST)
    assert event_line(good) == "1:07.00  D     140  MC 0.1000  views  2  I     1400  best so far"
    bad = Progress(1675, JudgedWindow(WindowScore(1550, 9.0), (REASON, REASON)), BEST)
    assert event_line(bad) == "1:07.00  D       9  no face in the picture"
    assert event_line(BestChanged(1675, BEST)) == ""
    assert event_line(Finished(selection(BEST))) == summary(selection(BEST))


def test_a_clip_chosen_among_some_windows_says_how_many() -> None:
    clip = ClipReady(1675, BEST, 125, "/out/x", checked=Checked(3, 9, complete=False))
    whole = "best five seconds: 62 to 67 s, I 1400\n  /out/x"
    assert json_event_line(clip.json()) == f"{whole}\n  3 of 9 windows checked"
    assert json_event_line(replace(clip, checked=Checked(3, 9)).json()) == whole
    assert json_event_line(replace(clip, checked=None).json()) == whole


def test_each_of_several_lengths_has_its_lines() -> None:
    none = replace(selection(None), settings=Settings(Parameters(10.0)))
    found = event_line(Finished(replace(selection(BEST), others=(none,)))).splitlines()
    assert found[0].startswith("talk.mp4: 1:02.00 to 1:07.00")
    assert "talk.mp4: no eligible window of 10 s in 80.0 s" in found
    missing = NoClip(250, Failed(200, Failure.TOO_SHORT, "it ended after 8.0 s"))
    assert json_event_line(missing.json()) == "no clip of 10 seconds: it ended after 8.0 s"


def test_the_clock_has_hundredths() -> None:
    assert clock(0) == "0:00.00"


def test_a_realtime_replay_waits_for_what_is_not_yet_due_and_never_for_what_is_late() -> None:
    now, waits = [100.0], list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = paced(lambda: now[0], wait)
    pace(0.0)
    pace(1.0)
    now[0] += 3.0
    pace(2.0)
    pace(5.0)
    assert waits == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["select"], 64, "Missing argument"),
        (["select", "x.mp4", "--hop", "0.05"], 64, "hop=0.05 must be a positive multiple of 0.04 s"),
        (["select", "x.mp4", "--encoder", "ave"], 64, "--encoder ave needs --ave-weights"),
        (["select", "a.mp4", "b.mp4", "--features", "f.npz"], 64, "--features needs a single VIDEO"),
        (["replay", "missing.mp4"], 1, "missing.mp4: no such file"),
        (["nonsense"], 64, "No such command"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    arguments: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAKE5_AVE_WEIGHTS", raising=False)
    assert run(arguments) == code
    assert text in capsys.readouterr().err
