"""The clip against what it was made of: pictures, their times, the sound, and the two together."""

import functools
import itertools
import json
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import Audio, Video, click_time, clicks, numbered, rotate, silence, steady, write_media
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom
from skimage.data import astronaut

from take5.scoring.errors import OutputExists, UnreadableMedia
from take5.scoring.motion import Motion
from take5.scoring.score import WindowScore
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.output.clip import write_clip
from take5.stream.output.take import write_take
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.file_index import FileIndex
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, fraction
from take5.stream.timeline.grid import FrameCounts
from take5.stream.timeline.media import AudioBlock, Picture
from take5.stream.timeline.soundtrack import SoundTrack, to_pcm16

FRAMES = 125
SSIM = 0.99
FULL_RANGE = 2
FINE = {"libx264": {"crf": "12"}, "ffv1": {}}

Rgb = NDArray[np.uint8]


@functools.cache
def portrait() -> NDArray[np.float64]:
    """A photograph of a face, 240 pixels wide."""
    return np.asarray(zoom(astronaut()[0:340, 80:420].astype(np.float64), (240 / 340, 240 / 340, 1), order=1))


def scene(width: int, height: int, noise: float = 2.0) -> Iterator[Rgb]:
    """The portrait, moving slowly before a camera that adds noise, more to its colours than to its brightness."""
    chance = np.random.default_rng(0)
    for number in itertools.count():
        y, x = round(30 + 12 * np.sin(number / 11)), round(40 + 20 * np.sin(number / 17))
        picture = portrait()[y : y + height, x : x + width]
        noisy = picture + chance.normal(0, noise, (height, width, 1)) + chance.normal(0, noise / 2, picture.shape)
        yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def luma(frame: av.VideoFrame, width: int, height: int) -> NDArray[np.float64]:
    """Brightness of a frame scaled to a size, in the full range [H, W]."""
    return frame.to_ndarray(format="gray", width=width, height=height).astype(np.float64)


def ssim(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mean structural similarity, Gaussian windows of 1.5 pixels (Wang et al. 2004)."""

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(gaussian_filter(x, 1.5))

    a, b = mean(one), mean(other)
    aa, bb, ab = mean(one * one) - a * a, mean(other * other) - b * b, mean(one * other) - a * b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * a * b + c1) * (2 * ab + c2) / ((a * a + b * b + c1) * (aa + bb + c2))).mean())


@dataclass(frozen=True)
class FileMaterial:
    """A file's grid frames and sound, as a clip takes them."""

    file: MediaFile
    index: FileIndex
    blocks: list[AudioBlock]

    @classmethod
    def of(cls, path: Path) -> "FileMaterial":
        file, blocks = MediaFile(path), list[AudioBlock]()
        return cls(file, file.scan(blocks.append), blocks)

    def pictures(self, start: int, stop: int) -> Iterator[Picture]:
        return (cell.shown.picture for cell in self.file.grid_frames(self.index, start, stop))

    def sound(self, start: int, stop: int) -> tuple[NDArray[np.float32], int]:
        return self.file.sound(self.file.origin + start * FRAME_FLICKS, self.file.origin + stop * FRAME_FLICKS)

    def pcm(self, start: int, stop: int) -> NDArray[np.int16]:
        track = SoundTrack(self.file.origin)
        return to_pcm16(np.concatenate([*map(track.push, self.blocks), track.finish()]))[start * 640 : stop * 640]


@dataclass(frozen=True)
class Decoded:
    """A clip as a player sees it."""

    frames: list[av.VideoFrame]
    pictures: list[Rgb]
    times: list[Fraction]
    sound: NDArray[np.float32]
    sound_start: Fraction
    rate: int


def decode(path: Path) -> Decoded:
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.video[0]))
    with av.open(str(path)) as container:
        blocks = list(container.decode(container.streams.audio[0]))
    first = blocks[0]
    assert first.pts is not None
    assert first.time_base is not None
    return Decoded(
        frames,
        [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames],
        [(frame.pts or 0) * fraction(frame.time_base or 0) for frame in frames],
        np.concatenate([block.to_ndarray() for block in blocks], axis=1),
        first.pts * first.time_base,
        first.sample_rate,
    )


def source(path: Path, pictures: Iterator[Rgb], video: Video, count: int) -> FileMaterial:
    """Pictures at 25 fps, hardly touched by their own coding, and silence."""
    video = replace(video, options={**FINE.get(video.codec, {}), **video.options})
    write_media(path, pictures, steady(count, 25), silence(count / 25), video)
    return FileMaterial.of(path)


def clip(material: FileMaterial, path: Path, start: int, count: int = FRAMES) -> Decoded:
    pictures = material.pictures(start, start + count)
    assert write_clip(path, pictures, *material.sound(start, start + count)) == count
    return decode(path)


@dataclass(frozen=True)
class Kind:
    """A kind of source that has to look the same in the clip; ``size`` is the upright one."""

    video: Video
    ending: str = "mkv"
    noise: float = 2.0
    turn: int = 0
    clip_size: tuple[int, int] = (128, 96)


SIZE = (128, 96)
KINDS = {
    "plain": Kind(Video(SIZE)),
    "noisy webcam": Kind(Video(SIZE), noise=6.0),
    "dark and very noisy": Kind(Video(SIZE), noise=12.0),
    "10 bits": Kind(Video(SIZE, pix_fmt="yuv420p10le")),
    "10 bits, full range": Kind(Video(SIZE, pix_fmt="yuv420p10le", color_range=FULL_RANGE)),
    "full range": Kind(Video(SIZE, pix_fmt="yuvj420p", color_range=FULL_RANGE)),
    "full range, not by its name": Kind(Video(SIZE, pix_fmt="yuv420p", color_range=FULL_RANGE)),
    "4:4:4": Kind(Video(SIZE, pix_fmt="yuv444p")),
    "RGB": Kind(Video(SIZE, codec="ffv1", pix_fmt="bgr0"), noise=0.5),
    "MJPEG webcam": Kind(Video(SIZE, codec="mjpeg", pix_fmt="yuvj422p", options={"qmin": "1", "qmax": "2"}), "avi"),
    "odd": Kind(Video((131, 97), pix_fmt="yuv444p"), clip_size=(130, 96)),
    "odd, 4:2:0": Kind(Video((131, 97), codec="ffv1"), noise=1.0, clip_size=(130, 96)),
    "turned 90": Kind(Video(SIZE), "mp4", turn=90, clip_size=(96, 128)),
    "turned 180": Kind(Video(SIZE), "mp4", turn=180),
    "turned 270, full range": Kind(
        Video(SIZE, pix_fmt="yuvj420p", color_range=FULL_RANGE), "mp4", turn=270, clip_size=(96, 128)
    ),
    "wide pixels": Kind(Video(SIZE, aspect=Fraction(4, 3)), "mp4", clip_size=(170, 96)),
    "wide pixels, turned": Kind(Video(SIZE, aspect=Fraction(4, 3)), "mp4", turn=90, clip_size=(96, 170)),
}


@pytest.mark.parametrize("name", KINDS)
def test_pictures_are_visually_lossless(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    path = tmp_path / f"source.{kind.ending}"
    material = source(path, scene(*kind.video.size, noise=kind.noise), kind.video, 40)
    if kind.turn:
        rotate(path, kind.turn)
        material = FileMaterial.of(path)
    got = clip(material, tmp_path / "clip.mp4", 7, 30)
    width, height = kind.clip_size
    for number, picture in enumerate(material.pictures(7, 37)):
        if number % 5 == 4:
            assert isinstance(picture, DecodedPicture)
            square = round(picture._frame.width * (kind.video.aspect or 1)), picture._frame.height
            upright = np.rot90(luma(picture._frame, *square), -kind.turn // 90)
            assert got.pictures[number].shape == (height, width, 3)
            assert ssim(upright[:height, :width], luma(got.frames[number], width, height)) >= SSIM
            colours = (picture.rgb()[:height, :width] - got.pictures[number].astype(float)).mean(axis=(0, 1))
            assert np.abs(colours).max() < 2.5  # neither range nor matrix is mistaken


def test_the_measure_itself_sees_a_bad_picture() -> None:
    picture = next(scene(*SIZE))[..., 1].astype(np.float64)
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ssim(picture, picture + np.random.default_rng(1).normal(0, 4, picture.shape)) < SSIM
    assert ssim(picture, np.roll(picture, 1, axis=1)) < SSIM


def test_the_file_is_what_players_and_trainers_expect(tmp_path: Path) -> None:
    material = source(tmp_path / "source.mp4", scene(*SIZE), Video(SIZE, aspect=Fraction(4, 3)), 150)
    got = clip(material, tmp_path / "clip.mp4", 10)
    assert got.times == [Fraction(i, 25) for i in range(FRAMES)]
    assert got.sound_start == 0
    with av.open(str(tmp_path / "clip.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.average_rate == 25
        assert video.sample_aspect_ratio in (None, 0, 1)
        assert video.format.name == "yuv420p"
        assert (video.start_time, audio.start_time) == (0, 0)
        assert (video.duration or 0) * fraction(video.time_base or 0) == 5
    content = (tmp_path / "clip.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def flashes(at: int, count: int) -> Iterator[Rgb]:
    """Black, with one white picture."""
    for number in range(count):
        yield np.full((64, 64, 3), 255 if number == at else 0, np.uint8)


@pytest.mark.parametrize(
    ("rate", "channels", "start"),
    [
        (8_000, 1, 0),
        (11_025, 2, 13),
        (16_000, 1, 1),
        (22_050, 1, 24),
        (37_800, 2, 7),
        (44_100, 2, 0),
        (48_000, 1, 25),
        (96_000, 1, 11),
    ],
)
def test_a_flash_and_a_click_stay_together(tmp_path: Path, rate: int, channels: int, start: int) -> None:
    """One of 150 pictures is white, and its click stands where it begins."""
    flash = 70
    sound = clicks([flash / 25], 6, rate, channels)
    audio = Audio(rate, "pcm_f32le", "stereo" if channels == 2 else "mono", "flt")
    path = write_media(tmp_path / "a.mov", flashes(flash, 150), steady(150, 25), sound, Video((64, 64)), audio)
    got = clip(FileMaterial.of(path), tmp_path / "clip.mp4", start)
    seen = [number for number, picture in enumerate(got.pictures) if picture.mean() > 128]
    assert seen == [flash - start]
    assert len(got.sound) == channels
    for channel in got.sound:
        heard_s = float(got.sound_start) + click_time(channel, got.rate)
        assert heard_s == pytest.approx(float(got.times[seen[0]]), abs=0.0005)


@pytest.mark.parametrize(("ending", "fps"), [("mp4", 30), ("ts", 30), ("mkv", 30), ("mkv", 50)])
def test_sound_and_picture_stay_together_from_any_container(tmp_path: Path, ending: str, fps: int) -> None:
    flash = 3 * fps
    sound = clicks([3.0], 6.5)
    path = write_media(
        tmp_path / f"a.{ending}",
        flashes(flash, 6 * fps),
        steady(6 * fps, fps),
        sound,
        Video((64, 64), rate=Fraction(fps)),
    )
    material = FileMaterial.of(path)
    got = clip(material, tmp_path / "clip.mp4", 9)
    seen = next(number for number, picture in enumerate(got.pictures) if picture.mean() > 128)
    instant = (material.index.pts[flash] - material.file.origin) / FLICKS - 9 / 25  # when the flash was, in clip time
    assert abs(float(got.times[seen]) - instant) <= 0.5 / fps + 0.001
    assert click_time(got.sound[0], got.rate) == pytest.approx(instant, abs=0.001)
    assert click_time(material.pcm(9, 9 + FRAMES) / np.float32(32768), 16_000) == pytest.approx(instant, abs=0.001)


def test_loud_and_silent_sound_comes_out_as_it_went_in(tmp_path: Path) -> None:
    t = np.arange(5 * 48_000) / 48_000
    tone = (0.9 * np.sin(2 * np.pi * 440 * t) * (t > 1)).astype(np.float32)
    pictures = [next(scene(64, 64))] * FRAMES
    path = write_media(
        tmp_path / "a.mov",
        iter(pictures),
        steady(FRAMES, 25),
        tone[None],
        Video((64, 64)),
        Audio(codec="pcm_f32le", format="flt"),
    )
    got = clip(FileMaterial.of(path), tmp_path / "clip.mp4", 0)
    assert np.abs(got.sound[0, : 48_000 - 2048]).max() < 1e-4
    assert got.sound.shape[1] >= 5 * 48_000
    np.testing.assert_allclose(got.sound[0, 50_000:230_000], tone[50_000:230_000], atol=0.01)


def test_pictures_shown_twice_and_pictures_that_are_only_arrays(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Array:
        pixels: Rgb
        digest: int = 0

        @property
        def size(self) -> tuple[int, int]:
            return self.pixels.shape[1], self.pixels.shape[0]

        def rgb(self) -> Rgb:
            return self.pixels

    pictures = [Array(np.ascontiguousarray(numbered(i // 2, (97, 65)))) for i in range(10)]
    assert write_clip(tmp_path / "a.mp4", pictures, silence(0.4, 16_000), 16_000) == 10
    got = decode(tmp_path / "a.mp4")
    assert got.times == [Fraction(i, 25) for i in range(10)]
    for number, picture in enumerate(got.pictures):
        assert picture.shape == (64, 96, 3)
        assert np.abs(picture.astype(int) - pictures[number].pixels[:64, :96]).mean() < 3


def selection(material: FileMaterial, start: int | None) -> Selection:
    best = None if start is None else WindowScore(start, 2.0, Motion(0.2, 0.2, 0.3, mouth_moves=True), 3)
    return Selection(
        video="talk.mp4",
        encoder="none",
        encoder_version="0",
        source_fps=25.0,
        origin=material.file.origin,
        frames=150,
        tracked=0,
        counts=FrameCounts(),
        best=best,
        pool=() if best is None else (best,),
        verdicts=(),
        settings=Settings(),
    )


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> FileMaterial:
    path = tmp_path_factory.mktemp("take") / "talk.mp4"
    pictures = (numbered(i, (96, 64)) for i in range(150))
    write_media(path, pictures, steady(150, 25), clicks([2.5], 6, 44_100), Video((96, 64)), Audio(44_100))
    return FileMaterial.of(path)


def test_a_clip_without_a_picture_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="no picture of the clip can be decoded"):
        write_clip(tmp_path / "a.mp4", [], silence(0.4, 16_000), 16_000)


def test_a_take_is_a_clip_its_wave_and_its_report(tmp_path: Path, material: FileMaterial) -> None:
    write_take(selection(material, 25), material, tmp_path / "out" / "talk")
    assert sorted(p.name for p in (tmp_path / "out" / "talk").iterdir()) == ["clip.mp4", "clip.wav", "report.json"]
    got = decode(tmp_path / "out" / "talk" / "clip.mp4")
    assert got.times == [Fraction(i, 25) for i in range(FRAMES)]
    with wave.open(str(tmp_path / "out" / "talk" / "clip.wav")) as file:
        header = file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()
        pcm = np.frombuffer(file.readframes(80_000), "<i2")
    assert header == (16_000, 1, 2, 80_000)
    np.testing.assert_array_equal(pcm, material.pcm(25, 150))
    assert click_time(pcm / np.float32(32768), 16_000) == pytest.approx(1.5, abs=0.0005)
    assert click_time(got.sound[0], got.rate) == pytest.approx(1.5, abs=0.0005)
    report = json.loads((tmp_path / "out" / "talk" / "report.json").read_text())
    assert report["best"]["start_s"] == 1.0


def test_without_an_eligible_window_there_is_only_the_report(tmp_path: Path, material: FileMaterial) -> None:
    write_take(selection(material, None), material, tmp_path / "talk")
    assert [p.name for p in (tmp_path / "talk").iterdir()] == ["report.json"]
    assert json.loads((tmp_path / "talk" / "report.json").read_text())["best"] is None


def test_a_name_that_is_no_unicode_is_reported(tmp_path: Path, material: FileMaterial) -> None:
    write_take(replace(selection(material, None), video="\udcff.mp4"), material, tmp_path / "talk")
    assert json.loads((tmp_path / "talk" / "report.json").read_text())["video"] == "\udcff.mp4"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full"), ValueError("broken")])
def test_a_take_that_fails_leaves_nothing(
    tmp_path: Path, material: FileMaterial, error: BaseException | type[BaseException]
) -> None:
    @dataclass(frozen=True)
    class Failing(FileMaterial):
        def pictures(self, start: int, stop: int) -> Iterator[Picture]:
            yield from super().pictures(start, stop - 30)
            raise error

    failing = Failing(material.file, material.index, material.blocks)
    with pytest.raises(BaseException, match=r"disk full|broken|^$"):
        write_take(selection(material, 0), failing, tmp_path / "out" / "talk")
    assert list(tmp_path.iterdir()) == []


def test_a_take_that_exists_is_refused_before_a_picture_is_decoded(tmp_path: Path, material: FileMaterial) -> None:
    (tmp_path / "talk").mkdir()

    @dataclass(frozen=True)
    class Untouched(FileMaterial):
        def pictures(self, start: int, stop: int) -> Iterator[Picture]:
            raise AssertionError(f"decoded {start}..{stop} for nothing")

    with pytest.raises(OutputExists):
        write_take(selection(material, 0), Untouched(material.file, material.index, material.blocks), tmp_path / "talk")
