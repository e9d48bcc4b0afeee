"""Directed cases: a disk goes back to an older copy, and its log looks like an old one."""

from __future__ import annotations

from daemon.core import messages as msg
from tests.simulation.disk import Image
from tests.simulation.scene import Scene


def an_old_copy_of_a_disk() -> None:
    """A node's disk goes back in time, while another is in doubt about what it had stored."""
    scene = Scene()
    disk = scene.world.disks["n3"]
    image = disk.image()
    scene.renames("n1", "r1", "d0", "d1")
    scene.renames("n1", "r2", "d1", "d2")
    scene.takes(msg.CommitNow)
    scene.asks("n1", "r3", "d2", "d3")
    scene.passes()
    scene.loses("n1")
    scene.world.kill("n3", power=True)
    disk.restore(image)
    scene.world.checks.lost("n3")
    scene.world.start("n3")
    scene.forgets_rules()
    scene.passes(4000)
    scene.brings_back("n1")
    scene.settles()


def a_disk_that_goes_back_twice() -> None:
    """A disk goes back to the same copy twice, under a clock that was set back."""
    scene = Scene()
    image = scene.world.disks["n3"].image()
    scene.renames("n1", "r1", "d0", "d1")
    scene.world.clocks["n3"].offset_us -= 3600 * 1_000_000
    for _turn in range(2):
        scene.world.kill("n3", power=True)
        scene.world.disks["n3"].restore(image)
        scene.world.checks.lost("n3")
        scene.world.start("n3")
        scene.passes(3000)
        scene.settles()


def an_old_copy_that_is_half_caught_up() -> None:
    """A disk goes back; its node is master, is given a piece of what it had, and no more."""
    scene = Scene()
    scene.world.piece_max = 1
    disk = scene.world.disks["n1"]
    image = disk.image()
    for number in range(3):
        scene.renames("n1", f"r{number}", f"d{number}", f"d{number + 1}")
    for name in ("n1", "n2"):
        scene.loses(name)
    disk.restore(image)
    scene.world.checks.lost("n1")
    scene.world.monitor.succession.insert(0, "n1")
    scene.world.monitor.masters[0] = "n1"
    scene.takes(msg.Fetched, where=lambda piece: piece.after > image.end)
    scene.world.start("n1")
    scene.passes()
    assert image.end < len(disk.shared) < image.end + 3, "it was to be half caught up"
    assert not disk.hard_state().intact, "an old copy is not found out, and soon never will be"
    scene.forgets_rules()
    scene.brings_back("n2")
    scene.settles()


def _others_complete_its_election(scene: Scene) -> Image:
    """A term of n1's settles what is in doubt, the next completes its election, n3 hears no more.

    Return the copy of n1's disk from before, to which it goes back, while n3 is all that is left.
    """
    world, disk = scene.world, scene.world.disks["n1"]
    image = disk.image()
    scene.takes(msg.Prepared)
    scene.asks("n1", "r1", "d0", "d1")
    scene.passes(50)
    for turn in (msg.Prepared, msg.Propose):
        world.kill("n1", power=False)
        scene.forgets_rules()
        scene.takes(turn, where=_is_of_the_election)
        world.start("n1")
        scene.passes(2000)
    world.kill("n3", power=False)
    world.monitor.leave("n3")
    scene.forgets_rules()
    scene.passes(2000)
    scene.renames("n1", "r2", "d1", "d2")
    assert world.disks["n3"].required_of("n1") > image.end, "n3 was to know more of n1"
    for name in ("n2", "n1"):
        scene.loses(name)
    disk.restore(image)
    world.checks.lost("n1")
    world.monitor.succession.insert(0, "n1")
    world.monitor.masters[0] = "n1"
    return image


def an_old_copy_and_an_election_that_others_complete() -> None:
    """A term settles what is in doubt, the next completes its election; a member goes back."""
    scene = Scene()
    _others_complete_its_election(scene)
    scene.brings_back("n3")
    scene.world.start("n1")
    scene.passes(4000)
    scene.brings_back("n2")
    scene.settles()


def an_old_copy_that_is_given_what_was_settled() -> None:
    """The same, but its office ends when it was given what was settled, and not the election."""
    scene = Scene()
    world = scene.world
    world.piece_max = 1
    image = _others_complete_its_election(scene)
    scene.brings_back("n3")
    scene.takes(msg.Fetched, where=lambda piece: piece.after > image.end)
    world.start("n1")
    scene.passes(600)
    disk = world.disks["n1"]
    assert len(disk.shared) == image.end + 1, "it was to be given one commit"
    world.kill("n1", power=False)
    scene.forgets_rules()
    world.start("n1")
    scene.passes(4000)
    scene.brings_back("n2")
    scene.settles()


def _is_of_the_election(message: msg.Prepared | msg.Propose) -> bool:
    """Whether it is about what follows the first that a term settles."""
    number = message.number if isinstance(message, msg.Prepared) else message.record.number
    return number == 2
