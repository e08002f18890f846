"""An event of every kind, as they come."""

from take5.scoring.gates.findings import Code, Finding
from take5.scoring.judging import JudgedWindow
from take5.scoring.motion import Motion
from take5.scoring.own_range import Standing
from take5.scoring.score import WindowScore
from take5.scoring.stopping import Stop, StopRule
from take5.stream.events import (
    BestChanged,
    Bundled,
    BundlePrepared,
    ChunkNote,
    ClipReady,
    Coached,
    Decided,
    Event,
    Failed,
    Failure,
    LeftStep,
    Progress,
    Resumed,
    Scored,
    Stalled,
    State,
    StateChanged,
    Stopped,
    StreamMeasured,
    Trouble,
    Warned,
)
from take5.stream.selection import Checked
from take5.stream.timeline.stream_facts import PictureFacts, SoundFacts

BEST = WindowScore(25, 146.2, Motion(0.12, 0.11, 0.2, mouth_moves=True), 3)
GOOD = JudgedWindow(BEST, ())
BAD = JudgedWindow(WindowScore(50, 120.0), (Finding(Code.NO_FACE, 60, 70), Finding(Code.SIZE_CHANGED, 51, 52)))
UNSEEN = JudgedWindow(WindowScore(75, 110.0), (), seen=False)
NOTE = ChunkNote(0.96, 1, -23.4)
CLIP = ClipReady(175, BEST, 125, "/out/clip", {"clip.mp4": "api/sessions/x/clip.mp4"})
STREAM = StreamMeasured(
    25, PictureFacts("H264", "High", "4.1", 1280, 720, 25, 1.0, b_frames=False), SoundFacts(48_000, 2)
)

EVENTS: list[Event] = [
    Progress(25, None, None, NOTE),
    Progress(150, GOOD, BEST, NOTE, 0.03),
    Progress(175, BAD, BEST, ChunkNote(None, None, None), 0.03),
    Progress(200, UNSEEN, None),
    Progress(200, UNSEEN, None, NOTE, None, Checked(3, 4, complete=False)),
    Progress(200, GOOD, BEST, NOTE, None, Checked(4, 4), Standing(3, 3, 2, 1000.0)),
    Progress(450, GOOD, BEST, NOTE, None, Checked(14, 14), Standing(14, 16, 13, 1000.0, 1250.0, 1187.5, 0.55)),
    Scored(225, GOOD, Checked(4, 4)),
    BestChanged(150, BEST),
    Scored(225, GOOD),
    *(Warned(0, trouble, 3.0) for trouble in Trouble),
    Warned(0, Trouble.LOW_RESOLUTION, [320, 180]),
    Coached(150, Code.TOO_FAR),
    Coached(150, None, Code.TOO_FAR, restarts=True),
    Coached(150, None),
    *(StateChanged(0, state) for state in State),
    *(Decided(0, accepted) for accepted in ("2030-01-01_ann", None)),
    *(Stalled(10, track) for track in ("picture", "sound", "both")),
    Resumed(11),
    StreamMeasured(0, PictureFacts("VP8"), SoundFacts()),
    STREAM,
    *(Stopped(150, Stop(rule, 1.0, 0.5)) for rule in StopRule),
    Stopped(150, Stop(StopRule.ENDED)),
    Stopped(450, Stop(StopRule.THRESHOLD, 1200.0, 1187.5, 1250.0)),
    CLIP,
    Bundled(175, "synctalk", "/out/clip/synctalk/ann", 138, 125, ("small",)),
    Bundled(175, "raw", error="the disk is full"),
    ClipReady(175, BEST, 125, "/out/clip", bundles=("synctalk", "raw"), prepare=("synctalk",)),
    BundlePrepared(175, "synctalk", "/out/clip/synctalk/ann", ("head_pose",), (LeftStep("task", "do"),), ("no masks",)),
    BundlePrepared(175, "instag", "/out/clip/instag/ann", error="no face is seen", window_frames=250),
    *(Failed(10, failure, "text", {"no_face": 3}) for failure in Failure),
]
