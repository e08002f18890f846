"""``--workers``: how many processes capture, and the server before them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from take5.client.api.models import WEIGHTS_VARIABLE, default_encoder
from take5.client.cli.decorators import Command
from take5.scoring.models.encoders import ENCODERS
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.workers.model_choice import ModelChoice

WORKER = (sys.executable, "-m", "take5.client.worker")
"""The program of a worker."""

GPUS = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""What is there when CUDA may be; to ask PyTorch would take seconds."""


def workers_option(command: Command) -> Command:
    """Give a command ``workers``, None where the machine decides."""
    made = click.option(
        "--workers",
        type=click.IntRange(1),
        callback=_workers,
        help="Processes that capture, beside the one that serves.  [default: cores less one; 1 with a GPU]",
    )
    return made(command)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_for(wanted: int | None, choice: ModelChoice, capacity: int, ports: UdpPorts | None) -> int:
    """How many processes capture: as wanted, or as this machine has cores; one means the server's own."""
    if wanted is None:
        able = sys.platform != "win32" and not _uses_gpu(choice)
        return max(1, min(cores() - 1, capacity)) if able else 1
    if ports is not None and len(ports) < wanted:
        raise click.UsageError(f"--udp-ports {ports} are {len(ports)} ports, fewer than --workers {wanted}: give more")
    return wanted


def encoder_of(choice: ModelChoice) -> str:
    """The name of the encoder that workers load."""
    return default_encoder(_weights(choice)) if choice.encoder == "auto" else choice.encoder


def same_everywhere(choice: ModelChoice) -> ModelChoice:
    """A choice as workers get it: whatever the environment of their machine says, they load what followers are told."""
    weights = _weights(choice)
    path = None if weights is None else str(weights.absolute())
    return msgspec.structs.replace(choice, encoder=encoder_of(choice), ave_weights=path)


def capacities(ports: Sequence[UdpPorts | None]) -> list[float]:
    """Captures at a time of each worker with these ports, at most."""
    return [float("inf") if each is None else len(each) for each in ports]


def _workers(_context: click.Context, _option: click.Parameter, count: int | None) -> int | None:
    if count is not None and count > 1 and sys.platform == "win32":
        raise click.BadParameter("on Windows there is one process: --workers 1")
    return count


def _uses_gpu(choice: ModelChoice) -> bool:
    """Whether the encoder may run on a GPU, which processes would share."""
    if not ENCODERS[encoder_of(choice)].needs_weights or choice.device == "cpu":
        return False
    return choice.device != "auto" or any(path.exists() for path in GPUS)


def _weights(choice: ModelChoice) -> Path | None:
    given = choice.ave_weights or os.environ.get(WEIGHTS_VARIABLE)
    return Path(given) if given else None
