"""What a live session puts on disk: its choice so far whenever something was scored, and the media that it needs."""

from collections.abc import Callable, Sequence

from take5.scoring.judging import JudgedWindow
from take5.scoring.models.region import Framing
from take5.scoring.parameters import LEAD_IN_FRAMES
from take5.scoring.score import WindowScore
from take5.stream.live.length import LengthScorer
from take5.stream.live.scorer import StreamScorer
from take5.stream.recording.ring import Ring, Span
from take5.stream.spool.plan import Changes, SpoolPlan
from take5.stream.spool.records import Judged, LengthState, State


class Spooling:
    """Follows the choice of one session."""

    def __init__(self) -> None:
        self._plan: SpoolPlan | None = None
        self._windows: dict[int, list[JudgedWindow]] = {}
        self._notes = 0
        self._spans: list[Span] = []
        self._best = 0
        self._due = False

    def due(self) -> None:
        """Something was scored."""
        self._due = True

    def changes(
        self, scorer: StreamScorer, ring: Ring, source_fps: Callable[[], float], framings: Sequence[Framing]
    ) -> Changes | None:
        """Return what is new since the last time; None if nothing is, or no window has been eligible yet.

        It is asked after every packet; the choice changes only when something was scored.
        """
        state = None
        if self._due:
            self._due = False
            self._best, self._spans = sum(each.best is not None for each in scorer.lengths), scorer.winning_spans
            state = self._state(scorer, source_fps(), framings) if self._best else None
        if not self._best:
            return None
        if self._plan is None:
            self._plan = SpoolPlan(ring.limit_bytes)
        return self._plan.follow(ring, self._spans, state, self._best)

    def _state(self, scorer: StreamScorer, source_fps: float, framings: Sequence[Framing]) -> State:
        notes = scorer.notes[self._notes :]
        self._notes = len(scorer.notes)
        shown = scorer.selection("", source_fps)
        new = [self._new_windows(length) for length in scorer.lengths]
        pools = [window for chosen in shown.lengths for window in chosen.pool]
        others = (
            LengthState(best=one.best, pool=one.pool, warnings=one.warnings, windows=windows, complete=one.complete)
            for one, windows in zip(shown.others, new[1:], strict=True)
        )
        return State(
            frames=shown.frames,
            tracked=shown.tracked,
            counts=shown.counts,
            origin=shown.origin,
            source_fps=source_fps,
            best=shown.best,
            pool=shown.pool,
            idle=shown.idle,
            warnings=shown.warnings,
            framings=_framings_of(pools, framings),
            windows=new[0],
            notes=tuple(notes),
            complete=shown.complete,
            others=tuple(others),
        )

    def _new_windows(self, length: LengthScorer) -> tuple[Judged, ...]:
        """The windows of a length that were added, or have changed, since the last time."""
        known = dict(enumerate(self._windows.get(length.frames, [])))
        self._windows[length.frames] = list(length.windows)
        return tuple(Judged.of(one) for place, one in enumerate(length.windows) if known.get(place) is not one)


def _framings_of(pool: Sequence[WindowScore], framings: Sequence[Framing]) -> tuple[Framing, ...]:
    """The framings in which windows, with their lead-in, lie; each has one size."""
    found = {}
    for window in pool:
        for frame in (max(0, window.start - LEAD_IN_FRAMES), window.start):
            begun = [framing for framing in framings if framing.start <= frame]
            found.update({framing.start: framing for framing in begun[-1:]})
    return tuple(found[start] for start in sorted(found))
