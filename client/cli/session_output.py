"""What ``take5 sessions`` prints."""

import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from take5.client.cli.tables import printable, table

if TYPE_CHECKING:
    from take5.client.platform.models import Consented, CreatedSession, Session, Take

NONE = "-"
WHITE_ON_BLACK, RESET = "\x1b[97;40m", "\x1b[0m"
HALF_BLOCK = "\N{UPPER HALF BLOCK}"


def json_text(shown: object, **more: object) -> str:
    """Models as JSON; ``more`` are further keys."""
    import msgspec

    built: Any = msgspec.to_builtins(shown)
    return json.dumps(built if not more else {**built, **msgspec.to_builtins(more)}, indent=2)


def created_lines(created: "CreatedSession") -> str:
    """A new session, what each holder gets, and until when."""
    links, secrets = created.links, created.secrets
    rows = [
        ("session", created.id),
        ("expires", time_text(created.expires)),
        ("person", links.person),
        ("sender", f"{links.sender}  (WHIP; in OBS: Server)"),
        ("", f"{secrets.sender}  (Bearer Token)"),
        ("follower", links.follower),
    ]
    return table(rows)


def sessions_table(sessions: "Sequence[Session]") -> str:
    """Sessions, a line each."""
    rows = [("ID", "STATE", "LABEL", "PERSON", "CREATED", "EXPIRES")]
    for each in sessions:
        times = time_text(each.created), time_text(each.expires)
        rows.append((each.id, each.state, each.label or NONE, each.person or NONE, *times))
    return table(rows)


def session_lines(session: "Session") -> str:
    """A session, a line for each field that it has."""
    fields = {
        "session": session.id,
        "state": session.state,
        "failure": session.failure,
        "label": session.label,
        "person": session.person,
        "language": session.language,
        "strictness": session.strictness,
        "trainers": session.trainers and ", ".join(session.trainers),
        "stop": session.stop and ", ".join(f"{name} {value:g}" for name, value in session.stop.items()),
        "consent": session.consent,
        "consented": session.consented and _consented(session.consented),
        "accepted": session.accepted,
        "hook": session.hook and session.hook.get("url"),
        "folder": session.folder,
        "created": time_text(session.created),
        "expires": time_text(session.expires),
        "ended": session.ended and time_text(session.ended),
        "erases": session.erases and time_text(session.erases),
        "deleted": session.deleted and f"{time_text(session.deleted)} ({session.erase_reason or 'requested'})",
    }
    return table([(name, value) for name, value in fields.items() if value])


def _consented(consented: "Consented") -> str:
    said = f", said in {consented.spoken.file}" if consented.spoken else ""
    return f"{consented.name}, {time_text(consented.time)}{said}"


def takes_table(takes: "Sequence[Take]") -> str:
    """Takes, a line each."""
    rows = [("TAKE", "STATE", "STARTED", "BUNDLES", "ABOUT")]
    for take in takes:
        bundles = ", ".join(dict.fromkeys(bundle.trainer for bundle in take.bundles if bundle.error is None))
        about = "accepted" if take.accepted else printable(take.failure or "")
        rows.append((take.id, take.state, time_text(take.started), bundles or NONE, about))
    return table(rows)


def time_text(time: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return NONE if time is None else f"{time:%Y-%m-%d %H:%M}"


def qr_code(text: str, encoding: str | None) -> str:
    """A QR code for terminals, white on black; a terminal that cannot show half blocks gets a larger one."""
    import segno

    drawn, compact = io.StringIO(), _encodes(HALF_BLOCK, encoding)
    segno.make(text, micro=False).terminal(drawn, compact=compact, border=2)
    lines = drawn.getvalue().splitlines()
    return "\n".join(f"{WHITE_ON_BLACK}{line}{RESET}" if compact else line for line in lines)


def _encodes(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
