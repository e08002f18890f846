"""The server of ``take5 serve --workers N``: it loads no models and receives no media."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from take5.client.cli.worker_options import WORKER, capacities, encoder_of
from take5.scoring.errors import ServerError
from take5.scoring.stopping import StopRules
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.admission import Admission
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.options import ServerOptions
from take5.stream.server.sessions import Sessions
from take5.stream.settings import Settings
from take5.stream.workers.link import LocalStarter
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.pool import WorkerPool
from take5.stream.workers.setup import WorkerSetup, slices


class Front:
    """A server whose captures are made by workers.

    Parameters
    ----------
    choice : ModelChoice
        The models of the workers.
    settings : Settings
        How sessions are scored.
    rules : StopRules
        When they are enough.
    output : Path
        Gets a folder for each capture.
    options : ServerOptions
        What captures have in common.
    hooks : HookSetup
        Who gets notices of clips.
    workers : int
        How many there are.
    """

    def __init__(
        self,
        choice: ModelChoice,
        settings: Settings,
        rules: StopRules,
        output: Path,
        options: ServerOptions,
        hooks: HookSetup,
        workers: int,
    ) -> None:
        scoring = Scoring(encoder_of(choice), choice.tracker, settings, rules)
        self._choice, self._output, self._options = Choice(scoring, options.seconds), output, options
        self._ports = slices(options.udp_ports, workers)
        longest_s = rules.cap_s + rules.idle_s
        self._setups = [
            WorkerSetup.of(replace(options, udp_ports=ports), choice, hooks, str(output), longest_s)
            for ports in self._ports
        ]
        self._pool: WorkerPool | None = None

    def sessions(self, admission: Admission, failed: Callable[[], None]) -> Sessions:
        """Return the sessions; ``failed`` is called if no worker can begin."""
        starter = LocalStarter(WORKER, self._setups)
        self._pool = WorkerPool(starter, admission, self._output, capacities(self._ports), failed)
        return Sessions(self._choice, self._output, admission, self._pool, self._options)

    def check(self) -> None:
        """Raise ServerError if no worker could begin."""
        if self._pool is not None and self._pool.fault is not None:
            raise ServerError(self._pool.fault)
