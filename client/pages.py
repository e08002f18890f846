"""Where the page is that the server shows."""

from pathlib import Path

PAGES = Path(__file__).parent / "web"
