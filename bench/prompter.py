"""Chosen sentences against fixed order: seconds of speech until the score reaches that of fixed order later.

    python -m bench.prompter [LANGUAGE] [--sessions 4] [--ablation] [--save FILE]

In a session a voice reads sentences with pauses of 0.3 to 0.6 s; the sound goes through the
encoder, and each second a window of five seconds ends. Orders: *fixed*, the list from some place on; *random*;
*chosen*, by take5.scoring.prompting, and *chosen, half*, from a random half of the list. With --ablation also by the
phones alone and by the spread alone. None of the voices was used to measure the sentences' spread; flite's were
recorded from people, and need flite (Debian: apt install flite); Mandarin needs pypinyin.

Without a picture there is no MC. First it is assumed equal for all windows, so the score is D. Then it is drawn from
its distribution on real clips (docs/stopping.md), independent of the sentence, and the score is I of Algorithm 1's
choice. Each voice has its own threshold: the mean score of fixed order after 30 s and after 60 s over its sessions of
60 s.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.make_prompts import FOLDER, ROOM, VOICES, Samples, Voice, say, spoken
from take5.client.cli.options import load_encoder
from take5.scoring.diversity import window_diversities
from take5.scoring.models.audio import AudioEncoder, embed
from take5.scoring.parameters import SAMPLE_RATE, SAMPLES_PER_FRAME, Parameters
from take5.scoring.prompting import Prompt, plan
from take5.stream.texts.prompts import read_prompts

Floats = NDArray[np.float64]

HELD_OUT = {
    "en": (
        Voice("flite", "rms"),
        Voice("flite", "awb"),
        Voice("espeak-ng", "en-us+f2", 165),
        Voice("espeak-ng", "en-gb+klatt4", 150),
        Voice("espeak-ng", "en-us-nyc+Denis", 170),
    ),
    "zh-Hans": (
        Voice("espeak-ng", "cmn-latn-pinyin+f2", 165),
        Voice("espeak-ng", "cmn-latn-pinyin+klatt4", 155),
        Voice("espeak-ng", "cmn-latn-pinyin+Denis", 175),
    ),
}
SESSION_S, THRESHOLDS_S, SENTENCES = 60, (30, 60), 40
DRAWS, MC_SD, SHARED = 100, 0.11, 0.4  # of log MC: standard deviation, and the share of its variance that windows share
WINDOW = Parameters()


@dataclass(frozen=True)
class Session:
    """D of each window of one session, one per second."""

    order: str
    D: Floats


def read_aloud(voice: Voice, texts: Sequence[str], rng: np.random.Generator) -> Samples:
    """The sentences, one after the other, with pauses, for a session's length, in a room."""
    parts: list[Samples] = []
    missing = SESSION_S * SAMPLE_RATE
    for text in texts:
        pause = np.zeros(int(rng.uniform(0.3, 0.6) * SAMPLE_RATE), np.float32)
        parts += [say(voice, text), pause]
        missing -= len(parts[-2]) + len(pause)
        if missing <= 0:
            break
    sound = np.concatenate(parts)[: SESSION_S * SAMPLE_RATE]
    return (sound + rng.normal(0, ROOM, len(sound))).astype(np.float32)


def listen(encoder: AudioEncoder, sound: Samples) -> Floats:
    """D of each window."""
    embeddings = embed(encoder, sound, len(sound) // SAMPLES_PER_FRAME).astype(np.float64)
    return np.array(window_diversities(embeddings, WINDOW, "euclidean", 0))


def orders(prompts: Sequence[Prompt], session: int, sessions: int, *, ablation: bool) -> dict[str, list[int]]:
    """Sentences read in a session, by name of the order."""
    rng = np.random.default_rng(100 + session)
    count = len(prompts)
    shuffled = rng.permutation(count).tolist()
    start = session * count // sessions
    found = {
        "fixed": [(start + k) % count for k in range(SENTENCES)],
        "random": shuffled[:SENTENCES],
        "chosen": plan(prompts, [], [], SENTENCES),
        "chosen, half": plan(prompts, [], shuffled[::2], min(SENTENCES, count // 2)),
    }
    if ablation:
        found["phones alone"] = plan([replace(each, spread=1.0) for each in prompts], [], [], SENTENCES)
        found["spread alone"] = plan([replace(each, phones=()) for each in prompts], [], [], SENTENCES)
    return found


def best_so_far(D: Floats) -> Floats:
    """The score with equal MC: the highest D up to each window."""
    return np.maximum.accumulate(D)


def choice_so_far(D: Floats, rng: np.random.Generator) -> Floats:
    """I of Algorithm 1's choice up to each window, with MC drawn."""
    own, shared = rng.normal(size=len(D)), np.convolve(rng.normal(size=len(D) + 4), np.ones(5) / np.sqrt(5), "valid")
    I = D / (0.1 * np.exp(MC_SD * (np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own)))  # noqa: E741
    return np.array([I[np.argsort(-D[: t + 1], kind="stable")[: WINDOW.pool]].max() for t in range(len(D))])


def seconds_to(score: Floats, threshold: float) -> float:
    """End of the first window at which the score reaches the threshold; infinite if none does."""
    hits = np.flatnonzero(score >= threshold)
    return float(hits[0] + WINDOW.seconds) if len(hits) else float("inf")


def scores(sessions: Sequence[Session], *, drawn: bool) -> dict[str, list[Floats]]:
    """The score over time of every session, or of every draw of MC over it, by order."""
    rng = np.random.default_rng(5)
    found: dict[str, list[Floats]] = {}
    for each in sessions:
        rows = [choice_so_far(each.D, rng) for _ in range(DRAWS)] if drawn else [best_so_far(each.D)]
        found.setdefault(each.order, []).extend(rows)
    return found


def waits(found: dict[str, list[Floats]], after_s: int) -> dict[str, list[float]]:
    """Seconds to the score of fixed order after a given time, by order."""
    threshold = float(np.mean([row[after_s - int(WINDOW.seconds)] for row in found["fixed"]]))
    return {order: [seconds_to(row, threshold) for row in rows] for order, rows in found.items()}


def report(heard: dict[str, list[Session]]) -> None:
    """Print the tables: D of the first window and the best, then the seconds to the thresholds."""
    names = list(dict.fromkeys(each.order for sessions in heard.values() for each in sessions))
    print("\nvoices: " + ", ".join(heard))
    print(f"\n{'D':14s} of the first window / the best in {SESSION_S} s, by voice")
    for name in names:
        cells = [np.array([each.D for each in rows if each.order == name]) for rows in heard.values()]
        print(f"{name:14s} " + "  ".join(f"{D[:, 0].mean():6.1f} /{D.max(axis=1).mean():6.1f}" for D in cells))
    for drawn, title in ((False, "MC the same for all: D"), (True, f"MC drawn {DRAWS} times a session: I")):
        found = [scores(rows, drawn=drawn) for rows in heard.values()]
        for after_s in THRESHOLDS_S:
            print(f"\n{title}. Seconds to what fixed order has after {after_s} s")
            print(f"{'':14s} median (10 %, 90 %), not reached; medians by voice")
            by_voice = [waits(each, after_s) for each in found]
            for name in names:
                medians = "".join(f"{np.median(each[name]):7.0f}" for each in by_voice)
                print(f"{name:14s} {_quantiles([wait for each in by_voice for wait in each[name]])} {medians}")


def _quantiles(seconds: list[float]) -> str:
    low, middle, high = np.quantile(seconds, (0.1, 0.5, 0.9), method="nearest")
    return f"{middle:5.0f} ({low:3.0f}, {high:3.0f})  {np.isinf(seconds).mean():4.0%}"


def main() -> None:
    """Run the sessions and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", nargs="?", default="en", choices=sorted(VOICES), metavar="LANGUAGE")
    parser.add_argument("--sessions", type=int, default=4, help="of each voice and order")
    parser.add_argument("--ablation", action="store_true", help="also by the phones alone and by the spread alone")
    parser.add_argument("--save", type=Path, help="file for D of every window, JSON")
    asked = parser.parse_args()
    prompts = read_prompts(FOLDER / f"{asked.language}.json").prompts
    encoder = load_encoder("speech-embedding", None, "cpu")
    heard: dict[str, list[Session]] = {}
    for voice in HELD_OUT[asked.language]:
        rows = heard.setdefault(f"{voice.program} {voice.name}", [])
        for session in range(asked.sessions):
            for name, order in orders(prompts, session, asked.sessions, ablation=asked.ablation).items():
                texts = [spoken(asked.language, prompts[index].text) for index in order]
                sound = read_aloud(voice, texts, np.random.default_rng(session))
                rows.append(Session(name, listen(encoder, sound)))
        print(f"{asked.language}: {voice.program} {voice.name} read", flush=True)
    if asked.save:
        results = {voice: [[each.order, each.D.tolist()] for each in rows] for voice, rows in heard.items()}
        asked.save.write_text(json.dumps(results))
    report(heard)


if __name__ == "__main__":
    main()
