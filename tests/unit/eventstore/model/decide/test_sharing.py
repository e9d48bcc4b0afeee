"""Shared disk groups: commands on them, whose disks they have, and what each node has to say."""

import pytest
from msgspec.structs import replace

from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide import sharing
from eventstore.model.decide.home import home_of
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.sharing import completed, decide_shared, named_disks
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations
from eventstore.model.objects import Device
from eventstore.model.state import State
from tests.support.model import (
    START_US,
    World,
    appears,
    fails,
    goes,
    init_disk,
    make_group,
    size_for,
    snapshot,
)
from tests.support.sharing import PUBLIC, Cluster, a_cluster, a_node, share

SHARED_IMPORT = cmd.ImportDiskGroup("dg", shared=True)


def shares(shared: State, own: World, group: str, device: str) -> None:
    command = cmd.CreateDiskGroup(group, ((None, device),), shared=True)
    before = snapshot(shared)
    disks = named_disks(shared, own.state, command)
    events = decide_shared(shared, command, own.moment(), disks)
    assert snapshot(shared) == before
    apply(shared, events)
    assert violations(shared) == []


def home(cluster: Cluster, command: cmd.AnyCommand) -> str:
    return home_of(cluster.state, cluster.own.state, command)


def test_a_name_that_is_another_disk_on_another_node_takes_that_nodes_disk() -> None:
    """D2: each node names devices as it sees them; the log knows them by identity."""
    shared = State()
    apply(shared, [ev.ClusterCreated("c1", "prod", ("node1", "node2"))])
    shares(shared, a_node(("sda", "id-x")), "one", "sda")
    shares(shared, a_node(("sda", "id-y")).takes(), "two", "sda")
    assert set(shared.identities) == {"id-x", "id-y"}
    names = [disk.device_name for group in shared.groups() for disk in shared.disks(group)]
    assert names == ["sda", "sda"]


def test_a_disk_that_the_asking_node_initialised_is_one_for_the_node_that_decides() -> None:
    """D3: the disk's identity, and what was initialised, travel with the request."""
    asking, deciding = a_node(("sdq", "id-q")), World().sees(appears("sda", "id-q"))
    cluster = Cluster()
    command = share("new", ((None, "sdq"),))
    disks = named_disks(cluster.state, asking.state, command)
    known = completed(deciding.state, disks)
    cluster.takes(*decide_shared(cluster.state, command, Moment("node2", START_US), known))
    assert (known, set(cluster.state.identities)) == (disks, {"id-q"})


def test_a_disk_that_only_the_deciding_node_initialised_will_do_too() -> None:
    asking, deciding = World().sees(appears("sdq", "id-q")), a_node(("sda", "id-q"))
    cluster = Cluster()
    command = share("new", ((None, "sdq"),))
    disks = named_disks(cluster.state, asking.state, command)
    known = completed(deciding.state, disks)
    cluster.takes(*decide_shared(cluster.state, command, Moment("node2", START_US), known))
    assert [disk.device_name for disk in cluster.state.disks(cluster.state.groups()[0])] == ["sdq"]


def test_a_disk_that_nobody_initialised_is_refused() -> None:
    cluster = Cluster()
    cluster.own.sees(appears("sdz"))
    assert cluster.refuses(share("new", ((None, "sdz"),))).id == "V-5-1-2108"


def test_a_device_that_the_asking_node_does_not_have_is_refused() -> None:
    assert Cluster().refuses(share("new", ((None, "sdz"),))).id == "V-5-1-523"


def test_a_disk_that_was_initialised_anew_since_it_was_shared_is_taken_as_it_is_now() -> None:
    cluster = a_cluster().does(cmd.DestroyDiskGroup("dg"))
    cluster.own.does(init_disk("sda", 1040))
    cluster.does(share("new", ((None, "sda"),)))
    (disk,) = cluster.state.disks(cluster.state.groups()[0])
    device = cluster.own.one(Device, "sda")
    assert (disk.disk_id, disk.private_len) == (device.disk_id, 1040)


def test_a_disk_that_is_in_a_shared_group_is_not_taken_into_another() -> None:
    assert a_cluster().refuses(share("new", ((None, "sda"),))).id == "V-5-1-2349"


def test_a_name_that_a_shared_group_has_is_refused() -> None:
    assert a_cluster().refuses(share("dg", ((None, "sda"),))).id == "V-5-1-585"


@pytest.mark.parametrize("name", ["bootdg", "rootdg"])
def test_the_boot_group_is_never_shared(name: str) -> None:
    """F3."""
    cluster = a_cluster()
    assert Cluster().refuses(share(name)).id == "V-5-1-7997"
    assert cluster.refuses(cmd.RenameDiskGroup("dg", name)).rule == "F3"
    cluster.does(cmd.DeportDiskGroup("dg"))
    assert cluster.refuses(cmd.ImportDiskGroup("dg", name, shared=True)).id == "V-5-1-7997"


def test_there_is_no_raid5_in_a_shared_group() -> None:
    """F3."""
    refusal = a_cluster().refuses(cmd.MakeVolume("dg", "five", 8, layout="raid5"))
    assert (refusal.id, refusal.rule) == ("V-5-1-7998", "F3")


def test_a_shared_group_is_deported_and_imported_by_all() -> None:
    cluster = a_cluster().does(cmd.DeportDiskGroup("dg"))
    assert cluster.state.groups() == []
    assert cluster.does(SHARED_IMPORT).group.name == "dg"


def test_a_shared_group_is_not_imported_as_if_it_were_private() -> None:
    cluster = a_cluster().does(cmd.DeportDiskGroup("dg"))
    assert home(cluster, cmd.ImportDiskGroup("dg")) == "shared"
    assert cluster.refuses(cmd.ImportDiskGroup("dg")).id == "V-5-1-7999"


def test_a_private_group_is_not_imported_as_if_it_were_shared() -> None:
    cluster = Cluster()
    cluster.own.does(make_group("mine", "sda"), cmd.DeportDiskGroup("mine"))
    assert home(cluster, cmd.ImportDiskGroup("mine")) == "node"
    assert home(cluster, cmd.ImportDiskGroup("mine", shared=True)) == "shared"
    assert cluster.refuses(cmd.ImportDiskGroup("mine", shared=True)).id == "V-5-1-9100"


def test_a_private_group_is_not_imported_for_a_time_only() -> None:
    own = a_node(("sda", "id-x")).does(make_group("mine", "sda"), cmd.DeportDiskGroup("mine"))
    assert own.refuses(cmd.ImportDiskGroup("mine", temporary=True)).id == "V-5-1-9101"


def temporarily() -> Cluster:
    import_ = cmd.ImportDiskGroup("dg", shared=True, temporary=True)
    return a_cluster().does(cmd.DeportDiskGroup("dg"), import_)


def test_the_start_of_the_cluster_imports_shared_groups() -> None:
    """B1."""
    cluster = a_cluster().starts_anew("node1", "node2", "node3")
    assert [group.name for group in cluster.elects("node2", "node3").state.groups()] == ["dg"]


def test_the_start_of_the_cluster_leaves_out_a_group_that_was_imported_for_a_time() -> None:
    """B1: noautoimport; an election that begins no cluster changes nothing."""
    cluster = temporarily().does(cmd.StartVolumes("dg"))
    cluster.starts_anew("node1", "node2").elects("node1", "node2", "node3")
    assert cluster.states() == ("ENABLED", "ACTIVE")
    cluster.starts_anew("node1", "node2", "node3").elects("node1", "node2")
    assert [group.name for group in cluster.state.deported()] == ["dg"]
    assert cluster.does(SHARED_IMPORT).states() == ("DISABLED", "CLEAN")


def test_a_group_that_is_left_out_remembers_that_it_needs_recovery() -> None:
    cluster = temporarily().does(cmd.StartVolumes("dg"))
    cluster.does(cmd.SetDiskGroup("dg", {"activation": "sw"}))
    cluster.starts_anew("node1", "node2", "node3").elects("node1", "node2").does(SHARED_IMPORT)
    assert cluster.states() == ("DISABLED", "NEEDSYNC")
    assert cluster.does(cmd.StartVolumes("dg")).states() == ("ENABLED", "ACTIVE")


def test_an_import_for_good_is_what_the_next_start_goes_by() -> None:
    cluster = temporarily().does(cmd.DeportDiskGroup("dg"), SHARED_IMPORT)
    assert not cluster.group.noautoimport


def test_a_node_can_join_that_reaches_every_disk_and_has_no_name_of_a_shared_group() -> None:
    cluster = a_cluster()
    assert sharing.join_check(cluster.own.state, cluster.state) is None


@pytest.mark.parametrize("harm", [goes("sdb"), fails("sdb", size_for(PUBLIC))])
def test_a_node_that_does_not_reach_a_shared_disk_cannot_join(harm: ev.AnyEvent) -> None:
    """B4."""
    cluster = a_cluster()
    cluster.own.sees(harm)  # type: ignore[arg-type]
    refusal = sharing.join_check(cluster.own.state, cluster.state)
    assert refusal is not None
    assert refusal.message == "cannot find disk on slave node"
    assert refusal.cause == "disk b of shared disk group dg"


def test_a_node_whose_private_group_has_the_name_of_a_shared_one_cannot_join() -> None:
    """B4; the group is named."""
    cluster = a_cluster()
    cluster.own.sees(appears("sdc")).does(init_disk("sdc"), make_group("dg", "sdc"))
    refusal = sharing.join_check(cluster.own.state, cluster.state)
    assert refusal is not None
    assert (refusal.id, "Disk group dg" in refusal.message) == ("V-5-1-7917", True)


def objection(cluster: Cluster, own: World, command: cmd.AnyCommand) -> str | None:
    found = sharing.local_check(own.state, cluster.state, cluster.would(command))
    return None if found is None else found.id


def test_every_node_makes_its_own_checks() -> None:
    """D3: every disk has to be reached, and the name free, on each node."""
    cluster, two = Cluster(), a_node(("sdm", "id-x"), ("sdn", "id-y"))
    assert objection(cluster, two, share()) is None
    two.does(make_group("dg", "sdm"))
    assert objection(cluster, two, share()) == "V-5-1-7917"
    assert objection(cluster, two, share("other")) == "V-5-1-7920"
    assert objection(cluster, a_node(("sdm", "id-x")), share()) == "V-5-1-7921"


def test_a_private_change_respects_what_is_shared() -> None:
    """D3."""
    cluster = a_cluster()
    own = cluster.own.sees(appears("sdc")).does(init_disk("sdc"))
    for command, found in (
        (init_disk("sda"), "V-5-1-7919"),
        (make_group("dg", "sdc"), "V-5-1-7918"),
        (make_group("mine", "sda"), "V-5-1-7919"),
        (cmd.OfflineDisk("sda"), "V-5-1-7919"),
        (cmd.ForgetDisk("sda"), "V-5-1-7919"),
    ):
        refusal = sharing.private_check(cluster.state, own.state, own.would(command))
        assert refusal is not None
        assert refusal.id == found


def test_what_comes_back_is_checked_as_what_is_made() -> None:
    """D3: an event of the way back may bring a name that a node gave to a private group."""
    cluster = a_cluster()
    group = cluster.state.group("dg")
    assert group is not None
    back = [ev.RecordsRestored("undo", ("@1",), (replace(group, name="mine"),), ())]
    own = cluster.own.sees(appears("sdc")).does(init_disk("sdc"))
    private = own.would(make_group("mine", "sdc"))
    assert sharing.local_check(own.state, cluster.state, back) is None
    assert sharing.private_check(cluster.state, own.state, private) is None
    coming = sharing.private_check(cluster.state, own.state, private, back)
    there = sharing.local_check(own.takes(*private).state, cluster.state, back)
    assert (coming and coming.id, there and there.id) == ("V-5-1-7918", "V-5-1-7917")
