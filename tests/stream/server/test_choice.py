"""The lengths of windows that a sender may choose."""

from collections.abc import Iterator

import httpx
import pytest
from serving import Served, served

from take5.client.pages import PAGES, PROMPTS
from take5.scoring.parameters import Parameters
from take5.scoring.stopping import StopRules
from take5.stream.analysis.models import Models
from take5.stream.server.errors import Refused
from take5.stream.server.lengths import OFFERED_S, Choice, Scoring
from take5.stream.settings import Settings

THRESHOLD = StopRules(stop_at=1120.0)


@pytest.fixture(scope="module")
def server(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(
        models, tmp_path_factory.mktemp("out"), network={"seconds": OFFERED_S}, pages=PAGES, prompts=PROMPTS
    ) as running:
        yield running


def test_a_sender_chooses_among_what_is_offered() -> None:
    choice = Choice(Scoring("speech-embedding", "mediapipe", Settings(), THRESHOLD), (10.0, 3.0))
    assert choice.seconds == (3.0, 5.0, 10.0)
    assert choice.chosen([]) is choice.scoring
    both = choice.chosen(["5", "10"])
    assert (both.settings.seconds, both.rules) == ((5.0, 10.0), THRESHOLD)
    assert (both.about.window_s, both.about.also) == (5.0, (10.0,))


def test_a_threshold_does_not_hold_for_another_length() -> None:
    choice = Choice(
        Scoring("speech-embedding", "mediapipe", Settings(), StopRules(stop_at=900.0, cap_s=30.0)), OFFERED_S
    )
    ten = choice.chosen(["10"])
    assert (ten.settings.seconds, ten.rules.stop_at, ten.rules.cap_s) == ((10.0,), None, 30.0)


@pytest.mark.parametrize("texts", [["7"], ["5", "5"], ["ten"], ["nan"], ["5", "10", "3"]])
def test_anything_else_is_refused(texts: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        Choice(Scoring("speech-embedding", "mediapipe", Settings(), THRESHOLD), OFFERED_S).chosen(texts)
    assert (refused.value.status, refused.value.code) == (400, "bad_request")


def test_what_the_hop_does_not_divide_is_not_offered() -> None:
    settings = Settings(Parameters(6.0, hop=2.0))
    assert Choice(Scoring("speech-embedding", "mediapipe", settings, THRESHOLD), OFFERED_S).seconds == (6.0, 10.0)


def test_the_page_learns_what_is_offered_and_a_wrong_length_is_refused(server: Served) -> None:
    config = httpx.get(f"{server.address}/api/config").json()
    assert (config["lengths"], config["lengths_by_default"], config["window_s"]) == ([5.0, 10.0], [5.0], 5.0)
    for silence_s in ("0", "61", "nan", "long"):
        assert server.post(f"/whip/ann?silence_s={silence_s}").json()["code"] == "bad_request"
    refused = server.post("/whip/ann?seconds=7")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


def test_sentences_are_chosen_for_the_length(server: Served) -> None:
    address = f"{server.address}/api/prompts/en"
    usual, long = (httpx.get(f"{address}?heard=1,2,3{more}").json()["prompts"] for more in ("", "&seconds=10"))
    assert sum(each["seconds"] for each in long) > 10
    assert [each["id"] for each in usual] != [each["id"] for each in long]
    assert httpx.get(f"{address}?seconds=3").status_code == 400
