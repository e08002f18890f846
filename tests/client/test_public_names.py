"""Public names are a promise: what they are, that each can be imported, and that the documents use no others."""

import ast
import re
from importlib import import_module

import pytest
from repository import ROOT

PUBLIC = {
    "take5": """
        BestChanged BrokenRule Bundle Event Features FileResult Finished GateConfig LibraryMissing MediaError
        MissingTrack ModelDamaged ModelError ModelMissing Models NoFace NoIdle OutputError OutputExists
        ParameterError Progress RequestRefused Result ServerError ServerUnreachable Session Stop StopRules Stopped
        Take5Error TooShort UnreadableMedia Warned WeightsMismatch Window load_models select
    """,
    "take5.client": "AsyncTake5 Take5 watch",
    "take5.server": """
        Admission Database Deliverables GateConfig HookDispatcher IceServer Listen PAGES PROMPTS Parameters Platform
        ServerOptions Sessions Settings StopRules UdpPorts Webhook create_app load_models parse_command run
        sessions_for usage wanted_for
    """,
}
REFERENCE = {"take5.scoring": {"algorithm1"}}
"""Algorithm 1's batch form, which docs/python.md compares with."""


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_these(module: str) -> None:
    public = import_module(module)
    assert sorted(public.__all__) == sorted(PUBLIC[module].split())
    assert all(getattr(public, name) is not None for name in public.__all__)


@pytest.mark.parametrize("document", ["live.md", "platform.md", "python.md", "server.md"])
def test_examples_import_public_names_alone(document: str) -> None:
    for example in re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / document).read_text(encoding="utf-8"), re.DOTALL
    ):
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("take5"):
                allowed = REFERENCE.get(node.module or "") or set(PUBLIC[node.module or ""].split())
                assert {alias.name for alias in node.names} <= allowed
