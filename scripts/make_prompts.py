"""Makes the lists of prompts, ``client/prompts/LANGUAGE.json``, from ``client/prompts/LANGUAGE.txt``.

    python -m scripts.make_prompts [LANGUAGE...]

For each sentence: its phones, its length at a normal speaking rate, and its spread, which is D of its sound relative to
the mean of its list, averaged over several synthetic voices. Needs espeak-ng and, for English,
flite (Debian: ``apt install espeak-ng flite``); for Mandarin ``pip install pypinyin``, which knows the readings of
characters that have several. take5 itself needs none of them: the lists are in the wheel.
"""
# ruff: noqa: INP001, S603, S607, T201 - a program that prints, and calls others that it names itself

import argparse
import importlib
import json
import re
import subprocess
import tempfile
import unicodedata
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from demo.talker import Speech
from demo.talker.voice import SAMPLE_RATE as SPOKEN_RATE
from demo.talker.voice import speak
from take5.client.cli.options import load_encoder
from take5.scoring.algorithm1 import diversity
from take5.scoring.models.audio import AudioEncoder
from take5.scoring.parameters import SAMPLE_RATE, SAMPLES_PER_FRAME

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

FOLDER = Path(__file__).parent.parent / "client" / "prompts"
LOUDNESS, ROOM = 0.08, 3e-4  # root mean square of the speech, and of the room's noise
MARGIN_FRAMES = 10  # of room before and after a sentence: what the encoder hears beyond it
EVERY_FRAMES = 2  # what the encoder hears of neighbours is nearly the same
AUDIBLE = 100 / 32768
READING = 1.1  # factor by which people read a prompt slower than the voices speak


@dataclass(frozen=True)
class Voice:
    """A synthetic voice: a program, its name there, and words a minute (0: the voice's own)."""

    program: str
    name: str
    words_per_minute: int = 0


VOICES = {
    "en": (
        Voice("espeak-ng", "en-us", 150),
        Voice("espeak-ng", "en-gb-x-rp+f4", 145),
        Voice("espeak-ng", "en-gb-scotland+m7", 155),
        Voice("flite", "slt"),
        Voice("flite", "kal16"),
    ),
    "zh-Hans": (
        Voice("espeak-ng", "cmn-latn-pinyin", 160),
        Voice("espeak-ng", "cmn-latn-pinyin+f4", 150),
        Voice("espeak-ng", "cmn-latn-pinyin+m7", 170),
    ),
}
"""The voices that a list is measured with. Programs have equal weight, whatever their number of voices."""

ABOUT = {
    "en": {
        "name": "English",
        "source": "IEEE Recommended Practice for Speech Quality Measurements, 1969, Appendix C (Harvard sentences)",
        "licence": "free to use",
    },
    "zh-Hans": {"name": "简体中文", "source": "written for take5", "licence": "Apache-2.0"},
}


def say(voice: Voice, text: str) -> Samples:
    """A sentence spoken: 16 kHz mono, without the silence around it, of a fixed loudness."""
    if voice.program == "flite":
        said = _flite(voice, text)
    else:
        speech = Speech(text, voice=voice.name, words_per_minute=voice.words_per_minute)
        said = resample_poly(speak(speech), SAMPLE_RATE, SPOKEN_RATE)
    return np.asarray(said * LOUDNESS / np.sqrt(np.mean(said**2)), np.float32)


def _flite(voice: Voice, text: str) -> Floats:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice.name, "-t", text, "-o", file.name], capture_output=True, check=True)
        with wave.open(file.name) as sound:
            rate, said = sound.getframerate(), np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    if rate != SAMPLE_RATE:
        raise SystemExit(f"make_prompts: flite's voice {voice.name!r} has {rate} Hz; choose one of {SAMPLE_RATE} Hz")
    loud = np.flatnonzero(np.abs(said) > AUDIBLE)
    return said[loud[0] : loud[-1] + 1]


def in_a_room(said: Samples, rng: np.random.Generator, margin_frames: int = MARGIN_FRAMES) -> Samples:
    """The sentence with a pause on both sides, the noise of a room under it, as whole grid frames."""
    margin = margin_frames * SAMPLES_PER_FRAME
    padded = np.pad(said, (margin, margin + -len(said) % SAMPLES_PER_FRAME))
    return (padded + rng.normal(0, ROOM, len(padded))).astype(np.float32)


def spread(encoder: AudioEncoder, said: Samples, rng: np.random.Generator) -> float:
    """D of a spoken sentence, the pauses around it left out."""
    sound = in_a_room(said, rng)
    frames = range(MARGIN_FRAMES, len(sound) // SAMPLES_PER_FRAME - MARGIN_FRAMES, EVERY_FRAMES)
    segments = np.stack([sound[slice(*encoder.span(frame))] for frame in frames])
    return diversity(encoder.encode(segments).astype(np.float64))


def phones(language: str, text: str) -> list[str]:
    """Phones of a sentence in order, without stress and tone; for Mandarin, initials and finals."""
    if language == "zh-Hans":
        return [sound for initial, final, _ in syllables(text) for sound in (initial, final) if sound]
    command = ["espeak-ng", "-q", "--ipa", "--sep=_", "-v", "en-us", text]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [phone for part in re.split(r"[_\s]+", output) if (phone := part.strip("ˈˌ"))]


def syllables(text: str) -> list[tuple[str, str, str]]:
    """Initial, final and tone of each character."""
    pypinyin = importlib.import_module("pypinyin")
    characters = re.sub(r"[^\u4e00-\u9fff]", "", text)
    initials = pypinyin.lazy_pinyin(characters, pypinyin.Style.INITIALS)
    finals = pypinyin.lazy_pinyin(characters, pypinyin.Style.FINALS_TONE3, neutral_tone_with_five=True)
    return [(i, _final(i, f[:-1]), f[-1]) for i, f in zip(initials, finals, strict=True)]


def _final(initial: str, final: str) -> str:
    """A final; the vowels of zhi, chi, shi, ri and of zi, ci, si count as finals of their own."""
    if final != "i":
        return final
    return {"zh": "ɨ", "ch": "ɨ", "sh": "ɨ", "r": "ɨ", "z": "ɿ", "c": "ɿ", "s": "ɿ"}.get(initial, final)


def spoken(language: str, text: str) -> str:
    """Input of a voice: English unchanged, Mandarin as pinyin with its pauses."""
    if language != "zh-Hans":
        return text
    pypinyin = importlib.import_module("pypinyin")
    parts = pypinyin.lazy_pinyin(text, pypinyin.Style.TONE3, neutral_tone_with_five=True)
    return unicodedata.normalize("NFKC", " ".join(parts)).translate({ord("。"): ".", ord("、"): ","})


def measure(language: str, texts: list[str], encoder: AudioEncoder) -> tuple[Floats, Floats]:
    """Seconds and spread of each sentence, the mean over programs of the mean over their voices."""
    rng = np.random.default_rng(5)
    seconds: dict[str, list[Floats]] = {}
    spreads: dict[str, list[Floats]] = {}
    for voice in VOICES[language]:
        said = [say(voice, spoken(language, text)) for text in texts]
        D = np.array([spread(encoder, sound, rng) for sound in said])
        seconds.setdefault(voice.program, []).append(np.array([len(sound) for sound in said]) / SAMPLE_RATE)
        spreads.setdefault(voice.program, []).append(D / D.mean())
        print(f"{language}: {voice.program} {voice.name} measured", flush=True)
    return _mean(seconds), _mean(spreads)


def _mean(by_program: dict[str, list[Floats]]) -> Floats:
    each = [np.mean(np.stack(rows), axis=0) for rows in by_program.values()]
    return np.asarray(np.mean(np.stack(each), axis=0), np.float64)


def make(language: str, encoder: AudioEncoder) -> None:
    """Write the list of one language."""
    texts = (FOLDER / f"{language}.txt").read_text(encoding="utf-8").split("\n")[:-1]
    seconds, spreads = measure(language, texts, encoder)
    rows = [
        {
            "text": text,
            "phones": " ".join(phones(language, text)),
            "seconds": round(READING * float(length), 2),
            "spread": round(float(value), 4),
        }
        for text, length, value in zip(texts, seconds, spreads, strict=True)
    ]
    voices = [f"{voice.program} {voice.name}" for voice in VOICES[language]]
    about = {"language": language, **ABOUT[language], "encoder": f"{encoder.name} {encoder.version}", "voices": voices}
    head = json.dumps(about, ensure_ascii=False, indent=1)[:-2]
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    (FOLDER / f"{language}.json").write_text(f'{head},\n "prompts": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def main() -> None:
    """Make the lists named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE")
    languages = parser.parse_args().languages or list(VOICES)
    for language in languages:
        if language not in VOICES:
            parser.error(f"no voices for {language!r}; there are lists in {', '.join(VOICES)}")
    encoder = load_encoder("speech-embedding", None, "cpu")
    for language in languages:
        make(language, encoder)


if __name__ == "__main__":
    main()
