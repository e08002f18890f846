"""Events between processes: what arrives is what was told."""

import json
from dataclasses import replace

import numpy as np
import pytest
from event_samples import BEST, EVENTS, GOOD

from take5.scoring.gates.findings import Code, Finding
from take5.scoring.idle import IdleState
from take5.scoring.judging import JudgedWindow
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import Coached, Event, LengthProgress, Progress, Scored, Stopped, Trouble, Warned
from take5.stream.workers.told import packed, unpacked

NUMPY = JudgedWindow(BEST, (Finding(Code.NO_FACE, 60, 70, value=np.float64(0.5)),))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_arrives_is_what_was_told(event: Event) -> None:
    assert unpacked(packed(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        Warned(0, Trouble.TIME_JUMPED, 3),
        Warned(0, Trouble.DISK_LOW, 512),
        Warned(0, Trouble.FAULT, "it failed"),
        Coached(0, IdleState.FOUND, None, restarts=True),
        Scored(125, NUMPY),
        Stopped(125, Stop(StopRule.CAP, 12.0, 12.0)),
    ],
    ids=lambda event: type(event).__name__,
)
def test_followers_read_the_same(event: Event) -> None:
    assert json.dumps(unpacked(packed(event)).json()) == json.dumps(event.json())


def test_the_sound_of_windows_stays_where_it_is_needed() -> None:
    heard = replace(GOOD, sound=object())  # type: ignore[arg-type] # it must not be read
    told: list[Event] = [
        Progress(150, heard, BEST, others=(LengthProgress(250, heard, BEST), LengthProgress(75, None, None))),
        Scored(150, heard),
    ]
    for event in told:
        assert len(packed(event).data) < 2000
        assert unpacked(packed(event)) == event, "sound is not compared"
