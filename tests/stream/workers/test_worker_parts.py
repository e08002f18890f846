"""Parts of workers: their ports, their setup, their orders."""

import msgspec
import pytest

from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import CLIP_ONLY, Deliverables
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.setup import HookSetup
from take5.stream.server.captures import CaptureRequest
from take5.stream.server.options import ServerOptions
from take5.stream.server.watch import CaptureOrder
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer
from take5.stream.timeline.sound_shift import SoundShift
from take5.stream.workers.frames import Asked
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.protocol import Prepare
from take5.stream.workers.setup import WorkerSetup, slices


@pytest.mark.parametrize(("first", "last", "count"), [(40000, 40099, 4), (40000, 40006, 3), (40000, 40001, 2)])
def test_workers_share_ports_and_none_has_another_s(first: int, last: int, count: int) -> None:
    ports = [each for each in slices(UdpPorts(first, last), count) if each is not None]
    taken = [port for each in ports for port in range(each.first, each.last + 1)]
    assert taken == list(range(first, last + 1))
    assert len(ports) == count
    assert max(map(len, ports)) - min(map(len, ports)) <= 1
    assert slices(None, count) == [None] * count


def test_there_are_no_workers_without_ports() -> None:
    with pytest.raises(ParameterError):
        slices(UdpPorts(40000, 40001), 3)


@pytest.mark.parametrize(
    "deliverables",
    [
        CLIP_ONLY,
        Deliverables(wanted_for(["synctalk", "instag"], 512, "form 7"), "ann", report=True),
        Deliverables(wanted_for(["synctalk"]), prepare=False),
    ],
)
def test_a_capture_is_ordered_of_a_worker_as_of_the_server_s_own_process(deliverables: Deliverables) -> None:
    settings = Settings(
        Parameters(4.0), gates=GateConfig.of("strict", ("too_far=40",)), shift=SoundShift(-40), also=(8.0,)
    )
    order = CaptureOrder(settings, StopRules(stop_at=900.0, gain=None, cap_s=1e6), deliverables)
    request = CaptureRequest("ann", "c1", "v=0", order, 7.5)
    data = msgspec.msgpack.encode(Asked(3, Prepare.of(request)))
    asked = msgspec.msgpack.decode(data, type=Asked)
    assert isinstance(asked.request, Prepare)
    assert asked.request.request == request


def test_a_worker_gets_the_options_of_its_captures() -> None:
    servers = (IceServer("stun:a"), IceServer("turn:b", secret="north"))  # noqa: S106 - of this test
    options = ServerOptions(
        servers, CLIP_ONLY, None, 5, 6.0, 7.0, udp_ports=UdpPorts(40000, 40009), public_addresses=("192.0.2.1",)
    )
    setup = WorkerSetup.of(options, ModelChoice(), HookSetup(), "out", 600.0)
    arrived = msgspec.msgpack.decode(msgspec.msgpack.encode(setup), type=WorkerSetup)
    hooks = HookDispatcher()
    assert arrived.options(hooks) == ServerOptions(
        servers, CLIP_ONLY, hooks, 5, 6.0, 7.0, udp_ports=UdpPorts(40000, 40009), public_addresses=("192.0.2.1",)
    )
