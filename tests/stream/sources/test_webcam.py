"""take5 webcam: the source's two devices, the recording around them, what is shown, and how it ends."""

import contextlib
import errno
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from live_media import NEVER, live_session, received
from rich.console import Console

from take5.client.cli.live_capture import LiveCapture, interrupts
from take5.client.cli.webcam import webcam
from take5.client.live_display import Board, LiveDisplay
from take5.scoring.errors import CaptureError
from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.own_range import Standing
from take5.scoring.parameters import Parameters
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule, StopRules
from take5.stream.analysis.models import Models
from take5.stream.events import (
    BestChanged,
    ChunkNote,
    ClipReady,
    Coached,
    Event,
    Failed,
    Failure,
    Progress,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    Trouble,
    Warned,
)
from take5.stream.ffmpeg.unit_decoder import decode_units
from take5.stream.live import saving
from take5.stream.live.finish import clip_writer
from take5.stream.live.snapshot import About, Snapshot
from take5.stream.selection import Checked
from take5.stream.sources.threaded import ThreadedSource
from take5.stream.sources.webcam import webcam as source_module
from take5.stream.sources.webcam.devices import Device
from take5.stream.sources.webcam.encoder import CameraUnit
from take5.stream.sources.webcam.microphone_clock import Heard
from take5.stream.sources.webcam.webcam import Webcam
from take5.stream.texts.languages import texts
from take5.stream.timeline.clock import FLICKS
from take5.stream.timeline.media import AccessUnit, AudioBlock, Received, UnitFormat
from take5.stream.wire import Json

pytestmark = pytest.mark.waiting

RATE = 48_000
BEGUN_S = 5000.0


class FakeCamera:
    """Gives what it is told to, then waits for the end, or fails."""

    unit_format = UnitFormat("h264", None)
    device = "Fake"

    def __init__(self, units: list[CameraUnit], error: CaptureError | None = None, *, ends: bool = False) -> None:
        self._units, self._error, self._ends = units, error, ends
        self.closed = False

    def units(self, stop: threading.Event) -> Iterator[CameraUnit]:
        yield from self._units
        if self._error is not None:
            raise self._error
        if not self._ends:
            stop.wait(60.0)

    def close(self) -> None:
        self.closed = True


class FakeMicrophone:
    """Gives what it is told to, at once."""

    device = "Fake"
    rate = RATE

    def __init__(self, blocks: list[Heard], *, leaves: bool = False) -> None:
        self._blocks, self._leaves = blocks, leaves

    @contextlib.contextmanager
    def listening(self, hear: Callable[[Heard], None], ended: Callable[[], None]) -> Iterator[None]:
        for block in self._blocks:
            hear(block)
        if self._leaves:
            ended()
        yield


def source(camera: FakeCamera, microphone: FakeMicrophone) -> Webcam:
    return Webcam(cast("Any", camera), cast("Any", microphone))


def heard(seconds: float) -> list[Heard]:
    silence = np.zeros((1, RATE // 100), np.float32)
    return [Heard(silence, BEGUN_S + (n + 1) * 0.01) for n in range(round(seconds * 100))]


def units(seconds: float) -> list[CameraUnit]:
    """Pictures whose stamps are times of the computer's clock, which arrive 30 ms later."""
    times = [BEGUN_S + n * 0.04 for n in range(round(seconds * 25))]
    return [CameraUnit(b"", n % 25 == 0, time, time + 0.03) for n, time in enumerate(times)]


def test_both_tracks_come_out_in_order_on_one_clock() -> None:
    camera, stop, out = FakeCamera(units(3.0)), threading.Event(), list[Received]()

    def put(media: Received) -> None:
        out.append(media)
        if len(out) == 375:
            stop.set()

    source(camera, FakeMicrophone(heard(3.0))).run(put, stop)
    blocks = [media for media in out if isinstance(media, AudioBlock)]
    pictures = [media for media in out if isinstance(media, AccessUnit)]
    assert len(blocks) == 300
    assert len(pictures) == 75
    assert [unit.pts / FLICKS for unit in pictures] == pytest.approx([BEGUN_S + n * 0.04 for n in range(75)], abs=1e-5)
    assert blocks[0].pts / FLICKS == pytest.approx(BEGUN_S, abs=1e-5)
    assert camera.closed


def test_stop_ends_it_and_nothing_goes_on() -> None:
    before = set(threading.enumerate())
    stop, camera = threading.Event(), FakeCamera(units(1.0))
    source(camera, FakeMicrophone(heard(2.0))).run(lambda _: stop.set(), stop)
    assert set(threading.enumerate()) <= before
    assert camera.closed


def test_a_device_that_gives_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "BEGIN_S", 0.2)
    with pytest.raises(CaptureError, match=r"camera Fake: it is open but gives no picture within 0 s; unplug it"):
        source(FakeCamera([]), FakeMicrophone(heard(1.0))).run(lambda _: None, threading.Event())
    with pytest.raises(CaptureError, match=r"microphone Fake: it is open but gives no sound within 0 s; choose ano"):
        source(FakeCamera(units(1.0)), FakeMicrophone([])).run(lambda _: None, threading.Event())


def test_a_device_that_goes_away_ends_it() -> None:
    gone = CaptureError("camera Fake: it gives no pictures any more")
    with pytest.raises(CaptureError, match="camera Fake: it gives no pictures any more"):
        source(FakeCamera(units(1.0), gone), FakeMicrophone(heard(2.0))).run(lambda _: None, threading.Event())
    with pytest.raises(CaptureError, match="microphone Fake: it gives no sound any more; plug it in again"):
        source(FakeCamera(units(1.0)), FakeMicrophone(heard(2.0), leaves=True)).run(lambda _: None, threading.Event())


def test_sound_that_nobody_took_in_time_is_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "INBOX", 200)
    blocks, out, stop = heard(4.0), list[Received](), threading.Event()
    crowded = source(FakeCamera([]), FakeMicrophone(blocks[:230]))  # the last 30 find no room
    later = iter(blocks[230:360])
    crowded.arrivals["picture"] = BEGUN_S

    def put(media: Received) -> None:
        out.append(media)
        for block in islice(later, 1):
            crowded._hear(block)
        if len(out) == 330:
            stop.set()

    crowded.run(put, stop)
    gaps = [b.pts - a.end for a, b in pairwise(out) if isinstance(a, AudioBlock)]
    assert crowded.dropped == 30
    assert crowded.holes == 1
    assert [round(gap / FLICKS, 4) for gap in gaps if gap] == [0.3]


class FakeSource(ThreadedSource):
    """A webcam whose media have been recorded before; they come at once."""

    def __init__(
        self, recorded: tuple[UnitFormat, list[Received]], error: CaptureError | None = None, *, ends: bool = True
    ) -> None:
        super().__init__("fake")
        self.unit_format, self._media = recorded
        self._error, self._ends = error, ends
        self.arrivals = {"picture": 0.0, "sound": 0.0} if self._media else {}

    def run(self, put: Callable[[Received], None], stop: threading.Event) -> None:
        for media in self._media:
            put(media)
        if self._error is not None:
            raise self._error
        if not self._ends:
            stop.wait(60.0)


@pytest.fixture(scope="module")
def recorded(short: Path) -> tuple[UnitFormat, list[Received]]:
    return received(short)


def some(recorded: tuple[UnitFormat, list[Received]], seconds: float) -> tuple[UnitFormat, list[Received]]:
    media = recorded[1]
    return recorded[0], [item for item in media if item.pts < media[0].pts + seconds * FLICKS]


def recording(
    fake: FakeSource, models: Models, folder: Path, rules: StopRules = NEVER
) -> tuple[LiveCapture, list[Json], ClipReady | Failed]:
    shown: list[Json] = []
    live = live_session(models, fake.unit_format, rules)
    snapshot = Snapshot("webcam", About("e", 5.0, rules))
    made = LiveCapture(fake, live, snapshot, clip_writer(folder), shown.append, lambda *_: None)
    return made, shown, made.run()


def test_a_rule_ends_the_recording_and_the_clip_is_there(
    recorded: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    fake = FakeSource(some(recorded, 6.0), ends=False)
    made, shown, last = recording(fake, models, tmp_path / "clip", StopRules(stop_at=0, gain=None, cap_s=5.0))
    assert isinstance(last, ClipReady)
    assert made.broken is None
    assert (tmp_path / "clip" / "clip.mp4").stat().st_size > 0
    kinds = [event["type"] for event in shown]
    assert kinds[:2] == ["hello", "state"]
    assert kinds[-4:] == ["state", "stopped", "state", "clip"]
    assert [event["rule"] for event in shown if event["type"] == "stopped"] == ["cap"]
    assert kinds.count("progress") >= 5
    assert set(threading.enumerate()) <= before


@pytest.mark.long
def test_a_device_that_breaks_ends_the_recording_but_the_best_is_kept(
    recorded: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    gone = CaptureError("camera Fake: it gives no pictures any more")
    made, shown, last = recording(FakeSource(some(recorded, 5.5), gone), models, tmp_path / "clip")
    assert isinstance(last, ClipReady)
    assert made.broken is gone
    assert [event["rule"] for event in shown if event["type"] == "stopped"] == ["lost"]


def test_a_device_that_never_gave_anything_is_the_error(models: Models, tmp_path: Path) -> None:
    silent = CaptureError("microphone Fake: it is open but gives no sound within 10 s")
    fake = FakeSource((UnitFormat("h264", None), []), silent)
    fake.arrivals = {"picture": 0.0}
    made, shown, last = recording(fake, models, tmp_path / "clip")
    assert isinstance(last, Failed)
    assert last.failure is Failure.NO_SOUND
    assert made.broken is silent
    assert shown[-1]["text"] == str(silent)
    assert not (tmp_path / "clip").exists()


def test_the_cameras_end_is_an_end(recorded: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path) -> None:
    _, shown, last = recording(FakeSource(some(recorded, 1.0)), models, tmp_path / "clip")
    assert isinstance(last, Failed)
    assert last.failure is Failure.TOO_SHORT
    assert [event["rule"] for event in shown if event["type"] == "stopped"] == ["ended"]


def test_the_first_interrupt_asks_and_the_secondinterrupts() -> None:
    asked: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with interrupts(lambda: asked.append("once")):
        os.kill(os.getpid(), signal.SIGINT)
        assert asked == ["once"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert asked == ["once"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.long
def test_a_clip_that_cannot_be_written_is_tried_again_or_given_up(
    recorded: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "DELAYS_S", (0.2,) * 100)
    rules = StopRules(stop_at=0, gain=None, cap_s=5.0)
    for given_up in (False, True):
        place = tmp_path / str(given_up)
        place.write_text("in the way")
        live = live_session(models, recorded[0], rules)
        shown: list[Json] = []

        def show(event: Json, shown: list[Json] = shown, place: Path = place, given_up: bool = given_up) -> None:
            shown.append(event)
            if event.get("code") == "not_written" and event["type"] == "warning":
                os.kill(os.getpid(), signal.SIGINT) if given_up else place.unlink()

        fake = FakeSource(some(recorded, 6.0), ends=False)
        snapshot = Snapshot("webcam", About("e", 5.0, rules))
        made = LiveCapture(fake, live, snapshot, clip_writer(place / "clip"), show, lambda *_: None)
        last = made.run()
        assert isinstance(last, Failed if given_up else ClipReady)
        assert (place / "clip" / "clip.mp4").is_file() is not given_up
        assert shown[-1]["type"] == ("error" if given_up else "clip")


@pytest.mark.long
def test_a_capture_that_cannot_be_shown_ends_and_is_saved(
    recorded: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    def show(event: Json) -> None:
        if event["type"] == "best":
            raise BrokenPipeError(errno.EPIPE, "the reader is gone")

    live = live_session(models, recorded[0], NEVER)
    snapshot = Snapshot("webcam", About("e", 5.0, NEVER))
    fake = FakeSource(some(recorded, 6.0), ends=False)
    made = LiveCapture(fake, live, snapshot, clip_writer(tmp_path / "clip"), show, lambda *_: None)
    assert isinstance(made.run(), ClipReady)
    assert isinstance(made.unshown, BrokenPipeError)


def test_devices_are_listed_without_loading_models(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = next(option for option in webcam.params if option.name == "list_devices")
    names = devices.callback.__globals__  # type: ignore[union-attr] # it has one
    monkeypatch.setitem(names, "cameras", lambda _: [Device("/dev/video0", "HD Webcam")])
    monkeypatch.setitem(names, "microphones", list)
    assert webcam.main(["--list-devices"], standalone_mode=False) == 0
    assert capsys.readouterr().out == "cameras:\n  0  HD Webcam (/dev/video0)\nmicrophones: none\n"


def board(rules: StopRules = NEVER, now: Callable[[], float] = lambda: 0.0) -> Board:
    return Board("Fake", rules, Parameters(), now)


def shows(shown: Board) -> str:
    console = Console(width=100, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(shown.render())
    return capture.get()


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


GOOD = WindowScore(25, 140.0, Motion(0.1, 0.1, 0.1, mouth_moves=True), 3)
FINE = ChunkNote(1.0, 1, -21.0)


def after(*events: Event, rules: StopRules = NEVER) -> Board:
    shown = board(rules)
    for event in (StateChanged(0, State.RECEIVING), *events):
        shown.update(event.json())
    return shown


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (None, "Keep talking: the first score needs five seconds."),
        (JudgedWindow(GOOD, ()), "Best so far at 0:01. Keep talking."),
        (JudgedWindow(WindowScore(50, 1.0, GOOD.motion, 3), ()), "Keep talking."),
        (
            JudgedWindow(WindowScore(50, 1.0), (), seen=False),
            "These seconds are not scored: scoring has fallen behind.",
        ),
        (
            JudgedWindow(GOOD, (Finding(Code.FROZEN_PICTURE, 0, 5),)),
            "This does not count: frozen picture.",
        ),
    ],
)
def test_the_words_say_what_the_last_window_is(window: JudgedWindow | None, words: str) -> None:
    assert after(Progress(150, window, GOOD if window else None, FINE)).words() == words


def test_how_many_windows_were_checked_is_said() -> None:
    unseen = JudgedWindow(WindowScore(50, 1.0), (), seen=False)
    shown = after(Progress(175, unseen, None, FINE, None, Checked(1, 3, complete=False)))
    assert shown.words() == "Keep talking. 1 of 3 windows checked so far."
    shown.update(StateChanged(175, State.STOPPING).json())
    shown.update(Scored(175, JudgedWindow(GOOD, ()), Checked(2, 3, complete=False)).json())
    assert shown.words() == "Checking the others: 2 of 3 windows checked."
    shown.update(Scored(175, JudgedWindow(GOOD, ()), Checked(3, 3)).json())
    assert shown.words() == texts().states["stopping"]


def test_the_coach_is_heard_before_anything_else_but_a_stall() -> None:
    progress = Progress(150, JudgedWindow(GOOD, ()), GOOD, FINE)
    told = after(progress, Coached(150, Code.SEVERAL_FACES))
    assert told.words() == texts().coaching[str(Code.SEVERAL_FACES)]
    told.update(Stalled(160, "sound").json())
    assert told.words() == "No sound is arriving. Waiting for it …"
    for event in (Resumed(170), Coached(170, None)):
        told.update(event.json())
    assert told.words() == "Best so far at 0:01. Keep talking."


def test_the_display_speaks_the_language_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    told = after(Coached(150, Code.SEVERAL_FACES))
    assert told.words() == texts("zh-Hans").coaching[str(Code.SEVERAL_FACES)]
    assert after(Progress(150, None, None, FINE)).words().startswith("请继续说话")


def test_the_words_follow_the_state() -> None:
    assert board().words() == "Opening camera and microphone …"
    stalled = after(StateChanged(0, State.STALLED), Stalled(0, "sound"))
    assert stalled.words() == "No sound is arriving. Waiting for it …"
    for event in (StateChanged(0, State.RECEIVING), Resumed(0)):
        stalled.update(event.json())
    assert stalled.words() == "Keep talking: the first score needs five seconds."
    stopping = after(Stopped(200, Stop(StopRule.THRESHOLD, 1400.0, 1350.0, 1421.0)), StateChanged(200, State.STOPPING))
    said = "It stopped by itself: this is one of the best windows that you are likely to give."
    assert stopping.words() == f"{said} Writing the clip …"
    stopping.update(Stopped(200, Stop(StopRule.THRESHOLD, 1400.0, 1120.0)).json())
    assert stopping.words() == "It stopped by itself: this is good enough. Writing the clip …"


def test_the_board_has_meters_the_way_to_the_goal_the_best_and_what_comes_next() -> None:
    progress = Progress(150, JudgedWindow(GOOD, ()), GOOD, FINE, gain=0.05)
    text = shows(after(progress, BestChanged(150, GOOD), rules=StopRules(stop_at=2800.0, cap_s=300.0)))
    for part in (
        "take5  Fake", "140  sound", "0.1000  motion", "1400  of 2800", "-21 dBFS", "100% of the second",
        "49% of the goal", "best so far: 0:01.00 to 0:06.00, I 1400 = D 140 / MC 0.1000, views 3",
        "1 window scored; another 30 s may add 5.1%; stops in 4:54 at the latest", "0:06.00",
    ):  # fmt: skip
        assert part in text, part


def test_the_way_to_the_goal_is_in_the_talker_s_own_range() -> None:
    learning = Progress(150, JudgedWindow(GOOD, ()), GOOD, FINE, standing=Standing(5, 5, 4, 1000.0))
    assert "Getting to know your range: 5 of 12 windows." in shows(after(learning, rules=StopRules()))
    known = Standing(14, 16, 13, 1300.0, 1625.0, 1543.75, 0.43)
    text = shows(after(Progress(450, JudgedWindow(GOOD, ()), GOOD, FINE, standing=known), rules=StopRules()))
    assert "Better than 13 of your 14 windows so far." in text
    assert "1400  of 1544" in text


def test_time_counts_on_between_two_events_but_not_beyond_the_next() -> None:
    time = [100.0]
    shown = board(StopRules(stop_at=0, cap_s=60.0), lambda: time[0])
    for event in (StateChanged(0, State.RECEIVING), Progress(50, None, None, FINE)):
        shown.update(event.json())
    assert "first score in 3 s; stops in 0:58 at the latest" in shows(shown)
    assert "0:02 of 1:00 at most" in shows(shown)
    time[0] = 100.5
    assert "0:57" in shows(shown)
    time[0] = 160.0
    assert "first score in 2 s; stops in 0:57 at the latest" in shows(shown)


def test_a_warning_stays_for_a_while() -> None:
    time = [100.0]
    shown = board(now=lambda: time[0])
    shown.update(Warned(50, Trouble.BEHIND).json())
    assert "warning: Scoring has fallen behind" in shows(shown)
    time[0] = 111.0
    assert "warning" not in shows(shown)


def test_the_display_stays_in_its_place_and_leaves_nothing() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30)
    with LiveDisplay(after(Progress(150, JudgedWindow(GOOD, ()), GOOD, FINE)), console) as display:
        display.update(Progress(175, None, GOOD, FINE).json())
    text = cast("io.StringIO", console.file).getvalue()
    assert "take5  Fake" in text
    assert text.rstrip("\n").endswith("\x1b[2K"), "its lines are erased"


def mjpeg(recorded: tuple[UnitFormat, list[Received]]) -> tuple[UnitFormat, list[Received]]:
    """The same, as a camera that gives MJPEG in 4:2:2 would."""
    encoder: VideoCodecContext | None = None
    out: list[Received] = [media for media in recorded[1] if isinstance(media, AudioBlock)]
    for shown in decode_units((media for media in recorded[1] if isinstance(media, AccessUnit)), recorded[0]):
        frame = av.VideoFrame.from_ndarray(shown.picture.rgb(), format="rgb24").reformat(format="yuvj422p")
        if encoder is None:
            created = av.CodecContext.create("mjpeg", "w")
            assert isinstance(created, VideoCodecContext)
            encoder = created
            encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj422p"
            encoder.time_base, encoder.bit_rate = Fraction(1, 25), 20_000_000
        out += [AccessUnit(shown.pts, bytes(packet), keyframe=True) for packet in encoder.encode(frame)]
    return UnitFormat("mjpeg", None), sorted(out, key=lambda media: media.pts)


def test_a_camera_that_gives_mjpeg_is_kept_as_it_is(
    recorded: tuple[UnitFormat, list[Received]], models: Models, tmp_path: Path
) -> None:
    unit_format, media = mjpeg(some(recorded, 5.6))
    # A camera is open before the microphone is.
    given = unit_format, [item for item in media if isinstance(item, AccessUnit) or item.pts >= FLICKS // 2]
    _, _, last = recording(FakeSource(given), models, tmp_path / "clip")
    assert isinstance(last, ClipReady)
    with av.open(str(tmp_path / "clip" / "clip.mp4")) as container:
        shown = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(shown) == 125
    with av.open(str(tmp_path / "clip" / "source.mp4")) as container:
        kept = {bytes(packet) for packet in container.demux(video=0) if packet.size}
    assert len(kept) >= 125
    assert kept <= {media.data for media in given[1] if isinstance(media, AccessUnit)}
