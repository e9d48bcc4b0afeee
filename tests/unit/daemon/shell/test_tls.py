"""What a home says of itself and trusts (G1)."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from daemon.shell import authority, tls
from daemon.shell.handshake import Identity
from eventstore.errors import Rejected

OWN = Identity("c1", "node1")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    authority.create(tmp_path / "ca", "c1")
    authority.issue(tmp_path / "ca", "node1", tmp_path, days=9)
    return tmp_path / "tls"


def test_both_ends_speak_nothing_below_1_3_and_verify_each_other(directory: Path) -> None:
    loaded = tls.load(directory, OWN)
    for context in (loaded.accepting, loaded.dialing):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_3
        assert context.verify_mode == ssl.CERT_REQUIRED
    assert loaded.days_left in (8, 9)


@pytest.mark.parametrize("own", [Identity("c2", "node1"), Identity("c1", "node2")])
def test_the_certificate_of_another_is_not_taken(directory: Path, own: Identity) -> None:
    with pytest.raises(Rejected) as refused:
        tls.load(directory, own)
    assert refused.value.id == "V-5-1-9043"
    assert refused.value.cause is not None
    assert "names node1 of cluster c1" in refused.value.cause


def test_a_key_that_others_can_read_is_not_taken(directory: Path) -> None:
    (directory / "key.pem").chmod(0o640)
    with pytest.raises(Rejected) as refused:
        tls.load(directory, OWN)
    assert refused.value.id == "V-5-1-9044"


def test_a_key_of_another_certificate_is_not_taken(directory: Path, tmp_path: Path) -> None:
    key = (directory / "key.pem").read_bytes()
    authority.issue(tmp_path / "ca", "node1", tmp_path)
    (directory / "key.pem").write_bytes(key)
    with pytest.raises(Rejected, match="cannot be used"):
        tls.load(directory, OWN)


def test_the_stamp_tells_of_a_file_that_was_replaced_or_is_gone(directory: Path) -> None:
    found = [tls.stamp(directory)]
    cert = directory / "cert.pem"
    cert.rename(directory / "old.pem")
    found.append(tls.stamp(directory))
    cert.write_bytes((directory / "old.pem").read_bytes())
    found.append(tls.stamp(directory))
    assert len(set(found)) == 3
    assert tls.stamp(directory) == found[-1]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "it did not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (ConnectionAbortedError("handshake too long"), "handshake too long"),
        (ssl.SSLEOFError(8, "EOF occurred"), "TLS: EOF occurred"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_an_error_is_told_in_words(error: BaseException, words: str) -> None:
    assert tls.why(error) == words
