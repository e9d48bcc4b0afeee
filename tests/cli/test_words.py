"""What is said in the original's words, and what is explained."""

from __future__ import annotations

from typing import Any

import pytest

from cli.render import translog
from tests.support.answers import CLUSTER, STATUS
from tests.support.commands import Runner
from tests.support.fake_daemon import TIME, answer, fake_daemon


@pytest.mark.parametrize(
    ("status", "line", "said"),
    [
        ({}, "vxdctl mode", "mode: enabled\n"),
        ({}, "vxdctl -c mode", "mode: enabled: cluster active - MASTER\nmaster: node1\n"),
        (
            {"role": "slave", "nodes": [{"node": "mozart", "role": "master"}]},
            "vx ctl mode -c",
            "mode: enabled: cluster active - SLAVE\nmaster: mozart\n",
        ),
        ({"nodes": []}, "vxdctl -c mode", "mode: enabled: cluster inactive\n"),
        ({"state": "recovering"}, "vxdctl -c mode", "mode: disabled\n"),
    ],
)
def test_the_mode_is_said_as_the_original_says_it(
    status: dict[str, object], line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_daemon(lambda _: answer({**STATUS, **status})) as daemon:
        assert Runner(capsys, daemon)(line).out == said


@pytest.mark.parametrize(
    ("master", "said"),
    [
        (
            "mozart",
            "mode: enabled: cluster active - SLAVE\nmaster: mozart\nstate: joining\n",
        ),
        (
            "node1",
            (
                "mode: enabled: cluster active - role not set\n"
                "master: node1\nstate: joining\nreconfig: master update\n"
            ),
        ),
    ],
)
def test_a_node_that_joins_says_so_in_the_original_s_words(
    master: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    joining = {**STATUS, "role": "joining", "nodes": [{"node": "node1", "role": "joining"}]}

    def script(request: dict[str, Any]) -> dict[str, Any]:
        known = {"status": joining, "cluster": {**CLUSTER, "master": master}}
        return answer(known[request["question"]])

    with fake_daemon(script) as daemon:
        assert Runner(capsys, daemon)("vxdctl -c mode").out == said


def test_a_node_that_is_out_has_an_inactive_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    out = {**STATUS, "role": "out", "nodes": [{"node": "node1", "role": "out"}]}
    with fake_daemon(lambda _: answer(out)) as daemon:
        assert Runner(capsys, daemon)("vxdctl -c mode").out == (
            "mode: enabled: cluster inactive\n"
        )


def test_without_a_daemon_the_mode_is_an_answer_too(run: Runner) -> None:
    done = run.alone(["vxdctl", "mode", "--home", "/nonexistent"])
    assert (done.out, done.err, done.code) == ("mode: not-running\n", "", 0)


SAID = {
    "vxdg -g bigedg free": (
        "DISK         DEVICE       TAG          OFFSET    LENGTH    FLAGS\n"
        "bigedg_00    c5t0d13s2    c5t0d13      53140416  1296      -\n"
    ),
    "vxclustadm nidmap": (
        "Name                             CVM Nid    CM Nid     State\n"
        "node1                            0          0          Joined: Master\n"
        "node2                            1          1          Joined: Slave\n"
    ),
    "vxclustadm nodestate": "state: cluster member\n",
    "vxclustadm -v nodestate": (
        "state: cluster member\n"
        "        nodeId=0\n"
        "        masterId=0\n"
        "        neighborId=1\n"
        "        members=0x3\n"
        "        joiners=0x0\n"
        "        leavers=0x0\n"
        "        reconfig_seqnum=0x11\n"
        "        vxfen=off\n"
    ),
    "vxdctl list": (
        "Volboot file\nversion: 3/1\nseqno: 0.12\ncluster protocol version: 1\nhostid: node1\n"
    ),
    "vxdctl protocolversion": "Cluster running at protocol 1\n",
    "vxdctl protocolrange": "minprotoversion: 1, maxprotoversion: 1\n",
}


@pytest.mark.parametrize("line", SAID)
def test_what_the_daemon_knows_of_itself_is_said_in_the_same_words(line: str, run: Runner) -> None:
    assert run(line).out == SAID[line]


COMMIT = {
    "position": 7,
    "time": TIME,
    "pid": 4711,
    "command": "vxassist make vol01 1g",
    "events": [
        {"name": "volume-created", "object": "datadg/vol01"},
        {"name": "plex-created", "object": "datadg/vol01-01"},
    ],
}
REFUSED = {
    **COMMIT,
    "events": [
        {
            "name": "request-rejected",
            "object": None,
            "verb": "volume.make",
            "message_id": "V-5-1-120",
        }
    ],
}


def test_a_command_is_an_entry_of_the_command_log() -> None:
    assert translog.command(COMMIT) == (
        "# 7, 4711, Sun Nov 22 10:14:58 2026\nvxassist make vol01 1g\n"
    )
    assert translog.command({**COMMIT, "command": None}) == ""


def test_a_commit_is_an_entry_of_the_transaction_log_with_the_same_client() -> None:
    assert translog.transaction(COMMIT) == (
        "Sun Nov 22 10:14:58 2026\n"
        "Clid = 7, PID = 4711, Part = 0, Status = 0, Abort Reason = 0\n"
        "    VOLUME_CREATED datadg/vol01\n"
        "    PLEX_CREATED datadg/vol01-01\n"
    )


def test_a_refusal_has_a_status_and_the_number_of_its_message() -> None:
    assert "Status = 1, Abort Reason = 120\n    REQUEST_REJECTED volume.make" in (
        translog.transaction(REFUSED)
    )


@pytest.mark.parametrize("name", ["V-5-1-684", "684", "v-5-1-684"])
def test_a_message_is_explained_with_its_cause_and_the_way_out(name: str, run: Runner) -> None:
    done = run.alone(["vx", "explain", name])
    assert done.out.startswith("V-5-1-684: The configuration daemon is not accessible.\n  cause: ")
    assert "\n  fix: Start it" in done.out


def test_a_message_that_is_none_is_not_found(run: Runner) -> None:
    assert run.alone(["vx", "explain", "V-5-1-0"]).code == 3
