"""Options of a Ray cluster."""

import functools
import os
from typing import Any

import click

from take5.client.cli.decorators import Command, decorated
from take5.stream.cluster.share import ClusterShare

ADDRESS_VARIABLE = "RAY_ADDRESS"
"""Ray's own variable, which its jobs are given."""

ENGINE_OPTION = click.option(
    "--engine",
    type=click.Choice(("processes", "ray")),
    default="processes",
    show_default=True,
    help="Process the videos in processes of this machine, or on a Ray cluster; ray needs the extra cluster.",
)
SHARE_OPTIONS = (
    click.option(
        "--worker-cpus",
        type=click.FloatRange(min=0, min_open=True),
        default=1.0,
        show_default=True,
        help="CPUs of each worker on Ray.",
    ),
    click.option(
        "--worker-gpus",
        type=click.FloatRange(min=0),
        default=0.0,
        show_default=True,
        help="GPUs of each worker on Ray, such as 0.25; with 0 it sees none.",
    ),
)


def engine_options(command: Command) -> Command:
    """Give a command the choice of an engine: the share of a cluster as ``share``, None for processes."""

    @functools.wraps(command)
    def with_share(
        *args: Any, engine: str, address: str | None, worker_cpus: float, worker_gpus: float, **options: Any
    ) -> Any:
        if engine != "ray" and address is not None:
            raise click.UsageError("--ray needs --engine ray")
        share = ClusterShare(address or _variable(), worker_cpus, worker_gpus) if engine == "ray" else None
        return command(*args, share=share, **options)

    text = f"With --engine ray: HOST:PORT of the cluster, or auto.  [env: {ADDRESS_VARIABLE}; default: one is started]"
    address_option = click.option("--ray", "address", metavar="ADDRESS", help=text)
    return decorated(with_share, (ENGINE_OPTION, address_option, *SHARE_OPTIONS))  # type: ignore[return-value] # click keeps it


def worker_share_options(command: Command) -> Command:
    """Give a command that serves the share of a cluster as ``share``, None for processes of this machine."""

    @functools.wraps(command)
    def with_share(*args: Any, cluster: str | None, worker_cpus: float, worker_gpus: float, **options: Any) -> Any:
        if cluster is None and (worker_cpus, worker_gpus) != (1.0, 0.0):
            raise click.UsageError("--worker-cpus and --worker-gpus need --ray")
        share = None if cluster is None else ClusterShare(cluster, worker_cpus, worker_gpus)
        return command(*args, share=share, **options)

    text = "Let workers capture on a Ray cluster: HOST:PORT, or auto; needs the extra cluster."
    address_option = click.option("--ray", "cluster", metavar="ADDRESS", help=text)
    return decorated(with_share, (address_option, *SHARE_OPTIONS))  # type: ignore[return-value] # click keeps it


def _variable() -> str | None:
    return os.environ.get(ADDRESS_VARIABLE) or None
