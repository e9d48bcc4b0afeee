"""Every command there is, in any order, with notifications between: no invariant ever breaks."""

from typing import get_args

from hypothesis import example, given, settings, strategies as st

from eventstore.model import commands as cmd, digest
from eventstore.model.evolve import apply
from eventstore.model.notifications import DeviceFact, DevicesScanned
from eventstore.model.state import State
from eventstore.model.tags import RemoveTag, SetTag
from eventstore.model.wayback_events import Configured
from tests.support.histories import (
    DEVICES,
    DISKS,
    GROUPS,
    LENGTHS,
    NOTIFICATIONS,
    OLD,
    USUAL,
    Move,
    moved,
    of,
)
from tests.support.listings import one_group
from tests.support.model import BOOT, PRIVATE, World, init_disk, make_group, said, snapshot

DISKS_OF_G = tuple(enumerate("abc", 1))
VOLUMES = st.sampled_from(["u", "u", "u", "v", "v", "u-01"])
PLEXES = st.sampled_from(["u-01", "u-02", "v-01", "v-02", "u-03", "u-03"])
LAYOUTS = st.sampled_from(["concat", "mirror", "stripe", "mirror-stripe"])
SPECS = st.lists(st.tuples(st.none() | DISKS, DEVICES), max_size=3).map(tuple)
SOME_DISKS = st.just(()) | st.just(()) | st.lists(DISKS, max_size=2, unique=True).map(tuple)
SOME_VOLUMES = st.just(()) | st.lists(VOLUMES, max_size=2).map(tuple)
TAKEN_OVER = st.just(cmd.TakeOverDiskGroup(one_group(OLD).rows))
OTHERS = st.sampled_from(["h", "h", "dg1", "dg1", "dg1", "g"])
NAMES = st.sampled_from([*"ggggggg", "h", "dg1"])
SHORT = st.one_of(st.integers(1, 40), st.integers(1, 40), LENGTHS)

ONE_RECORD = st.one_of(VOLUMES, PLEXES, DISKS, st.sampled_from(["a-01", "b-01", "w"]))
RECORDS = st.lists(ONE_RECORD, min_size=1, max_size=2).map(tuple)
REQUESTS = st.sampled_from(["r1", "r1", "r2"])
SOME_RECORD = st.one_of(*map(of, get_args(Configured)))
"""Records that nobody ever made, with any value in every field."""
ONE_VOLUME = VOLUMES.map(lambda name: (name,))
TAGS = st.sampled_from(["before", "after", "head", "a b"])
ONE_DISK = DISKS.map(lambda name: (name,))

BUILDERS: dict[type, st.SearchStrategy[cmd.AnyCommand]] = {
    cmd.InitDisk: st.builds(cmd.InitDisk, DEVICES, st.just(PRIVATE)),
    cmd.CreateDiskGroup: st.builds(cmd.CreateDiskGroup, GROUPS, st.just(((None, "sdd"),)) | SPECS),
    cmd.AddDisks: st.builds(cmd.AddDisks, NAMES, st.just(((None, "sdd"),)) | SPECS),
    cmd.RemoveDisks: st.builds(cmd.RemoveDisks, NAMES, SOME_DISKS),
    cmd.DestroyDiskGroup: st.builds(cmd.DestroyDiskGroup, OTHERS),
    cmd.MakeVolume: st.builds(
        cmd.MakeVolume,
        NAMES,
        VOLUMES,
        SHORT,
        SOME_DISKS,
        LAYOUTS,
        mirrors=st.none() | st.none() | st.integers(1, 3),
        columns=st.none() | st.none() | st.integers(1, 3),
        stripe=st.just(8) | st.just(8) | st.just(128),
        start=st.sampled_from([True, True, False]),
    ),
    cmd.GrowVolume: st.builds(cmd.GrowVolume, NAMES, VOLUMES, SHORT),
    cmd.GrowVolumeTo: st.builds(cmd.GrowVolumeTo, NAMES, VOLUMES, SHORT),
    cmd.ShrinkVolume: st.builds(cmd.ShrinkVolume, NAMES, VOLUMES, SHORT),
    cmd.ShrinkVolumeTo: st.builds(cmd.ShrinkVolumeTo, NAMES, VOLUMES, SHORT),
    cmd.MirrorVolume: st.builds(cmd.MirrorVolume, NAMES, VOLUMES, SOME_DISKS),
    cmd.RemoveVolume: st.builds(cmd.RemoveVolume, NAMES, VOLUMES),
    cmd.StartVolumes: st.builds(cmd.StartVolumes, NAMES, SOME_VOLUMES),
    cmd.StopVolumes: st.builds(cmd.StopVolumes, NAMES, SOME_VOLUMES),
    cmd.InitVolume: st.builds(
        cmd.InitVolume, NAMES, VOLUMES, st.sampled_from(["clean", "active", "enable", "zero"])
    ),
    cmd.AttachPlex: st.builds(cmd.AttachPlex, NAMES, VOLUMES, PLEXES),
    cmd.DissociatePlex: st.builds(cmd.DissociatePlex, NAMES, PLEXES, st.booleans()),
    cmd.DeportDiskGroup: st.builds(
        cmd.DeportDiskGroup, OTHERS, st.sampled_from([None, "node1", "node7"])
    ),
    cmd.ImportDiskGroup: st.builds(
        cmd.ImportDiskGroup,
        NAMES,
        st.none() | st.none() | GROUPS,
        force=st.booleans(),
        clear=st.booleans(),
    ),
    cmd.RenameDiskGroup: st.builds(cmd.RenameDiskGroup, OTHERS, GROUPS),
    cmd.SetDiskGroup: st.builds(
        cmd.SetDiskGroup, NAMES, st.just({"diskdetpolicy": "local", "dgfailpolicy": "leave"})
    ),
    cmd.RenameDisk: st.builds(cmd.RenameDisk, NAMES, DISKS, DISKS),
    cmd.OfflineDisk: st.builds(cmd.OfflineDisk, DEVICES),
    cmd.OnlineDisk: st.builds(cmd.OnlineDisk, DEVICES),
    cmd.ForgetDisk: st.builds(cmd.ForgetDisk, DEVICES),
    cmd.TakeOverDiskGroup: TAKEN_OVER,
    cmd.EditRecords: st.builds(
        cmd.EditRecords,
        NAMES,
        RECORDS,
        st.sampled_from([{"comment": "c"}, {"comment": ""}, {"putil0": "p", "tutil0": "MOVE"}]),
    ),
    cmd.RenameRecord: st.builds(cmd.RenameRecord, NAMES, ONE_RECORD, ONE_RECORD),
    cmd.RemoveRecords: st.builds(
        cmd.RemoveRecords, NAMES, RECORDS, recursive=st.booleans(), force=st.booleans()
    ),
    cmd.SetVolume: st.builds(cmd.SetVolume, NAMES, ONE_VOLUME, SHORT),
    cmd.SetReadPolicy: st.builds(
        cmd.SetReadPolicy,
        NAMES,
        st.sampled_from(["round", "prefer", "select", "siteread", "other"]),
        VOLUMES,
        st.none() | PLEXES,
    ),
    cmd.MaintainVolumes: st.builds(cmd.MaintainVolumes, NAMES, ONE_VOLUME),
    cmd.ResyncVolumes: st.builds(cmd.ResyncVolumes, NAMES, ONE_VOLUME),
    cmd.DetachPlex: st.builds(cmd.DetachPlex, NAMES, PLEXES),
    cmd.CopyToPlex: st.builds(cmd.CopyToPlex, NAMES, VOLUMES, PLEXES),
    cmd.MovePlex: st.builds(cmd.MovePlex, NAMES, PLEXES, PLEXES, st.booleans()),
    cmd.MoveVolume: st.builds(cmd.MoveVolume, NAMES, VOLUMES, ONE_DISK, SOME_DISKS),
    cmd.UpgradeDiskGroup: st.builds(cmd.UpgradeDiskGroup, NAMES, st.sampled_from([None, 200])),
    cmd.SetDevice: st.builds(cmd.SetDevice, DEVICES, st.booleans()),
    cmd.AddNode: st.builds(cmd.AddNode, DEVICES),
    cmd.RemoveNode: st.builds(cmd.RemoveNode, DEVICES),
    cmd.RecoverDiskGroup: st.builds(
        cmd.RecoverDiskGroup, NAMES, st.sampled_from(["clean", "remove", ""])
    ),
    cmd.AddLog: st.builds(
        cmd.AddLog, NAMES, VOLUMES, st.sampled_from([33, 33, 40, 10]), SOME_DISKS
    ),
    cmd.RemoveLog: st.builds(cmd.RemoveLog, NAMES, VOLUMES),
    cmd.EnableDaemon: st.just(cmd.EnableDaemon()),
    cmd.DisableDaemon: st.just(cmd.DisableDaemon()),
    cmd.ScanDevices: st.just(cmd.ScanDevices()),
    SetTag: st.builds(SetTag, TAGS, st.none() | st.integers(0, 3)),
    RemoveTag: st.builds(RemoveTag, TAGS),
    cmd.RedactContext: st.just(cmd.RedactContext("node", 1, 64 * "0")),
    cmd.SetRetention: st.builds(cmd.SetRetention, st.integers(0, 9), st.integers(0, 9)),
    cmd.ClearImport: st.builds(
        cmd.ClearImport, st.lists(DEVICES, min_size=1, max_size=2).map(tuple)
    ),
    cmd.ConfirmChange: st.builds(cmd.ConfirmChange, REQUESTS),
    cmd.TakeBack: st.builds(cmd.TakeBack, REQUESTS),
}
BUILDERS[cmd.Transaction] = st.builds(
    cmd.Transaction,
    st.lists(st.one_of(*BUILDERS.values()), min_size=1, max_size=3).map(tuple),
    confirm_s=st.none() | st.integers(1, 60),
    request=REQUESTS,
)
BUILDERS[cmd.RestoreRecords] = st.builds(
    cmd.RestoreRecords,
    st.just("node"),
    st.sampled_from(["revert", "undo"]),
    st.just(("@1",)),
    st.lists(
        st.builds(cmd.Step, st.none() | SOME_RECORD, st.none() | SOME_RECORD), max_size=2
    ).map(tuple),
)
BUILDING = [
    cmd.AddLog,
    cmd.MakeVolume,
    cmd.MirrorVolume,
    cmd.DissociatePlex,
    cmd.AttachPlex,
    cmd.GrowVolume,
]
CHANGING = [cmd.DetachPlex, cmd.MovePlex, cmd.MoveVolume, cmd.MaintainVolumes]
RUNNING = [cmd.StartVolumes, cmd.StopVolumes, cmd.ImportDiskGroup, cmd.DeportDiskGroup]
MOVES: st.SearchStrategy[list[Move]] = st.lists(
    st.one_of(
        *(BUILDERS[kind] for kind in BUILDING * 3 + RUNNING * 2 + CHANGING),
        *BUILDERS.values(),
        *[st.sampled_from([said("add", disk), said("remove", disk)]) for disk in USUAL],
        NOTIFICATIONS,
    ),
    min_size=20,
    max_size=60,
)
THE_PAIR: list[Move] = [
    cmd.MakeVolume("g", "w", 100, layout="mirror"),
    cmd.DissociatePlex("g", "w-01"),
    cmd.DeportDiskGroup("g"),
]
ITSELF: list[Move] = [
    DevicesScanned("start", (DeviceFact("sda", "x", 1440),), 99, BOOT),
    cmd.DissociatePlex("g", "u-02"),
    cmd.MovePlex("g", "u-01", "u-01"),
]
"""A plex that came back, and is to take its own place."""


def beginning() -> World:
    """A group of three disks, a mirror on it, and a disk that is free."""
    world = World()
    world.scan = DevicesScanned("request", tuple(USUAL[1:]), 99, BOOT)
    for device in USUAL:
        world.sees(said("add", device)).does(init_disk(device.name))
    world.does(make_group("g", *(f"d{number}=sd{letter}" for number, letter in DISKS_OF_G)))
    return world.does(cmd.MakeVolume("g", "u", 40, layout="mirror"))


def after(moves: list[Move]) -> World:
    """What the moves make of the beginning; `World.takes` holds every step to the invariants."""
    world = beginning()
    for move in moves:
        moved(world, move)
    return world


def fresh(world: World) -> State:
    """What replaying all that happened gives."""
    state = State()
    for events in world.commits:
        apply(state, events)
    return state


def test_every_command_is_among_the_moves() -> None:
    assert set(BUILDERS) == set(get_args(cmd.AnyCommand))


@given(MOVES)
@example(THE_PAIR)
@example(ITSELF)
@settings(max_examples=300)
def test_no_sequence_of_commands_breaks_an_invariant(moves: list[Move]) -> None:
    world = after(moves)
    replayed = fresh(world)
    assert snapshot(replayed) == snapshot(world.state)
    assert digest.of_state(replayed) == world.digest


@given(MOVES)
@settings(max_examples=60)
def test_whatever_a_command_did_can_be_undone(moves: list[Move]) -> None:
    state = State()
    for events in after(moves).commits:
        before = snapshot(state)
        state.restore(apply(state, events))
        assert snapshot(state) == before
        apply(state, events)
