"""Recordings that cannot be used, through the command line: a clear word, the right exit code, nothing half-written.

Windows of one second keep the recordings short; what is wrong with one does not depend on that.
"""

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from encoder_sounds import noise as wandering_noise
from face_pictures import close_up, resized
from media_files import Audio, Video, numbered, steady, write_media
from numpy.typing import NDArray

from take5.client.cli import run

SHORT = ["--seconds", "1", "--hop", "1", "--gate", "not_speaking=off"]  # its voices are noise
SIDE = 192
READABLE_FRAMES = 60

Rgb = NDArray[np.uint8]
Picture = Callable[[int], Rgb]


@functools.cache
def portrait() -> Rgb:
    return resized(close_up(), SIDE + 24)


def face(number: int) -> Rgb:
    """A face before a camera: it sways a little, and the sensor is noisy."""
    chance = np.random.default_rng(number)
    x, y = round(12 + 6 * np.sin(number / 5)), round(12 + 5 * np.sin(number / 7))
    picture = portrait()[y : y + SIDE, x : x + SIDE]
    return np.clip(picture + chance.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def frozen(number: int) -> Rgb:
    """A face that does not change any more."""
    return face(0 * number)


def two(number: int) -> Rgb:
    return np.hstack([face(number), face(number + 40)])


def nobody(number: int) -> Rgb:
    return numbered(number, (SIDE, SIDE))


def voice(seconds: float) -> NDArray[np.float32]:
    """Bursts of noise, four in a second."""
    sound = wandering_noise(round(seconds * 16_000))
    return (0.3 * sound * (np.sin(2 * np.pi * 4 * np.arange(len(sound)) / 16_000) > 0))[None].astype(np.float32)


def recording(
    path: Path, picture: Picture = face, frames: int = 50, sound: NDArray[np.float32] | None = None, **more: Any
) -> Path:
    """A recording at 25 fps, by default of a usable talker."""
    pictures = [picture(i) for i in range(frames)]
    video = Video(pictures[0].shape[1::-1], options={"g": "25"})
    return write_media(
        path, pictures, steady(frames, 25), voice(frames / 25) if sound is None else sound, video, Audio(16_000), **more
    )


def cut_off(path: Path) -> Path:
    """Cut a file in the middle of a picture, where two seconds and a bit can still be read."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
    last = packets[READABLE_FRAMES]
    assert last.pos is not None
    path.write_bytes(path.read_bytes()[: last.pos + max(last.size // 2, 100)])
    return path


@dataclass(frozen=True)
class Outcome:
    """What a run leaves: its exit code, its words, and its files."""

    code: int
    out: str
    err: str
    files: list[str]

    @property
    def objects(self) -> list[dict[str, Any]]:
        """One a video, in order of their names: several are done at a time."""
        return sorted(map(json.loads, self.out.splitlines()), key=lambda found: str(found["video"]))


Select = Callable[..., Outcome]


@pytest.fixture
def select(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Select:
    """Run ``take5 select`` in an empty folder, with everything that any library writes to the terminal."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Outcome:
        before = set(tmp_path.rglob("*"))
        capfd.readouterr()
        code = run(["select", *SHORT, *map(str, arguments)])
        out, err = capfd.readouterr()
        files = sorted(path.relative_to(tmp_path).as_posix() for path in set(tmp_path.rglob("*")) - before)
        assert "Traceback" not in err
        return Outcome(code, out, err, files)

    return call


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("This is no film.\n" * 500)


def random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(50_000))


def folder(path: Path) -> None:
    path.mkdir()


def nothing(path: Path) -> None:
    """The file is not there at all."""


def header_only(path: Path) -> None:
    write_media(path, map(nobody, range(50)), steady(50, 25), voice(2), Video((SIDE, SIDE)), Audio(16_000))
    path.write_bytes(path.read_bytes()[:500])


def no_sound(path: Path) -> None:
    write_media(path, map(nobody, range(75)), steady(75, 25), None, Video((SIDE, SIDE)))


def no_picture(path: Path) -> None:
    write_media(path, None, [], voice(3), audio=Audio(16_000))


def cover_art(path: Path) -> None:
    """Music with a picture of its sleeve."""
    with av.open(str(path), "w", format="mp3") as container:
        music = container.add_stream("libmp3lame", rate=16_000, layout="mono")
        sleeve = container.add_stream("mjpeg", rate=25)
        sleeve.width, sleeve.height, sleeve.pix_fmt = SIDE, SIDE, "yuvj420p"
        sleeve.disposition = av.stream.Disposition.attached_pic
        container.mux([*sleeve.encode(av.VideoFrame.from_ndarray(face(0), format="rgb24")), *sleeve.encode(None)])
        frame = av.AudioFrame.from_ndarray(voice(3), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux([*music.encode(frame), *music.encode(None)])


UNREADABLE: list[tuple[Callable[[Path], None], str]] = [
    (empty, "is empty"),
    (text, "cannot read it as a media file"),
    (random_bytes, "cannot read it as a media file"),
    (folder, "is a folder"),
    (nothing, "no such file"),
    (header_only, "cannot read it as a media file"),
    (no_sound, "has no audio track"),
    (no_picture, "has no video track"),
    (cover_art, "has no video track"),
]


@pytest.mark.parametrize(("make", "message"), UNREADABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_read_ends_with_one_line_that_names_it(
    tmp_path: Path, select: Select, make: Callable[[Path], None], message: str
) -> None:
    make(tmp_path / "bad one.mp4")
    outcome = select("bad one.mp4")
    assert outcome.code == 1
    assert outcome.err.startswith("take5: error: bad one.mp4: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert (outcome.out, outcome.files) == ("", [])


def test_with_json_an_error_is_an_object_too(tmp_path: Path, select: Select) -> None:
    text(tmp_path / "a.mp4")
    outcome = select("--json", "--jobs", "1", "a.mp4", "b.mp4")
    assert outcome.code == 1
    assert [found["video"] for found in outcome.objects] == ["a.mp4", "b.mp4"]
    assert all(found["error"] for found in outcome.objects)


def test_shorter_than_one_window(tmp_path: Path, select: Select) -> None:
    recording(tmp_path / "short.mp4", frames=24)
    outcome = select("short.mp4")
    assert outcome.code == 2
    assert "short.mp4: picture and sound together last 0.96 s; one window is 1.0 s" in outcome.err
    assert outcome.files == []


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, select: Select) -> None:
    recording(tmp_path / "good.mp4")
    text(tmp_path / "bad.mp4")
    recording(tmp_path / "silent.mp4", sound=np.zeros((1, 32_000), np.float32))
    outcome = select("--json", "--jobs", "1", "good.mp4", "bad.mp4", "silent.mp4")
    assert outcome.code == 1
    bad, good, silent = outcome.objects
    assert good["best"]["start_s"] in (0.0, 1.0)
    assert (bad["video"], sorted(bad)) == ("bad.mp4", ["error", "video"])
    assert silent["best"] is None
    assert [path for path in outcome.files if path.count("/") == 2] == [
        "take5-out/good/clip.mp4",
        "take5-out/good/clip.wav",
        "take5-out/good/report.json",
        "take5-out/silent/report.json",
    ]


def codes(found: dict[str, Any]) -> set[str]:
    """Why each window is not eligible: the reasons that all of them have."""
    return set.intersection(*({reason["code"] for reason in window["reasons"]} for window in found["windows"]))


@pytest.mark.parametrize(
    ("picture", "level", "reason"),
    [
        (nobody, 1.0, "no_face"),
        (two, 1.0, "several_faces"),
        (frozen, 1.0, "frozen_picture"),
        (face, 0.0, "digital_silence"),
        (face, 0.5 / 32768, "digital_silence"),
    ],
)
def test_where_nothing_is_eligible_the_report_says_why(
    tmp_path: Path, select: Select, picture: Picture, level: float, reason: str
) -> None:
    sound = voice(2) if level == 1.0 else np.full((1, 32_000), level, np.float32)
    recording(tmp_path / "talk.mkv", picture, sound=sound)
    outcome = select("--json", "talk.mkv")
    assert (outcome.code, outcome.err) == (2, "")
    (found,) = outcome.objects
    assert found["best"] is None
    assert found["pool"] == []
    assert [window["eligible"] for window in found["windows"]] == [False, False]
    assert reason in codes(found)
    for window in found["windows"]:
        for cause in window["reasons"]:
            assert window["start_s"] <= cause["start_s"] < cause["end_s"] <= window["start_s"] + 1
    assert outcome.files == ["take5-out", "take5-out/talk", "take5-out/talk/report.json"]
    assert json.loads((tmp_path / "take5-out/talk/report.json").read_text()) == found


def test_a_person_is_told_why_as_well(tmp_path: Path, select: Select) -> None:
    cut_off(recording(tmp_path / "talk.mkv", nobody, 100, sound=np.zeros((1, 64_000), np.float32)))
    outcome = select("talk.mkv")
    assert (outcome.code, outcome.err) == (2, "")
    assert "talk.mkv: no eligible window in 2." in outcome.out
    assert "warning: the file ends 1." in outcome.out
    assert "2 not eligible: no sound at all" in outcome.out


@pytest.mark.parametrize(
    ("ending", "warning"),
    [
        ("mkv", "before its stated end: cut off or damaged"),
        ("mp4", "before its stated end: cut off or damaged"),
        ("ts", "in the middle of a packet: cut off or damaged"),
    ],
)
def test_of_a_truncated_file_the_readable_part_is_scored_with_a_warning(
    tmp_path: Path, select: Select, ending: str, warning: str
) -> None:
    options = {"movflags": "+faststart"} if ending == "mp4" else None
    cut_off(recording(tmp_path / f"talk.{ending}", frames=100, options=options))
    outcome = select("--json", f"talk.{ending}")
    (found,) = outcome.objects
    assert (outcome.code, outcome.err) == (0, "")
    assert found["duration_s"] == pytest.approx(READABLE_FRAMES / 25, abs=0.2)
    assert found["best"]["start_s"] in (0.0, 1.0)
    (told,) = found["warnings"]
    assert warning in told


def test_pictures_that_cannot_be_decoded_make_their_windows_ineligible(tmp_path: Path, select: Select) -> None:
    path = recording(tmp_path / "talk.mp4", frames=75)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
        rotten = [
            (packet.pos, packet.size)
            for packet in packets
            if packet.pts and packet.pos and 1.2 < float(packet.pts * packet.time_base) < 1.6
        ]
    content = bytearray(path.read_bytes())
    for position, size in rotten:
        content[position + 4 : position + size] = np.random.default_rng(1).bytes(size - 4)
    path.write_bytes(content)
    outcome = select("--json", "--exhaustive", "talk.mp4")
    (found,) = outcome.objects
    assert (outcome.code, outcome.err) == (0, "")
    assert [window["eligible"] for window in found["windows"]] == [True, False, True]  # each begins with a keyframe
    assert {reason["code"] for reason in found["windows"][1]["reasons"]} & {"picture_damaged", "frames_missing"}
    assert found["best"]["start_s"] in (0.0, 2.0)


def test_an_existing_folder_is_refused_before_any_scoring(
    tmp_path: Path, select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording(tmp_path / "talk.mp4", nobody)
    (tmp_path / "take5-out" / "talk").mkdir(parents=True)
    (tmp_path / "take5-out" / "talk" / "mine").write_text("keep me")
    monkeypatch.setattr("take5.stream.offline.batch.work.select", lambda *_, **__: pytest.fail("scored for nothing"))
    outcome = select("talk.mp4")
    assert outcome.code == 1
    assert "take5-out/talk: exists already" in outcome.err
    assert "--force" in outcome.err
    assert (outcome.out, outcome.files) == ("", [])
    assert (tmp_path / "take5-out" / "talk" / "mine").read_text() == "keep me"


def test_force_replaces_it(tmp_path: Path, select: Select) -> None:
    recording(tmp_path / "talk.mp4", sound=np.zeros((1, 32_000), np.float32))
    (tmp_path / "take5-out" / "talk").mkdir(parents=True)
    (tmp_path / "take5-out" / "talk" / "old").write_text("old")
    assert select("--force", "talk.mp4").code == 2
    assert [path.name for path in (tmp_path / "take5-out" / "talk").iterdir()] == ["report.json"]


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path, select: Select) -> None:
    recording(tmp_path / "talk.mp4", sound=np.zeros((1, 32_000), np.float32))
    (tmp_path / "out").write_text("a file, not a folder")
    outcome = select("-o", "out/deeper", "talk.mp4")
    assert outcome.code == 1
    assert "out/deeper/talk: cannot be written" in outcome.err
    assert outcome.files == []


def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, select: Select, monkeypatch: pytest.MonkeyPatch) -> None:
    recording(tmp_path / "talk.mp4")

    def full(path: Path, pictures: Iterator[object], *_: object) -> int:
        path.write_bytes(b"half a clip")
        next(iter(pictures))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("take5.stream.output.take.write_clip", full)
    outcome = select("talk.mp4")
    assert outcome.code == 1
    assert "take5-out/talk: cannot be written (No space left on device)" in outcome.err
    assert outcome.files == []


def test_replay_says_the_same_of_bad_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text(tmp_path / "bad.mp4")
    no_sound(tmp_path / "mute.mp4")
    for name, message in (
        ("bad.mp4", "cannot read it"),
        ("mute.mp4", "has no audio track"),
        ("none.mp4", "no such file"),
    ):
        assert run(["replay", str(tmp_path / name)]) == 1
        out, err = capfd.readouterr()
        assert out == ""
        assert err.startswith(f"take5: error: {tmp_path / name}: ")
        assert message in err
        assert err.count("\n") == 1


def test_the_program_itself(tmp_path: Path) -> None:
    """Windows of five seconds, in a process of its own, as people run it."""
    recording(tmp_path / "-talk 你好.mp4", frames=126, sound=np.zeros((1, 81_000), np.float32))
    text(tmp_path / "bad.mp4")
    program = [sys.executable, "-c", "from take5.client.cli import main; main()", "select", "--json", "--"]
    done = subprocess.run(
        [*program, "-talk 你好.mp4", "bad.mp4"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("take5: error: bad.mp4: ")
    assert done.stderr.count("\n") == 1
    silent, bad = sorted(map(json.loads, done.stdout.splitlines()), key=lambda found: str(found["video"]))
    assert silent["windows"][0]["reasons"][0]["code"] == "digital_silence"
    assert bad["video"] == "bad.mp4"
    assert sorted(path.name for path in (tmp_path / "take5-out").iterdir()) == ["-talk 你好"]
