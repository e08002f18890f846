"""Recordings that are not plain files: standard input, pipes and addresses; and files joined from several."""

import functools
import http.server
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from media_files import Audio, Video, clicks, numbered_media, steady

import take5
from take5.client.cli import run
from take5.scoring.errors import UnreadableMedia
from take5.stream.analysis.models import Models
from take5.stream.offline.batch.videos import listed
from take5.stream.sources.file import MediaFile
from take5.stream.sources.given import Address, Copy, given, is_file

SHORT = ["--seconds", "1", "--json"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "a talk.mp4"
    return numbered_media(path, steady(50, 25), clicks([1.0], 2.0))


@pytest.fixture
def served(film: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(film.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def take5_program(*arguments: str, stdin: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-c", "from take5.client.cli import main; main()", *arguments]
    return subprocess.run(program, input=stdin, capture_output=True, timeout=100, check=False, cwd=folder)


def test_what_a_text_stands_for(tmp_path: Path) -> None:
    assert given("-") == Address("-")
    assert given("./-") == given(Path("-")) == Path("-")
    assert given("https://host/a//b.mp4?x=//y") == Address("https://host/a//b.mp4?x=//y")
    assert given("talk.mp4") == Path("talk.mp4")
    assert (Address("-").stem, Address("http://h/a%20b.mp4?c=d.e").stem, Address("http://h").stem) == (
        "stdin",
        "a b",
        "h",
    )
    (tmp_path / "list").write_text("http://h/a.mp4\nb.mp4\n")
    with (tmp_path / "list").open("rb") as names:
        found = list(listed(names))
    assert [(video.path, str(video.place)) for video in found] == [
        (Address("http://h/a.mp4"), "a.mp4"),
        (Path("b.mp4"), "b.mp4"),
    ]


@pytest.mark.long
def test_standard_input_is_read_in_one_process_and_in_workers(film: Path, tmp_path: Path) -> None:
    for others in ([], [str(film)]):
        done = take5_program("select", *SHORT, "--jobs", "2", "-", *others, stdin=film.read_bytes(), folder=tmp_path)
        assert done.returncode == 2, done.stderr
        reports = {report["video"]: report for report in map(json.loads, done.stdout.splitlines())}
        assert len(reports["-"]["windows"]) == 2
        assert (tmp_path / "take5-out" / "stdin" / "report.json").is_file()
        shutil.rmtree(tmp_path / "take5-out")
    empty = take5_program("select", "-", stdin=b"", folder=tmp_path)
    assert (empty.returncode, empty.stderr) == (1, b"take5: error: -: is empty (0 bytes)\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_read(film: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    assert not is_file(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(film.read_bytes()))
    writer.start()
    file = MediaFile(pipe)
    writer.join()
    assert file.stated_frames == MediaFile(film).stated_frames
    assert file.path == pipe
    copy = file.copy
    assert copy is not None
    assert copy.path.read_bytes() == film.read_bytes()


def test_an_address_is_fetched(
    film: Path, served: str, tmp_path: Path, models: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"{served}/a%20talk.mp4"
    assert run(["select", *SHORT, "-o", str(tmp_path), address, f"{served}/none.mp4"]) == 1
    said = capsys.readouterr()
    lines = {line["video"]: line for line in map(json.loads, said.out.splitlines())}
    assert len(lines[address]["windows"]) == 2
    assert f"{served}/none.mp4: cannot be read (Server returned 404 Not Found)" in said.err
    assert (tmp_path / "a talk" / "report.json").is_file()
    assert take5.select(address, seconds=1, models=models).duration_s == 2
    copy = Copy(Address(address))
    assert copy.path.read_bytes() == film.read_bytes()
    path = copy.path
    del copy
    assert not path.exists()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("rtmp://host/live", "rtmp:// is not read; give a file, http:// or https://"),
        ("file:///talk.mp4", "file:// is not read"),
        ("http://127.0.0.1:1/talk.mp4", r"cannot be read \(Connection refused\)"),
    ],
)
def test_other_protocols_are_refused_by_name(address: str, reason: str) -> None:
    with pytest.raises(UnreadableMedia, match=rf"^{address}: {reason}"):
        MediaFile(given(address))


def test_a_playlist_is_refused(film: Path, served: str) -> None:
    (film.parent / "talk.m3u8").write_text("#EXTM3U\n")
    with pytest.raises(UnreadableMedia, match=r"talk\.m3u8: is a playlist; give the address of a media file"):
        MediaFile(given(f"{served}/talk.m3u8"))


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "ts", "webm", "flv"])
def test_files_joined_with_cat_are_noticed_and_only_what_goes_on_in_time_is_used(ending: str, tmp_path: Path) -> None:
    formats = (Video(codec="libvpx-vp9"), Audio(codec="libopus")) if ending == "webm" else (Video(), Audio())
    one = numbered_media(tmp_path / f"one.{ending}", steady(50, 25), clicks([1.0], 2.0), *formats)
    two = tmp_path / f"two.{ending}"
    two.write_bytes(one.read_bytes() * 2)
    alone, joined = MediaFile(one), MediaFile(two)
    times = alone.scan(lambda _: None).pts
    assert joined.scan(lambda _: None).pts[: len(times)] == times
    assert alone.warnings == []
    assert any("files joined with cat?" in warning for warning in joined.warnings), joined.warnings
    assert len(joined.scan(lambda _: None).pts) <= len(times) + 1


def test_avi_files_joined_with_cat_are_noticed(tmp_path: Path) -> None:
    audio = Audio(codec="pcm_s16le", format="s16")
    one = numbered_media(tmp_path / "one.avi", steady(50, 25), clicks([1.0], 2.0), Video(), audio)
    two = tmp_path / "two.avi"
    two.write_bytes(one.read_bytes() * 2)
    assert MediaFile(one).warnings == []
    begin = one.stat().st_size
    assert f"another recording begins at byte {begin:,} (files joined with cat?)" in MediaFile(two).warnings


def test_a_recording_goes_on_at_the_next_keyframe_after_time_has_jumped_back(tmp_path: Path) -> None:
    video = Video(options={"g": "10", "bf": "0"})
    first = numbered_media(tmp_path / "a.ts", steady(50, 25), clicks([1.0], 2.0), video)
    second = numbered_media(tmp_path / "b.ts", steady(125, 25), clicks([1.0], 5.0), video)
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    file = MediaFile(both)
    times = file.scan(lambda _: None).pts
    assert times == sorted(times)
    assert len(times) == pytest.approx(125, abs=11)
    assert any(warning.startswith("its time jumps back by 2.0 s (files joined with cat?)") for warning in file.warnings)


def test_an_edit_list_with_several_segments_is_noticed(film: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited.mp4"
    edited.write_bytes(with_edits(film.read_bytes(), [(1000, 0), (500, -1), (1000, 12800)]))
    assert MediaFile(film).warnings == []
    [warning] = [warning for warning in MediaFile(edited).warnings if "edit list" in warning]
    assert warning == "its edit list has 2 segments; picture and sound may be off where they meet"


def with_edits(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    """The first track of an MP4 file, its index after its media, with another edit list."""
    entries = b"".join(struct.pack(">IiI", length, begin, 1 << 16) for length, begin in edits)
    elst = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    new = struct.pack(">I4s", 8 + len(elst), b"edts") + elst
    place = data.index(b"edts") - 4
    [old] = struct.unpack(">I", data[place : place + 4])
    grown = len(new) - old
    for kind in (b"trak", b"moov"):
        at = data.index(kind) - 4
        [size] = struct.unpack(">I", data[at : at + 4])
        data = data[:at] + struct.pack(">I", size + grown) + data[at + 4 :]
    return data[:place] + new + data[place + old :]
