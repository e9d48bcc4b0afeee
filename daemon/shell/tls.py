"""What a home says of itself and trusts, as TLS contexts: 1.3 only, and both ends verify (G1).

No host names: a certificate of the cluster's authority names a node of a cluster, and whoever
shows it has to be that node (`handshake.judge`).
"""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from msgspec import Struct

from daemon.shell import clock
from daemon.shell.handshake import Identity
from eventstore.errors import Rejected

WARN_DAYS = 30
_DAY_US = 86_400_000_000
_OTHERS = 0o077
FILES = ("ca.pem", "cert.pem", "key.pem")


class Credentials(Struct, frozen=True):
    """Contexts for both directions; `digest` tells whether the files have changed since."""

    accepting: ssl.SSLContext
    dialing: ssl.SSLContext
    not_after_us: int
    digest: bytes

    @property
    def days_left(self) -> int:
        """Return for how many whole days this node's certificate is still good; below 0: none."""
        return (self.not_after_us - clock.wall_us()) // _DAY_US


def load(directory: Path, own: Identity) -> Credentials:
    """Read the certificates of a home.

    Raises:
        Rejected: something is missing, does not fit, or lies open.
    """
    # Imported late: a daemon without peers does without.
    from daemon.shell import authority  # noqa: PLC0415

    try:
        before = digest(directory)
        if (directory / "key.pem").stat().st_mode & _OTHERS:
            raise Rejected(
                "V-5-1-9044",
                f"{directory / 'key.pem'} can be read by others",
                cause="who has the key can speak as this node",
                fix=f"chmod 600 {directory / 'key.pem'}, and issue another certificate",
                rule="G1",
            )
        own_certificate = authority.read(directory / "cert.pem")
        contexts = [_context(directory, side) for side in _SIDES]
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise _unusable(directory, str(error)) from error
    if own_certificate.identity != own:
        found = own_certificate.identity
        names = f"{found.node} of cluster {found.cluster_id}" if found else "no node"
        raise _unusable(directory, f"cert.pem names {names}, and this is {own.node} of cluster "
                        f"{own.cluster_id}")  # fmt: skip
    return Credentials(contexts[0], contexts[1], own_certificate.not_after_us, before)


_SIDES = (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)


def _context(directory: Path, side: int) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(directory / "ca.pem")
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    if side == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0  # a session is never taken up again: each handshake verifies
    return context


def digest(directory: Path) -> bytes:
    """Return a hash of the files.

    Raises:
        OSError: one cannot be read.
    """
    found = hashlib.sha256()
    for name in FILES:
        found.update(hashlib.sha256((directory / name).read_bytes()).digest())
    return found.digest()


def stamp(directory: Path) -> tuple[tuple[int, int, int], ...]:
    """Return what changes when one of the files does, for the price of a glance."""
    found: list[tuple[int, int, int]] = []
    for name in FILES:
        try:
            status = (directory / name).stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((status.st_ino, status.st_mtime_ns, status.st_ctime_ns))
    return tuple(found)


def _unusable(directory: Path, cause: str) -> Rejected:
    return Rejected(
        "V-5-1-9043",
        f"the certificates in {directory} cannot be used",
        cause=cause,
        fix="issue them anew: 'vxconfigd node-cert --ca DIR --node NAME --home HOME'",
        rule="G1",
    )


def why(error: BaseException) -> str:
    """Return in words why a connection did not come about, or ended."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or str(error)  # one that was only cut off has none
        return _WORDS.get(reason, f"TLS: {reason}")
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


_WORDS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust the authority of this node's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "this node's certificate has expired",
    "UNSUPPORTED_PROTOCOL": "it does not speak TLS 1.3",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "HTTP_REQUEST": "it does not speak TLS",
}
