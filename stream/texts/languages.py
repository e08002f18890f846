"""The texts of a language, read from its JSON file, and which language a person reads."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from take5.scoring.errors import ParameterError

FOLDER = Path(__file__).parent
ENGLISH = "en"

GOOD = "good"
"""Key of the coach's praise after an instruction has been followed."""


class Reason(NamedTuple):
    """What was wrong, in a few words, and what to do about it, in a sentence."""

    short: str
    advice: str


@dataclass(frozen=True)
class Texts:
    """Those texts of a language that Python shows; the file holds the page's, too.

    Attributes
    ----------
    reasons : mapping of str to Reason
        By the code of a finding.
    coaching : mapping of str to str
        Instructions while a person talks, by code.
    strategies : mapping of str to str
        Why a window was chosen, by the strategy's name.
    stages : mapping of str to str
        Stages of the analysis of a file.
    states, stalled, warnings, stopped : mapping of str to str
        By the codes of the events.
    status, phrases, display : mapping of str to str
        Sentences that the page and the terminal share, ways to join texts, and labels of the live display.
    consent : mapping of str to str
        The sentence of consent that a person says.
    """

    reasons: Mapping[str, Reason]
    coaching: Mapping[str, str]
    strategies: Mapping[str, str]
    stages: Mapping[str, str]
    states: Mapping[str, str]
    stalled: Mapping[str, str]
    warnings: Mapping[str, str]
    stopped: Mapping[str, str]
    status: Mapping[str, str]
    phrases: Mapping[str, str]
    aspects: Mapping[str, str]
    aspect_states: Mapping[str, str]
    display: Mapping[str, str]
    consent: Mapping[str, str]


GROUPS = (
    "coaching",
    "strategies",
    "stages",
    "states",
    "stalled",
    "warnings",
    "stopped",
    "status",
    "phrases",
    "aspects",
    "aspect_states",
    "display",
    "consent",
)


@cache
def languages() -> tuple[str, ...]:
    """Languages that there are texts in."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def texts(language: str = ENGLISH) -> Texts:
    """The texts of a language.

    Raises
    ------
    ParameterError
        If there are none in this language.
    """
    if language not in languages():
        raise ParameterError(f"there are no texts in {language!r}; choose one of {', '.join(languages())}")
    found = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    reasons = {code: Reason(**words) for code, words in found["reasons"].items()}
    return Texts(reasons, **{group: found[group] for group in GROUPS})


def preferred(wanted: Iterable[str]) -> str:
    """The best language for a person who reads ``wanted``, preferred first; English if there is none of them.

    Tags such as ``zh-CN`` and locales such as ``de_AT.UTF-8`` are understood.
    """
    for tag in wanted:
        spoken = tag.replace("_", "-").split("-")[0].split(".")[0].lower()
        for language in languages():
            if language.split("-")[0] == spoken:
                return language
    return ENGLISH
