"""The colours of page and figures: Okabe and Ito's colour-blind safe palette, as roles for light and dark."""

LIGHT = {
    "ground": "#f4f6f5",
    "card": "#ffffff",
    "ink": "#13201d",
    "soft": "#52625d",
    "line": "#dbe2df",
    "mute": "#8b9994",
    "gold": "#e69f00",
    "pool": "#0072b2",
    "reject": "#d55e00",
    "warn": "#cc79a7",
    "second": "#009e73",
}
"""Colour of each role on light ground; figures are drawn in them."""

DARK = LIGHT | {
    "ground": "#0c1211",
    "card": "#151d1b",
    "ink": "#ebf2ef",
    "soft": "#a6b6b1",
    "line": "#2a3633",
    "mute": "#77877f",
    "gold": "#f0ac35",
    "pool": "#56b4e9",
    "reject": "#ff8a3d",
    "warn": "#e09ac2",
    "second": "#2fd3a3",
}
"""The same on dark ground."""


def variables(colours: dict[str, str]) -> str:
    """CSS that gives the page's variables these colours."""
    return " ".join(f"--{role}: {colour};" for role, colour in colours.items())


def follow_page(svg: str) -> str:
    """Let a drawing's colours be those of the page that holds it, light or dark."""
    for role, colour in LIGHT.items():
        svg = svg.replace(colour, f"var(--{role})")
    return svg
