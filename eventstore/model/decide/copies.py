"""The copies of a volume while it is in use: detaching, copying, replacing and moving them."""

from __future__ import annotations

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.allocation import Pool, Region
from eventstore.model.decide.layout import regions_given
from eventstore.model.decide.logs import following, one_region
from eventstore.model.decide.names import need, need_group
from eventstore.model.decide.plexes import attach, check_not_last, lost_disks, not_attachable
from eventstore.model.decide.starting import UNSYNCED
from eventstore.model.decide.volumes import check_usable, plex_removal
from eventstore.model.objects import LOG_OFFSET, Disk, DiskGroup, Plex, Volume
from eventstore.model.state import State

POLICIES = ("round", "prefer", "select", "siteread")


def detach(state: State, command: cmd.DetachPlex) -> list[ev.AnyEvent]:
    """Let a plex take no part in I/O; what is written from here on it misses."""
    group = need_group(state, command.group)
    plex = need(state, group, Plex, command.plex)
    if not plex.volume or plex.kstate != "ENABLED" or not plex.length:
        raise Rejected(
            "V-5-1-1282",
            f"Plex {plex.name} cannot be detached",
            cause="only a copy of a volume can be, and only one that is ENABLED",
            fix=f"'vxprint -g {group.name} -ht' shows the states",
            rule="D2",
        )
    check_not_last(state, plex)
    return [ev.PlexStateSet(plex.space, plex.rid, "DETACHED", "STALE")]


def copy(state: State, command: cmd.CopyToPlex) -> list[ev.AnyEvent]:
    """Copy a volume onto a plex that stays on its own: a copy of this moment."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.volume)
    plex = need(state, group, Plex, command.plex)
    check_usable(state, group, volume)
    if plex.volume:
        raise not_attachable(plex, "it belongs to a volume")
    if plex.length < volume.length:
        raise not_attachable(plex, f"it has {plex.length} sectors, the volume {volume.length}")
    if lost := lost_disks(state, plex):
        raise not_attachable(plex, f"disk {lost[0]} has no device")
    if plex.state == "ACTIVE":
        raise not_attachable(plex, "it is a copy already; dissociate and attach it to renew it")
    return [ev.PlexStateSet(plex.space, plex.rid, "DISABLED", "ACTIVE")]


def replace(state: State, command: cmd.MovePlex) -> list[ev.AnyEvent]:
    """Put a dissociated plex in the place of one of a volume, in one step."""
    group = need_group(state, command.group)
    old = need(state, group, Plex, command.old)
    volume = state.get((group.space, old.volume))
    if not isinstance(volume, Volume):
        raise not_attachable(old, "it belongs to no volume, so nothing can take its place")
    attached = attach(state, cmd.AttachPlex(group.name, volume.name, command.new))
    new = need(state, group, Plex, command.new)
    if new.volume:
        raise not_attachable(new, "it belongs to the volume, so it can take no place in it")
    gone: list[ev.AnyEvent] = [ev.PlexDissociated(old.space, old.rid)]
    return [*attached, *gone, *(plex_removal(state, old) if command.remove else [])]


def move(state: State, command: cmd.MoveVolume) -> list[ev.AnyEvent]:
    """Move what a volume has on some disks to other ones, subdisk by subdisk, in one commit."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    check_usable(state, group, volume)
    off = {need(state, group, Disk, name).rid for name in command.off}
    pool = Pool(state, group, command.disks)
    events: list[ev.AnyEvent] = []
    taken: set[str] = set()
    rid = state.next_rid(group.space)
    for plex in state.plexes(volume):
        moved = [subdisk for subdisk in state.subdisks(plex) if subdisk.disk in off]
        for subdisk in moved:
            elsewhere = off | _disks_of_others(state, volume, plex, subdisk.column)
            if subdisk.plex_offset == LOG_OFFSET:
                regions: tuple[Region, ...] = (one_region(pool, subdisk.length, off),)
            else:
                regions = tuple(pool.concat(subdisk.length, elsewhere))
            columns = tuple(
                regions if column == subdisk.column else () for column in range(plex.columns or 1)
            )
            starts = (subdisk.plex_offset,) * len(columns)
            made = regions_given(state, group, plex.rid, columns, rid, taken, starts)
            events.append(ev.SubdiskRemoved(subdisk.space, subdisk.rid))
            events += made
            rid += len(made)
    if not events:
        raise _nothing(group, f"volume {volume.name} has nothing on {', '.join(command.off)}")
    return events


def _disks_of_others(state: State, volume: Volume, plex: Plex, column: int) -> set[int]:
    """Return the disks that a piece must not be on: those of other copies, and other columns."""
    return {
        subdisk.disk
        for other in state.copies(volume)
        for subdisk in state.subdisks(other)
        if other.rid != plex.rid or subdisk.column != column
    }


def set_policy(state: State, command: cmd.SetReadPolicy) -> list[ev.AnyEvent]:
    """Say how the plexes of a volume share its reads."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    if command.policy not in POLICIES or (command.policy == "prefer") != (
        command.plex is not None
    ):
        raise Rejected(
            "V-5-1-1213",
            f"vxvol rdpol {command.policy} is not a policy",
            cause=f"known are {', '.join(POLICIES)}; prefer names a plex, the others none",
            fix="for example: vxvol rdpol prefer VOLUME PLEX",
            rule="D2",
        )
    preferred = ""
    if command.plex is not None:
        plex = need(state, group, Plex, command.plex)
        if plex.volume != volume.rid or not plex.length:
            raise not_attachable(plex, f"it is no copy of volume {volume.name}")
        preferred = plex.name
    policy = {"prefer": "PREFER", "siteread": "SITEREAD"}.get(
        command.policy, command.policy.upper()
    )
    if (policy, preferred) == (volume.readpol, volume.prefplex):
        raise _nothing(group, f"the policy of volume {volume.name} is that already")
    return [ev.ReadPolicySet(volume.space, volume.rid, policy, preferred)]


def set_length(state: State, command: cmd.SetVolume) -> list[ev.AnyEvent]:
    """Set the length of volumes without their plexes': no further than a plex reaches."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for name in dict.fromkeys(command.names):
        volume = need(state, group, Volume, name)
        longest = max(plex.length for plex in state.plexes(volume))
        if not 0 < command.length_sectors <= longest:
            raise Rejected(
                "V-5-1-1214",
                f"Volume {volume.name} cannot have {command.length_sectors} sectors",
                cause=f"its longest plex has {longest}",
                fix="let it grow with 'vxassist growto'",
                rule="D2",
            )
        if volume.length != command.length_sectors:
            events.append(ev.VolumeResized(volume.space, volume.rid, command.length_sectors))
    return events or _raise(_nothing(group, "every volume that is named has that length"))


def maintain(state: State, command: cmd.MaintainVolumes) -> list[ev.AnyEvent]:
    """Put volumes into maintenance; `vxvol start` takes them out again."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for name in dict.fromkeys(command.names):
        volume = need(state, group, Volume, name)
        if volume.kstate == "ENABLED":
            events += [
                ev.PlexStateSet(plex.space, plex.rid, "DETACHED", plex.state)
                for plex in state.copies(volume)
                if plex.kstate == "ENABLED"
            ]
            events += following(state, volume, runs=False)
            events.append(ev.VolumeStateSet(volume.space, volume.rid, "DETACHED", volume.state))
    return events or _raise(_nothing(group, "no volume that is named is ENABLED"))


def resync(state: State, command: cmd.ResyncVolumes) -> list[ev.AnyEvent]:
    """Make the plexes of volumes the same again where they may differ; it is done at once."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for name in dict.fromkeys(command.names):
        volume = need(state, group, Volume, name)
        if volume.kstate == "ENABLED" and volume.state in UNSYNCED:
            events.append(ev.VolumeStateSet(volume.space, volume.rid, volume.kstate, "ACTIVE"))
    return events or _raise(_nothing(group, "the plexes of every volume that is named are equal"))


def _nothing(group: DiskGroup, why: str) -> Rejected:
    return Rejected(
        "V-5-1-1212",
        f"Disk group {group.name}: nothing to do",
        cause=why,
        fix=f"'vxprint -g {group.name} -ht' shows what is",
        rule="D2",
    )


def _raise(error: Rejected) -> list[ev.AnyEvent]:
    raise error
