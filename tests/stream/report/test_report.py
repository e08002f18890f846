"""What a report is made of: notes, thumbnails, joined findings, thinned curves, spectra, words."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_data import invented
from scipy.fft import fft

from take5.scoring.algorithm1 import motion_complexity
from take5.scoring.gates.findings import Code, Finding, Severity
from take5.scoring.score import WindowScore
from take5.stream.analysis.levels import level_dbfs
from take5.stream.analysis.models import Models
from take5.stream.offline.select import select
from take5.stream.report.data import film_notes, report_data
from take5.stream.report.decimate import covered, extremes
from take5.stream.report.problems import problems
from take5.stream.report.spectrum import spectrum
from take5.stream.report.texts import about, clock, why
from take5.stream.report.thumbnails import thumbnail
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile


class Drawn:
    """A picture whose left half is red."""

    def __init__(self, width: int, height: int) -> None:
        self.size, self.digest = (width, height), 0

    def rgb(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        pixels = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        pixels[:, : self.size[0] // 2, 0] = 255
        return pixels


@pytest.mark.parametrize(("size", "expected"), [((641, 481), (240, 180)), ((90, 160), (90, 160)), ((3, 900), (2, 900))])
def test_a_thumbnail_is_a_jpeg_in_the_right_colours_and_never_larger(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    image = Image.open(io.BytesIO(thumbnail(Drawn(*size), 240)))
    assert (image.format, image.size) == ("JPEG", expected)
    if size[0] > 16:
        left, right = (image.convert("RGB").getpixel((x, 40)) for x in (8, expected[0] - 8))
        assert np.abs(np.array(left) - (255, 0, 0)).max() < 20
        assert np.abs(np.array(right)).max() < 20


def test_what_overlapping_windows_found_is_one_problem_with_its_worst_bounds() -> None:
    found = problems(invented())
    (two_faces,) = [each for each in found if each.code is Code.SEVERAL_FACES]
    assert (two_faces.start, two_faces.stop, two_faces.windows) == (310, 420, 9)
    (pitched,) = [each for each in found if each.code is Code.HEAD_PITCHED]
    assert (pitched.start, pitched.stop, pitched.severity, pitched.value) == (250, 300, Severity.WARN, 29.5)


def test_findings_apart_and_of_another_severity_stay_apart() -> None:
    data = invented(6)
    first, second = data.selection.verdicts
    split = (Finding(Code.BLURRED, 0, 10), Finding(Code.BLURRED, 11, 20))
    verdicts = (replace(first, reasons=split), replace(second, warnings=(replace(split[0], severity=Severity.WARN),)))
    found = problems(replace(data, selection=replace(data.selection, verdicts=verdicts)))
    assert [(each.start, each.stop, each.severity) for each in found] == [
        (0, 10, Severity.REJECT), (0, 10, Severity.WARN), (11, 20, Severity.REJECT),
    ]  # fmt: skip


def test_thinning_keeps_the_outline() -> None:
    values = np.random.default_rng(3).normal(size=50_000)
    values[100:5000] = np.nan
    kept = extremes(values, 2000)
    assert len(kept) <= 2000
    assert np.nanmin(values[kept]) == np.nanmin(values)
    assert np.nanmax(values[kept]) == np.nanmax(values)
    assert np.isnan(values[kept]).any()
    assert extremes(values[:7]).tolist() == list(range(7))


def test_spans_join_only_where_nobody_could_tell_them_apart() -> None:
    assert covered([(5, 9), (0, 3), (9, 12)], frames=100) == [(0, 3), (5, 12)]
    many = covered([(frame, frame + 1) for frame in range(0, 100_000, 2)], frames=100_000, points=500)
    assert len(many) <= 500
    assert (many[0][0], many[-1][1]) == (0, 99_999)


@pytest.mark.parametrize("frames", [125, 50, 2])
def test_the_spectrum_is_the_one_that_the_score_is_of(frames: int) -> None:
    lips = np.random.default_rng(1).normal(100, 4, (frames, 20, 2))
    found = spectrum(lips)
    mouth = np.linalg.norm(lips - lips.mean(axis=1, keepdims=True), axis=2)
    expected = np.abs(fft(mouth, axis=0))[1 : frames // 2 + 1].mean(axis=1)
    np.testing.assert_allclose(found.mouth, expected, rtol=1e-9)
    twice = np.where(found.frequency == 0.5, 1, 2)
    high = found.frequency > 0.25
    share = (found.mouth * twice)[high].sum() / (found.mouth * twice).sum()
    assert share == pytest.approx(motion_complexity(lips, 0.25).MC_mouth, rel=1e-9)


@pytest.mark.parametrize(
    ("frame", "text"), [(0, "0:00"), (300, "0:12"), (312, "0:12.48"), (25 * 3723, "1:02:03"), (25 * 60, "1:00")]
)
def test_the_clock(frame: int, text: str) -> None:
    assert clock(frame) == text


def test_whole_seconds_hold_the_stretch() -> None:
    assert about(310, 420) == "0:12 to 0:17"


def test_the_reason_names_the_place_in_each_order() -> None:
    data = invented()
    pool = data.selection.pool
    chosen = data.selection.best
    assert isinstance(chosen, WindowScore)
    richer = sum(window.D > chosen.D for window in pool)
    assert f"the {['', 'second ', 'third ', 'fourth ', 'fifth '][richer]}richest speech of them" in why(data)


def test_levels_are_rms_of_full_scale() -> None:
    tone = np.sqrt(0.5) * np.sin(np.arange(16000) * 0.3)
    assert level_dbfs(tone) == pytest.approx(-6.0, abs=0.1)
    assert level_dbfs(np.zeros(640, np.float32)) is None
    assert level_dbfs(np.zeros(0, np.float32)) is None


@pytest.mark.long
def test_a_file_gives_its_pictures_its_lips_and_only_what_was_looked_at(talker: Path, models: Models) -> None:
    scored = select(MediaFile(talker), models, Settings(), on_progress=lambda *_: None)
    tracked = scored.recording.scan.tracked
    data = report_data(scored.selection, scored.recording, film_notes(scored.recording, 25))
    assert scored.recording.scan.tracked == tracked, "the report looked at pictures that nobody had looked at"
    assert scored.selection.best is not None
    assert scored.selection.best.motion is not None
    assert data.lips is not None
    assert pytest.approx(scored.selection.best.motion.MC, rel=1e-9) == motion_complexity(data.lips, 0.25).MC
    assert len(data.notes) == -(-scored.selection.frames // 25)
    assert {note.face for note in data.notes} >= {None, 1.0}
    start = scored.selection.best.start
    assert [picture.frame - start for picture in data.best_pictures] == [12, 37, 62, 87, 112]
    assert set(data.pool_pictures) == {window.start for window in scored.selection.pool}
    sizes = {Image.open(io.BytesIO(p.jpeg)).size for p in data.best_pictures}
    assert sizes == {(p.width, p.height) for p in data.best_pictures}


def test_what_cannot_be_decoded_is_left_out() -> None:
    class Gone:
        frames = 1500
        pictures: Callable[[int, int], object] = staticmethod(lambda *_: iter(()))

        def observations(self, start: int, stop: int) -> list[object]:
            face = type("Look", (), {"lips": np.zeros((20, 2))})()
            return [face] * (stop - start)

    invented_ = invented()
    data = report_data(invented_.selection, Gone(), invented_.notes)  # type: ignore[arg-type] # all that it asks for
    assert data.best_pictures == ()
    assert data.pool_pictures == {}
