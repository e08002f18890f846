"""Each trainer has its page, with the commands of its manifest, a reader, and is named where trainers are named."""

import pytest
import trainer_readers
from repository import ROOT
from trainer_commands import check_commands
from video_readers import AVATARS

from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.trainers.registry import TRAINERS

PAGES = ROOT / "docs" / "trainers"
TRAINED = [trainer for trainer in TRAINERS.values() if trainer.left]


@pytest.mark.parametrize("trainer", TRAINED, ids=lambda trainer: trainer.name)
def test_the_page_has_the_manifests_commands_in_their_order(trainer: TrainerContract) -> None:
    page = (PAGES / f"{trainer.name}.md").read_text(encoding="utf-8").splitlines()
    commands = [step.of("ann", 125).command for step in trainer.left]
    places = [page.index(command) for command in commands if command]
    assert places == sorted(places)


@pytest.mark.parametrize("trainer", TRAINED, ids=lambda trainer: trainer.name)
@pytest.mark.parametrize("train", [125, 113])
def test_the_commands_suit_the_trainer(trainer: TrainerContract, train: int) -> None:
    check_commands(trainer.name, [step.of("ann", train).command for step in trainer.left], train)


def test_every_trainer_has_a_reader() -> None:
    assert {*trainer_readers.READERS, *AVATARS} == {trainer.name for trainer in TRAINED}


@pytest.mark.parametrize("trainer", TRAINED, ids=lambda trainer: trainer.name)
def test_every_trainer_is_named_where_trainers_are_named(trainer: TrainerContract) -> None:
    assert trainer.title in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{trainer.name}`" in (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")
    assert f"]({trainer.name}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("trainer", trainer_readers.READERS)
def test_every_kind_of_file_is_one_of_raw(trainer: str) -> None:
    """RAW has everything that trainers of the scored window read."""
    assert {type(part) for part in TRAINERS[trainer].parts} <= {type(part) for part in TRAINERS["raw"].parts}
