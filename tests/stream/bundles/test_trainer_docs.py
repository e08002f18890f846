"""Each trainer's page has the commands that its manifest has."""

import pytest
import trainer_readers
from repository import ROOT

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
    trainer_readers.check_commands(trainer.name, [step.of("ann", train).command for step in trainer.left], train)
