"""Options for bundles."""

import functools
from dataclasses import replace
from typing import Any

import click

from take5.client.cli.decorators import Command
from take5.scoring.gates.config import GateConfig
from take5.stream.bundles.crop import SIZE
from take5.stream.bundles.trainers.registry import TRAINERS
from take5.stream.bundles.write import WantedBundles, checked_bundle_name, wanted_for

PREPARE_OPTION = click.option(
    "--prepare/--no-prepare",
    default=True,
    show_default=True,
    help="Afterwards, prepare the bundles for training in the background, as far as take5 can (experimental).",
)


def bundle_options(command: Command) -> Command:
    """Give a command the requested bundles as ``wanted``, None for none, and the person's ``name``."""
    return _options(command, required=False)


def needed_bundle_options(command: Command) -> Command:
    """Give a command the same options, with at least one trainer required."""
    return _options(command, required=True)


def _options(command: Command, *, required: bool) -> Command:
    @click.option(
        "--for",
        "trainers",
        multiple=True,
        required=required,
        type=click.Choice(list(TRAINERS)),
        metavar="TRAINER",
        help=f"Write a bundle for TRAINER (repeatable): {', '.join(TRAINERS)}.",
    )
    @click.option("--name", help="Person's name in the bundles.  [default: from the folder]")
    @click.option(
        "--bundle-size", type=int, default=SIZE, show_default=True, help="Side of a bundle's square pictures in pixels."
    )
    @click.option("--consent", help="Reference to the person's consent, for the manifest.")
    @functools.wraps(command)
    def with_bundles(
        *args: Any, trainers: tuple[str, ...], name: str | None, bundle_size: int, consent: str | None, **options: Any
    ) -> Any:
        wanted: WantedBundles | None = wanted_for(trainers, bundle_size, consent) if trainers else None
        called = None if name is None else checked_bundle_name(name)
        return command(*args, wanted=wanted, name=called, **options)

    return with_bundles  # type: ignore[return-value] # click keeps the callable


def gates_for(gates: GateConfig, wanted: WantedBundles | None) -> GateConfig:
    """Add the requirements of the requested bundles' trainers to the gates."""
    return gates if wanted is None else replace(gates, trainers=tuple(trainer.name for trainer in wanted.trainers))
