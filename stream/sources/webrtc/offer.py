"""A sender's offer before aiortc reads it: what it may leave out is filled in, what it must not is said in words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from take5.scoring.errors import OfferMalformed, OfferUnusable

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
NAMES = {"video": "picture", "audio": "sound"}
KNOWN = (*NAMES, "application")

REQUIRED = {
    "ice-ufrag": "the connection is made by ICE",
    "ice-pwd": "the connection is made by ICE",
    "fingerprint": "media are encrypted with DTLS",
    "setup": "media are encrypted with DTLS: a=setup:actpass",
    "rtcp-mux": "reports come on the port of the media",
}
"""Attributes that each track, or the whole offer, must have, and what for."""

FLAGS = ("rtcp-mux",)
"""Those without a value; they concern media only."""

VALUES = {
    "rtpmap": r"\d+ [^/ ]+/\d+(/\d+)?",
    "fmtp": r"\d+ .+",
    "rtcp-fb": r"(\d+|\*) .+",
    "extmap": r"\d+(/\w+)? \S+.*",
    "ssrc": r"\d+ .+",
    "rtcp": r"\d+.*",
    "fingerprint": r"\S+ \S+",
    "setup": r"active|passive|actpass",
    "candidate": r"\S+ \d+ \S+ \d+ \S+ \d+ typ \S+.*",
    "ptime": r"\d+",
}
"""Forms of attributes, where the SDP has one that others rely on."""

SHOWN_CHARACTERS = 60
"""How much of a line to repeat in an error."""


@dataclass(frozen=True)
class Section:
    """A track of an offer: its kind, and its lines, each with its number in the offer."""

    kind: str
    lines: Sequence[tuple[int, str]]

    def values(self, attribute: str) -> list[str]:
        """Values of the lines ``a=attribute:value``, empty for ``a=attribute``."""
        split = (line[2:].partition(":") for _, line in self.lines if line.startswith("a="))
        return [value.strip() for name, _, value in split if name == attribute]

    def has(self, attribute: str) -> bool:
        """Whether it states an attribute, with a value if it needs one."""
        found = self.values(attribute)
        return bool(found) and (attribute in FLAGS or any(found))


def prepared(offer: str) -> str:
    """Return the offer with a direction and a name for each track, which senders may leave out.

    Raises
    ------
    OfferMalformed
        If it is not SDP.
    OfferUnusable
        If it does not offer one picture and one sound.
    """
    lines = re.split(r"\r\n|\r|\n", offer.lstrip("\ufeff\r\n "))
    if lines[0].strip() != "v=0":
        raise OfferMalformed("the body is not SDP: it must begin with v=0")
    whole, *sections = _sections(lines)
    for kind, name in NAMES.items():
        _check_track([section for section in sections if section.kind == kind], kind, name, _direction(whole))
    other = next((section.kind for section in sections if section.kind not in KNOWN), None)
    if other is not None:
        raise OfferUnusable(f"the offer has a track of kind {other!r}; take5 takes one picture and one sound, no other")
    _check_encryption(whole, sections)
    return "\r\n".join([*(line for _, line in whole.lines if line), *_completed(whole, sections)]) + "\r\n"


def fault(offer: str) -> str:
    """Say what is wrong with an offer that cannot be answered."""
    whole, *sections = _sections(re.split(r"\r\n|\r|\n", offer))
    for section in sections:
        for attribute, reason in REQUIRED.items():
            wanted = section.kind in NAMES or (section.kind in KNOWN and attribute not in FLAGS)
            if wanted and not section.has(attribute) and not whole.has(attribute):
                return f"its {section.kind} track has no a={attribute} line ({reason})"
    for number, line in [pair for section in (whole, *sections) for pair in section.lines]:
        if not _readable(line):
            return f"line {number} cannot be read: {line[:SHOWN_CHARACTERS]!r}"
    for section in sections:
        described = {value.partition(" ")[0] for value in section.values("rtpmap")}
        nameless = [number for number in section.lines[0][1].split()[3:] if number not in described]
        if section.kind in NAMES and nameless:
            return f"format {nameless[0]} of its {section.kind} track has no a=rtpmap line"
    return "send it as the browser or the encoder has made it, unchanged"


def _sections(lines: Sequence[str]) -> list[Section]:
    """What concerns the whole offer, and each track."""
    starts = [number for number, line in enumerate(lines) if line.startswith("m=")]
    numbered = list(enumerate(lines, 1))
    parts = [numbered[start:stop] for start, stop in zip([0, *starts], [*starts, len(lines)], strict=True)]
    return [Section("", parts[0]), *(Section(re.split(r"[ \t]", part[0][1][2:])[0], part) for part in parts[1:])]


def _check_track(found: Sequence[Section], kind: str, name: str, default: str | None) -> None:
    if len(found) != 1:
        raise OfferUnusable(f"the offer has {len(found)} {kind} tracks; take5 needs one {name}, and both of them")
    if (_direction(found[0]) or default) in ("recvonly", "inactive"):
        raise OfferUnusable(f"the offer does not send its {kind} track (a=recvonly or a=inactive)")
    if not _readable(found[0].lines[0][1]):
        raise OfferMalformed(f"the offer cannot be read: {found[0].lines[0][1]!r} is not m=KIND PORT PROTOCOL FORMATS")


def _check_encryption(whole: Section, sections: Sequence[Section]) -> None:
    for section in sections:
        if section.kind in NAMES and not section.has("fingerprint") and not whole.has("fingerprint"):
            raise OfferMalformed(
                f"the offer's {section.kind} track has no a=fingerprint line ({REQUIRED['fingerprint']})"
            )
    mids = [mid for section in sections for mid in section.values("mid")]
    twice = next((mid for mid in mids if mids.count(mid) > 1), None)
    if twice is not None:
        raise OfferMalformed(f"two tracks of the offer have the same name, a=mid:{twice}")


def _completed(whole: Section, sections: Sequence[Section]) -> Iterator[str]:
    """Yield the lines of the tracks, with what they leave out."""
    mids = {mid for section in sections for mid in section.values("mid")}
    unused = (str(number) for number in range(len(sections) + len(mids)) if str(number) not in mids)
    for section in sections:
        yield from (line for _, line in section.lines if line)
        if _direction(section) is None and section.kind in NAMES:
            yield f"a={_direction(whole) or 'sendrecv'}"
        if not section.values("mid"):
            yield f"a=mid:{next(unused)}"


def _direction(section: Section) -> str | None:
    return next((direction for direction in DIRECTIONS if section.values(direction)), None)


def _readable(line: str) -> bool:
    """Whether a line has the form that it must have, as far as that is known here."""
    if line.startswith("m="):
        return re.fullmatch(r"m=\w+ \d+(/\d+)? \S+( \S+)+ *", line) is not None
    if line.startswith("c="):
        return re.fullmatch(r"c=IN IP[46] \S+ *", line) is not None
    name, colon, value = line[2:].partition(":")
    if not line.startswith("a=") or name not in VALUES:
        return not line or re.match(r"[a-z]=", line) is not None
    return bool(colon) and re.fullmatch(VALUES[name], value.strip()) is not None
