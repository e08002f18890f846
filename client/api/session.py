"""``take5.Session``: a program's own frames and sound in, events out."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from take5.client.api.choices import split_lengths
from take5.client.api.frame_store import UNIT_FORMAT, FrameStore, HeldMedia
from take5.client.api.inputs import Pictures, Samples, Sounds
from take5.client.api.models import StrPath, load_models
from take5.client.api.origin import PushedOrigin
from take5.client.api.result import Result, Window
from take5.scoring.errors import ParameterError
from take5.scoring.gates.config import NORMAL, GateConfig
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import Stop, StopRules
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.events import Event, Finished, Progress, Stopped, Trouble, Warned
from take5.stream.live.scorer import StreamScorer
from take5.stream.live.session import SMALL_PIXELS
from take5.stream.recording.from_ring import RingRecording
from take5.stream.recording.ring import Ring
from take5.stream.selection import Selection
from take5.stream.settings import Settings
from take5.stream.sources.channel import AUTO, checked_channel
from take5.stream.timeline.clock import frame_seconds, seconds_to_flicks, to_seconds
from take5.stream.timeline.media import AudioBlock, Picture, VideoFrame
from take5.stream.timeline.one_rate import OneRate
from take5.stream.timeline.sound_shift import SoundShift

AHEAD_S = 10.0
"""How far one track may be pushed ahead of the other."""

AROUND_S = 4.0
"""Kept beside a window that is being scored: lead-in, the encoder's look-ahead, a group of pictures, a chunk."""


class Session:
    """Scores frames and sound that a program pushes, and keeps the best window.

    Nothing here waits, reads a clock or owns a thread: the answer depends on what is pushed and its times alone.
    Frames are scored as they are and kept encoded (H.264, CRF 10), the last seconds of them and those of the windows
    in the pool, so that an hour takes no more memory than a minute. A session belongs to one thread at a time; models
    may be shared.

    Parameters
    ----------
    models : Models, optional
        Of :func:`load_models`; by default loaded for this session.
    seconds, hop, pool, hfr_threshold, gates
        See :func:`take5.select`.
    rules : StopRules, optional
        When the first length's windows are enough; by default those of the commands. ``stop`` says when one has
        fired; going on is allowed.
    fps : float, optional
        Frames per second, for frames without a time; 25 if it is left out.
    name : str
        What the report calls the recording.
    channel : str or int
        What is scored and heard of the sound: "mix", "left", "right", or the number of a channel, from 1.
    av_offset : int
        Milliseconds by which the sound comes late, -1000 to 1000; scores and clip have it moved by as much.

    Raises
    ------
    ParameterError
        If a parameter breaks its rule.
    ModelError
        If a model cannot be loaded.
    """

    def __init__(
        self,
        models: Models | None = None,
        *,
        seconds: float | Sequence[float] = 5.0,
        hop: float = 1.0,
        pool: int = 5,
        hfr_threshold: float = 0.25,
        gates: GateConfig = NORMAL,
        rules: StopRules | None = None,
        fps: float | Fraction | None = None,
        name: str = "session",
        channel: str | int = "mix",
        av_offset: int = 0,
    ) -> None:
        first, also = split_lengths(seconds)
        parameters = Parameters(first, hop, pool, hfr_threshold)
        self.stop: Stop | None = None
        self._channel = checked_channel(channel)
        if self._channel == AUTO:
            raise ParameterError(
                "channel='auto' needs the whole recording; mix, left, right or a number is for sessions"
            )
        self._pictures, self._sounds = Pictures(fps), Sounds(self._channel)
        self._one_rate = OneRate()
        self._models = models or load_models()
        self._settings = Settings(parameters, gates=gates, shift=SoundShift(av_offset), also=also)
        self._name = name
        self._origin = PushedOrigin(self._settings.shift)
        self._rules = rules or StopRules()
        self._ring = Ring(seconds_to_flicks(max(self._settings.seconds) + hop + AHEAD_S + AROUND_S))
        self._open = ExitStack()
        self._faces = self._open.enter_context(Faces(self._models))
        self._scanner = FrameScanner(self._faces)
        self._store = FrameStore(self._ring)
        self._scorer: StreamScorer | None = None
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def push_frame(self, frame: NDArray[np.uint8], time_s: float | None = None) -> list[Event]:
        """Add the next frame.

        Parameters
        ----------
        frame : ndarray uint8 [H, W, 3]
            RGB, upright, with square pixels; copied.
        time_s : float, optional
            When it was taken, on the clock of the sound's times; any frame rate, constant or not. Without it the frame
            follows the one before it by 1 / fps; the first is at 0.

        Returns
        -------
        list of Event
            What it brought about (``docs/events.md``); often nothing.

        Raises
        ------
        ParameterError
            If the frame or its time breaks a rule. It is left out then, and the session goes on.
        """
        self._refuse_ended()
        checked = self._pictures.read(frame, time_s)
        self._check_apart(checked, checked.pts, self._sounds.latest)
        events = list(self._size_warning(checked.picture))
        self._pictures.commit(checked)
        self._store.keep(checked, self._pictures.rate)
        return [*events, *self._place(checked)]

    def push_audio(self, samples: Samples, sample_rate: int, time_s: float | None = None) -> list[Event]:
        """Add the next block of sound.

        Parameters
        ----------
        samples : ndarray float32 or int16, [n] or [n, C]
            float32 in [-1, 1]. Scored is the mean of the channels, or the chosen one; clips have the first two, the
            mean of more, or the chosen one.
        sample_rate : int
            Samples per second, 8000 to 768,000; blocks of another rate than the first are resampled to it.
        time_s : float, optional
            When its first sample was heard. Without it the block follows on; the first is at 0. Where sound is missing
            give the next block its time; a block without samples says that there was no sound up to its time.

        Returns
        -------
        list of Event
            What it brought about; often nothing.

        Raises
        ------
        ParameterError
            If the block or its time breaks a rule. It is left out then, and the session goes on.
        """
        self._refuse_ended()
        blocks = self._sounds.read(samples, sample_rate, time_s)
        shift = self._settings.shift
        self._check_apart(shift.moved(blocks[0]), blocks[-1].end, self._pictures.latest)
        events: list[Event] = []
        for block in blocks:
            self._sounds.commit(block)
            for placed in self._one_rate.push(block):
                events += self._place(shift.moved(placed))
        return events

    def finish(self) -> list[Event]:
        """End the recording; return its last events, the result at the end. A second time there are none."""
        if self._ended:
            return []
        last_sound = map(self._settings.shift.moved, self._one_rate.finish())
        events = [event for block in last_sound for event in self._place(block)]
        if (scorer := self._scorer) is not None:
            last = scorer.finish(self._pictures.end)
            scorer.end()
            events += self._followed(scorer, last)
        self.close()
        return [*events, Finished(self.selection)]

    def close(self) -> None:
        """End the session as it is and free its trackers; what it has found can still be asked for and written."""
        self._ended = True
        self._open.close()

    @property
    def best(self) -> Window | None:
        """The best window so far, of the first length."""
        scorer = self._scorer
        if scorer is None or scorer.selector.best is None:
            return None
        start = scorer.selector.best.start
        judged = next(window for window in scorer.windows if window.score.start == start)
        return Window.of(judged, self._settings.parameters.window_frames)

    @property
    def result(self) -> Result:
        """What has been found so far; write it before the session goes on, or at the end."""
        selection = self.selection
        media = HeldMedia(self._ring, UNIT_FORMAT, selection.origin)
        recording = RingRecording(media, self._models, tuple(self._faces.framings), self._begun_or_empty().observations)
        return Result.of(selection, recording, self._models)

    def write(self, folder: StrPath, *, force: bool = False) -> Path:
        """Write ``clip.mp4``, ``clip.wav`` and ``report.json`` of the best window so far.

        Raises
        ------
        OutputExists
            If there is such a folder and ``force`` is false.
        OutputError
            If it cannot be written; nothing is left behind.
        """
        return self.result.write(folder, force=force)

    @property
    def selection(self) -> Selection:
        """The result with everything that is in the report."""
        scorer = self._begun_or_empty()
        warnings = self._shortcomings(scorer) if self._ended else ()
        selection = scorer.selection(self._name, round(float(self._pictures.rate), 3), tuple(warnings))
        return selection.everywhere(channel=self._channel)

    def _begun_or_empty(self) -> StreamScorer:
        return self._scorer or StreamScorer(self._models, self._scanner, self._settings, origin=0)

    def _refuse_ended(self) -> None:
        if self._ended:
            raise ParameterError("the session has ended; begin another one for what comes")

    def _check_apart(self, media: VideoFrame | AudioBlock, reaches: int, other: int | None) -> None:
        """Raise ParameterError for what is too far ahead of the other track: its windows would wait too long."""
        if self._scorer is None:
            self._origin.check(media)
        if other is not None and reaches - other > seconds_to_flicks(AHEAD_S):
            mine, others = ("sound", "frames") if isinstance(media, AudioBlock) else ("frames", "sound")
            raise ParameterError(
                f"{mine} up to {to_seconds(reaches):.6g} s, {others} up to {to_seconds(other):.6g} s: at most "
                f"{AHEAD_S:.0f} s apart; push both as they come, or finish() if there are no more {others}"
            )

    def _place(self, media: VideoFrame | AudioBlock) -> list[Event]:
        if (scorer := self._scorer) is not None:
            if isinstance(media, AudioBlock):
                self._ring.push(media)
            return self._followed(scorer, scorer.push(media))
        origin = self._origin.push(media)
        if origin is None:
            return []
        self._scorer = StreamScorer(self._models, self._scanner, self._settings, origin, self._rules)
        held, self._origin = self._origin.held(), PushedOrigin()
        return [event for waited in held for event in self._place(waited)]

    def _followed(self, scorer: StreamScorer, events: list[Event]) -> list[Event]:
        """Let the ring hold what the scorer needs, and say when a rule has stopped the recording."""
        if events:
            self._ring.hold(scorer.kept_spans)
        if self.stop is not None or scorer.stop is None:
            return events
        self.stop, at = scorer.stop, scorer.stopped_at
        reached = (n for n, event in enumerate(events, 1) if isinstance(event, Progress) and event.frame >= at)
        count = next(reached, len(events))
        return [*events[:count], Stopped(at, self.stop), *events[count:]]

    def _size_warning(self, picture: Picture) -> Iterator[Event]:
        """Warn of pictures that are too small for trainers, at the first of them."""
        if self._pictures.latest is None and min(picture.size) < SMALL_PIXELS:
            yield Warned(0, Trouble.LOW_RESOLUTION, list(picture.size))

    def _shortcomings(self, scorer: StreamScorer) -> Iterator[str]:
        """Why a session that has ended has no window."""
        tracks = {"frames": self._pictures.latest, "sound": self._sounds.latest}
        if missing := [f"no {track}" for track, latest in tracks.items() if latest is None]:
            yield f"{' and '.join(missing)} came"
        elif not any(length.windows for length in scorer.lengths):
            seconds = frame_seconds(scorer.frames)
            yield f"picture and sound together last {seconds:.2f} s, less than a window"
