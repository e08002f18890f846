"""A talk in HDR, as phones record it: scored and written as its SDR original, and said to be mapped."""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import take5
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.ffmpeg.tone_mapping import HLG
from take5.stream.live.replay import Replay
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

pytestmark = pytest.mark.long

START_S, STOP_S = 11.8, 17.8
BT2020, LIMITED = 9, 1
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
BRIGHTEST = 70.0
"""cd/m2 of the talk's white in HDR: nothing is compressed."""


def hlg(rgb: NDArray[np.uint8]) -> av.VideoFrame:
    """A picture in HLG (ITU-R BT.2100)."""
    light = (rgb / 255.0) ** 2.4 * BRIGHTEST / 1000 @ TO_2020.T
    luminance = np.maximum(light @ [0.2627, 0.6780, 0.0593], 1e-6)[..., None]
    scene = light * luminance ** ((1 - 1.2) / 1.2)
    logarithm = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), logarithm)
    frame = av.VideoFrame.from_ndarray(np.rint(signal * 65535).astype(np.uint16), format="rgb48le")
    frame = frame.reformat(format="yuv420p10le", dst_colorspace=BT2020, dst_color_range=LIMITED, interpolation=0x42004)
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = BT2020, LIMITED, BT2020, HLG
    return frame


def sdr(rgb: NDArray[np.uint8]) -> av.VideoFrame:
    """The same light in SDR."""
    dim = rgb * (BRIGHTEST / 203) ** (1 / 2.4)
    frame = av.VideoFrame.from_ndarray(np.rint(dim).astype(np.uint8), format="rgb24")
    frame = frame.reformat(format="yuv420p10le", dst_colorspace=1, dst_color_range=LIMITED, interpolation=0x42004)
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = 1, LIMITED, 1, 1
    return frame


@pytest.fixture(scope="module")
def talks(short: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hdr")
    return {name: _write(folder / f"{name}.mov", short, make) for name, make in (("sdr", sdr), ("hlg", hlg))}


def _write(path: Path, original: Path, make: Callable[[NDArray[np.uint8]], av.VideoFrame]) -> Path:
    with av.open(str(original)) as source, av.open(str(path), "w") as output:
        options = {"crf": "8", "preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"}
        shown = output.add_stream("libx265", rate=25, options=options)
        audio = source.streams.audio[0]
        heard = output.add_stream("pcm_s16le", rate=audio.rate)
        assert isinstance(shown, av.VideoStream)
        assert isinstance(heard, av.AudioStream)
        heard.layout = "mono"
        first = True
        for frame in _frames(source):
            if isinstance(frame, av.AudioFrame):
                resampled = av.AudioResampler("s16", "mono").resample(frame)
                for piece in resampled:
                    output.mux(heard.encode(piece))
                continue
            made = make(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            if first:
                shown.width, shown.height, shown.pix_fmt, first = made.width, made.height, "yuv420p10le", False
                context = shown.codec_context
                context.colorspace, context.color_range = made.colorspace, made.color_range
                context.color_primaries, context.color_trc = made.color_primaries, made.color_trc
            made.pts, made.time_base = frame.pts, frame.time_base
            output.mux(shown.encode(made))
        output.mux(shown.encode(None))
        output.mux(heard.encode(None))
    return path


def _frames(source: av.container.InputContainer) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Frames of a stretch, from 0."""
    for frame in source.decode(video=0, audio=0):
        assert isinstance(frame, av.VideoFrame | av.AudioFrame)
        if frame.time is not None and frame.pts is not None and START_S <= frame.time < STOP_S:
            assert frame.time_base is not None
            frame.pts -= round(Fraction(START_S) / Fraction(frame.time_base))
            yield frame


def test_hdr_is_scored_and_written_as_its_sdr_original(talks: dict[str, Path], models: Models, tmp_path: Path) -> None:
    expected, found = (take5.select(talks[name], models=models) for name in ("sdr", "hlg"))
    assert expected.best is not None
    assert found.best is not None
    assert found.best.start_s == expected.best.start_s
    assert pytest.approx(expected.best.D, rel=1e-6) == found.best.D
    for mine, theirs in zip(list(found.frames())[::25], list(expected.frames())[::25], strict=True):
        assert np.abs(mine.astype(int) - theirs).mean(axis=(0, 1)).max() < 3
    assert (expected.json()["tone_mapped"], found.json()["tone_mapped"]) == (None, "hlg")
    assert any("HDR (HLG)" in warning for warning in found.warnings)
    (made,) = found.bundle(tmp_path, "synctalk", size=256)
    assert json.loads(made.manifest.read_text())["source"]["tone_mapped"] == "hlg"


def test_a_replay_says_so_too(talks: dict[str, Path], models: Models) -> None:
    *_, last = Replay(MediaFile(talks["hlg"]), models, Settings()).events()
    assert isinstance(last, Finished)
    assert last.selection.tone_mapped == "hlg"
