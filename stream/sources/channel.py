"""The channel of a recording that is scored: a name or a number, as ``--channel`` takes it."""

from take5.scoring.errors import ParameterError

AUTO, MIX = "auto", "mix"
PLACES = {"left": 0, "right": 1}


def checked_channel(channel: str | int) -> str:
    """Return ``auto``, ``mix``, ``left``, ``right`` or the number of a channel, from 1.

    Raises
    ------
    ParameterError
        If it is none of them.
    """
    name = str(channel)
    if name in (AUTO, MIX, *PLACES) or (name.isascii() and name.isdecimal() and int(name) >= 1):
        return name
    raise ParameterError(f"channel={channel!r} must be auto, mix, left, right, or a number from 1")


def place_of(channel: str) -> int | None:
    """Place of a channel among all, from 0; None for their mix."""
    if channel in (AUTO, MIX):
        return None
    return PLACES[channel] if channel in PLACES else int(channel) - 1
