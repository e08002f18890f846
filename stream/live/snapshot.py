"""What ``hello`` tells a new follower: the state of a capture so far."""

from dataclasses import dataclass

from take5.scoring.stopping import StopRules
from take5.stream.wire import Json


@dataclass(frozen=True)
class About:
    """What every session of a server has in common."""

    encoder: str
    window_s: float
    rules: StopRules

    def json(self) -> Json:
        """Return it as part of ``hello`` and of ``/api/config``."""
        return {"encoder": self.encoder, "window_s": self.window_s, "rules": rules_json(self.rules)}


def rules_json(rules: StopRules) -> Json:
    """The rules of ``docs/events.md``."""
    return {
        "stop_at": rules.stop_at,
        "floor_s": rules.floor_s,
        "gain": rules.gain,
        "gain_after_s": rules.gain_after_s,
        "cap_s": rules.cap_s,
        "idle_s": rules.idle_s,
    }
