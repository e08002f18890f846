"""The lists of sentences on disk: one JSON file a language, made by ``scripts/make_prompts.py``."""

import json
from dataclasses import dataclass
from pathlib import Path

from take5.scoring.errors import ParameterError
from take5.scoring.prompting import Prompt


@dataclass(frozen=True)
class PromptList:
    """The sentences of one language.

    Attributes
    ----------
    language : str
        As BCP 47 writes it: ``en``, ``zh-Hans``.
    name : str
        Of the language, in itself.
    prompts : tuple of Prompt
        In the order of the list's source.
    """

    language: str
    name: str
    prompts: tuple[Prompt, ...]


def read_prompts(path: Path) -> PromptList:
    """Read one list.

    Raises
    ------
    ParameterError
        If the file is not such a list.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        prompts = tuple(
            Prompt(row["text"], tuple(row["phones"].split()), float(row["seconds"]), float(row["spread"]))
            for row in content["prompts"]
        )
        return PromptList(content["language"], content["name"], prompts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ParameterError(f"{path}: not a list of prompts ({error}); scripts/make_prompts.py makes it") from error


def read_folder(folder: Path) -> dict[str, PromptList]:
    """All lists of a folder by language, those in the order of their names."""
    lists = (read_prompts(path) for path in sorted(folder.glob("*.json")))
    return {each.language: each for each in lists}
