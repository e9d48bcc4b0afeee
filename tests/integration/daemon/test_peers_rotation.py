"""Certificates are exchanged while daemons run (G1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.shell import authority
from daemon.shell.peers import Peers
from eventstore.errors import Rejected
from tests.support.peers import CLUSTER, Node, agreed, cluster, nodes, run, until

pytestmark = pytest.mark.integration


async def _talk(made: dict[str, Node], number: int) -> None:
    for sender, to in (("a", "b"), ("b", "a")):
        await made[sender].sees(to)
        await made[to].sees(sender)
        made[sender].peers.send(to, agreed(number))
        await made[to].gets(agreed(number), sender)


def test_a_cluster_goes_over_to_another_authority_without_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            old, new = tmp_path / "ca", tmp_path / "new"
            authority.create(new, CLUSTER)
            for number, step in enumerate(("trust", "issue", "distrust")):
                for node in made.values():
                    if step == "trust":
                        authority.trust(new, node.home)
                    elif step == "issue":
                        authority.issue(new, node.name, node.home)
                    else:
                        authority.distrust(old, node.home)
                    node.peers.reload()
                    await _talk(made, number)

    run(story())


def test_a_removed_authority_ends_what_rested_on_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            authority.create(tmp_path / "new", CLUSTER)
            authority.issue(tmp_path / "new", "a", made["a"].home)
            authority.distrust(tmp_path / "ca", made["a"].home)
            made["a"].peers.reload()
            await until(lambda: made["a"].said("its certificate does not hold"))
            assert made["a"].peers.connected == frozenset()

    run(story())


def test_changed_files_are_read_anew_without_being_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            authority.issue(tmp_path / "ca", "a", made["a"].home, days=3)
            await until(lambda: made["a"].peers.days_left in (2, 3))
            await until(lambda: made["a"].said("issue another"))
            await _talk(made, 1)

    run(story())


def test_certificates_that_cannot_be_used_change_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            authority.issue(tmp_path / "ca", "c", made["a"].home)
            made["a"].peers.reload()
            assert made["a"].said("kept as they were") == 1
            assert made["a"].said("cert.pem names c of cluster") == 1
            await _talk(made, 1)

    run(story())


def test_reading_the_same_again_reopens_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with cluster(tmp_path, "a", "b") as made:
            (link,) = made["a"].peers._current.values()
            made["a"].peers.reload()
            assert made["a"].peers._current == {"b": link}

    run(story())


def test_a_certificate_that_has_expired_is_told_at_the_start(tmp_path: Path) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made:
            authority.issue(tmp_path / "ca", "a", made["a"].home, days=-1)
            made["a"].peers.reload()
            await until(lambda: made["a"].said("has expired"))
            assert (made["a"].peers.days_left or 0) < 0

    run(story())


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda tls: (tls / "key.pem").chmod(0o640), "V-5-1-9044"),
        (lambda tls: (tls / "key.pem").unlink(), "V-5-1-9043"),
        (lambda tls: (tls / "ca.pem").write_text(""), "V-5-1-9043"),
        (lambda tls: (tls / "cert.pem").write_text("nothing"), "V-5-1-9043"),
    ],
)
def test_a_daemon_without_usable_certificates_does_not_begin(
    tmp_path: Path, spoil: object, found: str
) -> None:
    async def story() -> None:
        async with nodes(tmp_path, "a") as made:
            assert callable(spoil)
            spoil(tmp_path / "a" / "tls")
            peers = _peers(tmp_path, "127.0.0.1:0")
            with pytest.raises(Rejected) as refused:
                await peers.start()
            assert refused.value.id == found
            assert made["a"].peers.days_left is not None

    run(story())


def _peers(directory: Path, listen: str) -> Peers:
    return Peers(
        "a",
        CLUSTER,
        directory / "a" / "tls",
        listen=listen,
        on_message=lambda _sender, _message: None,
        note=lambda _text: None,
    )
