"""Which sentences of a language a page shows."""

import json
import re
from functools import cache
from typing import Any

from playwright.sync_api import Page

from take5.stream.texts.languages import FOLDER

VISIBLE = """() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement;
    if (around.closest('#language, script, noscript') || !around.checkVisibility()) continue;
    texts.push(node.data);
  }
  for (const element of document.querySelectorAll('[aria-label], [aria-valuetext], [alt], [title], [placeholder]'))
    if (element.checkVisibility() && !element.closest('#language'))
      for (const name of ['aria-label', 'aria-valuetext', 'alt', 'title', 'placeholder'])
        texts.push(element.getAttribute(name) ?? '');
  return [...new Set(texts.map((text) => text.trim()).filter(Boolean))];
}"""


def sentences_of(page: Page, language: str, other: str) -> list[str]:
    """Texts of a language that a page shows, its title and labels among them, where the other one says it otherwise."""
    known = templates(language, other)
    shown: list[str] = page.evaluate(VISIBLE)
    return [text for text in shown if any(template.fullmatch(text) for template in known)]


@cache
def templates(language: str, other: str) -> tuple[re.Pattern[str], ...]:
    """What matches the texts of a language that are not the same in the other one."""
    here, there = (
        dict(_leaves(json.loads((FOLDER / f"{each}.json").read_text("utf-8")))) for each in (language, other)
    )
    found = {text for path, text in here.items() if there.get(path) != text and re.sub(r"\{\w+\}|\W", "", text)}
    return tuple(re.compile(".+".join(map(re.escape, re.split(r"\{\w+\}", text))), re.DOTALL) for text in sorted(found))


def _leaves(node: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(node, str):
        return [(path, node)]
    return [leaf for key, value in node.items() for leaf in _leaves(value, f"{path}.{key}")]
