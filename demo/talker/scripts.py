"""The script of the demo, and the filler for longer videos."""

from demo.talker.script import Head, Script, Speech, Stretch, Wave

CALM = (Wave(1.4, 0.15), Wave(2.2, 0.19, 1.0), Wave(3.0, 0.12, 2.0))
SLOW = (Wave(1.8, 0.2), Wave(2.6, 0.15, 0.7))
RESTLESS = (*CALM, Wave(8.6, 0.13, 0.4), Wave(10.2, 0.11, 1.9))
NERVOUS = (*SLOW, Wave(9.4, 0.15, 0.9))
NEARLY_CALM = (*SLOW, Wave(8.0, 0.09, 0.3))  # one second of it in a window makes a difference

BEST = Speech(
    "The beige hue on the waters of the loch impressed all, including the French queen, "
    "before she heard that symphony again.",
    rich=True,
)
RICH = Speech(
    "With tenure, Suzie'd have all the more leisure for yachting, but her publications are no good.",
    rich=True,
)
QUICK = Speech("The quick brown fox jumps over the lazy dog, while six thick thistle sticks vex the judge.", rich=True)
BA = Speech("ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba")
MAMA = Speech("mama mama mama mama mama mama mama mama mama mama mama mama")
HELLO = Speech("Hello hello. Hello hello. One one. One one. Hello hello.")
COUNT = Speech("nine, nine, nine, one, nine, nine, one, one, nine, nine")

DEFAULT: Script = (
    Stretch("hello", 6, HELLO, NERVOUS, Head.SWAY),
    Stretch("restless", 6, RICH, RESTLESS),
    Stretch("best", 5, BEST, CALM),
    Stretch("shaking", 6, QUICK, RESTLESS, Head.SHAKE),
    Stretch("frozen", 5, RICH, CALM, frozen=True),
    Stretch("babble", 7, BA, NEARLY_CALM),
    Stretch("muted", 5, RICH, CALM, silent=True),
    Stretch("counting", 7, COUNT, NERVOUS, Head.SWAY),
    Stretch("away", 5, QUICK, CALM, faces=0),
    Stretch("mama", 6, MAMA, NERVOUS),
    Stretch("hole", 5, QUICK, NERVOUS, picture_hole_ms=400, sound_hole_ms=250),
)
"""63 s; the best window is the stretch ``best`` wherever it stands."""

FILLER: Script = (
    Stretch("filler babble", 7, BA, NEARLY_CALM),
    Stretch("filler hello", 6, HELLO, NERVOUS, Head.SWAY),
    Stretch("filler mama", 7, MAMA, NEARLY_CALM, Head.SWAY),
    Stretch("filler counting", 5, COUNT, RESTLESS),
)
"""Talk that must not be chosen."""
