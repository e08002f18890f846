"""A talking head whose best five seconds are known before anything scores them.

::

    python -m demo.talker talker.mkv          # the video, and beside it talker.truth.json, written first

    from demo.talker import DEFAULT, truth
    from demo.talker.render import render
    truth(DEFAULT).winner_start_s
    render(DEFAULT, Path("talker.mkv"), size=(512, 512))

``script`` says what happens and what follows from it, ``scripts`` holds the default one, ``motion`` turns it into
poses, ``portrait`` and ``face`` draw them, ``voice`` speaks, ``render`` writes the file.
"""

from demo.talker.script import (
    Head,
    Reason,
    Script,
    Span,
    Speech,
    Stretch,
    TalkerError,
    Truth,
    Wave,
    fitted,
    swapped,
    truth,
)
from demo.talker.scripts import DEFAULT, FILLER

__all__ = [
    "DEFAULT",
    "FILLER",
    "Head",
    "Reason",
    "Script",
    "Span",
    "Speech",
    "Stretch",
    "TalkerError",
    "Truth",
    "Wave",
    "fitted",
    "swapped",
    "truth",
]
