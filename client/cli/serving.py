"""The server of ``take5 serve``: in one process, or before workers."""

import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click
from starlette.applications import Starlette

from take5.client.cli.capturing import Capturing
from take5.client.cli.database_options import PlatformOptions, opened
from take5.client.cli.front import Front
from take5.client.cli.log_options import Logs, set_up_logging
from take5.client.cli.network_options import Network
from take5.client.cli.options import chosen_models
from take5.client.cli.server_options import CORES_A_SESSION, Room, Web
from take5.client.cli.worker_options import encoder_of
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.models.trackers import measured_with
from take5.stream.server.admission import Admission
from take5.stream.server.app import create_app
from take5.stream.server.descriptors import raise_limit, shares
from take5.stream.server.options import check_ports
from take5.stream.server.run import Listen, run
from take5.stream.server.running import known
from take5.stream.server.sessions import Sessions, sessions_for, usage
from take5.stream.sources.webrtc.host_sockets import resolved

if TYPE_CHECKING:
    from take5.stream.platform.database import Database
    from take5.stream.platform.service import Platform


@dataclass(frozen=True)
class Capacity:
    """What a server takes on.

    Attributes
    ----------
    captures : int
        At a time.
    cores : float
        What carries them.
    cost : float
        Cores that a capture is taken to need until it is measured.
    connections, pending : int
        Connections of clients, and senders that have not connected yet.
    """

    captures: int
    cores: float
    cost: float
    connections: int
    pending: int

    def admission(self, used: Callable[[], tuple[float, float]] | None) -> Admission:
        """Return who is let in; ``used`` says what this process has used, where it captures itself."""
        return Admission(self.captures, used, self.cores, self.cost, self.pending)


def capacity_for(room: Room, cores: float, network: Network) -> Capacity:
    """How much is taken on with these cores and ports.

    Raises
    ------
    ParameterError
        If there are fewer ports than captures.
    """
    ports, cost = network.udp_ports, CORES_A_SESSION[room.pixels]
    captures = room.max_sessions or max(1, int(cores / cost))
    connections, pending = shares(raise_limit(), captures)
    if ports is not None:  # each sender takes one
        pending = max(1, min(pending, len(ports) - captures))
    check_ports(ports, captures)
    return Capacity(captures, cores, cost, connections, pending)


def check_addresses(addresses: Sequence[str]) -> None:
    """Raise ParameterError if one is neither an address nor the name of one."""
    for each in addresses:
        resolved(each)


class Serving:
    """A server.

    Parameters
    ----------
    capturing : Capturing
        How it captures.
    capacity : Capacity
        How much it takes on.
    web : Web
        Where it listens, and who may use it.
    logs : Logs
        What it logs and counts.
    platform : PlatformOptions, optional
        Where a platform keeps its sessions.
    front : Front, optional
        What captures, in workers; by default this process does.

    Raises
    ------
    ModelError
        If this process captures, and the models cannot be loaded.
    """

    def __init__(
        self,
        capturing: Capturing,
        capacity: Capacity,
        web: Web,
        logs: Logs,
        platform: PlatformOptions | None,
        front: Front | None,
    ) -> None:
        self._capturing, self._capacity, self._web, self._logs = capturing, capacity, web, logs
        self._platform, self._front = platform, front
        self._models = None if front else chosen_models(capturing.choice)
        self._ends = ExitStack()

    def run(self) -> None:
        """Serve until a signal ends it.

        Raises
        ------
        Take5Error
            If it cannot begin.
        """
        web = self._web
        set_up_logging(self._logs.style, access=self._logs.access)
        with self._ends as ends:
            if self._capturing.options.hooks is not None:
                ends.enter_context(self._capturing.options.hooks)
            if self._front is not None:
                ends.enter_context(known(self._capturing.output))
            database = None if self._platform is None else ends.enter_context(opened(self._platform.address))
            listen = Listen(web.host, web.port, web.certificate, web.key, self._capacity.connections)
            run(partial(self._make, database), listen, self._started)
        if self._front is not None:
            self._front.check()

    def _make(self, database: "Database | None") -> tuple[Starlette, Sessions]:
        sessions, web = self._sessions(), self._web
        platform = None if database is None or self._platform is None else _platform(database, self._platform)
        app = create_app(
            sessions,
            token=web.token,
            pages=PAGES,
            prompts=PROMPTS,
            origins=web.origins,
            proxies=web.proxies,
            root_path=web.root_path,
            platform=platform,
            access_log=self._logs.access,
        )
        if self._logs.metrics is not None:
            self._ends.callback(_metrics(sessions, platform, self._logs.metrics))
        return app, sessions

    def _sessions(self) -> Sessions:
        how = self._capturing
        if self._models is not None:
            places = self._capacity.admission(usage)
            return sessions_for(self._models, how.settings, how.rules, how.output, places, how.options)
        assert self._front is not None  # noqa: S101 - else the models are here
        return self._front.sessions(self._capacity.admission(None), end)

    def _started(self, at: str) -> None:
        click.echo(f"take5 at {at}")
        click.echo(f"  WHIP  {at}/whip   (OBS: {at}/whip/NAME)")
        choice, processes = self._capturing.choice, "" if self._front is None else f" in {self._front}"
        models = measured_with(encoder_of(choice), choice.tracker)
        captures = f"{self._capacity.captures} captures at a time{processes}"
        click.echo(f"  clips go to {self._capturing.output}; {captures}; {models}")


def end() -> None:
    """End this program as SIGTERM does."""
    signal.raise_signal(signal.SIGTERM)


def _platform(database: "Database", options: PlatformOptions) -> "Platform":
    from take5.stream.platform.retention import Retention
    from take5.stream.platform.service import Platform

    return Platform(database, retention=Retention(options.retention_days, options.keep_records))


def _metrics(sessions: Sessions, platform: "Platform | None", at: tuple[str, int]) -> Callable[[], None]:
    """Serve the metrics of a server; return what ends that."""
    from take5.stream.server.metrics import Metrics

    made = Metrics(sessions, None if platform is None else platform.records.states)
    if platform is not None:
        platform.listen(made.delivered)
    return made.serve(*at)
