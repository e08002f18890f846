"""Sessions that share a machine: ``python -m bench.behind VIDEO [--sessions 1 2 3 4] [--seconds 40]``.

Pushes a video in real time into one to four captures of this process. It is encoded before they begin, so that senders
cost nothing. Prints for each capture how many windows were analysed live, analysed later, ruled out by sound alone and
never analysed; by how many seconds pictures and session time were late at most; session time per media time; when
analysis fell behind and caught up; and how long after the end the stop and the clip came. A line for each run has CPU
seconds per second and the load of the machine before it.
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av

from bench.watching import Windows
from take5.client.cli.options import load_models
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import ClipReady, Event, Failed, Stopped, Trouble, Warned
from take5.stream.ffmpeg.container import AnyPacket
from take5.stream.ffmpeg.pictures import DecodedPicture
from take5.stream.live.finish import clip_writer
from take5.stream.live.session import LiveSession
from take5.stream.live.worker import LiveWorker
from take5.stream.server.malloc import share_arenas
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.clock import FLICKS, FRAME_FLICKS, to_seconds
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat, VideoFrame

OPTIONS = {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "crf": "20", "bf": "0", "g": "25"}
BLOCK_S = 0.02
"""Length of a block of sound, as WebRTC sends it."""

APART_S = 0.3
"""Between the beginnings of two captures."""

PATIENCE_S = 200.0


def encoded(video: Path, size: tuple[int, int]) -> list[Received]:
    """Whole seconds of a video as access units, a keyframe each second, and sound in short blocks; in order of time."""
    file = MediaFile(video)
    pictures: list[VideoFrame] = []
    sound: list[AudioBlock] = []
    for media in file.media():
        if isinstance(media, VideoFrame):
            pictures.append(media)
        elif isinstance(media, AudioBlock):
            sound += _blocks(media)
    origin = file.origin
    whole = min(pictures[-1].pts, sound[-1].pts) - origin
    whole -= whole % FLICKS
    units = _units([frame for frame in pictures if 0 <= frame.pts - origin < whole], size)
    inside = [block for block in sound if 0 <= block.pts - origin < whole]
    found: list[Received] = [replace(unit, pts=unit.pts - origin) for unit in units]
    found += [replace(block, pts=block.pts - origin) for block in inside]
    return sorted(found, key=lambda media: media.pts)


def _blocks(block: AudioBlock) -> Iterator[AudioBlock]:
    step = round(BLOCK_S * block.rate)
    for first in range(0, len(block.samples), step):
        channels = None if block.channels is None else block.channels[:, first : first + step]
        pts = block.pts + first * FLICKS // block.rate
        yield AudioBlock(pts, block.samples[first : first + step], block.rate, channels)


def _units(pictures: Sequence[VideoFrame], size: tuple[int, int]) -> list[AccessUnit]:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = size
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, 25), Fraction(25)
    context.options = OPTIONS
    times = [frame.pts for frame in pictures]
    packets: list[AnyPacket] = []
    for number, frame in enumerate(pictures):
        assert isinstance(frame.picture, DecodedPicture)  # noqa: S101 - a file's pictures are
        picture = av.VideoFrame.from_ndarray(frame.picture.rgb(), "rgb24").reformat(*size, "yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, 25)
        packets += context.encode(picture)
    packets += context.encode(None)
    return [AccessUnit(times[packet.pts or 0], bytes(packet), packet.is_keyframe) for packet in packets]


def looped(media: Sequence[Received], seconds: float) -> Iterator[Received]:
    """The same over and over until the time is up."""
    length = -(-media[-1].pts // FLICKS) * FLICKS
    for turn in range(int(seconds * FLICKS // length) + 1):
        for item in media:
            if item.pts + turn * length < seconds * FLICKS:
                yield replace(item, pts=item.pts + turn * length)


@dataclass
class Watched:
    """A capture, and what is known of it."""

    live: LiveSession
    events: list[tuple[float, Event]] = field(default_factory=list)
    late: float = 0.0
    slow: float = 0.0
    clock: float = 0.0

    def emit(self, event: Event) -> None:
        """Take an event."""
        self.events.append((time.monotonic(), event))

    def look(self, sent: int) -> None:
        """Measure how late analysis and session time are, with media up to ``sent`` pushed."""
        try:
            waiting = self.live._units[0].pts  # noqa: SLF001 - the oldest picture that waits
        except IndexError:
            waiting = sent
        self.late = max(self.late, (sent - waiting) / FLICKS)
        self.slow = max(self.slow, (sent - self.live.frame * FRAME_FLICKS) / FLICKS)

    def row(self, began: float) -> str:
        """Its line of the table."""
        windows = Windows()
        for _, event in self.events:
            windows.note(event)
        told = [
            f"{'-' if event.trouble is Trouble.BEHIND else '+'}{at - began:.0f}"
            for at, event in self.events
            if isinstance(event, Warned) and event.trouble in (Trouble.BEHIND, Trouble.CAUGHT_UP)
        ]
        stopped = next(at for at, event in self.events if isinstance(event, Stopped | Failed))
        over, last = next((at, event) for at, event in self.events if isinstance(event, ClipReady | Failed))
        result = f"I {last.best.I:.0f}" if isinstance(last, ClipReady) else f"{last.failure}"
        return (
            f"| {windows.live} | {windows.later} | {windows.sounded} | {windows.never} "
            f"| {self.late:.1f} | {self.slow:.1f} | {self.clock:.2f} "
            f"| {' '.join(told) or '-'} | {stopped - self.asked:.1f} | {over - self.asked:.1f} | {result} |"
        )

    asked: float = 0.0


def run(models: Models, media: Sequence[Received], count: int, seconds: float) -> None:
    """Let ``count`` captures share the machine, and print what came of it."""
    load = os.getloadavg()[0]
    rules = StopRules(stop_at=0, gain=None, cap_s=1e6)
    with tempfile.TemporaryDirectory() as folder:
        watched = [
            Watched(LiveSession(models, Settings(), rules, UnitFormat("h264", None), f"s{n}")) for n in range(count)
        ]
        workers = [
            LiveWorker(each.live, each.emit, clip_writer(Path(folder) / f"clip{n}")) for n, each in enumerate(watched)
        ]
        began, spent = time.monotonic(), time.process_time()
        senders = [
            threading.Thread(target=_send, args=(each, worker, looped(media, seconds), began + n * APART_S))
            for n, (each, worker) in enumerate(zip(watched, workers, strict=True))
        ]
        for worker, sender in zip(workers, senders, strict=True):
            worker.start()
            sender.start()
        for sender in senders:
            sender.join()
        cpu = (time.process_time() - spent) / (time.monotonic() - began)
        for worker in workers:
            worker.join(PATIENCE_S)
        print(f"\n{count} captures of {seconds:.0f} s: {cpu:.2f} CPU s/s until the stop, load {load:.1f} before\n")
        print("| live | later | by sound | never | pictures late s | session late s | session/media", end=" ")
        print("| behind -, caught up + | stopped s | clip s | best |\n|" + "---|" * 11)
        for each in watched:
            print(each.row(began), flush=True)


def _send(each: Watched, worker: LiveWorker, media: Iterator[Received], begin: float) -> None:
    sent, seen = 0, 0.0
    for item in media:
        wait = begin + to_seconds(item.pts) - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        worker.put(item)
        sent = item.pts
        if time.monotonic() - seen > 0.1:
            seen = time.monotonic()
            each.look(sent)
    each.asked = time.monotonic()
    each.clock = each.live.frame * FRAME_FLICKS / sent
    worker.end(Stop(StopRule.ENDED))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--size", default="1280x720")
    options = parser.parse_args()
    width, height = (int(number) for number in options.size.split("x"))
    share_arenas()
    media = encoded(options.video, (width, height))
    models = load_models("speech-embedding", None, "cpu")
    for count in options.sessions:
        run(models, media, count, options.seconds)


if __name__ == "__main__":
    main()
