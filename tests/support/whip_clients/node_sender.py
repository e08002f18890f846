"""The sender on libdatachannel, OBS's stack, as a process of its own."""

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from lossy_relay import LossyRelay
from repository import ROOT

FOLDER = Path(__file__).parent / "node"
ANSWER_S = 10.0
SENT, REFUSED, NEVER_CONNECTED, HUNG_UP = 0, 2, 3, 4


def missing() -> str | None:
    """What is not installed that it needs, or None."""
    if shutil.which("node") is None:
        return "node 18.20 or newer is not installed (apt install nodejs npm)"
    if not (FOLDER / "node_modules" / "node-datachannel").is_dir():
        return f"node-datachannel is not installed (npm ci --prefix {FOLDER.relative_to(ROOT)})"
    return None


class NodeSender:
    """A run of ``sender.mjs``; it goes on until everything is sent, or the server hangs up.

    Parameters
    ----------
    url : str
        WHIP address.
    packed : Path
        From :func:`whip_clients.packed.pack`.
    token : str, optional
        Bearer token.
    relay : LossyRelay, optional
        All media goes through it; it learns the server's address here.
    crash : bool
        It ends without a word.
    """

    def __init__(
        self,
        url: str,
        packed: Path,
        *,
        token: str | None = None,
        relay: LossyRelay | None = None,
        crash: bool = False,
    ) -> None:
        options = [*(["--token", token] if token else []), *(["--relay", relay.address] if relay else [])]
        options += ["--crash"] if crash else []
        self._process = subprocess.Popen(
            ["node", str(FOLDER / "sender.mjs"), url, str(packed), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.accepted = self._event()
        if relay is not None and self.accepted is not None:
            host, _, port = self.accepted["server"].partition(":")
            relay.server = (host, int(port))

    def _event(self) -> dict[str, Any] | None:
        """The next thing that it says; None if it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        event: dict[str, Any] | None = json.loads(line) if line else None
        return event

    def wait(self, timeout_s: float) -> tuple[int, str]:
        """Wait until it has ended; return its exit code and what it complained of."""
        try:
            _, complaint = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the sender did not end within {timeout_s} s") from None
        return self._process.returncode, complaint

    def leave(self) -> None:
        """End it at once, and tell the server that it has ended."""
        self.kill()
        if self.accepted is not None:
            ending = urllib.request.Request(self.accepted["resource"], method="DELETE")  # noqa: S310 - http, as told
            urllib.request.urlopen(ending, timeout=ANSWER_S).close()  # noqa: S310

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.communicate()
