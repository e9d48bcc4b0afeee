"""A PostgreSQL server that is reached over TLS, with certificates of its own authority."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.postgres_server import Server

NAME = "localhost"
ADMITTED = "hostssl all all 127.0.0.1/32 scram-sha-256"
"""The rule of the server's `pg_hba.conf`: over TLS only, and with a password."""

_DAY = dt.timedelta(days=1)


class Authority:
    """Makes certificates; `certificate` is what a client has to know."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.certificate = _pem(builder.sign(self._key, hashes.SHA256()))

    def certify(self, name: str) -> tuple[bytes, bytes]:
        """Return a certificate for a host's name, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key.public_key()).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return _pem(builder.sign(self._key, hashes.SHA256())), private

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class TlsServer(Server):
    """A server with a certificate for `localhost`; `authority` is the file that proves it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(settings={"listen_addresses": "127.0.0.1", "ssl": "on"})
        authority = Authority("authority")
        certificate, key = authority.certify(NAME)
        self.give(self.data / "server.crt", certificate)
        self.give(self.data / "server.key", key)
        self.admit(ADMITTED, "host all all 127.0.0.1/32 reject")
        self.authority = directory / "authority.pem"
        self.authority.write_bytes(authority.certificate)
        self.other_authority = directory / "other.pem"
        self.other_authority.write_bytes(Authority("somebody").certificate)

    def tls_url(self, database: str, user: str, password: str, **options: str) -> str:
        """A URL that checks the certificate and its name."""
        given = {
            "host": NAME,
            "hostaddr": "127.0.0.1",
            "sslmode": "verify-full",
            "sslrootcert": str(self.authority),
            "password": password,
        }
        return self.url(database, user, **{**given, **options})


@contextmanager
def postgres_tls(directory: Path) -> Iterator[TlsServer]:
    """A server that runs; what its clients need is put into a directory."""
    server = TlsServer(directory)
    try:
        server.start()
        yield server
    finally:
        server.close()
