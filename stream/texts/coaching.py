"""What the coach says, in words: one JSON file a language, for the events, the terminal and the page alike."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from take5.scoring.errors import ParameterError

COACHING = Path(__file__).parent / "coaching"
"""Holds LANGUAGE.json, LANGUAGE as BCP 47 writes it; the server shows the folder as ``coaching/``."""

GOOD = "good"
"""Key of what is said of an instruction that has been followed."""

ENGLISH = "en"


@cache
def languages() -> tuple[str, ...]:
    """Languages that there are texts in."""
    return tuple(sorted(path.stem for path in COACHING.glob("*.json")))


@cache
def coaching_texts(language: str = ENGLISH) -> Mapping[str, str]:
    """Texts of a language by the instruction's code.

    Raises
    ------
    ParameterError
        If there are none in this language.
    """
    if language not in languages():
        raise ParameterError(f"there is no coaching in {language!r}; choose one of {', '.join(languages())}")
    texts: Mapping[str, str] = json.loads((COACHING / f"{language}.json").read_text(encoding="utf-8"))["texts"]
    return texts


def preferred(wanted: Iterable[str]) -> str:
    """The language for a person who reads these, the dearest first: ``de_AT.UTF-8`` and ``zh-CN`` are understood.

    English where there is none of them.
    """
    for tag in wanted:
        spoken = tag.replace("_", "-").split("-")[0].split(".")[0].lower()
        for language in languages():
            if language.split("-")[0] == spoken:
                return language
    return ENGLISH
