"""The texts that people read: one for each code, in each language, and none without a code."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from repository import ROOT

from take5.client.pages import PAGES
from take5.scoring.coaching_rules import TIPS
from take5.scoring.errors import ParameterError
from take5.scoring.gates.findings import Code
from take5.scoring.idle import IdleState
from take5.scoring.stopping import StopRule
from take5.scoring.strategy import STRATEGIES
from take5.stream.events import STOP_TEXTS, TROUBLE_TEXTS, Cause, Failure, State, Trouble
from take5.stream.server.app import CODES
from take5.stream.server.files import FILES
from take5.stream.texts.languages import ENGLISH, FOLDER, GOOD, GROUPS, languages, preferred, texts

FOR_PROGRAMS = {"wrong_type", "too_large", "bad_request", "invalid", "no_clip", "method_not_allowed", "refused"}
"""Codes of the server that no request of the page can cause."""

OF_PLATFORMS = {
    *("too_many_failures", "accepted", "consent_missing", "recording_invalid", "recording_silent"),
    *("offline", "weak_network"),
}
"""Codes of platforms' servers that the page shows as they are."""

BY_BROWSERS = {"NotFoundError", "NotAllowedError", "NotReadableError", "OverconstrainedError"}
"""Names of the exceptions that browsers throw for devices."""


def read(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def leaves(group: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text by its path."""
    if isinstance(group, str):
        yield path, group
        return
    for key, value in group.items():
        yield from leaves(value, f"{path}/{key}")


def scripts() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(PAGES.glob("*.js")))


def scripts_of(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def page_codes() -> set[str]:
    """The problems that the page finds by itself."""
    code = scripts()
    said = re.findall(r"(?:Refusal\(|#fail\(|gone\(|code: |return )'(\w+)'", code)
    chosen = re.findall(r"Refusal\(.* \? '(\w+)' : '(\w+)'\)|: '(internal)'", code)
    by_number = re.findall(r"\b\d{3,4}: '(\w+)'", code)
    meanings = re.findall(r": '(\w+)'", "".join(re.findall(r"OF_(?:LINKS|EMBEDS) = \{(.*)\}", code)))
    return {*said, *by_number, *meanings, *(each for pair in chosen for each in pair)} - {""}


def server_codes() -> set[str]:
    """The codes of the requests that the server refuses."""
    server = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "stream" / "server").glob("*.py"))
    return set(re.findall(r'Refused\(\s*\d+, "(\w+)"', server)) | set(CODES.values()) | {"refused"}


def test_each_language_has_the_same_texts_with_the_same_values_to_fill_in() -> None:
    assert set(languages()) == {"en", "zh-Hans"}
    english = dict(leaves(read(ENGLISH)))
    for language in languages():
        known = dict(leaves(read(language)))
        assert list(known) == list(english), language
        for path, text in known.items():
            assert text.strip() or path == "/phrases/list_separator", path
            assert sorted(re.findall(r"\{(\w*)\}", text)) == sorted(re.findall(r"\{(\w*)\}", english[path])), path
        assert known["/language"] == language


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("reasons", set(Code)),
        ("coaching", {GOOD, *(str(state) for state in IdleState), *(str(tip.code) for tip in TIPS)}),
        ("strategies", set(STRATEGIES) - {"full"}),
        ("stages", {"sound", "faces"}),
        ("states", set(State)),
        ("stalled", {"picture", "sound", "both", *Cause}),
        ("warnings", set(Trouble)),
        ("stopped", {*StopRule, "ended_outside", "stop_at"}),
        ("files", set(FILES)),
    ],
)
def test_each_code_has_a_text_and_each_text_a_code(group: str, codes: set[str]) -> None:
    assert set(read(ENGLISH)[group]) == codes


def test_each_error_has_a_text_and_each_text_an_error() -> None:
    known = set(read(ENGLISH)["errors"])
    server = server_codes()
    assert server >= {"busy", "full", "bad_sdp", "unauthorized"}
    assert page_codes() >= {"unreachable", "no_camera", "gone", "restarted", "wrong_token"}
    assert known == (server - FOR_PROGRAMS) | set(Failure) | page_codes() | OF_PLATFORMS | BY_BROWSERS
    for error in read(ENGLISH)["errors"].values():
        assert set(error) == {"title", "advice"}
        assert not error["title"].endswith(".")


def test_the_page_uses_every_text_that_is_its_own() -> None:
    found = read(ENGLISH)
    code = scripts()
    markup = "".join(file.read_text(encoding="utf-8") for file in PAGES.glob("*.html"))
    named = set(re.findall(r'data-(?:text|label)="(\w+)"', markup))
    used = named | set(re.findall(r"texts\.page\.(\w+)", code))
    assert set(found["page"]) == used
    for group in ("meters", "chart", "result", "controls", "overlay", "way"):
        assert set(found[group]) == set(re.findall(rf"texts\.{group}\.(\w+)", code)), group
    assert set(found["network"]) == set(re.findall(r"\bnetwork\.(\w+)", code)) - {"js"}
    assert set(found["embed"]) == set(re.findall(r"\bembed\.(\w+)", code))
    values = set(re.findall(r"texts\.obs_values\.(\w+)", code))
    verdicts = {"good", "bad", "unknown"}
    assert set(found["obs_values"]) == values | {"good", "bad"} | {f"reconnect_{verdict}" for verdict in verdicts}
    assert set(found["obs"]) == set(re.findall(r"(?:check\(|id: )'(\w+)'", scripts_of("obs_checks.js")))
    shown = set(re.findall(r"(?:texts\.)?status\.(\w+)", code)) - {"json"}
    shown_by = (ROOT / "client" / name for name in ("live_display.py", "live_meters.py"))
    display = "".join(path.read_text(encoding="utf-8") for path in shown_by)
    shown |= set(re.findall(r'status\["(\w+)"\]', display))
    assert set(found["status"]) == shown
    words = re.findall(r'(?:words|display)\["(\w+)"(?: if one else "(\w+)")?\]', display)
    assert set(found["display"]) == {word for pair in words for word in pair if word}
    assert set(GROUPS) <= set(found)


def test_each_cause_of_a_problem_with_devices_has_a_text_for_every_system() -> None:
    code = (PAGES / "mend.js").read_text(encoding="utf-8")
    causes = {*re.findall(r"\w+: '(\w+)'", code), *re.findall(r"(?:(?<!\?)\? |adviceFor\()'(\w+)'", code)}
    found = read(ENGLISH)["mend"]
    assert set(found) == causes
    assert all("other" in texts_of for texts_of in found.values())


def test_coaching_is_short_and_unmistakable_and_reasons_end_as_they_should() -> None:
    for language in languages():
        coaching = texts(language).coaching
        assert all(0 < len(text) <= 75 for text in coaching.values())
        assert len(set(coaching.values())) == len(coaching)
        for reason in texts(language).reasons.values():
            assert reason.advice[-1] in ".。"
            assert reason.short[-1] not in ".。"


def test_events_carry_texts_of_their_own_for_the_same_codes() -> None:
    """Programs and logs read those of the events, people these: neither may lack a code of the other."""
    assert set(TROUBLE_TEXTS) == set(texts().warnings)
    assert {*STOP_TEXTS, "ended_outside", "stop_at"} == set(texts().stopped)


def test_the_language_of_a_person() -> None:
    assert preferred(["zh_CN.UTF-8"]) == preferred(["de", "zh-Hans-CN", "en"]) == "zh-Hans"
    assert preferred(["en_GB.UTF-8", "zh-CN"]) == preferred(["C"]) == preferred([]) == "en"
    with pytest.raises(ParameterError, match=r"'xx'; choose one of en, zh-Hans"):
        texts("xx")
