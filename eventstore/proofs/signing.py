"""Keys that sign, and whether a signature is theirs: Ed25519, and the cluster's certificates.

A home has a key of its own for this, in ``head.key`` (PEM, for its owner alone). Where the node
has a certificate of the cluster's authority, that certificate's key says whose the other one is,
so that whoever has ``ca.pem`` can tell. What does the work is loaded at the first use: that takes
longer than most commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from eventstore.errors import Rejected
from eventstore.storage import flushing
from eventstore.text import microseconds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.x509 import Certificate

KEY = "head.key"
"""In a home."""
TLS = "tls"
"""The directory of a home that holds its certificate, if it has one."""
_OTHERS = 0o077
_PRIVATE = 0o600


class Endorsement(Struct, frozen=True):
    """A node's certificate (PEM), and what its key signed: hexadecimal."""

    certificate: str
    signature: str


class Key:
    """A key that signs; `public` is what others know of it, in hexadecimal."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: str = private.public_key().public_bytes_raw().hex()

    def sign(self, text: str) -> str:
        """Return the signature over a text, in hexadecimal."""
        return self._private.sign(text.encode()).hex()


def key_of(home: Path, *, make: bool = False) -> Key:
    """Return the key of a home; with `make` it gets one if it has none.

    Raises:
        OSError: there is none, or it cannot be read or written.
        Rejected: it lies open to others, or is no key.
    """
    path = home / KEY
    if make and not path.exists():
        _make(path)
    if path.stat().st_mode & _OTHERS:
        raise Rejected(
            "V-5-1-9260",
            f"{path} can be read by others",
            cause="who has the key can sign as this node",
            fix="move it away, and the daemon makes another; from then on nothing that the old "
            "one signed proves anything",
            rule="G1",
        )
    return Key(_loaded(path))


def _loaded(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 see above
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    try:
        private = load_pem_private_key(path.read_bytes(), None)
        cause = "it is of a kind that is not used here"
    except (ValueError, TypeError) as error:
        private, cause = None, str(error)
    if isinstance(private, Ed25519PrivateKey):
        return private
    raise Rejected(
        "V-5-1-9261",
        f"{path} holds no key that can sign",
        cause=cause,
        fix="move it away, and the daemon makes another",
        rule="G1",
    )


def _make(path: Path) -> None:
    """Make a key: private from its first byte, and whole or not there."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    flushing.replace(path, content, _PRIVATE)


def signed_by(public: str, signature: str, text: str) -> bool:
    """Tell whether the key behind `public` made a signature over a text."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        known.verify(bytes.fromhex(signature), text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _key_text(uri: str, public: str) -> bytes:
    return f"vxconfigd head key 1\nnode {uri}\nkey {public}\n".encode()


def endorse(home: Path, public: str) -> Endorsement | None:
    """Have the node's certificate say whose a key is; None: the home has no certificate.

    Raises:
        OSError, ValueError: certificate or key cannot be read.
    """
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    directory = home / TLS
    if not (directory / "cert.pem").exists():
        return None
    pem = (directory / "cert.pem").read_bytes()
    private = load_pem_private_key((directory / "key.pem").read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the certificate is of a kind that is not used here")
    said = _key_text(_uri(x509.load_pem_x509_certificate(pem)), public)
    signature = private.sign(said, ec.ECDSA(hashes.SHA256()))
    return Endorsement(pem.decode("ascii"), signature.hex())


def problem_of(
    endorsement: Endorsement, cluster: str, node: str, public: str, authority: bytes, at: str
) -> str | None:
    """Return why an endorsement does not make a key a node's at a time, or None.

    `authority` is a ``ca.pem`` with one certificate or more, `at` a time as `iso` writes it.
    """
    from cryptography import x509  # noqa: PLC0415

    uri = f"vxconfigd://{cluster}/{node}"
    try:
        at_us = microseconds(at)
    except ValueError:
        return f"{at!r:.40} is no time"
    try:
        certificate = x509.load_pem_x509_certificate(endorsement.certificate.encode())
        authorities = x509.load_pem_x509_certificates(authority)
        named = _uri(certificate)
    except ValueError as error:
        return f"a certificate cannot be read: {error}"
    if named != uri:
        return f"the certificate names {named or 'nobody'}, not {uri}"
    if not any(_made(one, certificate) for one in authorities):
        return "the authority did not make the certificate"
    if not _endorsed(certificate, endorsement.signature, _key_text(uri, public)):
        return "the key of the certificate did not sign for this one"
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin.timestamp() <= at_us / 1e6 <= end.timestamp():
        return "the certificate was not valid then"
    return None


def _made(authority: Certificate, certificate: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _endorsed(certificate: Certificate, signature: str, said: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return False
    try:
        public.verify(bytes.fromhex(signature), said, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _uri(certificate: Certificate) -> str:
    """Return the one name of a certificate; "" if it has none, or several."""
    from cryptography import x509  # noqa: PLC0415

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ""
    found = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    return found[0] if len(found) == 1 else ""
