"""The cluster's own authority: files, and what stands in them (G1)."""

from pathlib import Path

import pytest

from daemon.config import ClusterSettings, NodeSettings, Settings
from daemon.shell import authority, home as homes
from daemon.shell.handshake import Identity
from eventstore.errors import NotFound, Rejected


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    authority.create(tmp_path / "ca", "c1")
    return tmp_path / "ca"


def _trusted(home: Path) -> int:
    return (home / "tls" / "ca.pem").read_text().count("BEGIN CERTIFICATE")


def test_a_certificate_names_cluster_and_node(ca: Path, tmp_path: Path) -> None:
    made = authority.issue(ca, "node1", tmp_path / "home", days=3)
    assert made.identity == Identity("c1", "node1")
    assert authority.read(tmp_path / "home" / "tls" / "cert.pem") == made


def test_keys_are_private_and_the_rest_is_not(ca: Path, tmp_path: Path) -> None:
    authority.issue(ca, "node1", tmp_path / "home")
    tls = tmp_path / "home" / "tls"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (*ca.iterdir(), *tls.iterdir())}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "cert.pem": 0o644, "key.pem": 0o600}


def test_a_certificate_is_issued_anew_with_another_key(ca: Path, tmp_path: Path) -> None:
    authority.issue(ca, "node1", tmp_path)
    before = (tmp_path / "tls" / "key.pem").read_bytes()
    authority.issue(ca, "node1", tmp_path)
    assert (tmp_path / "tls" / "key.pem").read_bytes() != before
    assert _trusted(tmp_path) == 1


def test_an_authority_is_never_overwritten(ca: Path) -> None:
    before = (ca / "ca.key").read_bytes()
    with pytest.raises(Rejected, match="holds an authority already") as refused:
        authority.create(ca, "c2")
    assert refused.value.id == "V-5-1-9040"
    assert (ca / "ca.key").read_bytes() == before


def test_a_home_trusts_two_authorities_while_one_takes_over(ca: Path, tmp_path: Path) -> None:
    authority.create(tmp_path / "new", "c1")
    authority.issue(ca, "node1", tmp_path)
    for _ in range(2):
        authority.trust(tmp_path / "new", tmp_path)
        assert _trusted(tmp_path) == 2
    authority.distrust(ca, tmp_path)
    assert _trusted(tmp_path) == 1
    with pytest.raises(Rejected, match="would trust no authority"):
        authority.distrust(tmp_path / "new", tmp_path)


@pytest.mark.parametrize("spoil", ["ca.key", "ca.pem"])
def test_what_is_no_authority_is_named(ca: Path, tmp_path: Path, spoil: str) -> None:
    (ca / spoil).write_text("nothing")
    with pytest.raises(NotFound) as refused:
        authority.issue(ca, "node1", tmp_path)
    assert refused.value.id == "V-5-1-9041"
    assert not (tmp_path / "tls").exists()


def test_the_key_of_another_authority_is_found(ca: Path, tmp_path: Path) -> None:
    authority.create(tmp_path / "other", "c1")
    (tmp_path / "other" / "ca.key").replace(ca / "ca.key")
    with pytest.raises(NotFound, match="no authority") as refused:
        authority.issue(ca, "node1", tmp_path)
    assert refused.value.cause == "key and certificate do not belong together"


@pytest.mark.parametrize("node", ["", "a/b", "n" * 32, "-a", "a\n"])
def test_a_certificate_names_nothing_that_is_no_name(ca: Path, tmp_path: Path, node: str) -> None:
    with pytest.raises(Rejected) as refused:
        authority.issue(ca, node, tmp_path)
    assert refused.value.id == "V-5-1-9042"


@pytest.mark.parametrize("cluster_id", ["", "a/b", "n" * 65, "a b"])
def test_an_authority_is_made_for_an_id_only(tmp_path: Path, cluster_id: str) -> None:
    with pytest.raises(Rejected) as refused:
        authority.create(tmp_path / "ca", cluster_id)
    assert refused.value.id == "V-5-1-9042"
    assert not (tmp_path / "ca").exists()


@pytest.mark.parametrize(("node", "cluster"), [("node2", None), ("node1", "lab")])
def test_no_home_is_given_the_certificate_of_another_node_or_cluster(
    tmp_path: Path, node: str, cluster: str | None
) -> None:
    home = tmp_path / "home"
    settings = Settings(ClusterSettings("lab"), NodeSettings("node1"))
    cluster_id = homes.found(home, settings, ("node1", "node2"))
    authority.create(tmp_path / "its", cluster or cluster_id)
    with pytest.raises(Rejected) as refused:
        authority.issue(tmp_path / "its", node, home)
    assert refused.value.id == "V-5-1-9150"
    assert refused.value.cause == f"that is the home of node1 in cluster {cluster_id}"
    assert not (home / "tls").exists()


def test_a_home_is_given_its_own_certificate(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = Settings(ClusterSettings("lab"), NodeSettings("node1"))
    authority.create(tmp_path / "its", homes.found(home, settings))
    authority.issue(tmp_path / "its", "node1", home)
    assert (home / "tls" / "cert.pem").exists()
