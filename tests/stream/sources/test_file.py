"""Media files of every kind against what was put into them: which picture when, which sound when, from every start."""

import functools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import (
    Audio,
    Video,
    click_time,
    clicks,
    number_of,
    numbered,
    numbered_media,
    rotate,
    silence,
    steady,
    write_media,
)
from numpy.typing import NDArray

from take5.stream.sources.file import MediaFile
from take5.stream.sources.file_index import FileIndex, Keyframe
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, seconds_to_flicks, to_seconds
from take5.stream.timeline.media import AccessUnit, AudioBlock, VideoFrame
from take5.stream.timeline.soundtrack import SoundTrack

SECONDS = 2
CLICK_S = 1.503

OPEN_GOP = {"preset": "medium", "x264-params": "open-gop=1:keyint=12:bframes=3:b-pyramid=normal:scenecut=0"}
LONG_GOP = {"preset": "medium", "x264-params": "keyint=500:bframes=3:scenecut=0"}
REFRESH = {"preset": "medium", "x264-params": "intra-refresh=1:keyint=20:bframes=0"}
X265 = "log-level=none:pools=none:frame-threads=1"
X265_OPEN = {"x265-params": f"{X265}:open-gop=1:keyint=12:bframes=3"}
B_FRAMES = {"bf": "2", "preset": "medium"}


@dataclass(frozen=True)
class Case:
    """A kind of file; ``sync_s`` is how well it can tell when a sound is heard."""

    ending: str
    video: Video = field(default_factory=Video)
    audio: Audio = field(default_factory=Audio)
    sync_s: float = 0.0001
    options: dict[str, str] = field(default_factory=dict)


OPUS = Audio(codec="libopus", format="flt")
MP3 = Audio(codec="libmp3lame")
PCM = Audio(codec="pcm_s16le", format="s16")
MS = 0.0011
"""Containers that count milliseconds, for picture and sound."""

CASES = {
    "mp4": Case("mp4"),
    "mp4, long GOP": Case("mp4", Video(options=LONG_GOP)),
    "mp4, open GOP": Case("mp4", Video(options=OPEN_GOP)),
    "mp4, refreshed bit by bit": Case("mp4", Video(options=REFRESH)),
    "mp4, fragments": Case("mp4", options={"movflags": "frag_keyframe+empty_moov"}),
    "mp4, H.264 10 bits": Case("mp4", Video(pix_fmt="yuv420p10le")),
    "mp4, H.264 4:4:4": Case("mp4", Video(pix_fmt="yuv444p")),
    "mp4, HEVC": Case("mp4", Video(codec="libx265")),
    "mp4, HEVC open GOP": Case("mp4", Video(codec="libx265", options=X265_OPEN)),
    "mp4, AV1": Case("mp4", Video((160, 96), codec="libsvtav1")),
    "mkv": Case("mkv", sync_s=MS),
    "mkv, open GOP": Case("mkv", Video(options=OPEN_GOP), sync_s=MS),
    "mkv, HEVC 10 bits": Case("mkv", Video(codec="libx265", pix_fmt="yuv420p10le", options=X265_OPEN), PCM, sync_s=MS),
    "mkv, without an index": Case("mkv", sync_s=MS, options={"live": "1"}),
    "mkv, refreshed bit by bit": Case("mkv", Video(options=REFRESH), sync_s=MS),
    "mkv, AV1 10 bits": Case(
        "mkv", Video((160, 96), codec="libsvtav1", pix_fmt="yuv420p10le", options={"crf": "8"}), OPUS, sync_s=MS
    ),
    "webm, VP9": Case("webm", Video(codec="libvpx-vp9"), OPUS, sync_s=MS),
    "webm, VP8": Case("webm", Video(codec="libvpx", options={"lag-in-frames": "16", "auto-alt-ref": "1"}), OPUS, MS),
    "ts": Case("ts"),
    "ts, open GOP": Case("ts", Video(options=OPEN_GOP)),
    "ts, HEVC open GOP": Case("ts", Video(codec="libx265", options=X265_OPEN)),
    "ts, MPEG-2": Case(
        "ts", Video(codec="mpeg2video", options={"bf": "2", "g": "15"}), Audio(codec="mp2", format="s16")
    ),
    "avi, MPEG-4": Case("avi", Video(codec="mpeg4"), PCM),
    "avi, MPEG-4 with B-frames": Case("avi", Video(codec="mpeg4", options={"bf": "2"}), MP3, 0.05),
    "avi, H.264 with B-frames": Case("avi", Video(options=B_FRAMES), MP3, 0.05),
    "mov, MJPEG": Case("mov", Video(codec="mjpeg", pix_fmt="yuvj420p"), PCM),
    "flv": Case("flv", Video(options=B_FRAMES), Audio(44_100), MS),
    "ogg": Case("ogg", Video(codec="libvpx"), Audio(codec="flac", format="s16")),
}


@dataclass(frozen=True)
class Played:
    """Everything that a file delivers."""

    file: MediaFile
    frames: list[VideoFrame]
    blocks: list[AudioBlock]
    units: list[AccessUnit]

    @property
    def numbers(self) -> list[int]:
        return [number_of(frame.picture.rgb()) for frame in self.frames]

    @property
    def times(self) -> list[int]:
        return [frame.pts for frame in self.frames]


def play(path: Path) -> Played:
    file = MediaFile(path)
    media = list(file.media())
    return Played(
        file,
        [m for m in media if isinstance(m, VideoFrame)],
        [m for m in media if isinstance(m, AudioBlock)],
        [m for m in media if isinstance(m, AccessUnit)],
    )


def scan(path: Path) -> tuple[MediaFile, FileIndex, list[AudioBlock]]:
    blocks: list[AudioBlock] = []
    file = MediaFile(path)
    return file, file.scan(blocks.append), blocks


@dataclass(frozen=True)
class Sample:
    """A file, everything that it delivers, and what a scan finds in it."""

    path: Path
    played: Played
    file: MediaFile
    index: FileIndex
    blocks: list[AudioBlock]


Made = Callable[[str], Sample]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A file of each kind, made, played and scanned when it is first asked for."""
    folder = tmp_path_factory.mktemp("kinds")

    @functools.cache
    def make(name: str) -> Sample:
        case = CASES[name]
        path = folder / f"{len(list(folder.iterdir()))}.{case.ending}"
        sound = clicks([CLICK_S], SECONDS, case.audio.rate)
        numbered_media(path, steady(25 * SECONDS, 25), sound, case.video, case.audio, options=case.options)
        return Sample(path, play(path), *scan(path))

    return make


def heard(file: MediaFile, blocks: list[AudioBlock]) -> NDArray[np.float32]:
    track = SoundTrack(file.origin)
    return np.concatenate([*map(track.push, blocks), track.finish()])


def shown(file: MediaFile, index: FileIndex, start: int, stop: int) -> list[tuple[int, int, int]]:
    cells = file.grid_frames(index, start, stop)
    return [(cell.index, cell.shown.pts, number_of(cell.shown.picture.rgb())) for cell in cells]


def assert_seeks_exactly(played: Played, file: MediaFile, index: FileIndex, step: int, length: int = 3) -> None:
    """From every start the grid shows what a decode of everything shows there."""
    number = dict(zip(played.times, played.numbers, strict=True))
    grid, _ = file.grid(index)
    whole = [(cell.index, cell.shown, number[cell.shown]) for cell in grid]
    assert len(whole) > 30
    for start in range(0, len(whole), step):
        stop = min(start + length, len(whole))
        assert shown(file, index, start, stop) == whole[start:stop], start
    assert shown(file, index, 0, len(whole)) == whole


@pytest.mark.parametrize("name", CASES)
def test_delivers_every_picture_in_order_at_its_time(made: Made, name: str) -> None:
    played = made(name).played
    assert played.numbers == list(range(25 * SECONDS))
    begin = played.times[0]
    steps = [abs(at - begin - i * FRAME_FLICKS) for i, at in enumerate(played.times)]
    assert max(steps) <= FLICKS // 1000
    assert played.file.video_end() - begin == pytest.approx(SECONDS * FLICKS, abs=FLICKS // 1000)
    assert played.file.source_fps == pytest.approx(25, abs=0.5)
    assert not any(frame.damaged for frame in played.frames)
    assert played.file.warnings == []


@pytest.mark.parametrize("name", CASES)
def test_delivers_all_the_sound_without_a_hole(made: Made, name: str) -> None:
    played = made(name).played
    rate = CASES[name].audio.rate
    assert sum(len(block.samples) for block in played.blocks) / rate >= SECONDS
    track = SoundTrack(played.file.origin)
    for block in played.blocks:
        track.push(block)
    assert not track.missing(0, 25 * SECONDS).any()
    assert track.frames() >= 25 * SECONDS - 1


@pytest.mark.parametrize("name", CASES)
def test_scan_and_media_agree(made: Made, name: str) -> None:
    sample = made(name)
    played, file, index, blocks = sample.played, sample.file, sample.index, sample.blocks
    assert index.pts == played.times
    assert (file.origin, index.video_end) == (played.file.origin, played.file.video_end())
    assert file.video_end() == index.video_end
    np.testing.assert_array_equal(heard(file, blocks), heard(played.file, played.blocks))
    assert [block.pts for block in blocks] == [block.pts for block in played.blocks]


@pytest.mark.parametrize("name", CASES)
def test_every_start_shows_what_a_whole_decode_shows(made: Made, name: str) -> None:
    sample = made(name)
    assert_seeks_exactly(sample.played, sample.file, sample.index, step=5)


@pytest.mark.parametrize("name", CASES)
def test_a_keyframe_alone_shows_what_a_whole_decode_shows(made: Made, name: str) -> None:
    sample = made(name)
    number = dict(zip(sample.played.times, sample.played.numbers, strict=True))
    stills = {keyframe.pts: sample.file.still(keyframe) for keyframe in sample.index.keyframes}
    found = {pts: (still.pts, number_of(still.picture.rgb())) for pts, still in stills.items() if still is not None}
    assert found == {pts: (pts, number[pts]) for pts in found}
    assert len(found) == len(stills) or (found and "refreshed" in name)


def test_a_keyframe_that_is_damaged_or_gone_is_no_picture_of_another_time(tmp_path: Path) -> None:
    case, path = CASES["mkv, without an index"], tmp_path / "whole.mkv"
    numbered_media(path, steady(100, 25), silence(4.0), Video(options={"g": "25", "sc_threshold": "0"}), case.audio)
    file, index, _ = scan(path)
    assert len(index.keyframes) == 4
    content = path.read_bytes()
    with av.open(str(path)) as container:
        third = [bytes(packet) for packet in container.demux(video=0) if packet.is_keyframe][2]
    assert content.count(third) == 1
    path.write_bytes(content.replace(third, third[:5] + bytes(len(third) - 5)))
    stills = [file.still(keyframe) for keyframe in (*index.keyframes, Keyframe(FLICKS // 2, 500))]
    assert [None if still is None else still.pts for still in stills] == [0, FLICKS, None, 3 * FLICKS, None]


@pytest.mark.parametrize("name", CASES)
def test_a_click_is_heard_when_it_was_made(made: Made, name: str) -> None:
    """Counted from the first picture's time, in what is scored and in every cut that a clip could get."""
    case = CASES[name]
    sample = made(name)
    file, index, blocks = sample.file, sample.index, sample.blocks
    begin = to_seconds(index.pts[0] - file.origin)
    assert click_time(heard(file, blocks), 16_000) == pytest.approx(begin + CLICK_S, abs=case.sync_s)
    for start_s in (0.0, 0.04, 0.2, 1.0, 1.4):
        start = file.origin + seconds_to_flicks(start_s)
        sound, rate = file.sound(start, start + FLICKS)
        assert sound.shape == (1, case.audio.rate)
        if 0.01 < CLICK_S + begin - start_s < 0.99:
            assert start_s + click_time(sound[0], rate) == pytest.approx(begin + CLICK_S, abs=case.sync_s)


@pytest.mark.parametrize("name", ["mp4", "mkv", "webm, VP9", "mov, MJPEG", "avi, MPEG-4", "ts"])
def test_a_cut_of_the_sound_is_what_is_heard_there(made: Made, name: str) -> None:
    file, blocks = made(name).file, made(name).blocks
    whole, rate = np.concatenate([block.audible for block in blocks], axis=1)[0], blocks[0].rate
    first = round((file.origin - blocks[0].pts) * rate / FLICKS)
    for start_s in (0.0, 0.4, 1.0, 1.48):
        start = file.origin + seconds_to_flicks(start_s)
        sound, _ = file.sound(start, start + FLICKS // 2)
        at = first + round(start_s * rate)
        nearby = [
            np.abs(sound[0] - whole[at + k : at + k + len(sound[0])]).max() for k in range(-30, 31) if at + k >= 0
        ]
        assert min(nearby) < 0.01
        if name in ("mov, MJPEG", "avi, MPEG-4"):
            np.testing.assert_array_equal(sound[0], whole[at : at + len(sound[0])])


@pytest.mark.parametrize("name", ["mp4, open GOP", "webm, VP9", "ts", "avi, H.264 with B-frames"])
def test_access_units_come_before_the_frames_that_they_complete(made: Made, name: str) -> None:
    file, units, late = MediaFile(made(name).path), set[int](), []
    for media in file.media():
        if isinstance(media, AccessUnit):
            units.add(media.pts)
        elif isinstance(media, VideoFrame) and media.pts not in units:
            late.append(media.pts)
    assert late == []
    assert len(units) == 25 * SECONDS


RATES = ["24000/1001", "24", "30000/1001", "30", "50", "60", "15", "10"]


@pytest.mark.parametrize(
    ("ending", "rate"),
    [
        *(("mp4", rate) for rate in RATES),
        *((ending, rate) for ending in ("mkv", "ts") for rate in ["30000/1001", "60", "10"]),
    ],
)
def test_any_frame_rate_comes_onto_the_grid(tmp_path: Path, rate: str, ending: str) -> None:
    fps = Fraction(rate)
    times = steady(int(2 * fps), fps)
    path = numbered_media(tmp_path / f"a.{ending}", times, silence(2), Video(rate=fps))
    file, index, _ = scan(path)
    grid, counts = file.grid(index)
    begin = index.pts[0]
    for cell, (at, pts, number) in zip(grid, shown(file, index, 0, len(grid)), strict=True):
        instant = Fraction(file.origin + at * FRAME_FLICKS - begin, FLICKS)
        nearest = min(abs(t - instant) for t in times)
        assert abs(times[number] - instant) - nearest <= Fraction(1, 1000)  # what the container rounds
        assert (cell.index, cell.shown) == (at, pts)
    assert abs(counts.doubled - max(Fraction(0), 50 - 2 * fps)) <= 2
    assert abs(counts.dropped - max(Fraction(0), 2 * fps - 50)) <= 2
    assert file.source_fps == pytest.approx(float(fps), rel=0.01)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_variable_frame_rate(tmp_path: Path, ending: str) -> None:
    """A phone in the dark: 30 fps, then 12, then jitter, then nothing for 0.4 s."""
    steps_ms = [33] * 20 + [83] * 12 + [20, 55, 17, 70, 41, 9] * 4 + [400] + [40] * 12
    times = [Fraction(sum(steps_ms[:i]), 1000) for i in range(len(steps_ms) + 1)]
    video = Video(rate=Fraction(30), time_base=Fraction(1, 1000 if ending == "mkv" else 90_000))
    path = numbered_media(tmp_path / f"vfr.{ending}", times, silence(4), video)
    played = play(path)
    assert played.numbers == list(range(len(times)))
    begin = played.times[0]
    assert [round((at - begin) / FLICKS * 1000) for at in played.times] == [round(t * 1000) for t in times]
    file, index, _ = scan(path)
    assert_seeks_exactly(played, file, index, step=5)
    hole = [cell.index * 40 for cell in file.grid(index)[0] if cell.missing]
    gap = round(times[-13] * 1000) - 400, round(times[-13] * 1000)
    offset = round((index.pts[0] - file.origin) / FLICKS * 1000)
    assert hole == [ms for ms in range(0, 5000, 40) if gap[0] + offset < ms < gap[1] + offset]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(("video_s", "audio_s"), [("0", "0.52"), ("0.52", "0"), ("7", "7.1"), ("3600.04", "3600")])
def test_start_offsets(tmp_path: Path, ending: str, video_s: str, audio_s: str) -> None:
    video_start, audio_start = Fraction(video_s), Fraction(audio_s)
    sound = clicks([1.0], 2)
    path = numbered_media(
        tmp_path / f"off.{ending}",
        steady(50, 25, video_start),
        sound,
        Video(time_base=Fraction(1, 1000 if ending == "mkv" else 90_000)),
        Audio(start=audio_start),
    )
    file, index, blocks = scan(path)
    lead = float(video_start - audio_start)  # of the sound before the picture
    first = to_seconds(index.pts[0] - blocks[0].pts)
    assert first == pytest.approx(lead, abs=0.023)  # an encoder's priming may count as sound
    begin = to_seconds(index.pts[0] - file.origin)
    assert begin <= 0
    assert file.origin == max(index.pts[0], blocks[0].pts)
    assert click_time(heard(file, blocks), 16_000) == pytest.approx(1.0 - lead + begin, abs=MS)
    number = shown(file, index, 0, 1)[0][2]
    assert abs(number / 25 + begin) <= 0.02 + MS
    played = play(path)
    assert_seeks_exactly(played, file, index, step=12)
    assert (played.file.origin, played.times) == (file.origin, index.pts)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(("video_s", "audio_s"), [(2, 4), (4, 2)])
def test_one_track_may_be_shorter_and_that_is_no_damage(
    tmp_path: Path, ending: str, video_s: int, audio_s: int
) -> None:
    path = numbered_media(tmp_path / f"short.{ending}", steady(25 * video_s, 25), silence(audio_s))
    file, index, blocks = scan(path)
    track = SoundTrack(file.origin)
    for block in blocks:
        track.push(block)
    assert min(len(file.grid(index)[0]), track.frames()) == pytest.approx(50, abs=1)
    assert file.warnings == []


@pytest.mark.parametrize("seek", [1.3, 0.52])
@pytest.mark.parametrize("options", [LONG_GOP, OPEN_GOP], ids=["long GOP", "open GOP"])
def test_an_edit_list_hides_pictures_that_others_refer_to(tmp_path: Path, seek: float, options: dict[str, str]) -> None:
    """A video trimmed on a phone: it begins in the middle of a GOP, and is shown from there."""
    path = numbered_media(
        tmp_path / "trimmed.mp4",
        steady(75, 25, -Fraction(str(seek))),
        silence(3),
        Video(options=options, time_base=Fraction(1, 12_800)),
    )
    played = play(path)
    first = played.numbers[0]
    assert first == pytest.approx(25 * seek, abs=1)
    assert played.numbers == list(range(first, 75))
    assert to_seconds(played.file.origin) == pytest.approx(0.0, abs=0.041)
    assert_seeks_exactly(played, *scan(path)[:2], step=7)


@pytest.mark.parametrize("size", [(450, 253), (451, 251)])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_odd_sizes_and_rotations_come_upright(tmp_path: Path, size: tuple[int, int], turn: int) -> None:
    """Stored turned, as a phone does; the picture itself says which way up it is."""
    upright = size if turn % 180 == 0 else size[::-1]
    stored = [np.rot90(numbered(i, upright), turn // 90) for i in range(6)]
    format_name = "yuv444p" if any(side % 2 for side in size) else "yuv420p"
    path = write_media(
        tmp_path / "a.mp4",
        map(np.ascontiguousarray, stored),
        steady(6, 25),
        silence(0.5),
        Video(size, pix_fmt=format_name),
    )
    if turn:
        rotate(path, turn)
    for frame, number in zip(play(path).frames, range(6), strict=True):
        assert frame.picture.size == upright
        rgb = frame.picture.rgb()
        assert rgb.shape == (*upright[::-1], 3)
        assert rgb.dtype == np.uint8
        assert rgb.flags.c_contiguous
        assert number_of(rgb) == number
        corners = rgb[4, 4].mean(), rgb[-4, 4].mean(), rgb[4, -4].mean(), rgb[-4, -4].mean()
        assert corners == pytest.approx((208, 40, 40, 40), abs=30)


@pytest.mark.parametrize(
    ("aspect", "turn", "upright"),
    [("4/3", 0, (128, 64)), ("3/4", 0, (72, 64)), ("4/3", 90, (64, 128)), ("64/45", 0, (137, 64))],
)
def test_pixels_that_are_not_square_become_square(
    tmp_path: Path, aspect: str, turn: int, upright: tuple[int, int]
) -> None:
    pictures = [np.ascontiguousarray(np.rot90(numbered(i, (96, 64)), turn // 90)) for i in range(30)]
    if turn:
        pictures = [np.ascontiguousarray(np.rot90(numbered(i, (64, 96)), 1)) for i in range(30)]
    path = write_media(tmp_path / "a.mp4", pictures, steady(30, 25), silence(2), Video(aspect=Fraction(aspect)))
    if turn:
        rotate(path, turn)
    played = play(path)
    assert played.numbers == list(range(30))
    assert {frame.picture.size for frame in played.frames} == {upright}
    assert played.frames[0].picture.rgb().shape == (*upright[::-1], 3)


@pytest.mark.parametrize(
    ("rate", "codec", "sample_format"),
    [
        *((rate, "pcm_s16le", "s16") for rate in (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000)),
        (44_100, "pcm_f32le", "flt"),
        (22_050, "pcm_u8", "u8"),
        (48_000, "pcm_s24le", "s32"),
    ],
)
def test_uncompressed_sound_at_any_rate_is_exact(tmp_path: Path, rate: int, codec: str, sample_format: str) -> None:
    sound = clicks([0.7], 2, rate)
    audio = Audio(rate, codec, format=sample_format)
    file, _, blocks = scan(numbered_media(tmp_path / "a.mov", steady(50, 25), sound, Video((64, 64)), audio))
    step = 2 / 256 if codec == "pcm_u8" else 2 / 65536
    np.testing.assert_allclose(np.concatenate([b.samples for b in blocks]), sound[0], atol=step)
    assert click_time(heard(file, blocks), 16_000) == pytest.approx(0.7, abs=0.5 / rate)
    got, got_rate = file.sound(file.origin + FRAME_FLICKS * 10, file.origin + FRAME_FLICKS * 40)
    assert got_rate == rate
    np.testing.assert_allclose(got[0], sound[0, rate * 2 // 5 : rate * 8 // 5], atol=step)


@pytest.mark.parametrize(
    ("layout", "mono", "heard_channels"),
    [
        ("mono", [1.0], 1),
        ("stereo", [0.5, 0.5], 2),
        ("5.1", [1 / 4.4, 1 / 4.4, 1 / 4.4, 0.0, 0.7 / 4.4, 0.7 / 4.4], 1),
    ],
)
def test_channels_are_mixed_to_one_and_none_is_lost(
    tmp_path: Path, layout: str, mono: list[float], heard_channels: int
) -> None:
    tracks = np.stack([clicks([0.3 + 0.2 * c], 2)[0] for c in range(len(mono))])
    audio = Audio(codec="flac", format="s16", layout=layout)
    file, _, blocks = scan(numbered_media(tmp_path / "a.mkv", steady(50, 25), tracks, audio=audio))
    samples = np.concatenate([block.samples for block in blocks])
    np.testing.assert_allclose(samples, np.array(mono) @ tracks, atol=1e-4)
    sound, _ = file.sound(file.origin, file.origin + 2 * FLICKS)
    assert len(sound) == heard_channels
    np.testing.assert_allclose(sound, tracks if heard_channels > 1 else samples[None], atol=1e-4)


def test_a_hole_in_the_sound_is_found(tmp_path: Path) -> None:
    audio = Audio(codec="pcm_s16le", format="s16", hole=(Fraction(1), Fraction("1.06")))
    path = numbered_media(tmp_path / "a.mkv", steady(75, 25), clicks([2.0], 3), audio=audio)
    file, _, blocks = scan(path)
    track = SoundTrack(file.origin)
    for block in blocks:
        track.push(block)
    assert np.flatnonzero(track.missing(0, 75)).tolist() == [25, 26]
    assert click_time(heard(file, blocks), 16_000) == pytest.approx(2.0, abs=0.001)


@pytest.mark.parametrize(
    "name",
    [
        "a b.mp4",
        'it\'s "quoted".mp4',
        "Grüße 你好 🎥.mp4",
        "-dash.mp4",
        "a:b%03d.mp4",
        "http:x.mp4",
        "concat:a|b.mp4",
        "[1].mp4",
    ],
)
def test_any_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    numbered_media(Path(name), steady(50, 25), silence(2), Video((64, 64)))
    for path in (Path(name), tmp_path / name):
        file, index, _ = scan(path)
        assert shown(file, index, 49, 50)[0][2] == 49


def test_a_cover_picture_is_not_the_video(tmp_path: Path) -> None:
    """A real track beside a single picture of a larger size."""
    import av

    path = tmp_path / "cover.mp4"
    numbered_media(tmp_path / "plain.mp4", steady(50, 25), silence(2))
    with av.open(str(tmp_path / "plain.mp4")) as source, av.open(str(path), "w") as output:
        cover = output.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 320, 240, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        copies = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        picture = av.VideoFrame.from_ndarray(np.zeros((240, 320, 3), np.uint8), format="rgb24")
        output.mux([*cover.encode(picture), *cover.encode(None)])
        for packet in source.demux():
            if packet.size:
                packet.stream = copies[packet.stream.index]
                output.mux(packet)
    assert play(path).numbers == list(range(50))


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no /proc here to count open files in")
    path = numbered_media(tmp_path / "a.mp4", steady(75, 25), silence(3))

    def opened() -> int:
        return sum(entry.is_symlink() and entry.readlink() == path for entry in list(descriptors.iterdir()))

    file, index, _ = scan(path)
    frames = file.grid_frames(index, 10, 60)
    next(frames)
    assert opened() == 1
    assert isinstance(frames, Generator)
    frames.close()
    media = file.media()
    next(media)
    assert isinstance(media, Generator)
    media.close()
    shown(file, index, 3, 5)
    file.sound(0, FLICKS)
    assert opened() == 0


def heard_at(path: Path) -> float:
    """When the only click of a file is heard, on its own clock."""
    blocks = scan(path)[2]
    return to_seconds(blocks[0].pts) + click_time(np.concatenate([b.samples for b in blocks]), blocks[0].rate)


@pytest.mark.parametrize(("rate", "layout"), [(44_100, "mono"), (32_000, "stereo"), (48_000, "stereo")])
def test_sound_that_changes_its_rate_or_channels_is_one_track(tmp_path: Path, rate: int, layout: str) -> None:
    """Two transport streams, one after the other, as a recorder that was restarted leaves them."""
    second = Audio(rate, layout=layout, start=Fraction(11, 5))
    later = clicks([1.4], 2, rate, 2 if layout == "stereo" else 1)
    parts = [
        numbered_media(tmp_path / "first.ts", steady(50, 25), clicks([1.0], 2)),
        numbered_media(tmp_path / "second.ts", steady(50, 25, Fraction(11, 5)), later, audio=second),
    ]
    (tmp_path / "both.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    expected = [heard_at(part) for part in parts]
    file, _, blocks = scan(tmp_path / "both.ts")
    assert {block.rate for block in blocks} == {48_000}
    track = SoundTrack(file.origin)
    scored = np.concatenate([*map(track.push, blocks), track.finish()])
    whole, whole_rate = file.sound(file.origin, file.origin + 4 * FLICKS)
    for sound, hz in ((scored, 16_000), (whole.mean(axis=0), whole_rate)):
        for at in expected:
            near = round((at - 0.3) * hz)
            heard = near / hz + click_time(sound[near : near + round(0.6 * hz)], hz)
            assert heard + to_seconds(file.origin) == pytest.approx(at, abs=0.001)
    start = file.origin + 3 * FLICKS
    end, end_rate = file.sound(start, start + FLICKS)
    assert to_seconds(start) + click_time(end.mean(axis=0), end_rate) == pytest.approx(expected[1], abs=0.001)
