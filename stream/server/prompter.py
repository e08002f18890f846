"""The sentences for people to read aloud: which languages there are, and what to show next."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from take5.scoring.prompting import plan
from take5.stream.server.errors import Refused
from take5.stream.texts.prompts import PromptList

AHEAD = 6
"""Sentences in an answer: about 15 s, so that a lost answer does not leave a reader without one."""

MOST_TOLD = 1000
"""Numbers that a request may name."""


async def languages(request: Request) -> Response:
    """Return the languages that there are lists in."""
    lists = _lists(request)
    return JSONResponse({"languages": [{"language": each.language, "name": each.name} for each in lists.values()]})


async def following(request: Request) -> Response:
    """Return the sentences to show next, given the numbers of those heard and of those passed over."""
    language, lists = request.path_params["language"], _lists(request)
    if language not in lists:
        known = ", ".join(lists) or "none"
        raise Refused(404, "not_found", f"there are no prompts in {language!r}; there are: {known}")
    prompts = lists[language].prompts
    heard, passed = (_numbers(request, name, len(prompts)) for name in ("heard", "passed"))
    chosen = await run_in_threadpool(plan, prompts, heard, passed, AHEAD)
    rows = [{"id": index, "text": prompts[index].text, "seconds": prompts[index].seconds} for index in chosen]
    return JSONResponse({"language": language, "prompts": rows})


def _lists(request: Request) -> Mapping[str, PromptList]:
    lists: Mapping[str, PromptList] = request.app.state.prompts
    return lists


def _numbers(request: Request, name: str, count: int) -> list[int]:
    """The numbers that a query parameter names, as ``3,17``."""
    text = request.query_params.get(name, "")
    numbers = [int(part) if part.isascii() and part.isdigit() else -1 for part in text.split(",") if part]
    if len(numbers) > MOST_TOLD or not all(0 <= number < count for number in numbers):
        rule = f"expected at most {MOST_TOLD} numbers from 0 to {count - 1} with commas between"
        raise Refused(400, "bad_request", f"{name}={text[:40]!r} is no list of prompts; {rule}")
    return numbers
