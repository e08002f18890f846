"""What the gates on sound cost, and what they catch.

    python bench/sound_gates.py cost VIDEO...      # CPU seconds per second of sound
    python bench/sound_gates.py catch VIDEO...     # each gate on spoilt sound: share of the windows that it rejects
    python bench/sound_gates.py offset VIDEO...    # the offset of moved sound: error, and how often it is unknown

Sound is spoilt as it comes out of the file, before it is resampled. Windows are five seconds, one begins each second.
"""

import argparse
import io
import subprocess
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from take5.client.cli.options import load_models
from take5.scoring.gates.av_offset import Correlation, correlate, offset, voice_without_mouth
from take5.scoring.gates.config import GateConfig
from take5.scoring.gates.findings import Code, Severity
from take5.scoring.gates.sound import NOTHING, SoundMeasures, SoundMeter, window_sound
from take5.scoring.judging import mouth_findings, sound_findings
from take5.scoring.models.vad import SpeechDetector
from take5.scoring.parameters import FPS, SAMPLES_PER_FRAME, Parameters
from take5.stream.analysis.faces import Faces
from take5.stream.analysis.frames import FrameScanner
from take5.stream.analysis.models import Models
from take5.stream.model_files.cache import find
from take5.stream.sources.file import MediaFile
from take5.stream.timeline.media import AudioBlock
from take5.stream.timeline.soundtrack import SoundTrack

Floats = NDArray[np.float64]
Doctor = Callable[[Floats, int], Floats]
WINDOW = Parameters().window_frames
GATES = (
    Code.TOO_QUIET, Code.CLIPPING, Code.NOISY, Code.NOT_SPEAKING, Code.SECOND_VOICE_OR_MUSIC, Code.AV_OFFSET,
)  # fmt: skip
MOVES = (0, 1, -1, 2, -2, 3, -3, 5, -5, 10, -10)
TOGETHER = 4
OTHER = "The other person in the room keeps on talking, about the weather, the trains, and what there is for dinner. "


@dataclass(frozen=True)
class Recording:
    """A video's sound as it comes out of the file, and the lips in its grid frames [N, 20, 2]."""

    name: str
    origin: int
    blocks: list[AudioBlock]
    lips: Floats


def recording(video: Path, models: Models) -> Recording:
    """Read a video, and track the face in every frame."""
    file = MediaFile(video)
    blocks: list[AudioBlock] = []
    index = file.scan(blocks.append)
    with Faces(models) as faces:
        scanner = FrameScanner(faces)
        observations = [scanner.observe(frame) for frame in file.grid_frames(index, 0, len(file.grid(index)[0]))]
    return Recording(video.name, file.origin, blocks, np.stack([frame.lips for frame in observations]))


def sound_of(recorded: Recording, doctor: Doctor | None = None) -> NDArray[np.float32]:
    """The sound at 16 kHz on the session clock, treated before it is resampled."""
    blocks = recorded.blocks
    if doctor is not None:
        treated = doctor(np.concatenate([block.samples for block in blocks]).astype(np.float64), blocks[0].rate)
        cuts = np.cumsum([len(block.samples) for block in blocks])[:-1]
        pieces = np.split(treated.astype(np.float32), cuts)
        blocks = [replace(block, samples=piece) for block, piece in zip(blocks, pieces, strict=True)]
    track = SoundTrack(recorded.origin)
    return np.concatenate([*(track.push(block) for block in blocks), track.finish()])


def measure(sound: NDArray[np.float32], frames: int, detector: SpeechDetector) -> SoundMeasures:
    """Measure a number of frames of sound."""
    meter = SoundMeter(detector.stream())
    return SoundMeasures.concatenate([NOTHING, meter.push(sound), meter.finish(frames)])[:frames]


def level(sound: Floats) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(sound**2)))


def mixed(other: Callable[[int, int], Floats], below_db: float) -> Doctor:
    """Mix in another sound at a level in decibels below."""

    def treat(sound: Floats, rate: int) -> Floats:
        second = other(len(sound), rate)
        return sound + second * (level(sound) / level(second) / 10 ** (below_db / 20))

    return treat


def grain(count: int, rate: int) -> Floats:
    """Pink noise."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=count))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / rate), 50)), count)


def music(count: int, rate: int) -> Floats:
    """Chords of four notes with six harmonics, two a second, each with a drum or a cymbal."""
    t, rng = np.arange(rate // 2) / rate, np.random.default_rng(0)
    chords = [(220, 277, 330), (196, 247, 294), (262, 330, 392), (175, 220, 262)]
    beats = []
    for beat in range(-(-count // len(t))):
        notes = (*chords[beat // 4 % 4], chords[beat // 4 % 4][beat % 3] * 2)
        tones = sum(np.sin(2 * np.pi * note * h * t) / h**1.3 for note in notes for h in range(1, 7))
        drum = np.sin(140 * np.pi * t * np.exp(-8 * t)) * np.exp(-20 * t) * 3
        beats.append(tones * np.exp(-2.5 * t) + (drum if beat % 2 else rng.normal(size=len(t)) * np.exp(-50 * t)))
    return np.concatenate(beats)[:count]


def voice(count: int, rate: int) -> Floats:
    """A synthetic voice that never pauses for long."""
    spoken = subprocess.run(["espeak-ng", "--stdout", "-v", "en+f3", OTHER * 8], capture_output=True, check=True).stdout  # noqa: S607 - the system's
    with wave.open(io.BytesIO(spoken)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        return np.resize(resample_poly(samples, rate, file.getframerate()), count)


def clipped(share: float, volume: float = 1.0) -> Doctor:
    """Cut this share of the samples off at full scale, then turn the volume down."""
    return lambda sound, _: (sound / np.quantile(np.abs(sound), 1 - share)).clip(-1, 1) * volume


def through_opus(doctor: Doctor, bits: int = 32_000) -> Doctor:
    """Send treated sound through Opus at a bit rate, as a browser does."""

    def treat(sound: Floats, rate: int) -> Floats:
        at_48k = resample_poly(doctor(sound, rate), 48_000, rate).astype(np.float32)
        file = io.BytesIO()
        with av.open(file, "w", format="ogg") as out:
            stream = out.add_stream("libopus", rate=48_000, layout="mono")
            stream.bit_rate = bits
            frame = av.AudioFrame.from_ndarray(at_48k[np.newaxis], format="fltp", layout="mono")
            frame.sample_rate = 48_000
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        file.seek(0)
        with av.open(file, "r") as coded:
            heard = np.concatenate([frame.to_ndarray()[0] for frame in coded.decode(audio=0)])
        back = resample_poly(heard.astype(np.float64), rate, 48_000)
        return np.pad(back, (0, max(0, len(sound) - len(back))))[: len(sound)]

    return treat


def moved(frames: int) -> Doctor:
    """The sound delayed by a number of grid frames."""

    def treat(sound: Floats, rate: int) -> Floats:
        count = abs(frames) * rate // FPS
        late, early = np.pad(sound, (count, 0))[: len(sound)], np.pad(sound, (0, count))[count:]
        return late if frames > 0 else early

    return treat


DOCTORS: dict[str, Doctor] = {
    "untouched": lambda sound, _: sound,
    "20 dB quieter": lambda sound, _: sound / 10,
    "30 dB quieter": lambda sound, _: sound / 10**1.5,
    "clipped 0.3 %": clipped(0.003),
    "clipped 1 %": clipped(0.01),
    "clipped 3 %": clipped(0.03),
    "clipped 3 %, quiet": clipped(0.03, 0.1),
    "clipped 3 %, Opus": through_opus(clipped(0.03)),
    "noise -20 dB": mixed(grain, 20),
    "noise -10 dB": mixed(grain, 10),
    "noise -5 dB": mixed(grain, 5),
    "music -20 dB": mixed(music, 20),
    "music -10 dB": mixed(music, 10),
    "music -5 dB": mixed(music, 5),
    "voice -20 dB": mixed(voice, 20),
    "voice -10 dB": mixed(voice, 10),
    "voice 0 dB": mixed(voice, 0),
    "noise alone": lambda sound, rate: grain(len(sound), rate) * 0.02 / level(grain(len(sound), rate)),
    "music alone": lambda sound, rate: music(len(sound), rate) * 0.1 / level(music(len(sound), rate)),
    "sound 2 late": moved(2),
    "sound 5 late": moved(5),
    "sound 5 early": moved(-5),
    "sound 10 late": moved(10),
}
"""How sound is spoilt."""


def starts(frames: int) -> range:
    """First frames of the windows."""
    return range(0, frames - WINDOW + 1, FPS)


def rejected(rows: SoundMeasures, lips: Floats, config: GateConfig) -> dict[Code, float]:
    """Share of the windows that each gate rejects, or warns of where it has no limit to reject at."""
    counts = dict.fromkeys(GATES, 0)
    only_warns = {code for code in GATES if config.limits[code].reject is None}
    for start in starts(len(rows)):
        span = slice(start, start + WINDOW)
        found = [
            *sound_findings(rows[span], start, config),
            *mouth_findings(lips[span], rows[span], start, config),
        ]
        for finding in found:
            counts[finding.code] += finding.severity is Severity.REJECT or finding.code in only_warns
    return {code: count / len(starts(len(rows))) for code, count in counts.items()}


def catch(recordings: list[Recording], detector: SpeechDetector) -> None:
    """Print, for each way to spoil sound, what each gate rejects at each strictness."""
    print(f"{'windows rejected, loose/normal/strict, %':24.24s}", *(f"{code:>22s}" for code in GATES))
    for name, doctor in DOCTORS.items():
        shares: list[dict[Code, list[float]]] = []
        for recorded in recordings:
            rows = measure(sound_of(recorded, doctor), len(recorded.lips), detector)
            at = [rejected(rows, recorded.lips, GateConfig.of(strict)) for strict in ("loose", "normal", "strict")]
            shares.append({code: [each[code] for each in at] for code in GATES})
        cells = (np.mean([share[code] for share in shares], axis=0) for code in GATES)
        print(f"{name:24s}", *(f"{'/'.join(f'{100 * share:.0f}' for share in cell):>22s}" for cell in cells))


def untouched(recordings: list[Recording], detector: SpeechDetector) -> None:
    """Print the least, middle and greatest value of each measure over the windows of each recording."""
    for recorded in recordings:
        rows = measure(sound_of(recorded), len(recorded.lips), detector)
        windows = [slice(start, start + WINDOW) for start in starts(len(rows))]
        sounds = [vars(window_sound(rows[span])) for span in windows]
        values = {name: [sound[name] for sound in sounds] for name in sounds[0]}
        values["voice_without_mouth"] = [
            voice_without_mouth(recorded.lips[span], rows.speech[span]) for span in windows
        ]
        print(f"\n{recorded.name}")
        for name, column in values.items():
            measured = np.array([value for value in column if value is not None], dtype=np.float64)
            print(f"  {name:20s}", *(f"{value:9.4f}" for value in np.quantile(measured, (0, 0.5, 1))))


def window_offsets(rows: SoundMeasures, lips: Floats, together: int) -> list[float | None]:
    """Offsets of windows, or of several consecutive non-overlapping windows together."""
    if together == 1:
        return [offset(correlate(lips[s : s + WINDOW], rows.bands[s : s + WINDOW])).frames for s in starts(len(rows))]
    found = []
    for first in range(0, len(rows) - together * WINDOW + 1, FPS):
        spans = [slice(first + i * WINDOW, first + (i + 1) * WINDOW) for i in range(together)]
        parts = [part for span in spans if (part := correlate(lips[span], rows.bands[span])) is not None]
        found.append(offset(Correlation.merge(parts)).frames if parts else None)
    return found


def offsets(recordings: list[Recording], detector: SpeechDetector) -> None:
    """Print the offset of moved sound against that of untouched sound, for one window and for several together."""
    for together in (1, TOGETHER):
        print(f"\n{together * 5} s: moved by, then each recording: unknown, median, |error| median and 95 %, frames")
        middle: dict[str, float] = {}
        for move in MOVES:
            cells = []
            for recorded in recordings:
                rows = measure(sound_of(recorded, moved(move)), len(recorded.lips), detector)
                found = window_offsets(rows, recorded.lips, together)
                known = np.array([late for late in found if late is not None])
                if not len(known):
                    cells.append(f"{'unknown':>27s}")
                    continue
                middle.setdefault(recorded.name, float(np.median(known)))
                errors = np.abs(known - middle[recorded.name] - move)
                unknown = 1 - len(known) / len(found)
                cells.append(
                    f"{unknown:6.0%} {np.median(known):+6.2f} {np.median(errors):5.2f} {np.quantile(errors, 0.95):6.2f}"
                )
            print(f"{move:+4d} ", "  |".join(cells))


def strangers(recordings: list[Recording], detector: SpeechDetector) -> None:
    """Print how often an offset is reported for lips and sound of different recordings."""
    heard = [measure(sound_of(recorded), len(recorded.lips), detector) for recorded in recordings]
    for together in (1, TOGETHER):
        found: list[float | None] = []
        for recorded in recordings:
            for rows in (rows for other, rows in zip(recordings, heard, strict=True) if other is not recorded):
                frames = min(len(rows), len(recorded.lips))
                found += window_offsets(rows[:frames], recorded.lips[:frames], together)
        known = sum(late is not None for late in found)
        print(f"\nlips and sound of different recordings, {together * 5} s: reported for {known} of {len(found)}")


def cost(recordings: list[Recording], detector: SpeechDetector) -> None:
    """Print CPU seconds per second of sound, with one window a second."""
    print(
        f"{'CPU seconds per second':24s}", *(f"{stage:>10s}" for stage in ("levels", "and speech", "window", "mouth"))
    )
    for recorded in recordings:
        sound, lips = sound_of(recorded), recorded.lips
        rows = measure(sound, len(lips), detector)
        began = [time.process_time()]
        for meter in (SoundMeter(), SoundMeter(detector.stream())):
            for first in range(0, len(sound), SAMPLES_PER_FRAME):
                meter.push(sound[first : first + SAMPLES_PER_FRAME])
            began.append(time.process_time())
        for start in starts(len(rows)):
            window_sound(rows[start : start + WINDOW])
        began.append(time.process_time())
        for start in starts(len(rows)):
            span = slice(start, start + WINDOW)
            offset(correlate(lips[span], rows.bands[span]))
            voice_without_mouth(lips[span], rows.speech[span])
        began.append(time.process_time())
        media, windows = len(lips) / FPS, len(starts(len(rows)))
        print(
            f"{recorded.name:24.24s}",
            *(f"{s / n:10.4f}" for s, n in zip(np.diff(began), (media, media, windows, windows), strict=True)),
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cost", "catch", "offset"))
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    options = parser.parse_args()
    models, detector = load_models("speech-embedding", None, "cpu"), SpeechDetector(find("silero_vad"))
    recordings = [recording(video, models) for video in options.videos]
    parts = {"cost": (cost,), "catch": (untouched, catch), "offset": (offsets, strangers)}
    for part in parts[options.what]:
        part(recordings, detector)


if __name__ == "__main__":
    main()
