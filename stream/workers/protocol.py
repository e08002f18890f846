"""What server and workers tell each other, as plain data. How it travels is for :mod:`take5.stream.workers.link`.

The server sends requests, which reach a worker in order, and each has a reply. What happens meanwhile a worker notes,
in order. Replies and notes may overtake each other.
"""

from typing import Self

import msgspec

from take5.scoring.stopping import StopRule, StopRules
from take5.stream.bundles.write import wanted_for
from take5.stream.deliverables import Deliverables
from take5.stream.server.captures import CaptureRequest
from take5.stream.server.counts import CaptureCounts
from take5.stream.server.errors import Refused
from take5.stream.server.watch import CaptureOrder
from take5.stream.settings import Settings
from take5.stream.spool.records import Begun
from take5.stream.workers.told import Kinded


class Message(msgspec.Struct, frozen=True, tag=True):
    """Anything that is told."""


class Order(msgspec.Struct, frozen=True):
    """How a session is captured; see :class:`CaptureOrder`."""

    settings: Settings
    rules: StopRules
    trainers: tuple[str, ...]
    bundle_size: int
    consent: str | None
    name: str | None
    report: bool
    prepare: bool

    @classmethod
    def of(cls, order: CaptureOrder) -> Self:
        """Return it as plain data."""
        wanted, more = order.deliverables.bundles, order.deliverables
        trainers = () if wanted is None else tuple(trainer.name for trainer in wanted.trainers)
        size, consent = (0, None) if wanted is None else (wanted.size, wanted.consent)
        return cls(order.settings, order.rules, trainers, size, consent, more.name, more.report, more.prepare)

    @property
    def order(self) -> CaptureOrder:
        """The order."""
        wanted = wanted_for(self.trainers, self.bundle_size, self.consent) if self.trainers else None
        deliverables = Deliverables(wanted, self.name, self.report, prepare=self.prepare)
        return CaptureOrder(self.settings, self.rules, deliverables)


class Prepare(Message, frozen=True):
    """Accept an offer; the reply is Prepared."""

    session: str
    capture: str
    offer: str
    order: Order
    lost_s: float | None

    @classmethod
    def of(cls, request: CaptureRequest) -> Self:
        """Return a request for a capture."""
        return cls(request.session, request.capture, request.offer, Order.of(request.order), request.lost_s)

    @property
    def request(self) -> CaptureRequest:
        """The request."""
        return CaptureRequest(self.session, self.capture, self.offer, self.order.order, self.lost_s)


class Begin(Message, frozen=True):
    """Begin to receive; the reply is Answer."""

    capture: str


class Abandon(Message, frozen=True):
    """Give up a capture that cannot begin."""

    capture: str


class Refuse(Message, frozen=True):
    """End a capture for which there is no room."""

    capture: str
    text: str


class Restart(Message, frozen=True):
    """Let the stop rules of a capture start over."""

    capture: str


class End(Message, frozen=True):
    """Let a recording end."""

    capture: str
    rule: StopRule


class ShutDown(Message, frozen=True):
    """Let a recording end, and analyse no longer than ``within_s``."""

    capture: str
    within_s: float


class Save(Message, frozen=True):
    """Try to write a clip now; the reply is Saved."""

    capture: str


class Find(Message, frozen=True):
    """Find the captures whose process is gone, of these takes or of all; the reply is Found."""

    takes: tuple[str, ...] | None


class Recover(Message, frozen=True):
    """Make the clip of a capture that was found; notes say how it goes, and when it is over."""

    take: str


class Leave(Message, frozen=True):
    """Begin nothing more, and end when everything that goes on has ended."""


class Stop(Message, frozen=True):
    """The server is ending: leave to its next start what is not recovered yet, and wait no longer for notices."""


Request = Prepare | Begin | Abandon | Refuse | Restart | End | ShutDown | Save | Find | Recover | Leave | Stop


class Done(Message, frozen=True):
    """It is done."""


class Prepared(Message, frozen=True):
    """An offer has been accepted; the take's folder."""

    folder: str


class Answer(Message, frozen=True):
    """The answer to an offer, as SDP."""

    sdp: str


class Saved(Message, frozen=True):
    """What came of saving; None if there was nothing to write."""

    event: Kinded | None


class CutOffTake(msgspec.Struct, frozen=True):
    """A capture whose process is gone, and the folder of its take."""

    begun: Begun
    take: str


class Found(Message, frozen=True):
    """The captures whose process is gone."""

    cut_off: tuple[CutOffTake, ...]


class Refusal(Message, frozen=True):
    """The request is refused; see :class:`Refused`."""

    status: int
    code: str
    text: str
    headers: dict[str, str]

    @classmethod
    def of(cls, error: Refused) -> Self:
        """Return it as plain data."""
        return cls(error.status, error.code, str(error), error.headers)

    @property
    def error(self) -> Refused:
        """The refusal."""
        return Refused(self.status, self.code, self.text, self.headers)


Reply = Done | Prepared | Answer | Saved | Found | Refusal


class Connected(Message, frozen=True):
    """The first media of a capture have arrived."""

    capture: str


class Told(Message, frozen=True):
    """A capture tells an event."""

    capture: str
    event: Kinded


class Counted(Message, frozen=True):
    """What is new of a capture's media."""

    capture: str
    counts: CaptureCounts


class Over(Message, frozen=True):
    """Everything of a capture has ended."""

    capture: str


class RecoveryTold(Message, frozen=True):
    """A recovery tells an event."""

    take: str
    event: Kinded


class Recovered(Message, frozen=True):
    """A recovery is over."""

    take: str


class Ready(Message, frozen=True):
    """A worker has loaded its models, of these names."""

    encoder: str
    tracker: str


class Unable(Message, frozen=True):
    """A worker cannot begin, and why."""

    text: str


class Load(Message, frozen=True):
    """CPU seconds that a worker has used at a time of its steady clock, in seconds; notices of its hooks so far."""

    clock_s: float
    cpu_s: float
    notices: dict[str, int] = {}


Note = Connected | Told | Counted | Over | RecoveryTold | Recovered | Ready | Unable | Load
