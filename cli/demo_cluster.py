"""The tour's second part: three nodes with one configuration, whatever dies or is cut off.

A prompt names the node on which a command is typed; each step checks what it claims, on all nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli import demo_burst, exit_codes
from cli.demo_shell import Shell, check, say, wait
from cli.lab_cluster import TAKES_PART, Lab
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

PLACE = "cluster"
NODES = ("node1", "node2", "node3")
GROUP = "datadg"
VOLUME = "vol01"
OBJECT = f"{GROUP}/{VOLUME}"
MAKE_SECTORS = 204_800  # 100m
ENOUGH = 24
"""Acknowledged changes after which the master's node crashes: each is on all nodes' disks."""


class Cluster:
    """Three nodes of a lab; `at` has a prompt on each."""

    def __init__(self, directory: Path) -> None:
        self.lab = Lab(directory / PLACE)
        self.here = Shell(directory, self.lab.home(NODES[0]))
        self.at = {node: Shell(directory, self.lab.home(node), f"{node}$") for node in NODES}

    def end(self) -> None:
        """Stop every process of it; the homes stay."""
        if self.lab.exists:
            self.lab.down()

    def status(self, node: str) -> dict[str, Any]:
        """Return what a node says of itself; empty if its daemon does not answer."""
        with Client(self.at[node].socket) as client:
            try:
                answer = client.ask(control.query("status", {}))
            except RequestFailed:
                return {}
        found: Any = answer["data"]
        return dict(found)

    def roles(self, node: str) -> dict[str, str]:
        """Return what a node says that the nodes are."""
        return {one["node"]: one["role"] for one in self.status(node).get("nodes", [])}

    def wait_until_equal(self) -> None:
        """Wait until all take part, have applied the same, and know it of each other."""
        wait("all nodes are equal", lambda: self.are_equal(NODES))

    def are_equal(self, nodes: Sequence[str]) -> bool:
        """Whether these nodes take part, have applied the same, and know it of each other."""
        told = [self.status(node) for node in nodes]
        seen = [row for one in told for row in one.get("nodes", []) if row["node"] in nodes]
        return (
            all(one.get("role") in TAKES_PART for one in told)
            and len({row["position"] for row in seen}) == 1
            and not any(one["problems"] for one in told)
        )

    def everywhere(self, question: str, **args: object) -> Any:
        """Ask every node, check that all answer the same, and return it."""
        told = [self.at[node].ask(question, **args) for node in NODES]
        check(all(one == told[0] for one in told), f"the nodes differ in {question} {args}")
        return told[0]


def give(cluster: Cluster) -> None:
    """Give it."""
    _begin(cluster)
    _change(cluster)
    _refusal(cluster)
    _daemon(cluster)
    _minority(cluster)
    _master(cluster)
    _equal(cluster)
    cluster.here.run(f"vx lab down {PLACE}")


def _begin(cluster: Cluster) -> None:
    say("Three nodes; a prompt names the node on which a command is typed")
    cluster.here.run(f"vx lab up {PLACE} --nodes {len(NODES)} --disks 4")
    cluster.wait_until_equal()
    cluster.at["node1"].run("vx status", "master", "slave")
    cluster.at["node2"].run("vxdctl -c mode", "SLAVE", "master: node1")


def _change(cluster: Cluster) -> None:
    say("A shared disk group; what a slave is asked is shipped to the master, and is on all nodes")
    first, second, third = cluster.at.values()
    first.run("vxdisk init vxd0")
    first.run("vxdisk init vxd1")
    first.run(f"vxdg -s init {GROUP} data01=vxd0 data02=vxd1")
    third.run(f"vxassist -g {GROUP} make {VOLUME} 100m data01")
    for node in (second, third):
        node.run(f"vxprint -g {GROUP} -vt", VOLUME, str(MAKE_SECTORS))
    second.run("vx log -n 1", "node3", f"{GROUP}/{VOLUME}")
    check(cluster.everywhere("get", object=OBJECT), "the volume is everywhere")
    _show_status(cluster, "node1")


def _refusal(cluster: Cluster) -> None:
    say("On one node a disk is pulled: that node refuses what needs it, and the others with it")
    cluster.here.run(f"vx lab disk pull {PLACE} vxd1 --node node3")
    wait("node3 sees that vxd1 is gone", lambda: "vxd1" not in cluster.at["node3"].online())
    asked = cluster.at["node1"]
    asked.run(
        f"vxassist -g {GROUP} make vol02 100m data02",
        "rule D3",
        "node: node3",
        code=exit_codes.REJECTED,
    )
    cluster.wait_until_equal()
    for node in cluster.at.values():
        check(not node.has(f"{GROUP}/vol02"), "what was refused is there")
    _show_status(cluster, "node1")
    cluster.here.run(f"vx lab disk add {PLACE} vxd1 --node node3")
    wait("node3 sees vxd1 again", lambda: "vxd1" in cluster.at["node3"].online())


def _daemon(cluster: Cluster) -> None:
    say("A daemon is killed: the node stays, nothing is lost, and changes wait for it")
    before = cluster.at["node1"].length(OBJECT)
    grow = f"vxassist -g {GROUP} growby {VOLUME} 10m"
    cluster.here.run(f"vx lab kill {PLACE} node2")
    wait("node1 knows", lambda: cluster.roles("node1").get("node2") == "no daemon")
    asked = cluster.at["node1"]
    asked.run(grow, "rule D1", "node: node2", code=exit_codes.UNAVAILABLE)
    asked.run("vx status", "the daemon of node2 does not run")
    check(asked.length(OBJECT) == before, "what was refused changed nothing")
    cluster.here.run(f"vx lab start {PLACE} node2")
    cluster.wait_until_equal()
    asked.run(grow)
    grown = cluster.everywhere("get", object=OBJECT)["length_sectors"]
    check(grown == before + 10 * demo_burst.GROW_SECTORS, "it grew, on all nodes")
    _show_status(cluster, "node2")


def _minority(cluster: Cluster) -> None:
    say("A node is cut off: alone it only reads, and says so; the majority goes on")
    cluster.here.run(f"vx lab cut {PLACE} node3")
    wait("node3 knows", lambda: cluster.status("node3").get("role") not in TAKES_PART)
    wait("the others go on", lambda: cluster.status("node1").get("problems") == [])
    alone, asked = cluster.at["node3"], cluster.at["node1"]
    before = alone.length(OBJECT)
    grow = f"vxassist -g {GROUP} growby {VOLUME} 10m"
    alone.run(grow, "not in quorum", "rule C1", code=exit_codes.UNAVAILABLE)
    alone.run("vxdg list", "disabled,shared")
    alone.run(f"vxprint -g {GROUP} -vt", VOLUME, "disabled here")
    _show_status(cluster, "node3", "not in quorum")
    asked.run(grow)
    check(alone.length(OBJECT) == before, "who is cut off learns of nothing")
    cluster.here.run(f"vx lab heal {PLACE}")
    cluster.wait_until_equal()
    check(alone.length(OBJECT) > before, "who was cut off has caught up")
    _show_status(cluster, "node3")


def _master(cluster: Cluster) -> None:
    before = cluster.at["node1"].length(OBJECT)
    clients = demo_burst.CLIENTS
    say(f"{clients} clients on all nodes grow {VOLUME}; amid this, the master's node crashes")
    burst = _burst(cluster)
    sent = len(burst.acknowledged)
    print(f"acknowledged: {sent - len(burst.after)}, and {len(burst.after)} under the next master")
    print(f"without an answer: {len(burst.unanswered)}; refused, unchanged: {len(burst.refused)}")
    check(burst.after, "no change was made under the next master")
    wait("the others are equal", lambda: cluster.are_equal(("node2", "node3")))
    _show_status(cluster, "node2", "node2  master")
    say("It comes back; what was in flight was settled, and is the same on every node")
    cluster.here.run(f"vx lab join {PLACE} node1")
    cluster.wait_until_equal()
    done = _settled(cluster, burst)
    length = cluster.everywhere("get", object=OBJECT)["length_sectors"]
    check(
        length == before + demo_burst.GROW_SECTORS * done,
        f"the length of {VOLUME} is not the sum of what was done to it",
    )
    _show_status(cluster, "node1")


def _burst(cluster: Cluster) -> demo_burst.Burst:
    def crash() -> None:
        # At once: a command would need its time to start.
        cluster.lab.monitor.ask({"op": "abort", "node": "node1"})
        cluster.here.show(f"vx lab abort {PLACE} node1")

    sockets = [cluster.at[node].socket for node in NODES]
    return demo_burst.run(sockets, GROUP, VOLUME, crash, ENOUGH)


def _settled(cluster: Cluster, burst: demo_burst.Burst) -> int:
    """Check what became of every request, the same on each node; return how many are done."""
    told = [demo_burst.outcomes(node.socket, burst.all) for node in cluster.at.values()]
    # A rejection used no shared position: it stands in the log of the node that was asked (D13).
    kept = [{i: o for i, o in one.items() if o[0] != "rejected"} for one in told]
    check(all(one == kept[0] for one in kept), "the nodes do not say the same of every request")
    done = [one for one, (what, _) in kept[0].items() if what == "done"]
    missing = set(burst.acknowledged) - set(done)
    print(f"acknowledged and missing: {len(missing)}")
    print(f"without an answer, and yet done: {len(set(burst.unanswered) & set(done))}")
    check(not missing, "something that was acknowledged is missing")
    check(not set(burst.refused) & set(done), "something that was refused took effect")
    uncertain = [one for one in burst.unanswered if one in kept[0]] or burst.unanswered
    looked_up = (uncertain or burst.acknowledged)[0]
    what = kept[0].get(looked_up, ("unknown", 0))[0]
    codes = {"done": exit_codes.DONE, "failed": exit_codes.REJECTED}
    for node in cluster.at.values():
        node.run(f"vx outcome {looked_up}", what, code=codes.get(what, exit_codes.NOT_FOUND))
    return len(done)


def _equal(cluster: Cluster) -> None:
    say("At the end: the same hash at the same position, on all three")
    told = set()
    for node in cluster.at.values():
        lines = node.run("vx verify --replay", "shared: ").splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("shared: "))
        told.add((lines[at], lines[at + 1]))
    check(len(told) == 1, "the shared logs differ")


def _show_status(cluster: Cluster, node: str, *words: str) -> None:
    cluster.at[node].run("vx status", *words)
