"""nginx before a server, as ``docs/proxy.md`` sets it up."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from repository import ROOT
from services import StartService, answers, free_port

PREFIX = "/take5"
CERTIFICATE = "tls.pem"
BLOCK = re.compile(r"```nginx\n(.*?)```", re.DOTALL)
AROUND = """
user root;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{block}
}}
"""


@dataclass
class Proxy:
    """A running nginx; ``address`` is where it offers the server, with the prefix."""

    address: str
    folder: Path

    @property
    def log(self) -> str:
        """Its access log."""
        return (self.folder / "access.log").read_text()


def documented() -> str:
    """The configuration in docs/proxy.md."""
    found = BLOCK.findall((ROOT / "docs/proxy.md").read_text())
    assert len(found) == 1
    block: str = found[0]
    return block


def start(start_service: StartService, folder: Path, server: str, *, tls: bool, stated: bool = True) -> Proxy:
    """Start nginx before a server; without ``stated`` it says nothing of what it does to requests."""
    port = free_port()
    block = documented().replace("http://127.0.0.1:8005/", f"{server}/")
    block = block.replace("listen 443 ssl;", f"listen 127.0.0.1:{port}{' ssl' if tls else ''};")
    block = re.sub("/etc/ssl/studio.example", f"{folder}/tls", block)
    dropped = [*([] if tls else ["ssl_certificate"]), *([] if stated else ["X-Forwarded"])]
    lines = [line for line in block.splitlines() if not any(part in line for part in dropped)]
    write_certificate(folder / CERTIFICATE, folder / "tls.key")
    configuration = folder / "nginx.conf"
    configuration.write_text(AROUND.format(folder=folder, block="\n".join(lines)))
    errors = str(folder / "error.log")
    start_service("nginx", "-p", str(folder), "-e", errors, "-c", str(configuration), ready=answers(port))
    return Proxy(f"{'https' if tls else 'http'}://127.0.0.1:{port}{PREFIX}", folder)


def write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate for 127.0.0.1 that is signed by itself."""
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    named = builder.add_extension(address, critical=False)
    dated = named.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate.write_bytes(dated.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
