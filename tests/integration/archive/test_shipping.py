"""What is shipped to an archive: every commit once, and nothing that is not what was written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

import eventstore
from eventstore.errors import Conflict, NotFound, NotPermitted, Unavailable
from eventstore.keeping import fleet
from eventstore.keeping.shipping import Shipper
from eventstore.model import events as ev
from eventstore.proofs.verify import verify
from eventstore.source import open_log
from eventstore.storage.fleet import arriving
from eventstore.storage.fleet.arriving import Parcel
from eventstore.storage.fleet.catalogue import LogRow
from eventstore.storage.store import Store
from tests.support.fleets import (
    BEGIN_US,
    DAY_US,
    DGID,
    a_cluster,
    archived,
    said_last,
    shipped,
    without_time_applied,
)
from tests.support.postgres_server import Server
from tests.support.stores import note

pytestmark = pytest.mark.integration


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.database()


def holds(url: str) -> bool:
    with open_log(url if "#" in url else f"{url}#") as source:
        return all(verify(reader, with_replay=True).ok for reader in source.readers.values())


def test_what_arrives_is_what_the_node_has_bit_for_bit(url: str, tmp_path: Path) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(70, 90)
    shipped(url, home)
    for log in ("shared", "node"):
        assert archived(f"{url}#prod/a", log) == home.commits(log)
    assert holds(f"{url}#prod/a")


def test_it_goes_on_from_where_the_archive_ends(url: str, tmp_path: Path) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(5, 5)
    shipped(url, home)
    home.grows(40, 3)
    assert [(r.log, r.position, r.problem) for r in shipped(url, home)] == [
        ("shared", 45, None),
        ("node/a", 8, None),
    ]
    assert archived(url, "shared") == home.commits("shared")


def test_the_shared_log_is_there_once_and_each_nodes_own_beside_it(
    url: str, tmp_path: Path
) -> None:
    homes = a_cluster(tmp_path, "prod", "a", "b", "c")
    for home in homes.values():
        home.grows(60, 10)
        shipped(url, home)
    rows = fleet.status(url)
    assert [(row["log"], row["node"], row["position"], row["lag"]) for row in rows] == [
        *(("shared", node, 60, 0) for node in "abc"),
        *((f"node/{node}", node, 10, 0) for node in "abc"),
    ]
    for node, home in homes.items():
        assert archived(f"{url}#prod/{node}", "node") == home.commits("node")


def test_nodes_that_ship_the_same_log_at_once_ship_it_once(url: str, tmp_path: Path) -> None:
    homes = a_cluster(tmp_path, "prod", "a", "b", "c")
    for home in homes.values():
        home.grows(9000, 5, every_us=1000)
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda home: shipped(url, home), homes.values()))
    assert {(r.log, r.problem) for one in said for r in one} == {
        *(("shared", None), ("node/a", None), ("node/b", None), ("node/c", None))
    }
    found = archived(f"{url}#prod/b", "shared")
    assert without_time_applied(found) == without_time_applied(homes["a"].commits("shared"))
    assert holds(f"{url}#prod/b")


def test_a_log_that_went_another_way_is_refused_and_shown(url: str, tmp_path: Path) -> None:
    homes = a_cluster(tmp_path, "prod", "a", "b")
    for home in homes.values():
        home.grows(30, 5)
    homes["a"].appends("shared", ev.VolumeCreated(DGID, 70, "ours", 8))
    homes["a"].appends("shared", ev.VolumeCreated(DGID, 71, "more", 8))
    homes["b"].appends("shared", ev.VolumeCreated(DGID, 70, "theirs", 8))
    shipped(url, homes["a"])
    before = archived(f"{url}#prod/a", "shared")
    (shared, own) = shipped(url, homes["b"])
    assert shared.problem is not None
    assert (shared.problem.id, own.problem) == ("V-5-1-9187", None)
    assert "another commit is @31 in the archive" in shared.problem.message
    assert archived(f"{url}#prod/a", "shared") == before
    told = {(row["log"], row["node"]): row["problem"] for row in fleet.status(url)}
    assert "@31" in told["shared", "b"]
    assert told["shared", "a"] is None


def test_a_node_that_was_put_back_to_an_older_copy_is_noticed(url: str, tmp_path: Path) -> None:
    homes = a_cluster(tmp_path, "prod", "a"), a_cluster(tmp_path / "older", "prod", "a")
    with Store.open(homes[0]["a"].path / "log.db") as newer:
        lineage = newer.logs["node"].lineage
    older = homes[1]["a"].path / "log.db"
    older.unlink()
    with Store.open(older) as store:
        store.create_log("shared", "prod", newer.logs["shared"].lineage)
        store.create_log("node", "a", lineage)
    homes[0]["a"].grows(20, 20)
    homes[1]["a"].grows(15, 15)
    shipped(url, homes[0]["a"])
    shared, own = shipped(url, homes[1]["a"])
    assert shared.problem is None
    assert own.problem is not None
    assert "the archive has more of it than the node" in own.problem.message


SHIP = """
import sys
from eventstore.keeping.shipping import Shipper
from eventstore.source import open_log
from eventstore.keeping import parcels
parcels.COMMITS_MAX = 50
with open_log(sys.argv[2]) as source:
    for reached in Shipper(sys.argv[1]).round(source):
        print(reached.position, flush=True)
"""


@pytest.mark.long
def test_one_that_is_killed_at_any_moment_ships_nothing_twice_and_misses_nothing(
    url: str, tmp_path: Path
) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(1500, 1500, every_us=4_000_000_000)
    chance = random.Random(7)
    for _round in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", SHIP, url, str(home.path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _line in range(chance.randrange(1, 8)):
            process.stdout.readline()
        # Somewhere in the next transaction, which takes some milliseconds.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(chance.random() / 50)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    shipped(url, home)
    for log in ("shared", "node"):
        assert archived(url, log) == home.commits(log)
    assert holds(f"{url}#")


def test_a_parcel_whose_commit_was_not_answered_is_not_sent_again(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(20, 20)
    take = arriving.take

    def unanswered(*arguments: Any) -> None:
        take(*arguments)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(arriving, "take", unanswered)
        for _log in ("shared", "node"):
            with pytest.raises(Unavailable):
                shipped(url, home)
    assert [reached.shipped for reached in shipped(url, home)] == [0, 0]
    assert archived(url, "shared") == home.commits("shared")
    assert archived(url, "node") == home.commits("node")


def test_a_connection_that_is_lost_is_begun_again(
    url: str, postgres: Server, tmp_path: Path
) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(20, 20)
    shipper = Shipper(url)
    with open_log(str(home.path)) as source:
        said_last(shipper, source)
    home.grows(20, 20)
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                 " application_name = 'vxconfigd archive'")  # fmt: skip
    with open_log(str(home.path)) as source:
        with pytest.raises(Unavailable, match="the connection to the server was lost"):
            said_last(shipper, source)
        said_last(shipper, source)
    shipper.close()
    assert archived(url, "node") == home.commits("node")


@pytest.mark.parametrize("field", ["payload", "context", "header", "digest"])
def test_what_is_changed_on_the_way_is_found_by_the_server_and_not_kept(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(20, 20)
    copy = arriving._copy

    def tampering(connection: Any, log: LogRow, parcel: Parcel, months: list[date]) -> None:
        commits = list(parcel.commits)
        found: bytes = getattr(commits[7], field)
        changed: Any = {field: bytes([found[0] ^ 1]) + found[1:]}
        commits[7] = commits[7]._replace(**changed)
        copy(connection, log, parcel._replace(commits=commits), months)

    with monkeypatch.context() as patch:
        patch.setattr(arriving, "_copy", tampering)
        for reached in shipped(url, home):
            assert isinstance(reached.problem, Conflict)
            assert "what arrived is not what was sent" in reached.problem.message
            assert reached.position == 0
    shipped(url, home)
    assert holds(f"{url}#")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE vxfleet.commits SET payload = payload || '\\x00' WHERE position = 9", 9),
        ("UPDATE vxfleet.commits SET digest = '\\x00' WHERE position = 12", 12),
        ("DELETE FROM vxfleet.commits WHERE position = 13", 13),
        ("DELETE FROM vxfleet.commits WHERE position > 38", 39),
    ],
)
def test_what_is_changed_in_the_archive_is_found(
    url: str, tmp_path: Path, change: str, found: int
) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(40, 40)
    shipped(url, home)
    with psycopg.connect(url) as connection:
        connection.execute(change.encode())
    with open_log(f"{url}#") as source:
        assert verify(source.readers["node"], with_replay=False).first_bad == found


def test_an_index_that_lost_a_row_is_found(url: str, tmp_path: Path) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(40, 40)
    shipped(url, home)
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM vxfleet.touches WHERE position = 17")
    with open_log(f"{url}#") as source, pytest.raises(Exception, match="the index of 2026-10"):
        verify(source.readers["node"], with_replay=False)


def test_a_log_that_gives_another_state_than_it_says_is_not_shipped_from_there_on(
    url: str, tmp_path: Path
) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(20, 20)
    with Store.open(home.path / "log.db") as store:
        store.append([note("wrong")])
    _shared, own = shipped(url, home)
    assert own.problem is not None
    assert "@21: replay gives another state than was recorded" in own.problem.message


def statements() -> list[str]:
    """What the documentation says that the database's owner has to say."""
    text = (Path(eventstore.__file__).parent / "ARCHIVE.md").read_text()
    block = next(part for part in text.split("```sql\n") if part.startswith("CREATE ROLE"))
    return block.partition("```")[0].strip().rstrip(";").split(";\n")


def test_who_ships_and_who_reads_may_change_no_table(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    homes = a_cluster(tmp_path, "prod", "a", "b")
    homes["a"].grows(3, 3)
    shipped(url, homes["a"])
    with psycopg.connect(url) as connection:
        for statement in statements():
            connection.execute(statement.encode())
    as_shipper, as_reader = (url.replace("postgres@", f"{who}@") for who in ("vx_ship", "vx_read"))
    homes["b"].grows(90, 90)
    assert [reached.problem for reached in shipped(as_shipper, homes["b"])] == [None, None]
    homes["b"].appends(
        "node", ev.ContextRedacted(10, homes["b"].commits("node")[9].hash.hex(), "")
    )
    assert [reached.problem for reached in shipped(as_shipper, homes["b"])] == [None, None]
    assert archived(f"{as_reader}#prod/b", "node")[9].context is None
    assert holds(f"{as_reader}#prod/b")
    with pytest.raises(NotPermitted):
        shipped(as_reader, homes["b"])
    with pytest.raises(NotPermitted):
        fleet.detach(as_shipper, "prod", BEGIN_US + 100 * DAY_US, dry_run=False)
    with pytest.raises(NotFound, match="there is no archive"):
        fleet.status(postgres.database())


def test_a_context_that_is_redacted_goes_in_the_archive_too(url: str, tmp_path: Path) -> None:
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(40, 40)
    shipped(url, home)
    named = home.commits("node")[9]
    home.appends("node", ev.ContextRedacted(10, named.hash.hex(), "a name"))
    shipped(url, home)
    found = archived(url, "node")
    assert found[9].context is None
    assert found[9] == named._replace(context=None)
    assert found[8].context is not None
    assert holds(f"{url}#")
