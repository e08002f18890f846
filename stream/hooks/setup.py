"""Who gets the notices of clips, as plain data."""

import msgspec

from take5.stream.hooks.command import parse_command
from take5.stream.hooks.dispatcher import TIMEOUT_S, HookDispatcher


class HookSetup(msgspec.Struct, frozen=True):
    """Who gets notices: a command, and an address with its secret."""

    command: str | None = None
    webhook: str | None = None
    secret: bytes = b""
    timeout_s: float = TIMEOUT_S

    def dispatcher(self) -> HookDispatcher:
        """Return what delivers them; raise ParameterError if a part is not valid."""
        command = None if self.command is None else parse_command(self.command)
        if self.webhook is None:
            return HookDispatcher(command, None, self.timeout_s)
        from take5.stream.hooks.webhook import Webhook

        return HookDispatcher(command, Webhook(self.webhook, self.secret), self.timeout_s)
