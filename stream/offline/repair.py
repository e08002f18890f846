"""A file whose sound comes late, or early, throughout is read again with its sound moved."""

from dataclasses import replace

from take5.scoring.gates.av_offset import Correlation, offset
from take5.scoring.gates.findings import Code
from take5.scoring.parameters import FPS
from take5.scoring.recording_sync import LEAST_WINDOWS
from take5.stream.analysis.file_scans import OnProgress
from take5.stream.analysis.models import Models
from take5.stream.ffmpeg.tracks import WantedTracks
from take5.stream.offline.slots import Slots
from take5.stream.recording.from_file import FileRecording, open_recording
from take5.stream.settings import Settings
from take5.stream.timeline.sound_shift import UNMOVED, SoundShift

REPAIR_FRAMES = 2.5
"""An offset below this, 100 ms, is left alone, unless the gate rejects it: recordings in order read up to 2 frames."""

WINDOWS = 12
"""At most this many windows are measured, spread evenly over the recording."""


def in_sync(
    recording: FileRecording, models: Models, settings: Settings, on_progress: OnProgress
) -> tuple[FileRecording, Settings]:
    """Return a recording with its sound moved by what its windows agree on, and the settings that say so.

    Where they do not agree, or agree that all is well, both are returned as they are.
    """
    shift = agreed_shift(recording, settings)
    if shift == UNMOVED:
        return recording, settings
    file = recording.file
    wanted = WantedTracks(file.tracks.audio, file.tracks.video)
    moved = replace(file, shift=shift, wanted=wanted, warnings=list(file.warnings))
    moved.tracks = file.tracks
    again = open_recording(moved, models, on_progress, settings.parameters.hop_frames)
    return again, replace(settings, shift=shift)


def agreed_shift(recording: FileRecording, settings: Settings) -> SoundShift:
    """Return by how much the sound should be moved; analyses windows spread over the recording."""
    slots, length = Slots(recording, settings), settings.parameters.window_frames
    starts = range(0, recording.frames - length + 1, length)
    spread = starts[:: -(-len(starts) // WINDOWS) or 1]
    found = [one for start in slots.analyse(spread, WINDOWS) if (one := slots.correlation(start)) is not None]
    if len(found) < LEAST_WINDOWS:
        return UNMOVED
    frames, reject = offset(Correlation.merge(found)).frames, settings.gates.limits[Code.AV_OFFSET].reject
    if frames is None or abs(frames) <= min(REPAIR_FRAMES, reject or REPAIR_FRAMES):
        return UNMOVED
    return SoundShift(round(frames * 1000 / FPS), len(found))
