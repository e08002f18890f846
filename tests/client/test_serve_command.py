"""What ``take5 serve`` refuses before it listens."""

import pytest

from take5.client.cli import USAGE, run


@pytest.mark.parametrize(
    ("arguments", "environment", "fault"),
    [
        (["--token", ""], None, "the token is empty"),
        (["--token", "  "], None, "the token is empty"),
        ([], "", "the token is empty"),
        (["--host", "0.0.0.0"], None, "--token SECRET, or --open"),  # noqa: S104 - refused
        (["--host", "0.0.0.0", "--token", ""], "secret", "the token is empty"),  # noqa: S104
        (["--allow-origin", "studio.example"], None, "'studio.example' must be like https://studio.example"),
    ],
)
def test_a_server_that_would_not_be_what_it_seems_does_not_start(
    arguments: list[str],
    environment: str | None,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TAKE5_TOKEN", raising=False)
    if environment is not None:
        monkeypatch.setenv("TAKE5_TOKEN", environment)
    assert run(["serve", "--port", "0", *arguments]) == USAGE
    said = capsys.readouterr().err
    assert fault in said
    assert "Traceback" not in said
