"""What the captures of a server have in common, beyond models and parameters."""

from dataclasses import dataclass

from take5.scoring.errors import ParameterError
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.live.watchdog import PAUSE_S
from take5.stream.live.worker import FINISH_WITHIN_S
from take5.stream.output.free_space import MIN_FREE
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer

PICTURE = 720
"""What trainers want of a picture, at least, on its shorter side."""


@dataclass(frozen=True)
class ServerOptions:
    """Options of a server.

    Attributes
    ----------
    ice_servers : tuple of IceServer or str
        STUN and TURN servers, the former also by their address alone; none by default.
    deliverables : Deliverables
        What is made of each clip.
    hooks : HookDispatcher, optional
        Gets a notice of each clip.
    min_free : int
        Free bytes in the output folder below which no capture begins; 0 for no limit.
    finish_within_s : float
        Maximum time to analyse a capture's skipped windows after its stop.
    pause_s : float
        How long one track of a capture may be missing while the other goes on.
    picture : int
        Pixels of the shorter side of the picture that the page asks cameras for.
    udp_ports : UdpPorts, optional
        Ports for the connections of senders; by default any free ones.
    public_addresses : tuple of str
        Addresses, or names of addresses, that senders are given instead of those of this machine's interfaces.
    seconds : tuple of float
        Lengths of windows that a sender may choose for its capture, besides those of the settings.
    """

    ice_servers: tuple[IceServer | str, ...] = ()
    deliverables: Deliverables = CLIP_ONLY
    hooks: HookDispatcher | None = None
    min_free: int = MIN_FREE
    finish_within_s: float = FINISH_WITHIN_S
    pause_s: float = PAUSE_S
    picture: int = PICTURE
    udp_ports: UdpPorts | None = None
    public_addresses: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()


DEFAULT_OPTIONS = ServerOptions()


def check_ports(ports: UdpPorts | None, capacity: int) -> None:
    """Raise ParameterError if there are fewer UDP ports than captures at a time."""
    if ports is not None and len(ports) < capacity:
        raise ParameterError(
            f"--udp-ports {ports} are {len(ports)} ports, and each of {capacity} captures at a time takes one: give "
            "more ports, or lower --max-sessions"
        )
