"""A worker's process on this machine: a connection to the server, models, and captures until it is asked to leave."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic, process_time

from take5.scoring.errors import Take5Error
from take5.stream.analysis.models import Models
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.server.descriptors import raise_limit
from take5.stream.server.local_host import LocalHost
from take5.stream.server.malloc import share_arenas
from take5.stream.sources.webrtc.network import Network
from take5.stream.workers.frames import Asked, Frames, Said
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.protocol import Load, Note, Ready, Request, Unable
from take5.stream.workers.service import Service
from take5.stream.workers.setup import WorkerSetup

LOAD_EVERY_S = 1.0

LOOK_S = 0.1
"""How often a worker that leaves looks whether its notices have been delivered."""

ORPHAN = 70
"""Exit code of a worker whose server is gone."""

Loader = Callable[[ModelChoice], Models]


def main(descriptor: int, load: Loader) -> int:
    """Capture until the server asks this process to leave; return the exit code.

    When the server is gone it ends at once: the next server finds on disk what was kept.

    Parameters
    ----------
    descriptor : int
        Of the connection to the server.
    load : callable
        Loads the models.
    """
    os.set_inheritable(descriptor, False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, lambda *_: None)  # the server handles them; a handler, since programs inherit SIG_IGN
    share_arenas()
    raise_limit()
    return asyncio.run(_serve(socket.socket(fileno=descriptor), load))


async def _serve(connection: socket.socket, load: Loader) -> int:
    frames: Frames[Said, Asked] = Frames(*await asyncio.open_connection(sock=connection), Asked)
    first = await frames.read()
    if first is None or not isinstance(first.request, WorkerSetup):
        return ORPHAN
    setup = first.request

    def note(what: Note) -> None:
        frames.send(Said(0, what))

    try:
        models = load(setup.models)
        hooks = setup.hooks.dispatcher()
    except Take5Error as error:
        note(Unable(str(error)))
        frames.close()
        await asyncio.sleep(LOAD_EVERY_S)  # until the server has read it
        return 1
    with hooks:
        options = setup.options(hooks)
        network = Network(options.ice_servers, options.udp_ports, options.public_addresses, setup.longest_s)
        host = LocalHost(models, Path(setup.output), options, network)
        host.start(_nothing)
        ready = Ready(models.encoder.name, models.tracker_name)
        await _work(frames, Service(host, note), ready, hooks)
        host.end()
        await frames.flush()
        await asyncio.to_thread(hooks.close)
    return 0


async def _work(frames: Frames[Said, Asked], service: Service, ready: Ready, hooks: HookDispatcher) -> None:
    """Do what is requested until the worker has left and its notices are delivered; exit if the server is gone."""
    frames.send(Said(0, ready))
    doing: set[asyncio.Task[None]] = set()

    async def answer(number: int, request: Request) -> None:
        frames.send(Said(number, await service.handle(request)))

    async def listen() -> None:
        while (asked := await frames.read()) is not None:
            if not isinstance(asked.request, WorkerSetup):
                task = asyncio.create_task(answer(asked.number, asked.request))
                doing.add(task)
                task.add_done_callback(doing.discard)
        os._exit(ORPHAN)

    def load() -> Said:
        return Said(0, Load(monotonic(), process_time(), hooks.outcomes))

    async def tell_load() -> None:
        while True:
            frames.send(load())
            await asyncio.sleep(LOAD_EVERY_S)

    background = [asyncio.create_task(each) for each in (listen(), tell_load())]
    await service.left.wait()
    while not (service.stopped or hooks.wait(0)):  # a server that goes on has not ended its notices
        await asyncio.sleep(LOOK_S)
    for task in background:
        task.cancel()
    frames.send(load())


async def _nothing(_: object) -> None:
    """Do nothing: a worker does not outlive its captures."""
