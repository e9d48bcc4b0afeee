"""`python -m cli.demo_incident`: one incident from alarm to report, as the page INCIDENT.md.

Three nodes, a disk that fails on one of them, and a wrong command in the hurry. Every command is
one that an operator types, with what it really printed; each step checks what the page claims.
"""

from __future__ import annotations

import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cli.demo_cluster import Cluster
from cli.demo_shell import TourFailed, check, wait
from daemon.errors import RequestFailed

GROUP, VOLUME = "datadg", "mail"
GOOD, BAD = f"{GROUP}/{VOLUME}-01", f"{GROUP}/{VOLUME}-02"
DEVICE = "vxd1"
WHY = "kim: ticket 4711, take the bad mirror out"
_POSITION = re.compile(r"committed @(\d+)")

INTRODUCTION = """# An incident, from alarm to report

A disk stops working for one node of three, and in the hurry somebody takes the wrong half of a
mirror out. This page goes from the alarm to what is handed in afterwards. All of it was typed on a
cluster of three nodes, and printed by it; a prompt names the node. `python -m
tests.support.incident` goes through it again, checks each step, and writes this page anew."""


@contextmanager
def step(title: str, text: str) -> Iterator[None]:
    """Begin a section of the page: what it is about, then what is typed."""
    print(f"\n## {title}\n\n{text}\n\n```text", flush=True)
    yield
    print("```", flush=True)


def say(text: str) -> None:
    """Say what the last step showed."""
    print(f"\n{text}", flush=True)


class Incident:
    """The cluster, and what is remembered from one step to the next."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.first, self.second, self.third = cluster.at.values()
        self.before = self.before_own = 0
        self.wrong = 0

    def prepare(self) -> None:
        """Make what there is before anything happens; the page does not show it."""
        self.cluster.lab.up(list(self.cluster.at), 4, 2 * 1024 * 1024)
        self.cluster.wait_until_equal()
        for line in (
            *(f"vxdisk init vxd{number}" for number in range(3)),
            f"vxdg -s init {GROUP} data01=vxd0 data02=vxd1 data03=vxd2",
            f"vxassist -g {GROUP} make {VOLUME} 100m layout=mirror data01 data02",
            f"vxassist -g {GROUP} make archive 200m data03",
        ):
            self.first.quietly(line)
        self.cluster.wait_until_equal()
        self.before = self.first.position("shared")
        self.before_own = self.second.position()

    def alarm(self) -> None:
        """Show how it is noticed, with nothing missed."""
        with step(
            "Before",
            "A mirrored volume, one half on `vxd0`, the other on `vxd1`. The watch of the "
            "operators keeps a cursor, so it\ncan be ended and begun again: here it is ended "
            "after a second of silence. Every night the heads of all logs,\nsigned, go where "
            "nobody who runs the cluster can change them.",
        ):
            self.first.run("vxprint -g datadg -ps", f"{VOLUME}-01", f"{VOLUME}-02")
            self.second.run("vxnotify --cursor-file watch.cursor -t 10 -w 1", "connected")
            self.first.run("vx head --all-nodes -O heads.json", "heads.json")
        self.cluster.lab.monitor.disk("fail", DEVICE, "node2")
        wait("node2 has heard of it", lambda: self.second.position() > self.before_own)
        with step(
            "The alarm",
            "While nobody watches, `vxd1` stops working, for node2 alone. The watch begins again "
            "from its cursor, and tells what came\nmeanwhile: of the cluster's log and of the "
            "node's own, in which a notification of its kernel is.",
        ):
            self.second.run(
                "vxnotify --cursor-file watch.cursor -t 10 -n 1", f"change disk {DEVICE}"
            )
            self.second.run("vx log --log-of node/node2 -n 1", DEVICE, "kernel", "fails")
            self.first.run("vx log --log-of node/node1 -n 1")
        say(
            "Only node2 says so. The disk itself may be well: the other nodes go on using it, and "
            "nothing was detached."
        )

    def mistake(self) -> None:
        """Make it, on another node, by a person."""
        with step(
            "The wrong command",
            "Kim wants the half on the bad disk out of the mirror, and names the other one.",
        ):
            said = self.third.run(f"vxplex -g {GROUP} det {VOLUME}-01 -m '{WHY}'", "committed")
            found = _POSITION.search(said)
            assert found is not None
            self.wrong = int(found[1])
        self.cluster.wait_until_equal()
        with step(
            "What the state is, and was",
            "Every read takes `--at`: the same question, about then. The volume now lives on the "
            "disk that node2 cannot read.",
        ):
            self.second.run(f"vxprint -g {GROUP} -p", f"{VOLUME}-01", "DETACHED", "STALE")
            then = self.second.run(f"vxprint -g {GROUP} -p --at @{self.before}", f"{VOLUME}-01")
            check("DETACHED" not in then, "the plex was detached before")
            self.second.run(f"vx diff @{self.before} head", f"pl {GOOD}", "-> DETACHED")

    def inquire(self) -> None:
        """Find out who did it, why, and who knew of what."""
        with step(
            "Who did it, and why",
            "`blame` names the commit that gave each field its value, `show` tells all about it: "
            "the person, the words, the reason\nthat was given, and what each event changed.",
        ):
            self.second.run(f"vx blame {GOOD}", "DETACHED", "kim", f"@{self.wrong}")
            self.second.run(f"vx show @{self.wrong}", "node3", WHY, "program=vxplex")
        with step(
            "What came of it, on which node",
            "`trace` follows it through the logs of all nodes: from the person, over the "
            "decision of the master, to when each\nnode had it.",
        ):
            self.second.run(f"vx trace @{self.wrong} --all-nodes", "node1", "node2", "node3")
        with step(
            "Who knew what when it was typed",
            "`knew` tells how far each node had applied the logs at that moment, by its own "
            "clock. Kim's node did not have\nthe notification: it is in node2's own log, and no "
            "other node heard of it.",
        ):
            for node in self.cluster.at.values():
                node.run(f"vx knew --at @{self.wrong}", f"shared @{self.wrong - 1}")
            self.third.run("vx log --log-of node/node3 -n 1")

    def repair(self) -> None:
        """Bring back what was, and show that it is so."""
        with step(
            "The way back",
            "To take the commit back would be quick, and wrong: that half has missed what was "
            "written since. It is attached again\ninstead, which copies, and the one on the bad "
            "disk is detached. What leads from then to now is what was meant, and no more.",
        ):
            self.third.run(f"vx revert @{self.wrong} --dry-run", "missed what was written", code=1)
            self.third.run(f"vxplex -g {GROUP} att {VOLUME} {VOLUME}-01 -m 'ticket 4711'")
            self.cluster.wait_until_equal()
            self.third.run(f"vxplex -g {GROUP} det {VOLUME}-02 -m 'ticket 4711'", "committed")
            self.cluster.wait_until_equal()
            said = self.second.run(f"vx diff @{self.before} head", BAD)
            check(GOOD not in said, "the first plex is not what it was")

    def hand_in(self) -> None:
        """Show what the report rests on."""
        with step(
            "Is all of this true?",
            "The logs are chained by hashes. `verify --replay` computes every state anew, and a "
            "backup of another node has the same\nhistory, commit by commit. That nobody wrote a "
            "whole log anew is what the heads of last night tell.",
        ):
            self.first.run("vx verify --replay", "shared: ", "digest")
            self.second.run("vx backup incident-node2.db", "verified")
            self.first.run("vx verify --against incident-node2.db", "the same as the other")
            self.first.run("vx verify --head heads.json", "shared: ")
            since = f"--since shared@{self.before}"
            self.first.run(f"vx bundle create {since} --redact-context -O for-support.vxb")
            self.first.run("vx bundle verify for-support.vxb")
        with step(
            "The report",
            "What happened, in one list, from the copy: it answers everything above on any "
            "machine, without a daemon. As CloudEvents\nthe same goes to the system that keeps "
            "incidents.",
        ):
            copy = "--log incident-node2.db"
            self.first.run(f"vx log {copy} --since shared@{self.before + 1}", "kim", "4711")
            self.first.run(f"vx log {copy} --log-of node/node2 -n 1", DEVICE)
            said = self.first.run(f"vx log {copy} --since shared@{self.wrong} -n 1 -o cloudevents")
            check('"specversion": "1.0"' in said, "this is no CloudEvent")
            self.first.run(
                f"vx report html {copy} --replay -O incident.html",
                "incident.html",
            )
        say(
            "`incident.html` is one file without scripts: the state at the end, what differs, who "
            "did what, and the verdict on the log."
        )

    def learn(self) -> None:
        """Show that the log of the site is a test from now on."""
        with step(
            "So that it goes well next time",
            "A log from a site is a test: here it is recovered from a crash at every commit, and "
            "replayed through the program that is\nto be installed.",
        ):
            self.first.run("vx rehearse --log incident-node2.db", "every digest")


def give(incident: Incident) -> None:
    """Go through it."""
    print(INTRODUCTION)
    incident.prepare()
    incident.alarm()
    incident.mistake()
    incident.inquire()
    incident.repair()
    incident.hand_in()
    incident.learn()


def main() -> int:
    """Print the page; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)  # else what was started would stay
    with ExitStack() as ending:
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="vx-incident-")))
        cluster = Cluster(directory)
        ending.callback(cluster.end)
        try:
            give(Incident(cluster))
        except (TourFailed, RequestFailed, OSError) as error:
            sys.stdout.flush()
            print(f"\nthe incident took another course: {error}", file=sys.stderr)
            return 1
    return 0


def _interrupted(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
