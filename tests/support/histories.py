"""Histories: one that has everything in it, and as many as hypothesis likes."""

from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct

from daemon.core.ready import Tick
from eventstore.errors import StoreError
from eventstore.model import commands as cmd, events as ev
from eventstore.model.notifications import (
    DeviceFact,
    DeviceNotified,
    DevicesScanned,
    Notification,
)
from eventstore.model.objects import AnyRecord
from eventstore.model.tags import TagRemoved, TagSet
from tests.support.core import Core, a_core
from tests.support.listings import SMALL, one_group
from tests.support.model import (
    BOOT,
    PRIVATE,
    World,
    add_disks,
    appears,
    changes,
    fact,
    fails,
    goes,
    grow,
    init_disk,
    make,
    make_group,
    remove,
    remove_disks,
    said,
    size_for,
)

EVENTS: tuple[type[ev.Event], ...] = get_args(ev.AnyEvent)
RECORDS: tuple[type[Struct], ...] = get_args(AnyRecord)
Built = TypeVar("Built", bound=Struct)
Move = cmd.AnyCommand | Notification

OLD = f"{SMALL}dc vol1_dco vol1 vol1_dcl\n"
"""A listing with a record of a kind that the model does not handle."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**63), 2**63 - 1)


def of(kind: type[Built]) -> st.SearchStrategy[Built]:
    """Any value of a record, event or command: any text, any number, in every field."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: _values(hints[name]) for name in kind.__struct_fields__})


def _values(hint: Any) -> st.SearchStrategy[Any]:
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXTS,
        int: NUMBERS,
        bool: st.booleans(),
        bytes: st.binary(max_size=8),
        type(None): st.none(),
    }
    if hint in plain:
        return plain[hint]
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of(*map(_values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(_values(get_args(hint)[0]), max_size=3).map(tuple)
    return of(hint)


DEVICES = st.sampled_from(["sda", "sdb", "sdc", "sdd"])
IDENTITIES = st.sampled_from(["x", "y", "z", "t"])
SIZES = st.sampled_from([size_for(public) for public in (48, 64, 160)] + [300])
GROUPS = st.sampled_from(["g", "g", "h"])
DISKS = st.sampled_from(["d1", "d2", "d3"])
VOLUMES = st.sampled_from(["u", "v", "w", "u-01"])
LENGTHS = st.one_of(st.integers(1, 60), st.integers(0, 400))
USUAL = [
    fact(f"sd{letter}", identity, size_for(160))
    for letter, identity in zip("abcd", "xyzt", strict=True)
]
FACTS = st.one_of(
    st.sampled_from(USUAL),
    st.sampled_from(USUAL),
    st.builds(DeviceFact, DEVICES, IDENTITIES, SIZES, st.booleans()),
)

NOTIFICATIONS: st.SearchStrategy[Notification] = st.one_of(
    st.builds(
        said,
        st.sampled_from(["add", "remove", "change", "resize", "fail", "heal"]),
        FACTS,
    ),
    st.builds(
        DevicesScanned,
        st.sampled_from(["start", "overrun"]),
        st.lists(FACTS, max_size=4).map(tuple),
        st.just(99),
        st.just(BOOT),
    ),
)
_SPECS = st.lists(st.tuples(st.none() | DISKS, DEVICES), max_size=3).map(tuple)
_NAMES = st.lists(DISKS, max_size=2).map(tuple)
COMMANDS: st.SearchStrategy[cmd.AnyCommand] = st.one_of(
    st.builds(cmd.InitDisk, DEVICES, st.just(PRIVATE)),
    st.builds(cmd.CreateDiskGroup, GROUPS, _SPECS),
    st.builds(cmd.AddDisks, GROUPS, _SPECS),
    st.builds(cmd.RemoveDisks, GROUPS, _NAMES),
    st.builds(cmd.DestroyDiskGroup, GROUPS),
    st.builds(cmd.MakeVolume, GROUPS, VOLUMES, LENGTHS, _NAMES),
    st.builds(cmd.GrowVolume, GROUPS, VOLUMES, LENGTHS),
    st.builds(cmd.RemoveVolume, GROUPS, VOLUMES),
)
MOVES: st.SearchStrategy[list[Move]] = st.lists(st.one_of(COMMANDS, NOTIFICATIONS), max_size=40)


def moved(world: World, move: Move) -> tuple[ev.AnyEvent, ...]:
    """What comes of a move: its events, taken; nothing where it is refused."""
    if isinstance(move, DeviceNotified | DevicesScanned):
        events = world.observes(move)
    else:
        try:
            events = world.would(move)
        except StoreError:
            return ()
    world.takes(*events)
    return events


def played(moves: list[Move]) -> World:
    """A world in which disks and volumes exist, and what the moves made of it."""
    world = World()
    for device in USUAL[:3]:
        world.sees(said("add", device)).does(init_disk(device.name))
    world.does(make_group("g", "d1=sda", "d2=sdb"), make_group("h", "d3=sdc"))
    world.does(make("u", 200, group="g"))
    for move in moves:
        moved(world, move)
    return world


def the_whole_story() -> Core:
    """A core to which much happened: disks, volumes, notifications, crashes, refusals."""
    core = a_core(160, 160)
    core.asks(make("vol", 100), "make-vol")
    core.asks(make("wide", 200), "make-wide")
    core.asks(grow("vol", 500), "too-much", user="ann")
    core.asks(remove("wide"), "remove-wide")
    core.asks(grow("vol", 8), "grow-vol", user="ann")
    core.sees(goes("sd1"), goes("nobody"))
    core.sees(appears("sdx", "id-sd1", size_for(160)))
    core.sees(fails("sd2", size_for(160)), said("heal", fact("sd2", size=size_for(160))))
    core.stops()
    core.waits(600)
    core.begins()
    core.scans(fact("sdx", "id-sd1", size_for(160)), fact("sd2", size=size_for(160)))
    core.clock_jumps(-5)
    core.asks(make("late", 8, "d2"), "make-late")
    core.sees(changes("sd2", size=9000))
    core.scans(fact("sdx", "id-sd1", size_for(160)), fact("sd2", size=9000), reason="overrun")
    core.asks(make("third", 8), "make-third", expect=3)
    core.asks(remove("late"), "remove-late")
    core.asks(remove_disks("dg", "d2"), "remove-d2")
    core.asks(make_group("temp", "t1=sd2"), "make-temp")
    core.asks(make("brief", 8, group="temp"), "make-brief")
    core.asks(cmd.DestroyDiskGroup("temp"), "destroy-temp")
    core.asks(add_disks("dg", "sd2"), "add-again")
    return core


def every_event() -> Core:
    """The whole story, and what came later: every event there is, is in one of its two logs."""
    core = the_whole_story()
    _another_group(core)
    _whole_groups(core)
    _the_way_back(core)
    _the_daemon(core)
    _a_cluster(core)
    return core


def _a_cluster(core: Core) -> None:
    """What the shared log says of the cluster itself."""
    core.hears_who_is_in()
    for event in (
        ev.DiskGroupCreated("g1", "shared", 2000),
        ev.DiskGroupUpgraded("g1", 310),
        ev.ActivationSet("g1", "node1", "sw"),
        ev.ActivationSet("g1", "node1", "off"),
        ev.AutoImportSet("g1", automatic=False),
        ev.NodeLeft("node1", clean=True),
        ev.RequestsFailed(("grow-more",), "node2", "V-5-1-7916", "not every node had it", "C4"),
        ev.VersionRaised(1),
        ev.ConfiguredNodesChanged(("node1", "node2")),
        ev.LogQuarantined(4),
        ev.LogSetAside(4, 5),
        TagSet("before", 3),
        TagSet("after", 5),
        TagRemoved("after"),
        ev.ContextRedacted(3, 64 * "0", "none of this log"),
        ev.RetentionSet(86_400, 1000),
    ):
        core.shares(event)


def _another_group(core: Core) -> None:
    """What can be done with plexes, and with devices that are in no group."""
    core.sees(appears("sd3", size=size_for(160)), appears("sd4", size=size_for(160)))
    core.asks(cmd.OfflineDisk("sd3"), "offline")
    core.asks(cmd.OnlineDisk("sd3"), "online")
    core.asks(cmd.ForgetDisk("sd4"), "forget")
    core.sees(appears("sd4", size=size_for(160)))
    core.asks(init_disk("sd3"), "init-3")
    core.asks(init_disk("sd4"), "init-4")
    core.asks(make_group("two", "a=sd3", "b=sd4"), "make-two")
    core.asks(cmd.MakeVolume("two", "pair", 64, layout="mirror"), "make-pair")
    core.asks(cmd.DissociatePlex("two", "pair-01"), "dissociate")
    core.asks(cmd.AttachPlex("two", "pair", "pair-01"), "attach")
    core.asks(cmd.RenameDisk("two", "a", "first"), "rename-a")


def _the_way_back(core: Core) -> None:
    """What is taken back, and what waits to be confirmed: it stays, is undone, or cannot be."""
    core.asks(for_a_time(make("stays", 8, group="pairs"), "stays", 60), "stays")
    core.asks(cmd.ConfirmChange("stays"))
    core.asks(for_a_time(make("goes", 8, group="pairs"), "goes", 60), "goes")
    core.asks(cmd.TakeBack("goes"))
    core.asks(for_a_time(make("grows", 8, group="pairs"), "grows", 60), "grows")
    core.asks(grow("grows", 8, group="pairs"))
    core.waits(61)
    core.steps(Tick())


def for_a_time(command: cmd.AnyCommand, request: str, seconds: int) -> cmd.Transaction:
    """A command that is undone after so long, unless it is confirmed."""
    return cmd.Transaction((command,), confirm_s=seconds, request=request)


def _the_daemon(core: Core) -> None:
    """What a daemon can be told of itself."""
    shown = DevicesScanned("request", (fact("sd9", "new", size_for(48)),), 99, BOOT)
    core.asks(cmd.DisableDaemon(), "disable")
    core.asks(cmd.EnableDaemon(), "enable")
    core.asks(cmd.ScanDevices(), "look", scan=shown)


def _whole_groups(core: Core) -> None:
    """What can be done with groups as a whole, one of another system among them."""
    core.asks(cmd.SetDiskGroup("two", {"diskdetpolicy": "local"}), "set-two")
    core.asks(cmd.RenameDiskGroup("two", "pairs"), "rename-two")
    core.asks(cmd.EditRecords("pairs", ("pair",), {"comment": "two copies"}), "comment")
    core.asks(cmd.RenameRecord("pairs", "pair", "couple"), "rename-pair")
    core.asks(cmd.SetReadPolicy("pairs", "prefer", "couple", "pair-01"), "rdpol")
    core.asks(cmd.SetDevice("sd4", clone=True), "clone")
    core.asks(cmd.DeportDiskGroup("pairs", "node7"), "deport")
    core.asks(cmd.ImportDiskGroup("pairs", clear=True), "import")
    core.asks(cmd.TakeOverDiskGroup(one_group(OLD).rows), "take-over")
    core.asks(cmd.DestroyDiskGroup("dg1"), "destroy-old")
