"""What is done is known again: by its bytes, whatever it is called, and only while its take is there."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from full_disks import no_file_beyond

from take5.scoring.errors import OutputError, UnreadableMedia
from take5.scoring.parameters import Parameters
from take5.stream.offline.batch.content import Content, Stamp, content_of, stamp_of
from take5.stream.offline.batch.job import Done, Failed, Job, Recipe, Skipped
from take5.stream.offline.batch.ledger import LEDGER, Ledger
from take5.stream.offline.batch.work import process
from take5.stream.settings import Settings
from take5.stream.timeline.sound_shift import SoundShift

RECIPE = Recipe(Settings(), exhaustive=False, encoder="speech-embedding", encoder_version="1")
STAMP = Stamp(size=1000, mtime_ns=5, inode=7)
NO_MODELS: Any = None
"""What is done already needs none."""


def done(folder: Path, sha256: str = "ab" * 32, stamp: Stamp = STAMP) -> Done:
    return Done(Content(stamp, sha256), folder, "cd" * 32)


def note(output: Path, *finished: Done, recipe: str = "r") -> None:
    job = Job(Path("talk.mp4"), output / "talk", RECIPE)
    with Ledger(output, recipe) as ledger:
        assert len(list(ledger.noting(Skipped(job, one.folder, {}, one) for one in finished))) == len(finished)


def known(output: Path, stamp: Stamp = STAMP, recipe: str = "r") -> list[Done]:
    with Ledger(output, recipe) as ledger:
        return list(ledger.known(stamp))


def test_what_is_noted_is_known_again(tmp_path: Path) -> None:
    first, second = done(tmp_path / "a"), done(tmp_path / "sub" / "b", "ef" * 32, replace(STAMP, inode=8))
    note(tmp_path, first)
    note(tmp_path, second)
    assert known(tmp_path) == [first]
    assert known(tmp_path, replace(STAMP, mtime_ns=6)) == [first, second]
    assert known(tmp_path, replace(STAMP, size=1001)) == []
    assert known(tmp_path, recipe="another") == []


def test_the_output_folder_may_move(tmp_path: Path) -> None:
    note(tmp_path / "out", done(tmp_path / "out" / "a"))
    (tmp_path / "out").rename(tmp_path / "moved")
    assert [one.folder for one in known(tmp_path / "moved")] == [tmp_path / "moved" / "a"]


def test_a_line_that_finds_no_room_is_an_error_and_costs_no_other(tmp_path: Path) -> None:
    first, second, third = (done(tmp_path / name) for name in "abc")
    note(tmp_path, first)
    written = (tmp_path / LEDGER).stat().st_size
    for room in (0, 20):
        with (
            pytest.raises(OutputError, match=r"\.take5-done\.jsonl: cannot be written"),
            no_file_beyond(written + room),
        ):
            note(tmp_path, second)
    note(tmp_path, third)
    assert known(tmp_path) == [first, third]


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_line_is_left_out_and_the_next_one_is_whole(tmp_path: Path, cut: int) -> None:
    first, second, third = (done(tmp_path / name) for name in "abc")
    note(tmp_path, first, second)
    ledger = tmp_path / LEDGER
    ledger.write_bytes(ledger.read_bytes()[:-cut])
    note(tmp_path, third)
    assert known(tmp_path) == [first, *([second] if cut == 1 else []), third]


@pytest.mark.parametrize(
    "line", [b"", b"no json", b"[]", b"{}", b"3", b'{"v": 2}', b"\xff\xfe", b'{"v": 1, "recipe": "r"}']
)
def test_other_lines_are_left_out(tmp_path: Path, line: bytes) -> None:
    (tmp_path / LEDGER).write_bytes(line + b"\n")
    note(tmp_path, done(tmp_path / "a"))
    assert known(tmp_path) == [done(tmp_path / "a")]


def test_a_second_run_is_turned_away(tmp_path: Path) -> None:
    with Ledger(tmp_path, "r"), pytest.raises(OutputError, match="another run writes there; wait for it"):
        known(tmp_path)
    assert known(tmp_path) == []


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/\.take5-done\.jsonl: cannot be written"):
        known(tmp_path / "file")


def test_content_is_the_bytes_and_no_byte_is_read_of_what_is_known(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"abc" * 1000)
    other.write_bytes(b"abc" * 1000)
    assert content_of(one).sha256 == content_of(other).sha256
    believed = Content(stamp_of(one), "not read")
    assert content_of(one, [believed]) is believed
    assert content_of(other, [believed]).sha256 != "not read"
    one.rename(tmp_path / "moved")
    assert content_of(tmp_path / "moved", [believed]) is believed
    with pytest.raises(UnreadableMedia, match="one: cannot be read"):
        content_of(one)


def test_every_setting_changes_the_recipe() -> None:
    others = [
        replace(RECIPE, exhaustive=True),
        replace(RECIPE, encoder="ave"),
        replace(RECIPE, encoder_version="2"),
        replace(RECIPE, settings=Settings(seed=1)),
        replace(RECIPE, settings=Settings(diversity="entropy")),
        replace(RECIPE, settings=Settings(shift=SoundShift(220))),
        replace(RECIPE, repair=True),
        replace(RECIPE, tracker="litert"),
        replace(RECIPE, settings=Settings(Parameters(pool=4))),
    ]
    assert replace(RECIPE).key() == RECIPE.key()
    assert len({RECIPE.key(), *(other.key() for other in others)}) == len(others) + 1


def test_a_recipe_of_the_default_tracker_has_the_key_of_ledgers_that_name_none() -> None:
    fields = asdict(RECIPE)
    for name in ("tracks", "channel", "repair", "tracker"):
        del fields[name]
    del fields["settings"]["shift"], fields["settings"]["also"]
    extras = fields.pop("deliverables")
    del extras["prepare"]
    extras |= {"wanted": extras.pop("bundles"), "page": extras.pop("report")}
    text = json.dumps({"report": 1, **fields, "extras": extras}, sort_keys=True)
    assert RECIPE.key() == hashlib.sha256(text.encode()).hexdigest()


class Noted:
    """A video and a take of it, noted."""

    def __init__(self, folder: Path, best: object = None) -> None:
        self.video, self.take = folder / "talk.mp4", folder / "out" / "talk"
        self.video.write_bytes(b"film")
        self.take.mkdir(parents=True)
        (self.take / "report.json").write_text(json.dumps({"video": "talk.mp4", "best": best}))
        for name in ("clip.mp4", "clip.wav"):
            (self.take / name).touch()
        report = content_of(self.take / "report.json").sha256
        self.done = Done(content_of(self.video), self.take, report)

    def again(self, folder: Path | None = None) -> object:
        """Do it once more; what is not skipped fails, since the folder exists."""
        return process(Job(self.video, folder or self.take, RECIPE, noted=True, known=(self.done,)), NO_MODELS)


def test_what_is_done_is_skipped_whatever_its_name(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    outcome = noted.again()
    assert isinstance(outcome, Skipped)
    assert (outcome.folder, outcome.done) == (noted.take, None)
    noted.video = noted.video.rename(tmp_path / "renamed.mp4")
    outcome = noted.again(tmp_path / "out" / "renamed")
    assert isinstance(outcome, Skipped)
    assert (outcome.folder, outcome.report["video"], outcome.done) == (noted.take, "talk.mp4", None)


def test_a_copy_is_skipped_too_and_its_stamp_noted(tmp_path: Path) -> None:
    noted = Noted(tmp_path)
    noted.video = tmp_path / "copy.mp4"
    noted.video.write_bytes(b"film")
    outcome = noted.again(tmp_path / "out" / "copy")
    assert isinstance(outcome, Skipped)
    assert outcome.done == replace(noted.done, content=content_of(noted.video))


@pytest.mark.parametrize("broken", ["other bytes", "no clip", "no sound", "another report", "no report"])
def test_what_is_not_as_it_was_noted_is_done_again(tmp_path: Path, broken: str) -> None:
    noted = Noted(tmp_path, best={"start_s": 0})
    assert isinstance(noted.again(), Skipped)
    if broken == "other bytes":
        noted.video.write_bytes(b"FILM")
    elif broken == "another report":
        (noted.take / "report.json").write_text("{}")
    else:
        (noted.take / {"no clip": "clip.mp4", "no sound": "clip.wav", "no report": "report.json"}[broken]).unlink()
    outcome = noted.again()
    assert isinstance(outcome, Failed)
    assert "out/talk: exists already" in outcome.error
