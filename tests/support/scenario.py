"""The language of the scenarios: a line for what happens, and below it what each node does.

    # D5: what the file is about.
    given n1 n2 n3
    n1 is asked r1: rename d0 of dg0 to x1
        n1 sends n2 n3 early: propose 1.5 @7 r1
        n1 writes: in doubt about 1.5 @7 r1

A line at the margin happens; the lines set in below it are what follows from it: all of it, in
order. `given` before a line: it happens, and what follows is not told. `#` begins a comment.

`early` leaves before the disk is flushed, `lazily` is written without a flush. A proposal is
TERM.NUMBER, `again` if it is a re-proposal, then the positions, and at each a request's identifier
or what the daemons record. A view is its nodes in succession order, `*` before the master, in
brackets those whose daemon is down.

`played` gives a scenario's text back with what really follows: it is right if that is its text.
Scenarios are written and changed by hand only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import unified_diff
from typing import Any

from daemon.core.ready import Held, Leave, Notified, ReadCurrent, SetAside
from eventstore.model import commands as cmd
from eventstore.model.notifications import DevicesScanned
from eventstore.model.objects import Disk, Volume
from tests.support.cluster import Led
from tests.support.model import appears, goes, init_disk, make_group
from tests.support.telling import standing

INDENT = "    "


class Unreadable(Exception):
    """A line that is not in the language."""


class Scenario:
    """One story, while it is played."""

    def __init__(self) -> None:
        self._led: Led | None = None

    @property
    def led(self) -> Led:
        """The cluster; a story begins with `given` and its nodes."""
        if self._led is None:
            raise Unreadable("a scenario begins with `given` and the names of its nodes")
        return self._led

    def happens(self, line: str) -> list[str]:
        """Let a line happen, and return what follows from it."""
        text = line.removeprefix("given ")
        for pattern, act in LANGUAGE:
            found = re.fullmatch(pattern, text)
            if found:
                act(self, *found.groups(default=""))
                told, self.led.lines = self.led.lines, []
                return [] if text != line else told
        raise Unreadable(line)

    # What can happen.

    def nodes(self, names: str, how: str) -> None:
        """Nodes that have come together, or whose daemons never ran."""
        self._led = led = Led(tuple(names.split()))
        if how:
            return
        for name in led.names:
            led.start(name)
        view = led.view(f"*{names}")
        for name in led.names:
            led.hears(name, view)
        led.deliver_all()

    def starts(self, name: str) -> None:
        self.led.start(name)

    def ends(self, name: str, how: str, keeping: str) -> None:
        self.led.end(name, keeping=None if how == "is killed" else int(keeping or 0))

    def hears(self, names: str, old: str, text: str) -> None:
        led = self.led
        view = led.view(text, old=bool(old))
        for name in led.names if names == "all" else names.split():
            if name in led.nodes:
                led.hears(name, view)

    def asked(self, name: str, label: str, text: str, how: str) -> None:
        options: dict[str, Any] = {}
        if "without shipping" in how:
            options["ship"] = False
        if "as a dry run" in how:
            options["dry_run"] = True
        expected = re.search(r"expecting @([0-9]+)", how)
        if expected:
            options["expect"] = int(expected[1])
        asked = command(text)
        for_a_time = re.search(r"for ([0-9]+) s", how)
        if for_a_time:
            asked = cmd.Transaction((asked,), confirm_s=int(for_a_time[1]), request=label)
        self.led.submit(name, label, asked, **options)

    def reads(self, name: str, label: str) -> None:
        self.led.step(name, ReadCurrent(self.led.token(label)))

    def delivered(self, what: str, sender: str, to: str, kind: str) -> None:
        led = self.led
        if what == "repeat":
            letters = [x for x in led.arrived if x.fits(sender, to, kind)]
            led.deliver(letters[-1])
            return
        letter = led.take(sender, to, kind)
        if what == "deliver":
            led.deliver(letter)

    def all_delivered(self, sender: str, to: str, kind: str) -> None:
        self.led.deliver_all((sender, to, kind) if sender else None)

    def disk(self, name: str, what: str, position: str) -> None:
        led = self.led
        if what == "is slow":
            led.slow.add(name)
        elif what == "has written":
            led.flush(name)
        elif what == "is blank":
            led.blank(name)
        elif what == "is copied":
            led.copy(name)
        elif what == "is the copy again":
            led.restore(name)
        else:
            led.rot(name, int(position))

    def kernel(self, name: str, problem: str) -> None:
        self.led.step(name, Held(self.led.holds[name], problem or None))

    def far(self, commits: str) -> None:
        led = self.led
        led.far_behind = int(commits)
        for core in led.nodes.values():
            core.member.far_behind = int(commits)

    def passes(self, ms: str) -> None:
        self.led.passes(int(ms))

    def shows(self, name: str, group: str) -> None:
        led = self.led
        core = led.nodes[name]
        if not group:
            led.lines.append(standing(core))
            return
        state = core.shared.state
        found = state.group(group)
        if found is None:
            led.lines.append("nothing")
            return
        names = [d.name for d in state.disks(found) if isinstance(d, Disk)]
        led.lines.append(
            " ".join(names + [v.name for v in state.volumes(found) if isinstance(v, Volume)])
        )

    def scans(self, name: str, reason: str) -> None:
        boot = f"{name}-boot{self.led.boots[name]}"
        why: Any = "overrun" if reason else "start"
        self.led.step(name, Notified(DevicesScanned(why, (), 99, boot)))

    def clock(self, name: str, seconds: str) -> None:
        self.led.set_by_us[name] += int(seconds) * 1_000_000

    def speaks(self, sender: str, to: str, low: str, high: str) -> None:
        self.led.alter(sender, to, "promised", protocols=(int(low), int(high)))

    def belongs(self, sender: str, to: str, cluster: str) -> None:
        self.led.alter(sender, to, "promised", cluster_id=cluster)

    def differs(self, name: str, stubborn: str) -> None:
        self.led.nodes[name].shared.digest ^= 1
        if stubborn:
            self.led.stubborn.add(name)

    def leaves(self, name: str, stays: str) -> None:
        self.led.step(name, Leave(wanted=not stays))

    def set_aside(self, name: str, label: str) -> None:
        self.led.step(name, SetAside(self.led.token(label)))

    def device(self, names: str, what: str, device: str) -> None:
        for name in names.split():
            if what.startswith("see"):
                self.led.step(name, Notified(appears(device, size=1 << 21)))
                self._private(name, init_disk(device))
            else:
                self.led.step(name, Notified(goes(device)))

    def private(self, name: str, group: str, device: str) -> None:
        self.device(name, "sees", device)
        self._private(name, make_group(group, device))

    def _private(self, name: str, made: cmd.AnyCommand) -> None:
        label = f"p{len(self.led.asked) + 1}"
        self.led.submit(name, label, made)


def command(text: str) -> cmd.AnyCommand:
    """The command that a utility's words ask for."""
    for pattern, make in COMMANDS:
        found = re.fullmatch(pattern, text)
        if found:
            return make(*found.groups())
    raise Unreadable(text)


def shared_group(name: str, devices: list[str]) -> cmd.CreateDiskGroup:
    """A shared disk group of these devices."""
    return cmd.CreateDiskGroup(name, tuple((None, device) for device in devices), shared=True)


COMMANDS: tuple[tuple[str, Callable[..., cmd.AnyCommand]], ...] = (
    (r"rename (\w+) of (\w+) to (\w+)", lambda d, g, new: cmd.RenameDisk(g, d, new)),
    (r"make (\w+) of ([0-9]+) in (\w+)", lambda v, n, g: cmd.MakeVolume(g, v, int(n), ())),
    (r"start (\w+) of (\w+)", lambda v, g: cmd.StartVolumes(g, (v,))),
    (r"grow (\w+) of (\w+) by ([0-9]+)", lambda v, g, n: cmd.GrowVolume(g, v, int(n))),
    (
        r"create the private (\w+) of ([\w ]+)",
        lambda g, names: make_group(g, *names.split()),
    ),
    (r"activate (\w+) as (\w+)", lambda g, m: cmd.SetDiskGroup(g, {"activation": m})),
    (r"add the node (\w+)", cmd.AddNode),
    (r"remove the node (\w+)", cmd.RemoveNode),
    (r"mirror (\w+) of (\w+)", lambda v, g: cmd.MirrorVolume(g, v)),
    (r"confirm (r[0-9])", cmd.ConfirmChange),
    (r"create (\w+) of ([\w ]+)", lambda g, names: shared_group(g, names.split())),
)

_NODES = r"((?:n[0-9] ?)+)"
_LINK = r"(n[0-9]) > (n[0-9])(?:: ([a-z-]+(?: [0-9.]+)?))?"
_DISK = "(?:slow|blank|copied|the copy again)"
LANGUAGE: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"((?:n[0-9] ?)+?)(, not started)?", Scenario.nodes),
    (r"(n[0-9]) starts", Scenario.starts),
    (r"(n[0-9]) (is killed|loses power)(?:, keeping ([0-9]))?", Scenario.ends),
    (r"(all|n[0-9](?: n[0-9])*) hears? (?:the (old) )?view (.*)", Scenario.hears),
    (r"(n[0-9]) is asked (r[0-9]): ([^,]*)(, .*)?", Scenario.asked),
    (r"(n[0-9]) is asked (c[0-9]): what is current", Scenario.reads),
    (rf"(deliver|lose|repeat) {_LINK}", Scenario.delivered),
    (rf"deliver all(?: but {_LINK})?", Scenario.all_delivered),
    (rf"(n[0-9])'s disk (is {_DISK}|has written|cannot be read from @([0-9]+) on)", Scenario.disk),
    (r"(n[0-9])'s kernel (?:holds|cannot: (.*))", Scenario.kernel),
    (r"([0-9]+) ms pass", Scenario.passes),
    (r"a member that lacks more than ([0-9]+) commits is far behind", Scenario.far),
    (r"what (n[0-9]) shows(?: of (\w+))?", Scenario.shows),
    (r"(n[0-9]) scans its disks(, some notifications were lost)?", Scenario.scans),
    (r"(n[0-9])'s clock is set by (-?[0-9]+) s", Scenario.clock),
    (r"(n[0-9]) tells (n[0-9]) that it speaks protocols ([0-9]) to ([0-9])", Scenario.speaks),
    (r"(n[0-9]) tells (n[0-9]) that it belongs to cluster (\w+)", Scenario.belongs),
    (r"(n[0-9])'s state is not what its log makes of it(, nor is a replay's)?", Scenario.differs),
    (r"(n[0-9]) is to (?:leave|(stay))", Scenario.leaves),
    (r"(n[0-9]) is asked (s[0-9]): to set aside what differs", Scenario.set_aside),
    (r"(n[0-9](?: n[0-9])*) (sees?|loses?) disk (\w+)", Scenario.device),
    (r"(n[0-9]) has the private group (\w+) on (\w+)", Scenario.private),
)
"""What a line may say, and what it does."""


def played(text: str) -> str:
    """The text of a scenario with what really follows from each of its lines."""
    scenario, lines = Scenario(), []
    for line in text.splitlines():
        if line.startswith(INDENT):
            continue
        lines.append(line)
        if line and not line.startswith("#"):
            lines += [INDENT + told for told in scenario.happens(line)]
    return "\n".join(lines) + "\n"


def difference(text: str) -> str:
    """What a scenario says otherwise than it happens, as a diff; "" if it is right."""
    right = played(text)
    diff = unified_diff(text.splitlines(), right.splitlines(), "told", "happens", lineterm="", n=4)
    return "\n".join(diff)
