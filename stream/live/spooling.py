"""What a live session puts on disk: its choice so far whenever something was scored, and the media that it needs."""

from collections.abc import Sequence

from take5.scoring.judging import JudgedWindow
from take5.scoring.models.region import Framing
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.scoring.score import WindowScore
from take5.stream.live.scorer import StreamScorer
from take5.stream.recording.ring import Ring
from take5.stream.spool.plan import Changes, SpoolPlan
from take5.stream.spool.records import Judged, State


class Spooling:
    """Follows the choice of one session."""

    def __init__(self) -> None:
        self._plan: SpoolPlan | None = None
        self._windows: list[JudgedWindow] = []
        self._notes = 0
        self._due = False

    def due(self) -> None:
        """Something was scored."""
        self._due = True

    def changes(
        self, scorer: StreamScorer, ring: Ring, source_fps: float, framings: Sequence[Framing]
    ) -> Changes | None:
        """Return what is new since the last time; None if nothing is, or no window has been eligible yet."""
        if scorer.selector.best is None:
            return None
        if self._plan is None:
            self._plan = SpoolPlan(ring.limit_bytes)
        state = self._state(scorer, source_fps, framings) if self._due else None
        self._due = False
        return self._plan.follow(ring, scorer.winning_spans, state)

    def _state(self, scorer: StreamScorer, source_fps: float, framings: Sequence[Framing]) -> State:
        best, known = scorer.selector.best, dict(enumerate(self._windows))
        assert best is not None  # noqa: S101 - checked by the caller
        windows = [window for place, window in enumerate(scorer.windows) if known.get(place) is not window]
        notes = scorer.notes[self._notes :]
        self._windows, self._notes = list(scorer.windows), len(scorer.notes)
        shown = scorer.selection("", source_fps)
        return State(
            frames=shown.frames,
            tracked=shown.tracked,
            counts=shown.counts,
            origin=shown.origin,
            source_fps=source_fps,
            best=best,
            pool=shown.pool,
            idle=shown.idle,
            warnings=shown.warnings,
            framings=_framings_of(shown.pool, framings),
            windows=tuple(map(Judged.of, windows)),
            notes=tuple(notes),
            complete=shown.complete,
        )


def _framings_of(pool: Sequence[WindowScore], framings: Sequence[Framing]) -> tuple[Framing, ...]:
    """The framings in which windows, with their lead-in, lie; each has one size."""
    found = {}
    for window in pool:
        for frame in (max(0, window.start - LEAD_IN_FRAMES), window.start):
            begun = [framing for framing in framings if framing.start <= frame]
            found.update({framing.start: framing for framing in begun[-1:]})
    return tuple(found[start] for start in sorted(found))
