"""Generated talkers whose lips follow what they say: ``python -m bench.evidence.made FOLDER [--talkers 8]``.

They show what the instruments do where the answer is known, and stand in for recordings that are not at hand. Each has
a voice, pace, order of sentences, strength of articulation, sway and blinks of its own; all of them have the face of
``demo.talker``. The mouth opens with the sound between 250 and 1200 Hz, where open vowels are loud. How well a window
teaches does not depend on D or MC here, beyond chance.
"""

import argparse
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.progress import track

from bench.evidence.talkers import FPS, Array
from demo.talker import Speech, TalkerError
from demo.talker.face import Pose
from demo.talker.motion import Moment
from demo.talker.portrait import Scene
from demo.talker.render import write
from demo.talker.voice import LOUDNESS, ROOM, SAMPLE_RATE, Samples, speak
from take5.client.pages import PROMPTS
from take5.stream.texts.prompts import read_prompts

VOICES = ("en-us", "en-us+f2", "en-us+f5", "en-us+m3", "en-gb-x-rp", "en-gb-x-rp+f4", "en-gb-scotland+m7", "en-029")
SIZE, SECONDS = (640, 640), 45

LOW_HZ, HIGH_HZ = 250.0, 1200.0
HEARD_DB = 30.0
"""How far below a talker's loudest moment the mouth is closed."""

PAUSE_S, LONGEST_PAUSE_S = 0.2, 0.6


def make(path: Path, number: int, seconds: int = SECONDS) -> None:
    """Write a talker's recording; the same number gives the same one."""
    chance = np.random.default_rng(number)
    said = speech(chance, VOICES[number % len(VOICES)], seconds)
    opening = openings(said) * chance.uniform(0.75, 1.0)
    shots = moments(opening, chance)
    write(path, shots, said, [], SIZE, Fraction(FPS), number)


def speech(chance: np.random.Generator, voice: str, seconds: int) -> Samples:
    """Sentences in an order of the talker's own, with pauses, in a quiet room."""
    prompts = read_prompts(PROMPTS / "en.json").prompts
    pace, pitch = int(chance.integers(140, 176)), int(chance.integers(35, 66))
    wanted, parts, length = seconds * SAMPLE_RATE, list[Samples](), 0
    for each in chance.permutation(len(prompts)):
        if length >= wanted:
            break
        spoken = speak(Speech(prompts[each].text, voice=voice, words_per_minute=pace, pitch=pitch))
        spoken *= LOUDNESS / np.sqrt(np.mean(spoken**2))
        pause = int(chance.uniform(PAUSE_S, LONGEST_PAUSE_S) * SAMPLE_RATE)
        parts += [spoken, np.zeros(pause, np.float32)]
        length += len(spoken) + pause
    whole = np.concatenate(parts)[:wanted]
    noisy: Samples = (whole + chance.normal(0, ROOM, len(whole)).astype(np.float32)).clip(-1, 32767 / 32768)
    return noisy


def openings(said: Samples) -> Array:
    """How far the mouth is open at each frame, 0 to 1."""
    frame = SAMPLE_RATE // FPS
    width = 2 * frame  # of what is heard around the frame's instant
    padded = np.pad(said.astype(np.float64), (width // 2, width))
    frames = len(said) // frame
    around = np.stack([padded[at * frame : at * frame + width] for at in range(frames)]) * np.hanning(width)
    hz = np.fft.rfftfreq(width, 1 / SAMPLE_RATE)
    power = (np.abs(np.fft.rfft(around)[:, (hz >= LOW_HZ) & (hz <= HIGH_HZ)]) ** 2).sum(1)
    decibels = 10 * np.log10(power + 1e-12)
    loud = np.clip((decibels - np.quantile(decibels, 0.98)) / HEARD_DB + 1, 0, 1)
    smooth: Array = np.convolve(np.pad(loud, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    return smooth


def moments(opening: Array, chance: np.random.Generator) -> list[Moment]:
    """The frames: the mouth as given, a head that sways, and blinks."""
    t = np.arange(len(opening)) / FPS
    sway = [chance.uniform(1, 3) * np.sin(2 * np.pi * (chance.uniform(0.1, 0.5) * t + chance.random())) for _ in "xyr"]
    blinks, at = np.zeros(len(t)), 0.0
    while (at := at + chance.uniform(2.0, 5.0)) < t[-1]:
        closing = np.abs(t - at) < 0.14
        blinks[closing] = np.cos((t[closing] - at) * np.pi / 0.28) ** 2
    return [
        Moment(i, Pose(float(opening[i]), x, y / 3, r * 0.006, float(blinks[i])), Scene.TALKER, grain=i, repeats=False)
        for i, (x, y, r) in enumerate(zip(*(each.tolist() for each in sway), strict=True))
    ]


def main() -> int:
    """Write talkers to a folder; those that are there already stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--talkers", type=int, default=8, help="how many (%(default)s)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="length of each recording (%(default)s)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        for number in track(range(options.talkers), "drawing"):
            path = options.folder / f"made-{number + 1}.mkv"
            if not path.exists():
                unfinished = path.with_suffix(".partial.mkv")
                make(unfinished, number, options.seconds)
                unfinished.rename(path)
    except TalkerError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
