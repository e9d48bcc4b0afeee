"""`decide`: the one door for commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from eventstore.model import commands as cmd, events as ev, tags as tg
from eventstore.model.decide import (
    activation,
    copies,
    daemon,
    disks,
    editing,
    groups,
    keeping,
    logs,
    membership,
    moving,
    plexes,
    recovering,
    resize,
    starting,
    tags,
    takeover,
    together,
    volumes,
    wayback,
)
from eventstore.model.decide.moment import Moment
from eventstore.model.state import State


def decide(state: State, command: cmd.AnyCommand, moment: Moment) -> tuple[ev.AnyEvent, ...]:
    """Return the events by which a command takes effect; the state is left alone.

    Raises:
        Rejected: the command breaks a rule, which the error names.
        NotFound: it names an object that does not exist.
    """
    if isinstance(command, cmd.Transaction):
        return together.together(state, command, moment, lambda one: decide(state, one, moment))
    return tuple(DECISIONS[type(command)](state, command, moment))


def _timeless(
    decision: Callable[[State, Any], list[ev.AnyEvent]],
) -> Callable[[State, Any, Moment], list[ev.AnyEvent]]:
    return lambda state, command, _moment: decision(state, command)


DECISIONS: dict[type, Callable[[State, Any, Moment], list[ev.AnyEvent]]] = {
    cmd.InitDisk: disks.init,
    cmd.CreateDiskGroup: groups.create,
    cmd.AddDisks: _timeless(groups.add_disks),
    cmd.RemoveDisks: _timeless(groups.remove_disks),
    cmd.DestroyDiskGroup: _timeless(groups.destroy),
    cmd.MakeVolume: _timeless(volumes.make),
    cmd.GrowVolume: _timeless(resize.resize),
    cmd.GrowVolumeTo: _timeless(resize.resize),
    cmd.ShrinkVolume: _timeless(resize.resize),
    cmd.ShrinkVolumeTo: _timeless(resize.resize),
    cmd.MirrorVolume: _timeless(plexes.mirror),
    cmd.RemoveVolume: _timeless(volumes.remove),
    cmd.StartVolumes: _timeless(starting.start),
    cmd.StopVolumes: _timeless(starting.stop),
    cmd.InitVolume: _timeless(starting.init),
    cmd.AttachPlex: _timeless(plexes.attach),
    cmd.DissociatePlex: _timeless(plexes.dissociate),
    cmd.DeportDiskGroup: moving.deport,
    cmd.ImportDiskGroup: moving.bring_in,
    cmd.RenameDiskGroup: _timeless(moving.rename),
    cmd.SetDiskGroup: activation.set_attributes,
    cmd.RenameDisk: _timeless(moving.rename_disk),
    cmd.TakeOverDiskGroup: _timeless(takeover.take_over),
    cmd.OfflineDisk: _timeless(disks.offline),
    cmd.OnlineDisk: _timeless(disks.online),
    cmd.ForgetDisk: _timeless(disks.forget),
    cmd.SetDevice: _timeless(disks.mark),
    cmd.UpgradeDiskGroup: _timeless(moving.upgrade),
    cmd.EditRecords: _timeless(editing.set_labels),
    cmd.RenameRecord: _timeless(editing.rename),
    cmd.RemoveRecords: _timeless(editing.remove),
    cmd.SetVolume: _timeless(copies.set_length),
    cmd.SetReadPolicy: _timeless(copies.set_policy),
    cmd.MaintainVolumes: _timeless(copies.maintain),
    cmd.ResyncVolumes: _timeless(copies.resync),
    cmd.DetachPlex: _timeless(copies.detach),
    cmd.CopyToPlex: _timeless(copies.copy),
    cmd.MovePlex: _timeless(copies.replace),
    cmd.MoveVolume: _timeless(copies.move),
    cmd.AddNode: _timeless(membership.add),
    cmd.RemoveNode: _timeless(membership.remove),
    cmd.RecoverDiskGroup: _timeless(recovering.recover),
    cmd.AddLog: _timeless(logs.add),
    cmd.RemoveLog: _timeless(logs.remove),
    cmd.EnableDaemon: daemon.enable,
    cmd.DisableDaemon: _timeless(daemon.disable),
    cmd.ScanDevices: daemon.scan,
    cmd.ClearImport: _timeless(disks.clear_import),
    tg.SetTag: tags.set_tag,
    tg.RemoveTag: _timeless(tags.remove),
    cmd.RestoreRecords: _timeless(wayback.restore),
    cmd.ConfirmChange: _timeless(wayback.confirm),
    cmd.TakeBack: _timeless(wayback.take_back),
    cmd.RedactContext: _timeless(keeping.redact),
    cmd.SetRetention: _timeless(keeping.set_retention),
}

assert {*DECISIONS, cmd.Transaction} == set(get_args(cmd.AnyCommand)), (
    "every command needs a decision"
)
