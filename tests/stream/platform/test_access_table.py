"""The table of ``docs/platform.md`` that says what opens what: every route with everything that may be shown."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from access_stage import HOLDERS, ROUTES, Stage, staged

from take5.stream.analysis.models import Models

DOCS = Path(__file__).parents[3] / "docs" / "platform.md"
KEYS = ("key", "another key")
SHOWN = (*HOLDERS, "another session's", *KEYS, "nothing")
API = "/api/v1"
LAST = {("POST", "/sessions/{session_id}/cancel"): 1, ("DELETE", "/sessions/{session_id}"): 2}
"""What ends a session comes after everything else."""


@pytest.fixture(scope="module")
def stage(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(models, tmp_path_factory.mktemp("table")) as made:
        yield made


def test_the_table_says_what_the_server_does(stage: Stage) -> None:
    seen = _seen(stage)
    assert _written() == seen, "\n" + "\n".join("| " + " | ".join(row) + " |" for row in seen)


def _seen(stage: Stage) -> list[list[str]]:
    rows = []
    for method, path in [*ROUTES, *_api_routes(stage)]:
        statuses = [_word(stage, method, path, shown) for shown in SHOWN]
        name = "NAME" if path.startswith(API) else "ID"
        places = {"session_id": "ID", "name": name, "delivery_id": "DELIVERY"}
        places |= {each: each.upper() for each in ("file", "capture", "holder", "trainer")}
        rows.append([f"`{method} {path.format(**places)}`", *statuses])
    return rows


def _api_routes(stage: Stage) -> list[tuple[str, str]]:
    schema = httpx.get(f"{stage.server.address}{API}/openapi.json").json()
    found = [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]
    return [(method, API + path) for method, path in sorted(found, key=lambda route: LAST.get(route, 0))]


def _word(stage: Stage, method: str, path: str, shown: str) -> str:
    """What a request gets: "yes", unless it is refused for what it shows."""
    secrets = {"another session's": stage.b["secrets"]["person"], "nothing": None}
    secret = ({**stage.a["secrets"], **stage.keys} | secrets)[shown]
    if method == "WS":
        return _refusal(stage.status(method, path, stage.a, secret)) or "yes"
    names = {"session_id": stage.a["id"], "file": "clip.mp4", "capture": "1", "holder": "follower", "trainer": "raw"}
    names |= {"delivery_id": stage.delivery, "name": "clip.mp4" if path.startswith(API) else stage.a["id"]}
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    answer = httpx.request(method, stage.server.address + path.format(**names), headers=headers)
    if answer.status_code == 404 and "this key has no" in answer.text:
        return "404"
    return _refusal(answer.status_code) or "yes"


def _refusal(status: int) -> str | None:
    return str(status) if status in (401, 403) else None


def _written() -> list[list[str]]:
    text = DOCS.read_text()
    lines = text[text.index("### What opens what") :].split("\n\n")[2].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
