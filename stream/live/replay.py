"""A file through the streaming session, as a live capture goes through it."""

from collections.abc import Iterator
from dataclasses import replace

from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.events import Event, Finished
from take5.stream.live.scorer import StreamScorer
from take5.stream.recording.from_file import choose_channel, long_enough
from take5.stream.recording.from_ring import RingMedia
from take5.stream.recording.ring import Ring
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile
from take5.stream.sources.replayed import Pace
from take5.stream.sources.speech_tracks import with_most_speech
from take5.stream.timeline.clock import to_seconds
from take5.stream.timeline.media import AccessUnit, AudioBlock


class Replay:
    """A run of a file through a session.

    Parameters
    ----------
    file : MediaFile
        The recording.
    models : Models
        The networks.
    settings : Settings
        Parameters of Algorithm 1; the paper's variants need the whole recording and are not for streams.
    pace : Pace
        Waits, or does not.
    """

    def __init__(self, file: MediaFile, models: Models, settings: Settings, pace: Pace = lambda _: None) -> None:
        self._file, self._models = with_most_speech(file, models.speech), models
        self._settings, self._pace = replace(settings, shift=file.shift), pace
        self._ring = Ring.around(max(settings.seconds))

    def events(self) -> Iterator[Event]:
        """Yield the session's events, and last the selection that ``take5.stream.offline.select.select`` makes.

        Raises
        ------
        TooShort
            If the recording is shorter than one window of any length.
        """
        file, models = self._file, self._models
        choose_channel(file, models)
        with Faces(models) as faces:
            scorer = StreamScorer(models, FrameScanner(faces), self._settings, file.origin)
            for media in file.media():
                self._pace(to_seconds(media.pts - file.origin))
                if isinstance(media, AccessUnit | AudioBlock):
                    self._ring.push(media)
                if not isinstance(media, AccessUnit):
                    yield from self._held(scorer, scorer.push(media))
            yield from self._held(scorer, scorer.finish(file.video_end()))
        long_enough(file, scorer.frames, min(self._settings.lengths, key=lambda each: each.parameters.window_frames))
        selection = scorer.selection(str(file.path), file.source_fps, (*file.tracks.notes, *file.warnings))
        found = selection.everywhere(tracks=file.tracks, channel=file.channel, tone_mapped=file.tone_mapped)
        yield Finished(found)

    def _held(self, scorer: StreamScorer, events: list[Event]) -> list[Event]:
        if events:
            self._ring.hold(scorer.kept_spans)
        return events

    @property
    def material(self) -> RingMedia:
        """What the ring kept, for the clip."""
        return RingMedia(self._ring, self._file.unit_format, self._file.origin)
