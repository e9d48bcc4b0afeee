"""What each question prints: stdout, stderr and exit code as text."""

from __future__ import annotations

import pytest

from tests.support.commands import Runner
from tests.support.fake_daemon import TIME

STATUS = f"""\
node1 in cluster test: serving, master, term 1
ERROR: volume old is DISABLED
WARNING: disk loop2 is gone
  fix: attach it again
unknown from {TIME} to {TIME}: daemon down (@9)
undone at {TIME} unless confirmed: grow-1

LOG         HEAD  TIME                         DIGEST
node/node1  @12   2026-11-22T10:14:58.120000Z  dddddddddddddddd

NODE   ROLE    HEAD  LAG
node1  master  @12   0

groups: 1, volumes: 2, devices: 2
pid=7 version=0.1.0 sqlite=3.53.4 since=2026-11-22T10:14:58.120000Z
home /h
"""

SHOW = f"""\
commit:      @11
tx:          01JD
time:        {TIME}
applied:     {TIME}
node:        node1
term:        1
lineage:     aaaaaaaaaaaaaaaa
hash:        bbbbbbbbbbbbbbbb
previous:    cccccccccccccccc
digest:      dddddddddddddddd
actor:       uid=0 user=root pid=7 program=vxassist
command:     vxassist -g datadg growby vol01 100m
message:     for the payroll

events:
  volume-resized v1
    rid: 2
    length: 409600

diff:
  ~ v  datadg/vol01
       length_sectors: 204800 -> 409600
"""

OUTPUTS = {
    "vxprint -g datadg -v": (
        "TY NAME         ASSOC        KSTATE   LENGTH   PLOFFS   STATE    TUTIL0  PUTIL0\n"
        "v  vol01        fsgen        ENABLED  204800   -        ACTIVE   -       -\n"
        "v  a_volume_of_long_name fsgen ENABLED 204800  -        ACTIVE   -       -\n"
    ),
    "vxprint -qg datadg -ve 'len > 100 && assoc == \"fsgen\"'": (
        "v  vol01        fsgen        ENABLED  204800   -        ACTIVE   -       -\n"
        "v  a_volume_of_long_name fsgen ENABLED 204800  -        ACTIVE   -       -\n"
    ),
    "vxprint -g datadg -F %len vol01": "204800\n",
    "vxprint -g datadg -n vol01": "vol01\n",
    "vxdg list": (
        "NAME         STATE           ID\ndatadg       enabled,cds          1790000000.1.node1\n"
    ),
    "vxdg list datadg": (
        "Group:     datadg\n"
        "dgid:      1790000000.1.node1\n"
        "flags:     cds\n"
        "version:   1\n"
        "alignment: 8192 (bytes)\n"
        "local-activation: read-write\n"
        "detach-policy: global\n"
        "dg-fail-policy: dgdisable\n"
        "copies:    nconfig=default nlog=default\n"
    ),
    "vxdisk list": (
        "DEVICE       TYPE            DISK         GROUP        STATUS\n"
        "loop0        auto:cdsdisk    datadg01     datadg       online\n"
        "loop1        auto:none       -            -            online invalid\n"
        "-            -               datadg02     datadg       failed was:loop2\n"
    ),
    "vxdisk -e -o alldgs list -o plain": (
        "loop0        auto:cdsdisk   datadg01     datadg      online               "
        "loop0            -\n"
        "loop1        auto:none      -            -           online invalid       "
        "loop1            -\n"
        "-            -              datadg02     datadg      failed was:loop2     "
        "-                -\n"
    ),
    "vx disk list -o plain": (
        "loop0        auto:cdsdisk    datadg01     datadg       online\n"
        "loop1        auto:none       -            -            online invalid\n"
        "-            -               datadg02     datadg       failed was:loop2\n"
    ),
    "vx dg list -o tsv": "NAME\tSTATE\tID\ndatadg\tenabled,cds\t1790000000.1.node1\n",
    "vx log": (
        "POS  TIME                         NODE   ACTOR  EVENT             OBJECT             "
        "SUMMARY\n"
        "@11  2026-11-22T10:14:58.120000Z  node1  root   volume-made (+2)  datadg/vol01 (+2)  "
        "made datadg/vol01  # for the payroll\n"
        "@12  2026-11-22T10:14:58.120000Z  node1  -      device-went       loop2              "
        "loop2 went\n"
    ),
    "vx show @11": SHOW,
    "vx diff @11 @12": (
        "~ v  datadg/vol01\n"
        "     length_sectors: 204800 -> 409600\n"
        "+ v  datadg/vol02\n"
        "     name: vol02\n"
        "     length_sectors: 2048\n"
        "- v  datadg/old\n"
        "     name: old\n"
    ),
    "vx blame datadg/vol01": (
        "FIELD           VALUE   POS  TIME                         ACTOR  COMMAND\n"
        "length_sectors  204800  @11  2026-11-22T10:14:58.120000Z  root   "
        "vxassist -g datadg make vol01 100m\n"
        "state           ACTIVE  @12  2026-11-22T10:14:58.120000Z  -      -\n"
    ),
    "vx verify": ("node/node1: 12 commits hold: chain, content\n  head hash eeeeeeeeeeeeeeee\n"),
    "vx outcome 01JD": "01JD done @11\n",
    "vx knew": f"node1 at {TIME}: shared @3 (applied {TIME}), node/node1 @11\n",
    "vx quarantine list": (
        "the shared log of node1 is another one from @6 on, up to @7\n"
        "set aside: aside/shared-@4-1.db (4096 bytes)\n"
    ),
    "vx archive list": (
        f"node/node1 @1 to @300: {TIME} to {TIME}, 20000 bytes, ok, "
        "log.db.archive/node1.node.1-300.segment\n"
    ),
    "vx retention show": (
        "what is older than 90d is archived, but for the last 1000 commits of each log; "
        "the rule since shared @9\n"
    ),
    "vx archive verify": "node/node1 @1 to @300: ok\n",
    "vx status": STATUS,
}


@pytest.mark.parametrize("line", OUTPUTS)
def test_stdout_is_this_text_and_nothing_else_is_said(line: str, run: Runner) -> None:
    done = run(line)
    assert done.out == OUTPUTS[line]
    assert (done.err, done.code) == (
        f"at @1204 ({TIME})\n" if line.startswith("vx show") else "",
        0,
    )


@pytest.mark.parametrize(
    ("line", "question", "args"),
    [
        ("vx print -g datadg vol01", "print", {"group": "datadg", "names": ["vol01"]}),
        ("vx -g datadg print -- vol01", "print", {"group": "datadg", "names": ["vol01"]}),
        ("vx dg list datadg", "dg.list", {"group": "datadg"}),
        ("vxdisk list loop0", "disk.list", {"device": "loop0"}),
        ("vx get datadg/vol01", "get", {"object": "datadg/vol01"}),
        ("vx verify --replay", "verify", {"replay": True}),
        ("vx outcome 01JD", "outcome", {"id": "01JD"}),
        ("vx knew node1", "knew", {"node": "node1"}),
    ],
)
def test_the_question_is_put_as_the_daemon_understands_it(
    line: str, question: str, args: dict[str, object], run: Runner
) -> None:
    run(line)
    assert (run.asked["question"], run.asked["args"]) == (question, args)


def test_the_choices_of_log_reach_the_daemon(run: Runner) -> None:
    run(
        "vx log --since @3 --until head --node node1 --actor root --object datadg/vol01 "
        "--type volume-made --tx 01JD -n 5 --reverse --log-of shared"
    )
    assert run.asked["args"] == {
        "since": {"log": None, "kind": "position", "value": 3},
        "until": {"log": None, "kind": "head", "value": None},
        "node": "node1",
        "actor": "root",
        "object": "datadg/vol01",
        "type": "volume-made",
        "tx": "01JD",
        "n": 5,
        "reverse": True,
        "which": "shared",
    }


def test_diff_asks_with_both_moments_and_the_object(run: Runner) -> None:
    run("vx diff @3 @-1 datadg")
    assert run.asked["args"] == {
        "a": {"log": None, "kind": "position", "value": 3},
        "b": {"log": None, "kind": "relative", "value": -1},
        "object": "datadg",
    }


@pytest.mark.parametrize("line", ["vxprint", "vx dg list", "vx get x", "vx state", "vx blame x"])
def test_a_moment_that_is_named_is_told_on_stderr(line: str, run: Runner) -> None:
    done = run(f"{line} --at node/node1@1204")
    assert run.asked["at"] == {"log": "node/node1", "kind": "position", "value": 1204}
    assert done.err == f"at @1204 ({TIME})\n"
    assert done.code == 0


def test_get_and_state_print_a_document_without_being_asked(run: Runner) -> None:
    assert run("vx get datadg/vol01").document["data"]["length_sectors"] == 204800
    state = run("vx state")
    assert state.document["schema"] == "vx.state/v1"
    assert state.out.count("\n") == 1


def test_diff_says_by_its_exit_code_that_there_is_a_difference_only_when_asked(
    run: Runner,
) -> None:
    assert run("vx diff @11 @12 --exit-code").code == 6
    assert run("vx diff @11 @12").code == 0


@pytest.mark.parametrize("line", ["vx log -n 0", "vx outcome 'a b'", "vx diff", "vx get"])
def test_a_line_that_makes_no_sense_is_a_usage_error(line: str, run: Runner) -> None:
    done = run(line)
    assert (done.out, done.code) == ("", 2)
    assert done.err.startswith("VxVM vx ERROR V-5-1-9010 ")
