"""A file through the streaming session, as a live capture goes through it."""

from collections.abc import Callable, Iterator

from take5.stream.clock import to_seconds
from take5.stream.events import Event, Finished
from take5.stream.scanner import FrameScanner
from take5.stream.select import Models, long_enough
from take5.stream.selection import Selection, Settings, Verdict
from take5.stream.session import Session
from take5.stream.sources.file import MediaFile

Pace = Callable[[float], None]
"""Called with the seconds of the recording that have been delivered; it may wait until they have passed."""


def replay(file: MediaFile, models: Models, settings: Settings, pace: Pace = lambda _: None) -> Iterator[Event]:
    """Yield the session's events, then the same selection as :func:`take5.stream.select.select` makes.

    Raises
    ------
    TooShort
        If the recording is shorter than one window.
    """
    with models.tracker() as tracker:
        session = Session(models.encoder, FrameScanner(tracker, models.counter), settings.parameters, file.origin)
        for media in file.media():
            pace(to_seconds(media.pts - file.origin))
            yield from session.push(media)
        yield from session.finish(file.video_end())
    long_enough(file, session.frames, settings)
    yield Finished(_selection(file, session, models, settings))


def _selection(file: MediaFile, session: Session, models: Models, settings: Settings) -> Selection:
    return Selection(
        video=str(file.path),
        encoder=models.encoder.name,
        encoder_version=models.encoder.version,
        source_fps=file.source_fps,
        origin=file.origin,
        frames=session.frames,
        tracked=session.frames,
        counts=session.counts,
        best=session.selector.best,
        pool=session.selector.pool,
        verdicts=tuple(Verdict(window.score, window.eligible, window.reasons) for window in session.windows),
        settings=settings,
        warnings=tuple(file.warnings),
    )
