"""A webhook by TLS: a receiver whose certificate nobody vouches for gets nothing."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hooks_receiver import SECRET, notice_in, receiving, status

from take5.stream.hooks.delivery import Attempt
from take5.stream.hooks.notice import Notice
from take5.stream.hooks.retry import Backoff
from take5.stream.hooks.webhook import Webhook


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, and its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "take5")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    begin = datetime.now(UTC) - timedelta(hours=1)
    builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    plain = serialization.NoEncryption()
    encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + encoded)
    return path


def first_try(url: str, notice: Notice) -> Attempt:
    async def first() -> Attempt:
        return await anext(Webhook(url, SECRET, Backoff(0.01)).attempts(notice, 20.0, asyncio.Semaphore(1)))

    return asyncio.run(first())


@pytest.mark.parametrize("trusted", [True, False])
def test_only_a_receiver_with_a_good_certificate_is_told(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with receiving(status(200), tls=context) as receiver:
        attempt = first_try(receiver.url, notice_in(tmp_path / "take"))
    assert (attempt.code, len(receiver.posts)) == ((200, 1) if trusted else (None, 0))
    assert (attempt.error is None) is trusted
    assert trusted or "certificate verify failed" in str(attempt.error)
