"""The way back: what can be again what it was, and what becomes of a change that waits.

What a command made can be made again; what the kernel said cannot. So facts are taken as they are
now (whether a disk has its device, who has a group activated, how far a counter is), and what
rests on a fact that is another one today is named, object by object. Nothing is brought back by
half: all of it, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.data import stale, without_a_source
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations_at
from eventstore.model.objects import (
    FIRST_SHARED_RID,
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Awaited,
    Change,
    Cluster,
    Device,
    Disk,
    DiskGroup,
    Key,
    Node,
    rid_text,
)
from eventstore.model.state import State
from eventstore.model.wayback_commands import Step
from eventstore.model.wayback_events import DEADLINE, Configured, Where

BYTES_MAX = 256 * 1024
"""Of one event on the way back: a proposal travels in one frame, twice over."""

SHOWN = 8
"""Objects that are named in one refusal; the rest is counted."""

MARKS = ("offline", "clone", "import_lock")
"""What commands set at a device; all else there is what the kernel says, or stands on the disk."""

_encode = Encoder().encode
_decode_steps = Decoder(tuple[Step, ...]).decode

Problem = tuple[str, str]
"""(object, why it cannot be brought back)."""


def restore(state: State, command: cmd.RestoreRecords) -> list[ev.AnyEvent]:
    """Make records what they were.

    Raises:
        Rejected: some cannot be; each is named.
    """
    event, problems = way(state, command.how, command.undoes, command.steps)
    if problems:
        raise impossible(problems)
    if not event.touches():
        raise nothing_to_do()
    return [event]


def way(
    state: State, how: str, undoes: tuple[str, ...], steps: Sequence[Step]
) -> tuple[ev.RecordsRestored, list[Problem]]:
    """Return the event that takes steps, and what stands against it; the state is left alone."""
    problems: list[Problem] = []
    back: list[Configured] = []
    gone: list[Where] = []
    for step in steps:
        key = key_of(step)
        present = state.get(key)
        if not same(present, step.now):
            problems.append((_name(state, step), "it was changed since"))
            continue
        problem = None if step.then is None else _fact_against(state, step.then)
        if problem is not None:
            problems.append((_name(state, step), problem))
            continue
        if step.then is None:
            gone.append(Where(*key))
        else:
            wanted = settled(state, step.then)
            if wanted != present:
                back.append(wanted)
    back.sort(key=_order)
    gone.sort(key=lambda where: (where.space, -where.rid))
    event = ev.RecordsRestored(how, undoes, tuple(back), tuple(gone))
    if len(_encode(event)) > BYTES_MAX:
        problems.append(("all together", f"it is more than {BYTES_MAX} bytes: do it in parts"))
    return event, problems or _tried(state, event)


def _order(record: Configured) -> tuple[str, int]:
    return record.space, record.rid


def key_of(step: Step) -> Key:
    """Return the key of the record that a step is about."""
    record = step.now if step.now is not None else step.then
    return (NODE_SPACE, -1) if record is None else (record.space, record.rid)


def same(present: AnyRecord | None, seen: AnyRecord | None) -> bool:
    """Tell whether a record is what somebody saw, but for facts and counters."""
    if present is None or seen is None or type(present) is not type(seen):
        return present is seen
    return all(getattr(present, name) == getattr(seen, name) for name in given_fields(seen))


def given_fields(record: AnyRecord) -> Sequence[str]:
    """Return the fields of a record that commands give: counters and facts are none of them."""
    if isinstance(record, Device):
        return MARKS
    facts: tuple[str, ...] = ()
    if isinstance(record, DiskGroup):
        facts = ("next_rid", "activations")
    elif isinstance(record, Disk) and record.device:
        facts = ("device_name", "state")
    return [name for name in record.__struct_fields__ if name not in facts]


def settled(state: State, wanted: Configured) -> Configured:
    """Return a record as it was, with what is a fact as it is now."""
    present = state.get((wanted.space, wanted.rid))
    if isinstance(wanted, DiskGroup):
        held = present if isinstance(present, DiskGroup) else None
        if held is None:
            return replace(wanted, activations=())
        counter = max(wanted.next_rid, held.next_rid)
        return replace(wanted, next_rid=counter, activations=held.activations)
    if isinstance(wanted, Disk) and wanted.device:
        device = state.get((NODE_SPACE, wanted.device))
        if isinstance(present, Disk) and present.device == wanted.device:
            return replace(wanted, state=present.state, device_name=present.device_name)
        if isinstance(device, Device):
            return replace(wanted, state="", device_name=device.name)
    if isinstance(wanted, Device) and isinstance(present, Device):
        return replace(present, **{field: getattr(wanted, field) for field in MARKS})
    return wanted


def _fact_against(state: State, wanted: Configured) -> str | None:
    """Return which fact does not let a record be what it was."""
    present = state.get((wanted.space, wanted.rid))
    if isinstance(wanted, Disk) and wanted.device:
        device = state.get((NODE_SPACE, wanted.device))
        if not isinstance(device, Device):
            return f"its device {wanted.device_name} has gone"
        if present is None and not device.present:
            return f"its device {device.name} has gone"
        if device.disk_id != wanted.disk_id:
            return f"its device {device.name} was initialised anew"
        if present is None and device.offline:
            return f"its device {device.name} is offline"
    if isinstance(wanted, Device) and not isinstance(present, Device):
        return f"device {wanted.name} has gone"
    if isinstance(wanted, DiskGroup) and isinstance(present, DiskGroup):
        if wanted.version < present.version:
            return f"it was upgraded to version {present.version}; there is no way back"
        if present.activations and not wanted.imported:
            return f"{present.activations[0].node} has activated it"
    return stale(state, wanted, present)


def _tried(state: State, event: ev.RecordsRestored) -> list[Problem]:
    """Return what the model's rules have against the state after an event."""
    problems = list(_against_groups(state, event))
    problems += [(_named(state, key), why) for key, why in without_a_source(state, event)]
    if problems:
        return problems
    coming = {(record.space, record.rid): record for record in event.back}
    names = {key: _named(state, key, coming.get(key)) for key in event.touches()}
    try:
        changes = apply(state, (event,))
    except KeyError as error:
        return [("all together", str(error.args[0]))]
    try:
        names |= {key: _named(state, key) for key in _near(state, changes)}
        for key in sorted(names):
            for text in violations_at(state, key):
                problems.append((names[key], text.partition(": ")[2]))
    finally:
        state.restore(changes)
    return problems


def _against_groups(state: State, event: ev.RecordsRestored) -> Iterator[Problem]:
    """Yield the groups that are put away, or that would leave records behind."""
    coming = {record.space for record in event.back if record.rid == HEADER_RID}
    going = {where.space for where in event.gone if where.rid == HEADER_RID}
    keys = set(event.touches())
    for space in sorted({key[0] for key in keys} - {NODE_SPACE}):
        group = state.get((space, HEADER_RID))
        if not isinstance(group, DiskGroup):
            if space not in coming:
                yield space, "its disk group is no more"
            continue
        if space in going:
            left = [one for one in state.spaces[space].records if (space, one) not in keys]
            if left or any(record.space == space for record in event.back):
                yield group.name, "other records are in it since"
            if group.activations:
                yield group.name, f"{group.activations[0].node} has activated it"
        elif not group.imported and space not in coming:
            yield group.name, "it is deported"


def _near(state: State, changes: Iterable[Change]) -> set[Key]:
    """Return the records next to which something changed: all of their groups, and the devices."""
    found: set[Key] = set()
    for space in {key[0] for key, _before, _after in changes}:
        if space == NODE_SPACE or space not in state.spaces:
            continue
        for rid, record in state.spaces[space].records.items():
            found.add((space, rid))
            if isinstance(record, Disk) and state.get((NODE_SPACE, record.device)) is not None:
                found.add((NODE_SPACE, record.device))
    found |= {key for key, _before, after in changes if key[0] == NODE_SPACE and after is not None}
    # The device of a disk that goes may be kept for a host, as one of a deported group is.
    devices = {before.device for _key, before, _after in changes if isinstance(before, Disk)}
    return found | {(NODE_SPACE, rid) for rid in devices if rid}


def _name(state: State, step: Step) -> str:
    return _named(state, key_of(step), step.then or step.now)


def _named(state: State, key: Key, otherwise: AnyRecord | None = None) -> str:
    """Return an object as people name it, also one that is not there."""
    record = state.get(key) or otherwise
    if record is None:
        return rid_text(key)
    group = state.get((key[0], HEADER_RID))
    return (
        f"{group.name}/{record.name}" if isinstance(group, DiskGroup) and key[1] else record.name
    )


# A change that waits to be confirmed.


def steps_back(changes: Iterable[Change]) -> tuple[Step, ...]:
    """Return the steps that lead back before changes, each record once."""
    first: dict[Key, AnyRecord | None] = {}
    last: dict[Key, AnyRecord | None] = {}
    for key, before, after in changes:
        first.setdefault(key, before)
        last[key] = after
    steps = [Step(_configured(last[key]), _configured(before)) for key, before in first.items()]
    return tuple(step for step in steps if not same(step.now, step.then))


def _configured(record: AnyRecord | None) -> Configured | None:
    return None if isinstance(record, (Cluster, Node, Awaited)) else record


def steps_of_commands(changes: Iterable[Change]) -> tuple[Step, ...]:
    """Return the same, but for devices that came or went, which no command brings about."""
    return tuple(step for step in steps_back(changes) if not _is_device_fact(step))


def _is_device_fact(step: Step) -> bool:
    sides = (step.now, step.then)
    return None in sides and any(isinstance(side, Device) for side in sides)


def awaited(
    state: State, changes: Sequence[Change], request: str, until_us: int
) -> ev.ConfirmationAwaited:
    """Return the event by which changes wait to be confirmed.

    Raises:
        Rejected: there is nothing in them that could be undone, or too much.
    """
    steps = steps_of_commands(changes)
    stored = _encode(steps)
    if not steps or len(stored) > BYTES_MAX:
        raise Rejected(
            "V-5-1-9249",
            "the change cannot wait to be confirmed",
            cause=f"{len(stored)} bytes would be needed to undo it; {BYTES_MAX} can be kept"
            if steps
            else "it changes nothing that could be undone",
            fix="leave out --confirm-within",
            rule="D2",
        )
    first = FIRST_SHARED_RID if isinstance(state.get((NODE_SPACE, HEADER_RID)), Cluster) else 0
    rid = max(first, state.next_rid(NODE_SPACE))
    return ev.ConfirmationAwaited(rid, request, until_us, stored)


def waiting(state: State) -> list[Awaited]:
    """Return the changes that wait to be confirmed, the first to be undone first."""
    if not state.counts.get(Awaited):
        return []
    records = state.spaces[NODE_SPACE].records.values()
    found = [record for record in records if isinstance(record, Awaited)]
    return sorted(found, key=lambda one: (one.until_us, one.rid))


def confirm(state: State, command: cmd.ConfirmChange) -> list[ev.AnyEvent]:
    """Let a change stay."""
    found = _awaited(state, command.request)
    return [ev.ChangeConfirmed(found.rid, found.name)]


def take_back(state: State, command: cmd.TakeBack) -> list[ev.AnyEvent]:
    """Undo a change that waits; if later ones rest on it, that is kept as the reason why not."""
    found = _awaited(state, command.request)
    steps = _decode_steps(found.steps)
    event, problems = way(state, DEADLINE, (f"tx:{found.name}",), steps)
    if problems:
        reason = told(problems)
        if found.failed == reason:
            raise impossible(problems)
        return [ev.UndoFailed(found.rid, found.name, reason)]
    return [event, ev.ChangeUndone(found.rid, found.name)]


def _awaited(state: State, request: str) -> Awaited:
    for record in waiting(state):
        if record.name == request:
            return record
    raise NotFound(
        "V-5-1-9247",
        f"{request}: no such change waits to be confirmed",
        cause="it was confirmed or undone already, or never waited",
        fix="'vx status' lists what waits; 'vx outcome ID' says what became of a request",
        rule="D2",
    )


def told(problems: Sequence[Problem]) -> str:
    """Return what cannot be, object by object."""
    shown = [f"{name}: {why}" for name, why in problems[:SHOWN]]
    more = len(problems) - SHOWN
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def impossible(problems: Sequence[Problem]) -> Rejected:
    """Return the refusal that names what cannot be brought back."""
    count = len({name for name, _why in problems})
    return Rejected(
        "V-5-1-9240",
        f"{count} object{'s' if count > 1 else ''} cannot be brought back; nothing was changed",
        cause=told(problems),
        fix="bring back what is missing, or restore the other objects one by one: "
        "'vx restore --to WHEN OBJECT'",
        rule="D2",
    )


def nothing_to_do() -> Rejected:
    """Return the refusal where all is as it was."""
    return Rejected(
        "V-5-1-9241",
        "nothing to bring back: all is as it was then",
        cause="what differs is what the kernel said of disks, or counters",
        fix="'vx diff WHEN head' shows what differs",
        rule="D2",
    )
