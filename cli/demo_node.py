"""The tour's first part: one node, its disks, a crash, and the past asked."""

from __future__ import annotations

from cli import demo_burst
from cli.demo_ground import Ground
from cli.demo_shell import Shell, check, say, wait

GROUP = "datadg"
VOLUME = "vol01"


def give(shell: Shell, ground: Ground) -> int:
    """Give it, and return a position worth looking at."""
    _disks(shell, ground)
    made, grown = _changes(shell, ground)
    _crash(shell, ground)
    _past(shell, made, grown)
    say("Without a daemon, the log answers")
    ground.stop(shell)
    shell.run(f"vx log -n 3 --log {ground.home}/log.db", "daemon-stopped")
    return made


def _disks(shell: Shell, ground: Ground) -> None:
    first, second = ground.devices
    say("A home, and its daemon")
    ground.begin(shell)
    shell.show(f"export VX_HOME={ground.home}")
    say("Two disks appear")
    ground.attach(shell, first)
    wait(f"{first} appears", lambda: first in shell.online())
    ground.attach(shell, second)
    wait(f"{second} appears", lambda: second in shell.online())
    shell.run("vxdisk list", first, second)


def _changes(shell: Shell, ground: Ground) -> tuple[int, int]:
    """Return the positions after volumes were made, and after one was grown."""
    first, second = ground.devices
    say("A disk group on them, and volumes; one grows")
    shell.run(f"vxdisk init {first}")
    shell.run(f"vxdisk init {second}")
    shell.run(f"vxdg init {GROUP} data01={first} data02={second}")
    shell.run(f"vxassist -g {GROUP} make {VOLUME} 400m data01")
    shell.run(f"vxassist -g {GROUP} make vol02 200m data02")
    made = shell.position()
    shell.run(f"vxassist -g {GROUP} growby {VOLUME} 100m")
    grown = shell.position()
    shell.run(f"vxprint -g {GROUP} -vpst", "1024000", "409600")
    say("A disk is pulled")
    ground.pull(shell, second)
    wait(f"{second} goes", lambda: second not in shell.online())
    shell.run("vxdisk list", f"failed was:{second}")
    return made, grown


def _crash(shell: Shell, ground: Ground) -> None:
    first, _ = ground.devices
    volume = f"{GROUP}/{VOLUME}"
    before = shell.length(volume)
    say(f"{demo_burst.CLIENTS} clients grow {VOLUME} by 1m each time; amid this, a SIGKILL")
    burst = demo_burst.run([shell.socket], GROUP, VOLUME, lambda: ground.kill(shell))
    print(f"acknowledged: {len(burst.acknowledged)}; without an answer: {len(burst.unanswered)}")
    say("While it is down the other disk is pulled; then it is started again")
    ground.pull(shell, first)
    ground.start(shell)
    kept = demo_burst.took_effect(shell.socket, burst.acknowledged)
    others = demo_burst.took_effect(shell.socket, burst.unanswered)
    print(f"acknowledged and missing: {len(burst.acknowledged) - len(kept)}")
    print(f"without an answer, and yet done: {len(others)}")
    check(len(kept) == len(burst.acknowledged), "something that was acknowledged is missing")
    check(
        shell.length(volume) == before + demo_burst.GROW_SECTORS * len(kept + others),
        f"the length of {VOLUME} is not the sum of what was done to it",
    )
    shell.run(f"vx outcome {burst.acknowledged[-1]}", "done @")
    say("What could not be observed is known to be unknown")
    shell.run("vx status", "unknown from", f"volume {VOLUME} is DISABLED")


def _past(shell: Shell, made: int, grown: int) -> None:
    # The last commit that touched the disk: other announcements may have come before it.
    pulled = int(shell.ask("log", object=f"{GROUP}/data02")[-1]["position"])
    say("The state at moments of the past, and what changed between two of them")
    shell.run(f"vxprint -g {GROUP} -vt --at @{made}", "819200")
    shell.run(f"vxprint -g {GROUP} -vt --at @{pulled}", "1024000", "DISABLED")
    shell.run(f"vx diff @{made} @{grown}", "819200 -> 1024000")
    say("Who changed the volume, and why the other one lost its disk")
    shell.run(f"vx blame {GROUP}/{VOLUME}", "growby", "kernel")
    shell.run(f"vx log --object {GROUP}/data02 -n 1", "lost its device")
    say("Is the log what was written, and does a replay give the same?")
    shell.run("vx verify --replay", "commits hold: rows, chain, content, replay, digest")
