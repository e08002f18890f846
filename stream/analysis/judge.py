"""Judging a window whose frames have all been observed."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from take5.scoring.algorithm1 import camera_views, motion_complexity
from take5.scoring.eligibility import Timing
from take5.scoring.gates.sound import SoundMeasures
from take5.scoring.judging import JudgedWindow, heard_findings, judged, seen_findings
from take5.scoring.score import WindowScore
from take5.scoring.stretch import Stretch
from take5.stream.analysis.frames import FrameObservation, stretch_of
from take5.stream.settings import Settings

Synced = Callable[[JudgedWindow, Stretch], JudgedWindow]
"""Judges the sync of a window by that of its recording (:mod:`take5.scoring.recording_sync`)."""


def judge_window(
    window: WindowScore,
    observations: Sequence[FrameObservation],
    timing: Timing,
    sound: SoundMeasures,
    settings: Settings,
    synced: Synced = lambda window, _: window,
) -> JudgedWindow:
    """Score the motion of a window whose grid frames have all been analysed, and decide whether it may win."""
    stretch, start, gates = stretch_of(observations, timing, sound), window.start, settings.gates
    motion = views = None
    if stretch.observations.tracked.all():
        motion = motion_complexity(stretch.lips, settings.parameters.hfr_threshold)
        views = camera_views(stretch.pose)
    seen = seen_findings(stretch, motion, start, gates)
    score = replace(window, motion=motion, views=views)
    return synced(judged(score, [*heard_findings(timing, sound, start, gates), *seen]), stretch)
