"""The server inside another application: WHIP, websocket, files and page, in one import (``docs/server.md``).

Unlike :mod:`take5` this loads FFmpeg, aiortc and Starlette at once; models are loaded by :func:`load_models`.
"""

from take5.client.api.models import load_models
from take5.client.pages import PAGES, PROMPTS
from take5.scoring.gates.config import GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.hooks.command import parse_command
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.hooks.webhook import Webhook
from take5.stream.platform.database import Database
from take5.stream.platform.service import Platform
from take5.stream.server.admission import Admission
from take5.stream.server.app import create_app
from take5.stream.server.options import ServerOptions
from take5.stream.server.run import Listen, run
from take5.stream.server.sessions import Sessions, sessions_for, usage
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.host_sockets import UdpPorts
from take5.stream.sources.webrtc.ice import IceServer

__all__ = [
    "PAGES",
    "PROMPTS",
    "Admission",
    "Database",
    "Deliverables",
    "GateConfig",
    "HookDispatcher",
    "IceServer",
    "Listen",
    "Parameters",
    "Platform",
    "ServerOptions",
    "Sessions",
    "Settings",
    "StopRules",
    "UdpPorts",
    "Webhook",
    "create_app",
    "load_models",
    "parse_command",
    "run",
    "sessions_for",
    "usage",
    "wanted_for",
]
