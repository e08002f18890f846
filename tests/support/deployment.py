"""docs/deploy.md, followed to the letter on a Debian machine without systemd as its first process."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from image import Image, copied, hashed, keyed, tracked_files, with_layer
from machine import ADDRESS, NAME, Machine, debian, kept, machine
from repository import ROOT

BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
STARTS = re.compile(r"^systemctl (?:enable --now|restart|reload) (\S+)$", re.MULTILINE)
HERE = re.compile(r"<<'END'\n.*?^END$", re.DOTALL | re.MULTILINE)
"""Files that a block writes, which may hold commands of their own."""
SOURCE = "/usr/src/take5"
COPIED = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "src", "scoring", "stream", "client", "deploy")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
START_S = 60.0

STAND_INS = f"""
set -eu
export DEBIAN_FRONTEND=noninteractive SSL_CERT_FILE={BUNDLE}
cd {SOURCE}
# Nobody signs a certificate for a name that does not exist; this one is trusted on the machine alone.
certbot() {{
  mkdir -p /etc/letsencrypt/live/{NAME}
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={NAME} -addext subjectAltName=DNS:{NAME} \
    -keyout /etc/letsencrypt/live/{NAME}/privkey.pem -out /etc/letsencrypt/live/{NAME}/fullchain.pem
  cp /etc/letsencrypt/live/{NAME}/fullchain.pem /usr/local/share/ca-certificates/{NAME}.crt
  update-ca-certificates
}}
# systemd is not the first process here: units are enabled, and the test starts them.
systemctl() {{ [ "$1" != enable ] || command systemctl enable "${{@: -1}}"; }}
sysctl() {{ :; }} # it would be this machine's kernel
exec 2>&1
"""


def blocks(first: str, last: str) -> list[str]:
    """Blocks of commands of docs/deploy.md from one heading to another."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    between: list[str] = BLOCK.findall(page.partition(f"\n{first}\n")[2].partition(f"\n{last}\n")[0])
    assert between
    return between


def installed(suite: str, packages: str, install: str) -> Image:
    """A machine after the first two blocks, for which it needs the package registries."""
    bare, files = keyed(Image((debian(suite),), key=suite), packages), tracked_files(ROOT, *COPIED)

    def apt(upper: Path) -> None:
        policy = upper / "usr" / "sbin" / "policy-rc.d"
        policy.parent.mkdir(parents=True)
        policy.write_text("#!/bin/sh\nexit 101\n")  # services are started by hand, in a network of their own
        policy.chmod(0o755)
        with machine(bare.layers, upper.parent, kept()) as running:
            running.run("bash", "-euc", packages, environment={"DEBIAN_FRONTEND": "noninteractive"})

    def pip(upper: Path) -> None:
        for path in files:
            copied(path, upper / SOURCE.lstrip("/") / path.relative_to(ROOT))
        with machine(packed.layers, upper.parent, kept("/root/.cache/pip")) as running:
            running.run("bash", "-euc", install)

    packed = with_layer(bare, apt)
    return with_layer(keyed(packed, install + hashed(files)), pip)


class Shell:
    """One shell in a machine, for block after block: a command that fails ends it."""

    def __init__(self, running: Machine) -> None:
        self._process = subprocess.Popen(
            running.command("bash"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.run(STAND_INS)

    def run(self, block: str) -> str:
        """Run a block and return what it has printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{block}\nprintf '\\n:: %s\\n' done\n")
        lines: list[str] = []
        for line in self._process.stdout:
            if line == ":: done\n":
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"{block}\nended with {self._process.wait()}:\n{''.join(lines)}")

    def close(self) -> None:
        """End it."""
        self._process.kill()  # what it has started ends with the machine
        self._process.wait()


@dataclass
class Units:
    """What systemd would have started.

    Attributes
    ----------
    running : Machine
        Where.
    folder : Path
        Gets what they say.
    started : dict of str to subprocess.Popen
        By the name of the unit.
    """

    running: Machine
    folder: Path
    started: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a unit as systemd would; nginx, which runs already, reads its configuration again."""
        if name in self.started:
            self.running.run(name, "-s", "reload")
            return
        if name == "nftables":
            self.running.run("nft", "--check", "--file", "/etc/nftables.conf")
            return
        unit = self._read(name)
        owner = unit.get("User", "root")
        variables = self._variables(unit)
        for kind, folder in (("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache")):
            if kind in unit:
                mode = unit.get(f"{kind}Mode", "755")
                self.running.run("install", "-d", "-o", owner, "-m", mode, f"{folder}/{unit[kind]}")
        words = [part for word in shlex.split(unit["ExecStart"]) for part in expanded(word, variables)]
        place = unit.get("WorkingDirectory", "/")
        command = self.running.command(*words, user=owner, environment=variables, folder=place)
        with (self.folder / f"{name}.out").open("wb") as said:
            self.started[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def _read(self, name: str) -> dict[str, str]:
        """Settings of a unit; of those that are there several times, the lines joined."""
        if name == "nginx":  # Debian's unit lets it go into the background
            return {"ExecStart": "/usr/sbin/nginx -g 'daemon off;'"}
        text = self.running.run(
            "sh", "-c", f"cat /etc/systemd/system/{name}.service || cat /lib/systemd/system/{name}.service", quiet=True
        )
        found: dict[str, str] = {}
        for line in text.splitlines():
            key, is_setting, value = line.partition("=")
            if is_setting and not line.startswith("#"):
                found[key] = f"{found[key]} {value}" if key in found else value
        return found

    def _variables(self, unit: dict[str, str]) -> dict[str, str]:
        lines = shlex.split(unit.get("Environment", ""))
        if "EnvironmentFile" in unit:
            text = self.running.run("cat", unit["EnvironmentFile"])
            lines += [part for line in text.splitlines() for part in shlex.split(line, comments=True)]
        return dict(line.split("=", 1) for line in lines)


def expanded(word: str, variables: dict[str, str]) -> Sequence[str]:
    """A word of ExecStart: ``$NAME`` alone is as many words as its value has."""
    return variables[word[1:]].split() if word.startswith("$") else [word]


@dataclass
class Followed:
    """A machine on which docs/deploy.md has been followed.

    Attributes
    ----------
    running : Machine
        It.
    units : Units
        What runs there.
    said : list of str
        What the blocks have printed.
    again : callable
        Runs a block once more.
    """

    running: Machine
    units: Units
    said: list[str]
    again: Callable[[str], str]


@contextmanager
def followed(image: Image, rest: Sequence[str], folder: Path) -> Iterator[Followed]:
    """Follow the other blocks on a machine with a network of its own, where its name leads to it."""
    hosts = folder / "upper" / "etc" / "hosts"
    hosts.parent.mkdir(parents=True)
    hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS} {NAME}\n")
    with machine(image.layers, folder, alone=True) as running:
        running.run("sh", "-c", "mkdir -p /run/postgresql && chown postgres: /run/postgresql")
        running.run("pg_ctlcluster", "15", "main", "start")  # as the package has done where systemd runs
        shell, units, said = Shell(running), Units(running, folder), []
        try:
            units.start("nginx")  # so has this one
            for block in rest:
                said.append(shell.run(block))
                for name in STARTS.findall(HERE.sub("", block)):
                    units.start(name)
            yield Followed(running, units, said, shell.run)
        finally:
            shell.close()
