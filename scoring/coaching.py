"""Live coaching: what the speaker should change now, one steady instruction at a time, the most urgent first.

A code is *wanted* from the moment the latest frames as a whole are beyond its limit
(:mod:`take5.scoring.coaching_rules`) until two seconds have been better than the limit by a slack. The most urgent
wanted code is *shown*:

- once shown, it stays for :data:`LEAST_SHOWN` frames, or :data:`LEAST_BEFORE_URGENT` if a more urgent one appears;
- when it has been followed, this is acknowledged for :data:`PRAISE` frames;
- when nothing is known any more about what it refers to, it disappears without acknowledgement: also when the
  picture changes its size, after which everything is judged again.

Nothing here reads a clock: time is counted in grid frames, and the result does not depend on how they are chunked.
"""

import math
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np

from take5.scoring.coaching_rules import LATER, LONG, SOON, TIPS, Memory, Tip
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code
from take5.scoring.gates.session import SessionReference
from take5.scoring.parameters import FPS
from take5.scoring.stretch import Stretch

STEP_FRAMES = 5
"""Frames between two evaluations; they happen at frames divisible by this."""

LEAST_SHOWN = 3 * FPS
LEAST_BEFORE_URGENT = FPS
PRAISE = 2 * FPS


@dataclass(frozen=True)
class Advice:
    """The instruction in effect from a frame on.

    Attributes
    ----------
    frame : int
        The session time in grid frames from which it holds.
    code : Code or None
        The instruction; None for none.
    followed : Code or None
        The previous instruction if the person has followed it: worth a "good".
    restarts : bool
        Whether the person speaks differently because an instruction has been followed, possibly one that a more urgent
        one had replaced: the stop rule counts its blocks from here (:meth:`take5.scoring.stopping.Stopper.restart`).
    """

    frame: int
    code: Code | None
    followed: Code | None = None
    restarts: bool = False


NOTHING = Advice(0, None)


@dataclass
class Coach:
    """Watches a session and reports each change of the instruction.

    Parameters
    ----------
    config : GateConfig
        The limits. A gate that is off gives no instruction.
    """

    config: GateConfig = field(default_factory=GateConfig)
    shown: Advice = NOTHING
    _frame: int = 0
    _recent: Stretch | None = None
    _second: int = 0
    _reference: SessionReference = field(default_factory=SessionReference)
    _wanted: set[Code] = field(default_factory=set)
    _given: set[Code] = field(default_factory=set)
    _restarts: bool = False
    _losses: deque[int] = field(default_factory=lambda: deque(maxlen=LONG))

    def __post_init__(self) -> None:
        limits = ((tip, tip.limit_in(self.config)) for tip in TIPS)
        self._tips = {tip.code: (tip, limit) for tip, limit in limits if limit is not None}

    def lost(self, frame: int) -> None:
        """Note that data were lost on the way before this grid frame; call it before the frame is pushed."""
        if not self._losses or self._losses[-1] != frame:
            self._losses.append(frame)

    def push(self, stretch: Stretch) -> list[Advice]:
        """Add the next frames; return each change of the instruction, in order."""
        changes: list[Advice] = []
        while len(stretch):
            count = STEP_FRAMES - self._frame % STEP_FRAMES
            piece, stretch = stretch[:count], stretch[count:]
            self._remember(piece)
            if self._frame % STEP_FRAMES == 0:
                changes += self._step()
        return changes

    def skip(self, frames: int) -> None:
        """Pass over frames of which nothing is known, and forget those before them."""
        self._recent = None
        self._frame += frames

    def _remember(self, piece: Stretch) -> None:
        self._frame += len(piece)
        resized = np.flatnonzero(piece.observations.resized)
        if len(resized):
            self._recent, self._reference = None, SessionReference()
            self._wanted.clear()
            piece = piece[int(resized[-1]) :]
        parts = [piece] if self._recent is None else [self._recent, piece]
        self._recent = Stretch.concatenate(parts)[-LONG:]

    def _step(self) -> list[Advice]:
        if self._recent is None:
            return []
        if self._frame % FPS == 0:
            self._reference.push(self._recent.measures[-FPS:])
        since_loss = [self._frame - frame for frame in self._losses]
        advice = self._decide(self._weigh(Memory(self._recent, self._reference, since_loss)))
        if advice is None:
            return []
        self.shown = replace(advice, restarts=self._restarts)
        self._restarts = False
        if advice.code is not None:
            self._given.add(advice.code)
        return [self.shown]

    def _weigh(self, memory: Memory) -> set[Code]:
        """Update what is wanted; return what was wanted and has been put right."""
        right: set[Code] = set()
        for tip, limit in self._due():
            if tip.code not in self._wanted:
                if len(memory.stretch) >= tip.over and tip.wrong(tip.value(memory, tip.over), limit):
                    self._wanted.add(tip.code)
            elif tip.right(tip.value(memory, LATER), limit):
                right.add(tip.code)
            elif _forgotten(tip, memory):
                self._wanted.discard(tip.code)
        return right

    def _due(self) -> list[tuple[Tip, float]]:
        """Tips to evaluate now: urgent ones each time, the rest once a second."""
        every = self._frame % FPS == 0
        return [(tip, limit) for tip, limit in self._tips.values() if every or tip.over == SOON]

    def _decide(self, right: set[Code]) -> Advice | None:
        """The instruction from now on, or None if it stays the same."""
        shown, age = self.shown, self._frame - self.shown.frame
        kept = shown.code if age < LEAST_SHOWN else None
        self._drop(right - {kept})
        urgent = next((code for code in self._tips if code in self._wanted), None)
        if shown.code is None:
            return self._after_praise(urgent, age)
        if shown.code in right and kept is None:
            return Advice(self._frame, None, shown.code)
        if shown.code not in self._wanted:
            return Advice(self._frame, urgent)
        return Advice(self._frame, urgent) if urgent != shown.code and age >= LEAST_BEFORE_URGENT else None

    def _drop(self, right: set[Code]) -> None:
        """Drop what has been put right; a speaker who was instructed about it may speak differently from now on."""
        self._wanted -= right
        self._restarts |= any(self._tips[code][0].restarts for code in right & self._given)
        self._given -= right

    def _after_praise(self, urgent: Code | None, age: int) -> Advice | None:
        """The next instruction, or silence after a "good" that has been there long enough."""
        if urgent is not None and (self.shown.followed is None or age >= LEAST_BEFORE_URGENT):
            return Advice(self._frame, urgent)
        return Advice(self._frame, None) if self.shown.followed is not None and age >= PRAISE else None


def _forgotten(tip: Tip, memory: Memory) -> bool:
    """Whether the remembered frames hold nothing about an instruction's subject."""
    return math.isnan(tip.value(memory, LONG))
