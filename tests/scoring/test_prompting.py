"""Which sentence comes next, the lists that ship, and the server's answers about them."""
# ruff: noqa: RUF001, S311 - phones are written in IPA; chance is no secret here

import asyncio
import importlib.util
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from scripts.make_prompts import phones, syllables
from take5.client.pages import PROMPTS
from take5.scoring.errors import ParameterError
from take5.scoring.prompting import REST, WINDOW_S, Prompt, choose, last_window, plan, variety, worth
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.server import prompter
from take5.stream.server.errors import Refused, refused
from take5.stream.server.sessions import sessions_for
from take5.stream.settings import Settings
from take5.stream.texts.prompts import PromptList, read_folder, read_prompts

LISTS = sorted(path.stem for path in PROMPTS.glob("*.json"))
Get = Callable[[str], httpx.Response]
INITIALS = set("b p m f d t n l g k h j q x zh ch sh r z c s".split())  # noqa: SIM905
FINALS = set(
    "a o e i ɨ ɿ u v ai ei ao ou an en ang eng ong er ia ie iao iou ian in iang ing iong "  # noqa: SIM905
    "ua uo uai uei uan uen uang ueng ve van vn".split()
)


@pytest.fixture(scope="module")
def lists() -> dict[str, PromptList]:
    return read_folder(PROMPTS)


def prompt(phones: str, spread: float = 1.0, seconds: float = 2.5) -> Prompt:
    return Prompt(phones, tuple(phones.split()), seconds, spread)


# --- the choice ----------------------------------------------------------------------------------------------------


def test_variety_is_the_chance_that_two_phones_differ() -> None:
    rng = random.Random(1)
    for _ in range(20):
        phones = [rng.choice("abcde") for _ in range(rng.randint(1, 30))]
        pairs = [(one, other) for one in phones for other in phones]
        assert variety(phones) == pytest.approx(sum(one != other for one, other in pairs) / len(pairs))
    assert variety([]) == 0.0


def test_the_window_is_what_was_heard_last() -> None:
    prompts = [prompt("a", seconds=2.0), prompt("b", seconds=4.0), prompt("c", seconds=3.0)]
    assert last_window(prompts, [0, 1, 2]) == [1, 2]
    assert last_window(prompts, [0, 1, 2], 3.0) == [2]
    assert last_window(prompts, [2, 0], WINDOW_S) == [2, 0]
    assert last_window(prompts, []) == []


def test_the_choice_is_the_sentence_of_highest_worth() -> None:
    rng = random.Random(2)
    prompts = [prompt(" ".join(rng.choices("abcdefghij", k=8)), rng.uniform(0.9, 1.1)) for _ in range(30)]
    heard: list[int] = []
    for _ in range(25):
        before = [phone for index in last_window(prompts, heard, WINDOW_S - 2.5) for phone in prompts[index].phones]
        left = [index for index in range(30) if index not in heard]
        best = max(left, key=lambda index: worth(prompts[index], before))
        assert choose(prompts, heard) == best
        heard.append(best)


def test_a_sentence_with_other_phones_comes_before_one_with_the_same() -> None:
    prompts = [prompt("a b a b"), prompt("a b a b"), prompt("c d c d")]
    assert choose(prompts, []) == 0
    assert choose(prompts, [0]) == 2


def test_the_wider_spread_comes_first() -> None:
    assert choose([prompt("a b"), prompt("a b", 1.2), prompt("a b", 1.1)], []) == 1


def test_none_comes_twice_and_those_passed_over_do_not_come() -> None:
    prompts = [prompt(f"a{i} b c", 1 + i / 100) for i in range(40)]
    chosen = plan(prompts, [], [7, 8], 38)
    assert sorted(chosen) == [index for index in range(40) if index not in (7, 8)]


def test_a_list_that_was_read_through_begins_anew_with_what_was_heard_long_ago() -> None:
    prompts = [prompt(f"a{i} b c", 1 + i / 100) for i in range(REST + 5)]
    chosen = plan(prompts, [], [], 3 * len(prompts))
    for position, index in enumerate(chosen):
        assert index not in chosen[max(0, position - REST) : position]
    assert plan(prompts[:1], [0], [], 2) == [0, 0]


def test_a_plan_is_the_same_however_it_was_asked_for() -> None:
    rng = random.Random(3)
    prompts = [prompt(" ".join(rng.choices("abcdefgh", k=9)), rng.uniform(0.9, 1.1)) for _ in range(50)]
    whole = plan(prompts, [], [3], 30)
    heard: list[int] = []
    while len(heard) < 30:
        heard += plan(prompts, heard, [3], min(rng.randint(1, 6), 30 - len(heard)))
    assert heard == whole


@pytest.mark.parametrize("heard", [[5], [-1]])
def test_numbers_that_are_not_in_the_list_are_refused(heard: list[int]) -> None:
    with pytest.raises(ParameterError, match=rf"prompt {heard[0]} is not in this list: it has the numbers 0 to 1"):
        choose([prompt("a"), prompt("b")], heard)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ParameterError, match="at least one sentence"):
        choose([], [])


# --- the lists -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LISTS)
def test_a_list_says_what_its_text_file_says(language: str, lists: dict[str, PromptList]) -> None:
    texts = [each.text for each in lists[language].prompts]
    assert texts == (PROMPTS / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    assert len(set(texts)) == len(texts)
    for each in lists[language].prompts:
        assert len(each.phones) >= 8, each.text
        assert 1 < each.seconds < 8, each.text
        assert 0.7 < each.spread < 1.3, each.text
    assert sum(each.spread for each in lists[language].prompts) / len(texts) == pytest.approx(1, abs=1e-3)


def test_english_is_the_720_sentences_of_1969(lists: dict[str, PromptList]) -> None:
    texts = [each.text for each in lists["en"].prompts]
    assert len(texts) == 720
    for number, first in {1: "The birch canoe", 11: "Oak is strong", 41: "A pod is what", 72: "A gold ring"}.items():
        assert texts[10 * (number - 1)].startswith(first), f"list {number}"
    assert texts[719] == "When you hear the bell, come quickly."
    assert all(text[0].isupper() and text[-1] == "." and text.isascii() and "  " not in text for text in texts)
    assert all(5 <= len(text.split()) <= 12 for text in texts)


def test_every_phone_is_in_many_sentences_of_english(lists: dict[str, PromptList]) -> None:
    seen = Counter(phone for each in lists["en"].prompts for phone in set(each.phones))
    for phone in "p b t d k ɡ m n ŋ f v θ ð s z ʃ tʃ dʒ h l ɹ w j iː ɪ ɛ æ ɑː ɔː ʊ uː ʌ ɜː ə eɪ aɪ ɔɪ aʊ oʊ".split():  # noqa: SIM905
        assert seen[phone] >= 20, phone


def test_mandarin_has_all_initials_and_finals(lists: dict[str, PromptList]) -> None:
    prompts = lists["zh-Hans"].prompts
    assert len(prompts) >= 120
    seen = Counter(phone for each in prompts for phone in set(each.phones))
    assert set(seen) == INITIALS | FINALS
    assert min(count for final, count in seen.items() if final != "ueng") >= 5


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
def test_the_english_phones_are_what_espeak_ng_says(lists: dict[str, PromptList]) -> None:
    for each in lists["en"].prompts[::90]:
        assert phones("en", each.text) == list(each.phones)


@pytest.mark.skipif(importlib.util.find_spec("pypinyin") is None, reason="needs pypinyin")
def test_the_mandarin_phones_and_tones_are_what_pypinyin_says(lists: dict[str, PromptList]) -> None:
    assert {tone for each in lists["zh-Hans"].prompts for *_, tone in syllables(each.text)} == set("12345")
    for each in lists["zh-Hans"].prompts:
        assert phones("zh-Hans", each.text) == list(each.phones)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"language": "en", "name": "E", "prompts": [{"text": "a"}]}'])
def test_a_broken_list_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "en.json"
    path.write_text(text)
    with pytest.raises(ParameterError, match=r"en\.json: not a list of prompts .*make_prompts"):
        read_prompts(path)


# --- the server ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def get(lists: dict[str, PromptList], models: Models, tmp_path_factory: pytest.TempPathFactory) -> Get:
    routes = [Route("/api/prompts", prompter.languages), Route("/api/prompts/{language}", prompter.following)]
    app = Starlette(routes=routes, exception_handlers={Refused: refused})
    app.state.prompts = lists
    app.state.sessions = sessions_for(models, Settings(), StopRules(), tmp_path_factory.mktemp("out"), 1)

    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://take5") as client:
            return await client.get(path)

    return lambda path: asyncio.run(ask(path))


def test_the_server_names_its_languages(get: Get) -> None:
    told = get("/api/prompts").json()["languages"]
    assert told == [{"language": "en", "name": "English"}, {"language": "zh-Hans", "name": "简体中文"}]


def test_the_server_plans_from_what_was_heard(get: Get, lists: dict[str, PromptList]) -> None:
    prompts = lists["en"].prompts
    told = get("/api/prompts/en?heard=17,3&passed=5").json()
    chosen = plan(prompts, [17, 3], [5], prompter.AHEAD)
    assert [row["id"] for row in told["prompts"]] == chosen
    first = prompts[chosen[0]]
    assert told["prompts"][0] == {"id": chosen[0], "text": first.text, "seconds": first.seconds}


def test_the_server_has_no_list_in_other_languages(get: Get) -> None:
    answer = get("/api/prompts/tlh")
    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "error": "there are no prompts in 'tlh'; there are: en, zh-Hans"}


@pytest.mark.parametrize("query", ["heard=720", "heard=-1", "passed=1,x", "heard=²", "passed=" + "1," * 1001])
def test_the_server_refuses_other_numbers(get: Get, query: str) -> None:
    answer = get(f"/api/prompts/en?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"
    assert "numbers from 0 to 719" in answer.json()["error"]
