"""Long holes: what is passed over, that it costs nothing, and that a stream and a file agree about it."""

import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from take5.stream.analysis.models import Models
from take5.stream.events import Finished, Progress
from take5.stream.live.replay import Replay
from take5.stream.offline.select import select
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.aligner import Aligner
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.grid import holes
from take5.stream.timeline.holes import SOUND_FRAMES, passed_over, without
from take5.stream.timeline.media import AudioBlock, Timed, UnseenFrame

RATE = 48_000
HOP = 25


@pytest.mark.parametrize(
    ("hole", "passed"),
    [
        ((30, 31), (0, 0)),
        ((25, 100), (50, 75)),
        ((26, 125), (75, 100)),
        ((25, 74), (0, 0)),
        ((1, 25 * 10**9), (50, 25 * 10**9 - 25)),
    ],
)
def test_the_first_and_the_last_chunk_of_a_hole_stay(hole: tuple[int, int], passed: tuple[int, int]) -> None:
    assert passed_over(hole, HOP) == passed


def test_sound_is_passed_over_as_its_frames_are_grouped() -> None:
    assert passed_over((0, 225), HOP, SOUND_FRAMES) == (25, 125)
    assert passed_over((0, 125), HOP, SOUND_FRAMES) == (0, 0)


def test_windows_with_anything_of_it_are_left_out() -> None:
    assert without(range(0, 500, 25), 125, [(250, 300), (0, 0)]) == [*range(0, 126, 25), *range(300, 500, 25)]


def test_holes_of_a_file_are_those_of_the_grid() -> None:
    times = [frame * FLICKS // 25 for frame in [-1, 0, 1, 2, 90, 91]]
    assert holes(times, 0) == [(3, 90)]


Outcome = tuple[list[int], int, list[tuple[int, int]]]
"""Numbers of the grid frames, count of samples, and what was left out of the sound."""


def both(seconds: float, *, picture: bool = True, sound: bool = True) -> Outcome:
    """Two seconds, a hole in one track or in both, two seconds."""
    aligner, indices, samples = Aligner(0, HOP), list[int](), 0
    for after in (0.0, seconds):
        for tick in range(50):
            pts = round((2 * (after > 0) + tick / 25) * FLICKS)
            media: list[Timed] = [
                UnseenFrame(pts + round(after * picture * FLICKS)),
                AudioBlock(pts + round(after * sound * FLICKS), np.ones(RATE // 25, np.float32), RATE),
            ]
            for item in media:
                aligned = aligner.push(item)
                indices += [frame.index for frame in aligned.frames]
                samples += sum(len(piece) for piece in aligned.samples)
    return indices, samples, aligner.sound_left_out


@pytest.mark.parametrize("seconds", [30.0, 40_000.0, 12 * 3600.0])
def test_a_hole_costs_the_same_whatever_its_length(seconds: float) -> None:
    tracemalloc.start()
    indices, samples, left_out = both(seconds)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert len(indices) < 160
    assert samples < 10 * 16_000
    assert indices[-1] == 2 * 50 + round(seconds) * 25 - 1
    assert sum(stop - first for first, stop in left_out) * 640 + samples == pytest.approx(
        (4 + seconds) * 16_000, abs=999
    )


def test_a_hole_of_one_track_leaves_the_other_as_it_is() -> None:
    indices, _, left_out = both(30.0, sound=False)
    assert left_out == []
    assert np.flatnonzero(np.diff(indices) > 1).size == 1
    indices, _, left_out = both(30.0, picture=False)
    assert indices == list(range(100))
    assert left_out == [(75, 775)]


@pytest.fixture(scope="module")
def torn(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float, str], Path]:
    """A film with a hole after 8 s in its picture, its sound, or both."""

    def tear(seconds: float, kinds: str) -> Path:
        path = tmp_path_factory.mktemp("torn") / "torn.mkv"
        with av.open(str(short)) as source, av.open(str(path), "w") as target:
            streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
            for packet in source.demux():
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                kind = packet.stream.type
                if packet.pts * packet.time_base >= 8:
                    later = round(Fraction(seconds) / packet.time_base) if kind in kinds else 0
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
        return path

    return tear


@pytest.mark.parametrize(("seconds", "kinds"), [(30.0, "video audio"), (9.0, "video")])
def test_a_stream_and_a_file_agree(
    torn: Callable[[float, str], Path], models: Models, seconds: float, kinds: str
) -> None:
    path = torn(seconds, kinds)
    *events, last = Replay(MediaFile(path), models, Settings()).events()
    assert isinstance(last, Finished)
    streamed = last.selection
    told = [event.window.score.start for event in events if isinstance(event, Progress) and event.window is not None]
    assert [window.score.start for window in streamed.verdicts] == told
    batch = select(MediaFile(path), models, Settings(), on_progress=lambda *_: None).selection
    assert [window.score.start for window in batch.verdicts] == told
    assert len(told) < 16 + 8
    for one, other in zip(batch.verdicts, streamed.verdicts, strict=True):
        if one.eligible is not None:
            assert one.eligible is other.eligible, one
        assert pytest.approx(other.score.D, rel=1e-9) == one.score.D
    assert batch.best is not None
    assert streamed.best is not None
    assert batch.best.start == streamed.best.start
    assert [window.start for window in batch.pool] == [window.start for window in streamed.pool]
