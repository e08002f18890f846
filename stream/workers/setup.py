"""What a worker is told before it begins: no more than its captures need, and nothing of it in its command line."""

from typing import Self

import msgspec

from take5.stream.deliverables import CLIP_ONLY
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.options import ServerOptions
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.workers.model_choice import ModelChoice


class Server(msgspec.Struct, frozen=True):
    """A STUN or TURN server; see :class:`IceServer`."""

    url: str
    username: str | None
    credential: str | None
    secret: str | None


class WorkerSetup(msgspec.Struct, frozen=True, tag=True):
    """A worker's setup.

    Attributes
    ----------
    output : str
        The output folder.
    longest_s : float
        How long a capture lasts at most, in seconds.
    udp_ports : (int, int), optional
        First and last port for its senders.
    """

    models: ModelChoice
    hooks: HookSetup
    output: str
    longest_s: float
    ice_servers: tuple[Server, ...]
    public_addresses: tuple[str, ...]
    udp_ports: tuple[int, int] | None
    min_free: int
    finish_within_s: float
    pause_s: float

    @classmethod
    def of(cls, options: ServerOptions, models: ModelChoice, hooks: HookSetup, output: str, longest_s: float) -> Self:
        """Return the setup that belongs to a server's options."""
        given = (IceServer(each) if isinstance(each, str) else each for each in options.ice_servers)
        return cls(
            models,
            hooks,
            output,
            longest_s,
            tuple(Server(each.url, each.username, each.credential, each.secret) for each in given),
            options.public_addresses,
            None if options.udp_ports is None else (options.udp_ports.first, options.udp_ports.last),
            options.min_free,
            options.finish_within_s,
            options.pause_s,
        )

    def options(self, hooks: HookDispatcher) -> ServerOptions:
        """The options of its captures."""
        servers = (IceServer(each.url, each.username, each.credential, each.secret) for each in self.ice_servers)
        return ServerOptions(
            tuple(servers),
            CLIP_ONLY,
            hooks,
            self.min_free,
            self.finish_within_s,
            self.pause_s,
            udp_ports=None if self.udp_ports is None else UdpPorts(*self.udp_ports),
            public_addresses=self.public_addresses,
        )


def slices(ports: UdpPorts | None, count: int) -> list[UdpPorts | None]:
    """Return disjoint parts of a range of ports, one for each of ``count`` workers; the first are the larger ones."""
    if ports is None:
        return [None] * count
    each, more = divmod(len(ports), count)
    sizes = [each + (number < more) for number in range(count)]
    firsts = [ports.first + sum(sizes[:number]) for number in range(count)]
    return [UdpPorts(first, first + size - 1) for first, size in zip(firsts, sizes, strict=True)]
