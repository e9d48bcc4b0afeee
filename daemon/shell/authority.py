"""The cluster's own authority: it says, by certificates, which nodes a cluster has (G1).

An authority is a directory with ``ca.pem`` and ``ca.key``; who can read the key can make nodes. A
home has ``tls/ca.pem`` (one authority, or two while one takes over from the other), ``cert.pem``
and ``key.pem``. Loading what this needs takes a while: it is imported only where certificates
are made or read. Files are replaced, never rewritten: a daemon reads the old one or the new one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from daemon.config import Name
from daemon.shell import clock
from daemon.shell.handshake import Identity, identity_in, is_cluster_id
from daemon.shell.home import check_owner
from eventstore.errors import NotFound, Rejected
from eventstore.storage import flushing

AUTHORITY_DAYS = 3650
NODE_DAYS = 365
TLS = "tls"
"""The directory of a home that holds its certificate."""

_BACKDATED = timedelta(hours=1)
"""Clocks of nodes differ; a new certificate has to be valid on all of them."""
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)
_PRIVATE, _PUBLIC = 0o600, 0o644


class Certificate(Struct, frozen=True):
    """What a node's certificate says: whom it names, and until when."""

    identity: Identity | None
    not_after_us: int


def create(directory: Path, cluster_id: str, days: int = AUTHORITY_DAYS) -> None:
    """Make the authority of a cluster.

    Raises:
        Rejected: the directory has one already, or the ID cannot be one.
    """
    if not is_cluster_id(cluster_id):
        raise Rejected(
            "V-5-1-9042",
            f"{cluster_id!r} cannot be a cluster's ID",
            cause="it has 1 to 64 letters, digits, and . _ -",
            fix="take the ID that 'vxconfigd init' printed",
            rule="G1",
        )
    if (directory / "ca.key").exists() or (directory / "ca.pem").exists():
        raise Rejected(
            "V-5-1-9040",
            f"{directory} holds an authority already",
            fix="name another directory; certificates of the old authority stay valid",
            rule="G1",
        )
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"vxconfigd authority of {cluster_id[:32]}")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        _builder(name, name, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_alternative(f"vxconfigd://{cluster_id}"), critical=False)
        .sign(key, hashes.SHA256())
    )
    flushing.replace(directory / "ca.key", _private_pem(key), _PRIVATE)
    flushing.replace(directory / "ca.pem", _pem(certificate), _PUBLIC)


def issue(authority: Path, node: str, home: Path, days: int = NODE_DAYS) -> Certificate:
    """Give a home the certificate of a node, and the authority itself; return what it says.

    Other authorities that the home trusts stay trusted.

    Raises:
        NotFound: there is no authority in the directory.
        Rejected: the name cannot be a node's, or the home is another one's.
    """
    try:
        msgspec.convert(node, Name)
    except msgspec.ValidationError as error:
        raise Rejected(
            "V-5-1-9042",
            f"{node!r} cannot be a node's name",
            cause="it has at most 31 letters, digits, and . _ -, and begins with one of the first",
            fix="give the name that config.toml of the home has",
            rule="G1",
        ) from error
    ours, ours_key, cluster_id = _authority(authority)
    check_owner(home, node, cluster_id)
    key = ec.generate_private_key(ec.SECP256R1())
    identity = Identity(cluster_id, node)
    both_ends = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _builder(_named(node), ours.subject, key.public_key(), days, ours)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both_ends), critical=False)
        .add_extension(_alternative(identity.uri), critical=False)
        .sign(ours_key, hashes.SHA256())
    )
    trust(authority, home)
    flushing.replace(home / TLS / "key.pem", _private_pem(key), _PRIVATE)
    flushing.replace(home / TLS / "cert.pem", _pem(certificate), _PUBLIC)
    return Certificate(identity, _microseconds(certificate.not_valid_after_utc))


def trust(authority: Path, home: Path) -> None:
    """Let a home trust an authority too: the first step of a rotation.

    Raises:
        NotFound: there is no authority in the directory.
    """
    ours = _pem(_authority(authority)[0])
    _trust_only(home, [*(one for one in _trusted(home) if one != ours), ours])


def distrust(authority: Path, home: Path) -> None:
    """Let a home trust an authority no more: the last step of a rotation.

    Raises:
        NotFound: there is no authority in the directory.
        Rejected: it is the only one that the home trusts.
    """
    ours = _pem(_authority(authority)[0])
    others = [one for one in _trusted(home) if one != ours]
    if not others:
        raise Rejected(
            "V-5-1-9041",
            f"{home} would trust no authority any more",
            fix="let it trust the new authority first: 'vxconfigd ca trust'",
            rule="G1",
        )
    _trust_only(home, others)


def read(path: Path) -> Certificate:
    """Return what a node's certificate says.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no certificate.
    """
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return Certificate(
        identity_in(_uris(certificate)), _microseconds(certificate.not_valid_after_utc)
    )


def _authority(directory: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, str]:
    """Return certificate, key and cluster ID of an authority."""
    try:
        return _read_authority(directory)
    except (OSError, ValueError, TypeError) as error:
        raise NotFound(
            "V-5-1-9041",
            f"{directory} holds no authority that can be used",
            cause=str(error),
            fix="make one: 'vxconfigd ca init --dir DIR --cluster ID', or name another directory",
            rule="G1",
        ) from error


def _read_authority(directory: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, str]:
    certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    (uri,) = _uris(certificate)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key is of a kind that is not used here")
    if key.public_key() != certificate.public_key():
        raise ValueError("key and certificate do not belong together")
    return certificate, key, uri.removeprefix("vxconfigd://")


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    days: int,
    authority: x509.Certificate | None = None,
) -> x509.CertificateBuilder:
    """Return a certificate as far as all have the same; `authority` is None for its own."""
    now = datetime.fromtimestamp(clock.wall_us() / 1_000_000, UTC)
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(key)
    if authority is not None:
        theirs = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(theirs)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED + min(timedelta(), timedelta(days=days)))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(issuer_key, critical=False)
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(uri: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.UniformResourceIdentifier)


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _trusted(home: Path) -> list[bytes]:
    path = home / TLS / "ca.pem"
    return _PEM.findall(path.read_bytes()) if path.exists() else []


def _trust_only(home: Path, authorities: list[bytes]) -> None:
    (home / TLS).mkdir(parents=True, exist_ok=True, mode=0o700)
    flushing.replace(home / TLS / "ca.pem", b"".join(authorities), _PUBLIC)
