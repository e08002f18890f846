"""What is counted of a capture's media: every packet once, and as lost only what does not come any more."""

import sys
from collections import Counter
from pathlib import Path

from hooks_receiver import notice_in

from take5.scoring.stopping import StopRules
from take5.stream.hooks.command import Command
from take5.stream.hooks.dispatcher import HookDispatcher
from take5.stream.server.admission import Admission
from take5.stream.server.counts import SETTLE_LOOKS, CaptureCounts, MediaCounter
from take5.stream.server.lengths import Choice, Scoring
from take5.stream.server.options import ServerOptions
from take5.stream.server.sessions import Sessions
from take5.stream.settings import Settings
from take5.stream.sources.webrtc.packet_counts import PacketCounts
from take5.stream.workers.link import LocalStarter
from take5.stream.workers.pool import WorkerPool
from take5.stream.workers.protocol import Load
from take5.stream.workers.usage import WorkersUsage


class Media:
    """Packets and drops so far, as a test says."""

    def __init__(self) -> None:
        self.packets: dict[str, PacketCounts] = {}
        self.dropped: dict[str, int] = {"intake": 0, "inbox": 0}
        self.counter = MediaCounter(lambda: self.packets, lambda: self.dropped)

    def look(self, received: int, lost: int, *, last: bool = False) -> CaptureCounts:
        self.packets = {"picture": PacketCounts(received, lost)}
        return self.counter.look(last=last)


def test_what_is_new_is_told_once() -> None:
    media = Media()
    assert not media.counter.look()
    assert media.look(100, 0).received == {"picture": 100}
    media.dropped = {"intake": 0, "inbox": 3}
    assert media.look(130, 0) == CaptureCounts({"picture": 30}, {}, {"inbox": 3})
    assert not media.look(130, 0)


def test_packets_that_come_late_are_not_lost() -> None:
    media = Media()
    lost = [media.look(100 * second, missing).lost for second, missing in enumerate((0, 5, 5, 0, 0, 0))]
    assert lost == [{}] * 6


def test_packets_that_never_come_are_lost_once_they_have_been_waited_for() -> None:
    media = Media()
    media.look(0, 0)
    lost = [media.look(100 * second, 4 if second > 1 else 0).lost for second in range(1, 8)]
    assert [each.get("picture", 0) for each in lost] == [0, *[0] * (SETTLE_LOOKS - 1), 4, 0, 0, 0]


def test_at_the_end_nothing_is_waited_for() -> None:
    media = Media()
    media.look(100, 0)
    assert media.look(200, 7, last=True).lost == {"picture": 7}


def test_late_packets_never_take_back_what_was_told() -> None:
    media = Media()
    for _ in range(SETTLE_LOOKS):
        media.look(100, 9)
    told = Counter[str]()
    for missing in (2, 2, 2, 9, 9, 9, 10, 10, 10):
        told.update(media.look(100, missing).lost)
    assert told == {"picture": 1}


def test_workers_that_have_ended_still_count() -> None:
    usage = WorkersUsage()
    first, second = Load(1.0, 2.0, {"delivered": 1}), Load(2.0, 5.0, {"delivered": 3, "failed": 1})
    usage.add(0, Load(0.0, 0.0), first)
    usage.add(0, first, second)
    usage.add(1, Load(0.0, 0.0), Load(9.0, 0.5))
    usage.add(0, Load(0.0, 0.0), Load(1.0, 0.25, {"failed": 2}))  # its successor
    assert usage.so_far.cpu_s == {"1": 5.25, "2": 0.5}
    assert usage.so_far.notices == {"delivered": 3, "failed": 3}


def test_without_hooks_there_are_no_notices() -> None:
    assert HookDispatcher().outcomes == {}


def test_notices_of_workers_and_of_the_server_itself_are_counted_together(tmp_path: Path) -> None:
    choice = Choice(Scoring("speech-embedding", "mediapipe", Settings(), StopRules()), ())
    admission = Admission(1)
    pool = WorkerPool(LocalStarter(["/no/such/program"], []), admission, tmp_path)
    with HookDispatcher(Command((sys.executable, "-c", ""))) as hooks:
        sessions = Sessions(choice, tmp_path, admission, pool, ServerOptions(hooks=hooks))
        hooks.notify(notice_in(tmp_path / "take"))
        assert hooks.wait(30)
        pool._usage.add(0, Load(0.0, 0.0), Load(1.0, 2.0, {"delivered": 2, "failed": 1}))
        assert sessions.usage.notices == {"delivered": 3, "failed": 1, "undelivered": 0}
        assert sessions.usage.cpu_s == {"1": 2.0}
