"""coturn, a TURN server, on loopback."""

from pathlib import Path

from services import Service, StartService, answers

SECRET = "only-coturn-and-take5-know"  # noqa: S105 - of tests alone


def start_coturn(start: StartService, folder: Path, port: int) -> Service:
    """A TURN server on loopback that knows its users by the secret alone."""
    service: Service = start(
        "turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}",
        "--no-tls", "--no-dtls", "--no-cli", "--allow-loopback-peers", "--realm=take5.example", "--fingerprint",
        "--use-auth-secret", f"--static-auth-secret={SECRET}", "--log-file=stdout", "--verbose",
        f"--pidfile={folder / 'turn.pid'}", f"--userdb={folder / 'turn.db'}", ready=answers(port),
    )  # fmt: skip
    return service
