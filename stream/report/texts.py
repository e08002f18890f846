"""What the report says, in plain words."""

from collections.abc import Sequence

from take5.scoring.gates.findings import Code
from take5.scoring.parameters import FPS
from take5.scoring.score import WindowScore
from take5.stream.report.data import ReportData

LOSSY = "Use a cable, or move closer to the access point."
LIGHT = "Put a soft light in front of you, and no window behind you."

TEXTS: dict[Code, tuple[str, str]] = {
    Code.NO_FACE: ("no face in the picture", "Keep your face in the picture, with light on it."),
    Code.SEVERAL_FACES: ("more than one face in the picture", "Only the speaker may be in the picture."),
    Code.FRAMES_MISSING: ("pictures are missing", LOSSY),
    Code.SOUND_MISSING: ("sound is missing", LOSSY),
    Code.PICTURE_DAMAGED: ("the picture is damaged", LOSSY),
    Code.FROZEN_PICTURE: ("the picture is frozen", "Unplug the camera and plug it in again, or choose another one."),
    Code.STILL_MOUTH: ("the mouth does not move", "Talk while it records."),
    Code.SIZE_CHANGED: ("the picture changes its size", "Do not turn the phone, and keep the picture's size fixed."),
    Code.DIGITAL_SILENCE: ("no sound at all", "Switch the microphone on, or choose another one."),
    Code.TOO_FAR: ("face too far away", "Move closer to the camera."),
    Code.TOO_CLOSE: ("face too close", "Move away from the camera."),
    Code.FACE_CUT: ("face cut by the picture's edge", "Leave room around your face."),
    Code.OFF_CENTRE: ("face not in the middle", "Sit in the middle of the picture."),
    Code.HEAD_TURNED: ("head turned to the side", "Look at the camera."),
    Code.HEAD_PITCHED: ("head turned up or down", "Put the camera at the height of your eyes, and look at it."),
    Code.HEAD_TILTED: ("head tilted", "Hold your head upright."),
    Code.HEAD_MOVES: ("head moves a lot", "Keep your head calm."),
    Code.BLURRED: ("blurred picture", "Clean the lens, and let the camera focus on your face."),
    Code.GRAINY: ("grainy picture", LIGHT),
    Code.TOO_DARK: ("too dark", LIGHT),
    Code.TOO_BRIGHT: ("too bright", "Turn the light down, or move away from it."),
    Code.OVEREXPOSED: ("white spots on the face", "Turn the light down, or fix the camera's exposure."),
    Code.UNEVEN_LIGHT: ("light from one side", LIGHT),
    Code.LIGHT_CHANGES: ("the light changes", "Fix the camera's exposure, and keep the light steady."),
    Code.EYES_CLOSED: ("eyes closed", "Look at the camera."),
    Code.NO_BLINK: ("no blink", "Blink as you always do."),
    Code.MOUTH_STAYS_CLOSED: ("the mouth stays closed", "Talk while it records."),
    Code.MOUTH_STAYS_OPEN: ("the mouth never closes", "Make short pauses with your mouth closed."),
    Code.LOOKING_AWAY: ("looking away", "Look at the camera."),
    Code.FRAMES_DOUBLED: ("too few new pictures", "Set the camera to 25 or 30 pictures a second, with enough light."),
    Code.FRAMES_SKIPPED: ("jerky picture", "Close other programs, and set the camera to 25 or 30 pictures a second."),
    Code.LESS_SHARP: ("less sharp than before", "Stay at the same distance from the camera."),
    Code.LIGHT_UNLIKE_SESSION: ("light unlike at the beginning", "Keep the light steady."),
    Code.TOO_QUIET: ("too quiet", "Speak up, or move closer to the microphone."),
    Code.CLIPPING: ("distorted sound", "Turn the microphone down."),
    Code.NOISY: ("noisy sound", "Move closer to the microphone, in a quiet room."),
    Code.NOT_SPEAKING: ("hardly any speech", "Talk while it records."),
    Code.SECOND_VOICE_OR_MUSIC: ("another voice, or music", "Only the speaker may be heard."),
    Code.AV_OFFSET: ("lips and sound apart", "Set the sound's delay in the program that sends."),
    Code.BLINK_TOO_WEAK: ("blinks too weak to learn", "Blink as you always do, looking at the camera."),
    Code.MOUTH_TOO_SMALL: ("mouth too small", "Move closer to the camera."),
    Code.MOUTH_NEVER_CLOSES: ("the mouth never closes", "Make short pauses with your mouth closed."),
    Code.MOUTH_OPENS_LATE: ("the mouth opens late", "Begin to talk at once."),
    Code.REFERENCE_FRAME_BAD: (
        "no good picture to start from",
        "Look at the camera with your mouth closed for a moment.",
    ),
}
"""Of each code: what was wrong, and what to do about it."""

ORDINALS = ("", "second ", "third ", "fourth ", "fifth ")
CHOICES = {
    "random": "a random choice among the windows that may be used.",
    "audio": "its speech is the richest (highest D) of the windows that may be used.",
    "views": "its head moves through the fewest directions (views, then MC of the head) of the windows looked at.",
    "lip": "its lips move most calmly (lowest MC of the mouth) of the windows looked at.",
    "lip+views": "lips and head move most calmly (lowest MC) of the windows looked at.",
}


def clock(frame: int) -> str:
    """Session time of a grid frame: 0:12, 1:02:03, and with hundredths where it is between two seconds."""
    seconds, rest = divmod(frame, FPS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{whole}.{rest * 100 // FPS:02d}" if rest else whole


def about(start: int, stop: int) -> str:
    """The whole seconds that hold a stretch: 0:31 to 0:33."""
    return f"{clock(start // FPS * FPS)} to {clock(-(-stop // FPS) * FPS)}"


def exact(start: int, stop: int) -> str:
    """A stretch to the frame."""
    return f"{clock(start)} to {clock(stop)}"


def counted(count: int, what: str) -> str:
    """1 window, 2 windows."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def why(data: ReportData) -> str:
    """Why the best window is the best, in a sentence or two."""
    selection = data.selection
    best, pool = selection.best, selection.pool
    strategy = selection.settings.strategy.name
    if best is None:
        return ""
    if len(selection.verdicts) == 1:
        return "The recording is just long enough for this one, and nothing is wrong with it."
    if strategy != "full":
        return f"It was chosen by the strategy {strategy}: {CHOICES[strategy]}"
    if len(pool) == 1:
        return f"Of {counted(len(selection.verdicts), 'window')} it is the only one that may be used."
    return (
        f"Of {counted(len(selection.verdicts), 'window')}, the {len(pool)} of richest speech were compared. "
        f"This one has the highest informativeness I: {_merits(best, pool)}."
    )


def _merits(best: WindowScore, pool: Sequence[WindowScore]) -> str:
    richer = sum(window.D > best.D for window in pool)
    calmer = sum(w.motion is not None and best.motion is not None and w.motion.MC < best.motion.MC for w in pool)
    return f"the {_place(richer)}richest speech of them, with the {_place(calmer)}calmest motion of lips and head"


def _place(before: int) -> str:
    return ORDINALS[before] if before < len(ORDINALS) else f"{before + 1}th "
