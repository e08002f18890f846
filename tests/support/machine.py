"""A Debian machine in a folder: processes in it have its files, its users and, if they shall, its own network."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from services import UNPACKED
from serving import eventually

NAME, ADDRESS = "studio.example", "203.0.113.9"
"""How the documentation calls the machine; on a network of its own it has this address."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CERTIFICATES = "/etc/pip-certificates.pem"
PASSED_ON = re.compile(r"(?i)(pip_(index_url|extra_index_url|default_timeout|trusted_host|retries)|(https?|no)_proxy)$")
"""Variables without which this machine would not reach the package registries."""

CACHES = UNPACKED / "caches"
PACKAGES = "/var/cache/apt/archives"

SET_UP = """
set -e
root=$1 layers=$2 upper=$3 work=$4 alone=$5
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$layers,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777
mount -t tmpfs tmpfs "$root/dev/shm" -o mode=1777
if [ "$alone" ]; then
  ip link set lo up
  ip link add eth0 type veth peer name nothing
  ip address add "$alone/24" dev eth0
  ip link set eth0 up
  ip link set nothing up
  ip route add default dev eth0
else
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
fi
shift 5
for pair; do
  [ ! -d "${pair%%:*}" ] || mkdir -p "$root${pair#*:}"
  [ -d "${pair%%:*}" ] || touch "$root${pair#*:}"
  mount --bind "${pair%%:*}" "$root${pair#*:}"
done
echo ready
exec sleep infinity
"""


@dataclass(frozen=True)
class Machine:
    """A machine that runs.

    Attributes
    ----------
    root : Path
        Where its files are seen, by processes that are in it.
    upper : Path
        Where what has been written is, for everyone.
    pid : int
        Its first process.
    """

    root: Path
    upper: Path
    pid: int

    def command(
        self, *command: str, user: str = "root", environment: Mapping[str, str] | None = None, folder: str = "/"
    ) -> list[str]:
        """Return the command that runs another one in it, with no more than this environment."""
        home = {"HOME": "/root"} if user == "root" else {}
        variables = {"PATH": PATH, "LANG": "C.UTF-8"} | home | registries() | dict(environment or {})
        given = [f"{name}={value}" for name, value in variables.items()]
        inside = ["env", "--ignore-environment", f"--chdir={folder}", *given, *command]
        return [*self.entered("--mount"), "chroot", f"--userspec={user}", str(self.root), *inside]

    def entered(self, *spaces: str) -> list[str]:
        """Return what a command starts with to be in the machine's network and processes, and in other namespaces."""
        return ["nsenter", f"--target={self.pid}", "--net", "--pid", *spaces]

    def run(self, *command: str, quiet: bool = False, **options: object) -> str:
        """Run a command to its end and return what it has printed; it must not fail."""
        done = subprocess.run(
            self.command(*command, **options),  # type: ignore[arg-type]
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}"
        said: str = done.stdout
        return said


def child_of(pid: int) -> int:
    """Return the only child of a process, as which ``nsenter`` and ``unshare`` run their command."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def registries() -> dict[str, str]:
    """Variables by which package registries are reached from here, as pip is set up on this machine."""
    found = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
    if (certificates()) is not None:
        found |= {"PIP_CERT": CERTIFICATES, "SSL_CERT_FILE": CERTIFICATES}
    return found


def certificates() -> Path | None:
    """Authorities that this machine trusts for package registries, if it names any."""
    named = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    return Path(named) if named else None


def kept(*folders: str) -> dict[Path, str]:
    """Folders of machines that are kept from one to the next: what apt and pip have downloaded, and these."""
    named = {CACHES / path.strip("/").replace("/", "-"): path for path in (PACKAGES, *folders)}
    for here in named:
        here.mkdir(parents=True, exist_ok=True)
    return named


def debian(suite: str) -> Path:
    """Folder of a bare Debian, as scripts/services.sh makes it; the test needs root, or is skipped."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = UNPACKED / f"debian-{suite}"
    if not folder.is_dir():
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"there is no Debian {suite} here; run make test-services")
    return folder


@contextmanager
def machine(
    layers: Sequence[Path], folder: Path, binds: Mapping[Path, str] | None = None, *, alone: bool = False
) -> Iterator[Machine]:
    """Run a machine until the block ends; with it end its processes and mounts.

    Parameters
    ----------
    layers : sequence of Path
        Folders with its files, the lowest one first. They stay as they are.
    folder : Path
        Gets what is written, in ``upper``; what is there already is part of the machine.
    binds : mapping, optional
        Folders and files of this machine, and where the other has them.
    alone : bool
        With a network of its own, which nothing leaves. Otherwise it shares that of this machine.
    """
    root, upper, work = folder / "root", folder / "upper", folder / "work"
    for each in (root, upper, work):
        each.mkdir(parents=True, exist_ok=True)
    shared = {**(binds or {}), **({path: CERTIFICATES} if (path := certificates()) else {})}
    arguments = [str(root), ":".join(str(layer) for layer in reversed(layers)), str(upper), str(work)]
    pairs = [f"{here}:{there}" for here, there in shared.items()]
    space = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        *(["--net"] if alone else []),
    ]
    holder = subprocess.Popen(
        [*space, "sh", "-c", SET_UP, "sh", *arguments, ADDRESS if alone else "", *pairs],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert holder.stdout is not None
        said = holder.stdout.readline()
        assert said == b"ready\n", (said + holder.stdout.read()).decode()
        yield Machine(root, upper, child_of(holder.pid))
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert eventually(lambda: not os.path.ismount(root), 10)
        shutil.rmtree(work, ignore_errors=True)
