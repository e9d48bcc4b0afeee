"""Nemeses of disks: they refuse, fill up, rot, are swapped, or go back in time (N22 to N29, N35).

Only one node's log is harmed at a time, while enough others are whole: where the last whole copy
is gone nothing could be demanded of anybody.
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.core.ready import Notified
from eventstore.model.notifications import Action, DeviceFact, DeviceNotified, DevicesScanned
from tests.simulation.disk import Disk, Image
from tests.simulation.faults import Faults, nemesis

ACTIONS: tuple[Action, ...] = ("add", "remove", "change", "fail", "heal")


@nemesis("disk errors", 27)
def disk_errors(faults: Faults) -> None:
    """Flushes fail now and then."""
    weather = faults.world.weather
    weather.disk_error = faults.random.choice((0.01, 0.05, 0.2))
    faults.later(1000, lambda: setattr(weather, "disk_error", 0.0))


@nemesis("disk full", 27)
def disk_full(faults: Faults) -> None:
    """A disk takes nothing more: its daemon ends, starts, and ends, until there is room again."""
    name, full = faults.victim(), faults.world.weather.full
    faults.tell(f"{name}'s disk is full")
    full.add(name)
    faults.later(faults.random.choice((100, 1000, 5000)), lambda: full.discard(name))


@nemesis("rot", 24)
def rot(faults: Faults) -> None:
    """A log cannot be read any more from somewhere on; or the promise cannot, or both."""
    name = faults.any_node()
    disk = faults.world.disks[name]
    if len(disk.shared) < 2:
        return
    kind = faults.random.choice(("log", "log", "promise", "both"))
    at = faults.random.randint(2, len(disk.shared))

    def harm(found: Disk) -> None:
        if kind != "promise":
            found.rot(at)
        if kind != "log":
            found.forget_promise()

    _damage(faults, name, harm, f"rots: {kind}")


@nemesis("blank", 26)
def blank(faults: Faults) -> None:
    """A disk is replaced by an empty one, on a node of the same name."""
    _damage(faults, faults.any_node(), Disk.make_blank, "is blank")


def _whole(faults: Faults, but: str) -> list[str]:
    """Return the nodes whose logs count, and stand for what they promised."""
    world = faults.world
    stale = world.checks.stale
    return [
        n for n, d in world.disks.items() if n != but and d.hard_state().intact and n not in stale
    ]


def _damage(faults: Faults, name: str, harm: Callable[[Disk], None], what: str) -> None:
    """Harm one disk, if enough others are whole."""
    world = faults.world
    checks = world.checks
    if 2 * len(_whole(faults, name)) <= len(world.names) or checks.gone or checks.removed:
        return
    faults.tell(f"{name}'s disk {what}")
    world.kill(name, power=True)
    harm(world.disks[name])
    checks.lost(name)
    faults.back(name, 1, 2000)


@nemesis("backup", 25, 35)
def backup(faults: Faults) -> None:
    """A node's disk is copied; later the copy takes the disk's place.

    It may do so only where every majority without the node knows more than the copy: what the
    node alone had of the last decision would be gone, which no rule can bring back.
    """
    world, name = faults.world, faults.any_node()
    if not faults.images or faults.random.random() < 0.4:
        faults.images.append((name, world.disks[name].image()))
        return
    name, image = faults.random.choice(faults.images)
    whole = _whole(faults, name)
    known = [world.disks[n].required_of(name) for n in whole]
    if 2 * len(whole) > len(world.names) and all(image.end < found for found in known):
        _damage(faults, name, lambda disk: _go_back(faults, disk, image), "is an old copy")


def _go_back(faults: Faults, disk: Disk, image: Image) -> None:
    disk.restore(image)
    faults.world.checks.gone_back(disk.node)


@nemesis("no majority is left", 4, 26)
def all_gone(faults: Faults) -> None:
    """So many disks are lost at once that no majority has a log: the cluster has to halt."""
    world = faults.world
    if faults.random.random() > 0.004 or world.checks.gone or world.checks.removed:
        return
    names = list(world.names)
    faults.random.shuffle(names)
    lost = sorted(names[: (len(names) + 1) // 2])
    faults.tell(f"the disks of {', '.join(lost)} are lost")
    world.checks.gone = tuple(lost)
    for name in lost:
        world.kill(name, power=True)
        world.disks[name].make_blank()
        world.checks.lost(name)
        faults.back(name, 1, 2000)


@nemesis("disks come and go", 17, 27)
def disks_come_and_go(faults: Faults) -> None:
    """A kernel tells of disks that appear, fail and vanish; or lost count, and shows all (A5)."""
    world, name, random = faults.world, faults.any_node(), faults.random
    process = world.processes.get(name)
    facts = [
        DeviceFact(f"sd{n}", f"{name}-{n}", 1 << 21, failing=random.random() < 0.2)
        for n in range(4)
    ]
    boot, now_us = world.monitor.boots[name], world.now * 1000
    shown, action = random.sample(facts, random.randint(0, 4)), random.choice(ACTIONS)
    if process is None:
        return
    if random.random() < 0.3:
        process.put(Notified(DevicesScanned("overrun", tuple(shown), now_us, boot)))
        return
    for fact in shown:
        device = None if action == "remove" else fact
        said = DeviceNotified(action, fact.name, device, world.now, now_us, boot)
        process.put(Notified(said))
