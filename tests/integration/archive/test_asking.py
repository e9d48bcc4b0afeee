"""What an archive answers: as the node does, byte for byte; across clusters; after a detach."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import psycopg
import pytest

from cli.main import main
from eventstore import library
from eventstore.codec import decode_header
from eventstore.errors import NotFound
from eventstore.keeping import fleet
from eventstore.model import events as ev
from eventstore.proofs.verify import verify
from eventstore.source import open_log
from tests.support.commands import Done
from tests.support.every_command import every_command, name_of
from tests.support.fleets import BEGIN_US, DAY_US, DGID, Home, a_cluster, archived, shipped
from tests.support.json_schema import problems
from tests.support.postgres_server import Server

pytestmark = pytest.mark.integration

READS = [
    *("vxprint -ht", "vxprint -g proddg -l", "vxprint -m", "vx print --json", "vx tree --json"),
    *("vxdg list", "vxdg list proddg", "vxdg free", "vxdisk list", "vx disk list --json"),
    *("vx volume list", "vx get proddg/vol01 --json", "vx state", "vx state --json"),
    *("vx log", "vx log --json", "vx log -n 3 --reverse", "vx log --object proddg/vol02"),
    *("vx log --log-of node/b", "vx log --type volume-created", "vx show @7", "vx show head"),
    *("vx show tx:shared-9 --json", "vx show node/b@5", "vx diff @3 @20", "vx diff @3 @20 --json"),
    *("vx blame proddg/vol01", "vx trace @9", "vx tag list", "vx knew", "vx outcome shared-12"),
    *("vxcmdlog", "vxtranslog", "vx export", "vx verify --json", "vx verify --replay"),
    *("vx retention show", "vx archive list", "vxassist -g proddg maxsize"),
    *("vxassist -g proddg maxgrow vol01", "vx bisect @3 @12 --run true"),
    "vx what-if vxassist -g proddg make vol99 3m",
]
PAST = ["vxprint -ht", "vx state --json", "vx log", "vx blame proddg/vol01", "vx get proddg"]
NOT_OF_AN_ARCHIVE = {
    "archive": "listed, not made",
    "backup": "it copies files",
    "bundle create": "tested by itself: it has a time of its own",
    "bundle open": "the log that it takes is a bundle",
    "bundle verify": "the log that it takes is a home's",
    "find": "asks across clusters",
    "head": "it has a time of its own",
    "rehearse": "it needs files",
    "report html": "names where it asked",
    "store copy": "it copies a store of a node",
    "store migrate": "it makes one",
}


@pytest.fixture(scope="module")
def url(postgres: Server) -> str:
    return postgres.database()


@pytest.fixture(scope="module")
def homes(url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Home]:
    """A cluster of two whose logs go over four months, and another one of which one node ships."""
    where = tmp_path_factory.mktemp("homes")
    found = a_cluster(where, "prod", "a", "b")
    for home in found.values():
        home.grows(110, 90)
    shipped(url, found["b"])
    shipped(url, found["a"])
    other = a_cluster(where, "test", "t")["t"]
    other.grows(12, 12)
    shipped(url, other)
    return {**found, "t": other}


def run(line: str, *more: str) -> Done:
    out, err = StringIO(), StringIO()
    words = line.split()
    place = 2 if words[:2] == ["vx", "what-if"] else len(words)
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*words[:place], *more, *words[place:]])
    return Done(out.getvalue(), err.getvalue(), code)


@pytest.mark.parametrize("line", READS)
def test_a_read_of_the_archive_is_byte_for_byte_that_of_the_node(
    url: str, homes: dict[str, Home], line: str
) -> None:
    there = run(line, "--log", str(homes["b"].path))
    here = run(line, "--log", f"{url}#prod/b")
    if "verify" in line:  # which says how to do it again, and when it was done
        there, here = (Done(_without_report(each.out), "", each.code) for each in (there, here))
    assert here == there
    assert here.code == 0 or "what-if" in line  # there is no room for it, as both say


def _without_report(text: str) -> str:
    if not text.startswith("{"):
        return "".join(line for line in text.splitlines(keepends=True) if "repeat" not in line)
    document = json.loads(text)
    document["data"].pop("report", None)
    return json.dumps(document)


@pytest.mark.parametrize(
    "line", ["vxprint -ht", "vx show @4", "vx log --log-of node/b", "vx knew b", "vx trace @9"]
)
def test_cluster_and_node_are_named_by_options_too(
    url: str, homes: dict[str, Home], line: str
) -> None:
    assert homes
    of_its_own = line.startswith(("vx log", "vx knew"))  # they have a word for the node already
    node = [] if of_its_own else ["--node", "b"]
    here = run(line, "--log", url, "--cluster", "prod", *node)
    assert here == run(line, "--log", f"{url}#prod/b")


@pytest.mark.parametrize("when", ["@7", "2026-10-20", "@-5", "tx:shared-30"])
@pytest.mark.parametrize("line", PAST)
def test_so_is_a_read_of_the_past(url: str, homes: dict[str, Home], line: str, when: str) -> None:
    there = run(line, "--at", when, "--log", str(homes["b"].path))
    here = run(line, "--at", when, "--log", f"{url}#prod/b")
    assert (here.out, here.code) == (there.out, there.code)


def test_every_command_that_reads_a_log_is_asked_here() -> None:
    taking = {name for name, shown in every_command() if "--log" in shown}
    assert taking - NOT_OF_AN_ARCHIVE.keys() == {name_of(line) for line in READS} - {"archive"}


@pytest.mark.parametrize("line", ["vx log", "vx show node/a@4", "vx blame proddg/vol01"])
def test_all_nodes_of_a_cluster_answer_together(
    url: str, homes: dict[str, Home], line: str
) -> None:
    logs = [word for node in "ab" for word in ("--log", str(homes[node].path))]
    there = run(line, *logs)
    assert run(line, "--all-nodes", "--log", url, "--cluster", "prod").out == there.out


def test_what_is_meant_has_to_be_said_where_it_is_not_plain(
    url: str, homes: dict[str, Home]
) -> None:
    assert homes
    assert "or a cluster of an archive: --cluster NAME" in run("vx print", "--log", url).err
    done = run("vx print", "--log", f"{url}#")
    assert (done.code, "prod, test" in done.err) == (1, True)
    assert "V-5-1-9185" in run("vx print", "--log", f"{url}#nowhere").err
    assert "V-5-1-9185" in run("vx print", "--log", url, "--cluster", "prod", "--node", "z").err
    said = run("vx print", "--log", url, "--cluster", "prod").err
    assert said == "of the nodes' own logs that of a; --node says another: b\n"
    assert run("vx print", "--cluster", "prod").code == 2


@pytest.mark.parametrize("line", ["vx backup copy.db", "vx rehearse"])
def test_what_needs_the_files_of_a_home_refuses_a_database(url: str, line: str) -> None:
    done = run(line, "--log", f"{url}#prod")
    assert (done.code, "needs the files of a home" in done.err) == (2, True)


def test_a_bundle_is_made_from_the_archive(
    url: str, homes: dict[str, Home], tmp_path: Path
) -> None:
    file = tmp_path / "slice"
    done = run("vx bundle create", "-O", str(file), "--log", f"{url}#prod/b")
    assert done.code == 0, done.err
    with open_log(str(file)) as source:
        assert list(source.readers["node"].commits()) == homes["b"].commits("node")


def test_the_newest_commits_of_all_clusters_are_listed_by_their_times(
    url: str, homes: dict[str, Home]
) -> None:
    assert homes
    done = run("vx log --clusters --json", "--log", url)
    assert problems(done.document) == []
    rows = done.document["data"]
    assert len(rows) == fleet.NEWEST
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    since = run("vx log --clusters --json --since 2026-09-25 --until 2026-09-28", "--log", url)
    rows = since.document["data"]
    assert {(row["cluster"], row["log"]) for row in rows} == {
        ("prod", "shared"), ("prod", "node/a"), ("prod", "node/b"),
        ("test", "shared"), ("test", "node/t"),
    }  # fmt: skip
    assert len(rows) == 15
    assert run("vx log --clusters --type volume-made", "--log", url).code == 2
    table = run("vx log --clusters -n 2", "--log", url).out.splitlines()
    assert table[0].startswith("CLUSTER")
    assert len(table) == 3


def test_an_object_is_found_in_every_cluster_and_under_every_name(
    url: str, homes: dict[str, Home]
) -> None:
    assert homes
    rows = run("vx find vol03 --json", "--log", url).document["data"]
    assert [(r["cluster"], r["object"], r["is_there"]) for r in rows] == [
        ("prod", "proddg/vol03", False),
        ("test", "testdg/vol03", False),
    ]
    assert rows[0]["first"]["position"] == 7
    assert rows[0]["last"]["position"] == 9
    assert [r["cluster"] for r in fleet.find(url, "testdg/vol01")] == ["test"]
    assert [r["log"] for r in fleet.find(url, "bdisk4")] == ["node/b"]
    assert {r["cluster"] for r in fleet.find(url, f"{DGID}#1")} == {"prod", "test"}
    done = run("vx find nowhere", "--log", url)
    assert (done.code, "V-5-1-9192" in done.err) == (3, True)


def test_how_far_each_log_is_can_be_asked(url: str, homes: dict[str, Home]) -> None:
    homes["t"].grows(3, 0)
    done = run("vx archive status --json", "--log", url, "--cluster", "test")
    assert problems(done.document) == []
    assert [(r["log"], r["position"], r["lag"]) for r in done.document["data"]] == [
        ("shared", 12, 0),
        ("node/t", 12, 0),
    ]
    assert "CLUSTER" in run("vx archive status", url).out
    shipping = run("vx archive to", url, "--home", str(homes["t"].path))
    assert shipping.out == (
        "shared: 3 commits shipped, archived up to @15 of @15\n"
        "node/t: 0 commits shipped, archived up to @12 of @12\n"
    )


def detached(url: str, *more: str) -> Done:
    return run("vx archive detach", url, "--cluster", "prod", "--before", "2026-12-05", *more)


@pytest.fixture
def own(postgres: Server, tmp_path: Path) -> tuple[str, Home]:
    """An archive with a cluster whose node log has been silent since the second month."""
    url = postgres.database()
    home = a_cluster(tmp_path, "prod", "a")["a"]
    home.grows(110, 30)
    home.appends("shared", ev.DiskGroupCreated("1790000000.9.a", "later", 2000), day=120)
    shipped(url, home)
    return url, home


def test_a_detach_says_first_what_would_go(own: tuple[str, Home]) -> None:
    url, home = own
    before = archived(url, "shared")
    done = detached(url, "--dry-run", "--json")
    assert problems(done.document) == []
    assert done.document["data"]["months"] == ["2026-09", "2026-10", "2026-11"]
    assert archived(url, "shared") == before == home.commits("shared")


def test_behind_a_detach_a_log_begins_with_a_keyframe_and_says_what_is_gone(
    own: tuple[str, Home],
) -> None:
    url, home = own
    there = home.commits("shared"), home.commits("node")
    done = detached(url)
    assert done.code == 0, done.err
    first = next(
        c.position for c in there[0] if decode_header(c.header).time_us >= BEGIN_US + 71 * DAY_US
    )
    assert archived(url, "shared") == there[0][first - 1 :]
    assert archived(url, "node") == there[1][-1:]
    with open_log(f"{url}#") as source:
        assert all(verify(reader, with_replay=True).ok for reader in source.readers.values())
    there_now = run("vx state --json", "--log", str(home.path)).out
    assert run("vx state --json", "--log", f"{url}#").out == there_now
    gone = run("vx show", f"shared@{first - 1}", "--log", url, "--cluster", "prod")
    assert (gone.code, "V-5-1-9190" in gone.err) == (3, True)
    assert f"here it begins @{first}" in gone.err
    assert "V-5-1-9190" in run("vx print --at 2026-10-10", "--log", f"{url}#").err
    assert "was archived away" in run("vx log", "--log", f"{url}#").err
    assert run("vx show", f"shared@{first}", "--log", f"{url}#").code == 0


def test_behind_a_detach_shipping_goes_on(own: tuple[str, Home]) -> None:
    url, home = own
    detached(url)
    home.appends("node", ev.DeviceRemoved(3, ev.Notice("remove", seqnum=99)), day=130)
    home.appends("shared", ev.DiskGroupCreated("1790000000.8.a", "last", 3000), day=130)
    assert [reached.problem for reached in shipped(url, home)] == [None, None]
    assert archived(url, "node") == home.commits("node")[-2:]
    with open_log(f"{url}#") as source:
        assert all(verify(reader, with_replay=True).ok for reader in source.readers.values())


def test_a_month_that_was_detached_is_a_table_with_its_commits(own: tuple[str, Home]) -> None:
    url, _home = own
    before = len(archived(url, "shared")) + len(archived(url, "node"))
    tables = detached(url, "--json").document["data"]["tables"]
    after = len(archived(url, "shared")) + len(archived(url, "node"))
    with psycopg.connect(url) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
            for name in tables
            if name.startswith("vxfleet.commits")
        ]
    assert sum(row[0] for row in counts if row) == before - after
    assert "V-5-1-9191" in detached(url).err


def test_months_that_were_detached_can_be_attached_again_the_newest_first(
    own: tuple[str, Home],
) -> None:
    url, home = own
    detached(url)
    with psycopg.connect(url, autocommit=True) as connection:
        with pytest.raises(psycopg.Error, match="a later month"):
            connection.execute("SELECT vxfleet.attach_month(1, '2026-10-01')")
        for month in ("2026-11-01", "2026-10-01", "2026-09-01"):
            connection.execute("SELECT vxfleet.attach_month(1, %s)", (month,))
    for log in ("shared", "node"):
        assert archived(url, log) == home.commits(log)
    with open_log(f"{url}#") as source:
        assert all(verify(reader, with_replay=True).ok for reader in source.readers.values())
    assert "archived away" not in run("vx log", "--log", f"{url}#").err


def test_what_is_detached_while_it_is_read_is_said_to_be_gone(own: tuple[str, Home]) -> None:
    url, _home = own
    with open_log(f"{url}#") as source:
        reader = source.readers["shared"]
        assert reader.commit(5).position == 5
        detached(url)
        with pytest.raises(NotFound, match="@5 was archived away"):
            reader.commit(5)
        assert reader.commit(reader.last()).position == reader.last()
        carried = source.readers["node"].commit(30)  # the last, which a month that stays has now
        assert carried.position == 30


def test_the_library_opens_and_follows_an_archive(url: str, homes: dict[str, Home]) -> None:
    with library.open(f"{url}#prod/b") as log:
        assert log.head("shared").position == 110
    found = list(library.follow(f"{url}#prod/b", 100, log="shared", timeout=0.1))
    commits = [one for one in found if isinstance(one, library.Commit)]
    assert [commit.position for commit in commits] == list(range(101, 111))
    assert commits[0].cursor.hash == homes["b"].commits("shared")[100].hash.hex()
