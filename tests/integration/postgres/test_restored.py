"""A database that was brought back to an earlier time is found out, and never gone on from.

A store that is open remembers what was acknowledged to it. One that is opened anew has no memory
of its own: there it is the heads that others keep which say that commits are missing.
"""

from __future__ import annotations

import pytest

from eventstore.codec import Commit
from eventstore.errors import AppendFailed, Damaged, StoreError
from eventstore.proofs.heads import Outside
from eventstore.proofs.verify import verify
from eventstore.storage.location import location_of
from eventstore.storage.offline import read_store
from tests.support.postgres_backups import Backup
from tests.support.postgres_load import opened
from tests.support.postgres_server import Server
from tests.support.stores import note

pytestmark = pytest.mark.integration


@pytest.fixture
def url(own_postgres: Server) -> str:
    name = own_postgres.database_name()
    with opened(own_postgres.url(name)) as store:
        store.append([note("kept")])
    return own_postgres.url(name)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with others"])
def test_a_store_that_is_open_takes_nothing_more(
    alone: bool, url: str, own_postgres: Server
) -> None:
    with opened(url, alone=alone) as store:
        backup = Backup(own_postgres)
        store.append([note("lost")])
        backup.restore()
        with pytest.raises(Damaged, match="has not what it acknowledged: it ends @1, and @2"):
            store.append([note("more")])
        with pytest.raises(AppendFailed):
            store.append([note("and more")])
        with pytest.raises(StoreError):
            list(store.logs["node"].commits())


def test_a_store_that_is_open_does_not_take_other_commits_for_its_own(
    url: str, own_postgres: Server
) -> None:
    with opened(url, alone=False) as store:
        backup = Backup(own_postgres)
        store.append([note("lost")])
        backup.restore()
        with opened(url, alone=False) as another:
            another.append([note("another"), note("and another")])
        with pytest.raises(Damaged, match="has not what it acknowledged"):
            store.append([note("more")])


def head_of(commit: Commit, lineage: bytes) -> Outside:
    """What another node, or a file, keeps of a log."""
    return Outside(lineage.hex(), commit.position, commit.hash.hex(), source="a file")


def test_a_head_that_was_kept_elsewhere_tells_a_store_that_is_opened_anew(
    url: str, own_postgres: Server
) -> None:
    with opened(url) as store:
        backup = Backup(own_postgres)
        (lost,) = store.append([note("lost")])
        head = head_of(lost, store.logs["node"].lineage)
    assert problem(url, head) is None
    backup.restore()
    assert "commits are gone" in str(problem(url, head))
    with opened(url) as store:
        store.append([note("another")])
    assert "another one" in str(problem(url, head))


def problem(url: str, head: Outside) -> str | None:
    """What verifying the log against a head finds."""
    with read_store(location_of(url)) as logs:
        verdict = verify(logs["node"], with_replay=False, heads=[head])
    return verdict.problem
