"""The sentences for people to read aloud: which languages there are, and what to show next."""

import math
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from take5.scoring.prompting import plan
from take5.stream.server.auth import sessions_of
from take5.stream.server.errors import Refused
from take5.stream.texts.prompts import PromptList

AHEAD = 6
"""Sentences in an answer, about 15 s, so that a lost answer does not leave a reader without one; longer windows have
more."""

SENTENCE_S = 2.5
"""How long a sentence takes, about."""

MOST_TOLD = 1000
"""Numbers that a request may name."""


async def languages(request: Request) -> Response:
    """Return the languages that there are lists in."""
    lists = _lists(request)
    return JSONResponse({"languages": [{"language": each.language, "name": each.name} for each in lists.values()]})


async def following(request: Request) -> Response:
    """Return the sentences to show next, given the numbers of those heard and of those passed over.

    They fit windows of ``seconds``, one of the lengths that senders may choose; by default the server's first.
    """
    language, lists = request.path_params["language"], _lists(request)
    if language not in lists:
        known = ", ".join(lists) or "none"
        raise Refused(404, "not_found", f"there are no prompts in {language!r}; there are: {known}")
    prompts = lists[language].prompts
    heard, passed = (_numbers(request, name, len(prompts)) for name in ("heard", "passed"))
    window_s = _window_s(request)
    count = max(AHEAD, math.ceil(window_s / SENTENCE_S) + 2)
    chosen = await run_in_threadpool(plan, prompts, heard, passed, count, window_s)
    rows = [{"id": index, "text": prompts[index].text, "seconds": prompts[index].seconds} for index in chosen]
    return JSONResponse({"language": language, "prompts": rows})


def _lists(request: Request) -> Mapping[str, PromptList]:
    lists: Mapping[str, PromptList] = request.app.state.prompts
    return lists


def _window_s(request: Request) -> float:
    sessions, text = sessions_of(request), request.query_params.get("seconds")
    if text is None:
        return sessions.about.window_s
    found = {f"{each:g}": each for each in sessions.seconds}
    if text not in found:
        raise Refused(400, "bad_request", f"seconds={text[:40]!r} is not one of {', '.join(found)}")
    return found[text]


def _numbers(request: Request, name: str, count: int) -> list[int]:
    """The numbers that a query parameter names, as ``3,17``."""
    text = request.query_params.get(name, "")
    numbers = [int(part) if part.isascii() and part.isdigit() else -1 for part in text.split(",") if part]
    if len(numbers) > MOST_TOLD or not all(0 <= number < count for number in numbers):
        rule = f"expected at most {MOST_TOLD} numbers from 0 to {count - 1} with commas between"
        raise Refused(400, "bad_request", f"{name}={text[:40]!r} is no list of prompts; {rule}")
    return numbers
