"""Which commands answer about the past: all that read, but for a few, each with its reason."""

from __future__ import annotations

import pytest

from tests.support.every_command import every_command

IN_THEIR_ARGUMENTS = {
    *("show", "diff", "trace", "bisect", "outcome"),
    *("cmdlog", "translog", "export", "backup", "report html", "rehearse"),
    "bundle create",
}
"""They name their moments themselves, or are about all of a log."""

OF_A_DAEMON = {
    "status": "how the process is, its peers and its work: vx log tells what it was",
    "ctl mode": "of the process that answers",
    "ctl list": "of the process that answers",
    "ctl protocolversion": "of the process that answers",
    "ctl protocolrange": "of the process that answers",
    "ctl support": "of the program",
    "cluster nidmap": "the kernel's present view, which is in no log",
    "cluster nodestate": "the kernel's present view, which is in no log",
    "cluster startnode": "asks the monitor",
    "cluster stopnode": "asks the monitor",
    "cluster abortnode": "asks the monitor",
    "cluster setmaster": "asks the monitor",
    "cluster reinit": "asks the monitor",
    "quarantine list": "files of the home",
    "head": "what is signed now: bundles and files of heads keep what was",
    "bundle open": "a file, which tells how far it goes",
    "bundle verify": "a file, which tells how far it goes",
    "store copy": "all of a log, to another place",
    "store migrate": "the tables of a log, and nothing in them",
    "watch": "what is to come",
    "notify": "what is to come",
    "config show": "a file of the home",
    "doctor": "the machine as it is",
    "find": "tells of all times at once, from when on and till when",
    "explain": "the catalogue of messages",
    "completion": "words for a shell",
    "complete": "words for a shell",
}
CHANGING = "--id"
COMMANDS = {name: shown for name, shown in every_command() if not name.startswith("lab")}


def test_every_command_that_reads_answers_about_the_past() -> None:
    reading = {name for name, shown in COMMANDS.items() if CHANGING not in shown}
    without = {name for name in reading if "--at" not in COMMANDS[name]}
    assert without == IN_THEIR_ARGUMENTS | OF_A_DAEMON.keys()


@pytest.mark.parametrize("name", [name for name, shown in COMMANDS.items() if "--at" in shown])
def test_what_answers_about_the_past_does_so_without_a_daemon_too(name: str) -> None:
    assert "--log" in COMMANDS[name]


@pytest.mark.parametrize("name", ["log", "show", "trace", "blame", "knew"])
def test_what_happened_can_be_asked_of_all_nodes(name: str) -> None:
    assert "--all-nodes" in COMMANDS[name]
