"""Where the page is that the server shows."""

from pathlib import Path

PAGES = Path(__file__).parent / "web"
PROMPTS = Path(__file__).parent / "prompts"
"""The lists of sentences that the page shows to be read aloud."""
