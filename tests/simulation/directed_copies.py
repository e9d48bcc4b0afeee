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
    _goes_back(scene, image)
    return image


def _goes_back(scene: Scene, image: Image) -> None:
    """n1's disk goes back to a copy; nobody is there but n3, which is to know more of n1."""
    world = scene.world
    assert world.disks["n3"].required_of("n1") > image.end, "n3 was to know more of n1"
    for name in ("n2", "n1"):
        scene.loses(name)
    world.disks["n1"].restore(image)
    world.checks.lost("n1")
    world.monitor.succession.insert(0, "n1")
    world.monitor.masters[0] = "n1"


def _is_given_all_but_the_last(scene: Scene, end: int) -> None:
    """n1 is master and is given what n3 has before an election that claims just that; it dies."""
    world, disk = scene.world, scene.world.disks["n1"]
    scene.takes(msg.Fetched, where=lambda piece: piece.after >= end)
    world.start("n1")
    scene.passes(600)
    assert (len(disk.shared), disk.hard_state().intact) == (end, True), "n1 was to see no claim"
    world.kill("n1", power=False)
    scene.forgets_rules()


def _comes_back(scene: Scene) -> None:
    """n1 begins, with n3 alone; then n2, who knows more, is back."""
    scene.world.start("n1")
    scene.passes(4000)
    scene.brings_back("n2")
    scene.settles()


def an_old_copy_and_an_election_that_others_complete() -> None:
    """A term settles what is in doubt, the next completes its election; a member goes back."""
    scene = Scene()
    _others_complete_its_election(scene)
    scene.brings_back("n3")
    _comes_back(scene)


def an_old_copy_that_is_given_what_was_settled() -> None:
    """The same, but its office ends when it was given what was settled, and not the election."""
    scene = Scene()
    scene.world.piece_max = 1
    image = _others_complete_its_election(scene)
    scene.brings_back("n3")
    _is_given_all_but_the_last(scene, image.end + 1)
    _comes_back(scene)


def an_old_copy_of_an_unfinished_catch_up() -> None:
    """The copy was taken while its node was given what it lacked, in the term of the claim."""
    scene = Scene()
    world, disk = scene.world, scene.world.disks["n1"]
    world.piece_max = 1
    scene.loses("n1")
    scene.passes(1000)
    scene.renames("n2", "r0", "d0", "d1")
    end = world.processes["n2"].core.shared.head.position
    last = scene.takes(msg.Piece, to="n1", where=lambda piece: piece.after == end - 1)
    scene.brings_back("n1")
    scene.passes()
    image = disk.image()
    assert len(image.shared) == end - 1, "it was to be in the middle of a catch-up"
    scene.takes(msg.Prepared)
    scene.hands_on(last)
    scene.passes(100)
    world.kill("n2", power=False)
    scene.forgets_rules()
    scene.takes(msg.Propose, where=_is_of_the_election)
    world.start("n2")
    scene.passes(2000)
    world.kill("n3", power=False)
    world.monitor.leave("n3")
    scene.forgets_rules()
    scene.passes(2000)
    scene.renames("n2", "r1", "d1", "d2")
    _goes_back(scene, image)
    scene.brings_back("n3")
    _is_given_all_but_the_last(scene, end)
    _comes_back(scene)


def an_old_copy_that_is_given_the_rest_unread() -> None:
    """A copy is given what was settled; then, far behind, it stores the claim without a look."""
    scene = Scene()
    world, disk = scene.world, scene.world.disks["n1"]
    world.piece_max = world.far_behind = 1
    image = disk.image()
    scene.takes(msg.Prepared)
    scene.asks("n1", "r1", "d0", "d1")
    scene.passes(50)
    world.kill("n1", power=False)
    scene.forgets_rules()
    scene.takes(msg.Prepared, where=_is_of_the_election)
    world.start("n1")
    scene.passes(2000)
    scene.loses("n1")
    scene.forgets_rules()
    scene.passes(3000)
    scene.renames("n2", "r2", "d1", "d2")
    scene.loses("n3")
    scene.brings_back("n1")
    scene.passes(4000)
    scene.asks("n2", "r3", "d2", "d3")
    scene.passes(500)
    _goes_back(scene, image)
    scene.brings_back("n3")
    _is_given_all_but_the_last(scene, world.disks["n3"].required_of("n1"))
    world.monitor.masters[0] = "n3"
    world.start("n1")
    scene.passes(6000)
    scene.brings_back("n2")
    scene.settles()


def _is_of_the_election(message: msg.Prepared | msg.Propose) -> bool:
    """Whether it is about what follows the first that a term settles."""
    number = message.number if isinstance(message, msg.Prepared) else message.record.number
    return number == 2
