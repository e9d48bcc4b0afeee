"""Changes: what is sent, what is printed, what is asked first."""

from __future__ import annotations

import io
from typing import Any

import pytest

from daemon.wire import control
from tests.support.answers import DAMAGED, VERIFIED
from tests.support.commands import Runner
from tests.support.fake_daemon import answer, fake_daemon, refusal

DISKS = [["datadg01", "loop0"], [None, "loop1"]]
MAKE = {"group": "datadg", "name": "vol01", "length_sectors": 20971520, "disks": []}

SENT = {
    "vxdisk init loop0": ("disk.init", {"device": "loop0", "private_sectors": None}),
    "vx disk init loop0 privlen=32m": (
        "disk.init",
        {"device": "loop0", "private_sectors": 65536},
    ),
    "vxdg init datadg datadg01=loop0 loop1": ("dg.init", {"group": "datadg", "disks": DISKS}),
    "vx dg init datadg datadg01=loop0 loop1": ("dg.init", {"group": "datadg", "disks": DISKS}),
    "vxdg -g datadg adddisk datadg01=loop0 loop1": (
        "dg.adddisk",
        {"group": "datadg", "disks": DISKS},
    ),
    "vxdg adddisk -g datadg datadg01=loop0 loop1": (
        "dg.adddisk",
        {"group": "datadg", "disks": DISKS},
    ),
    "vxdg -g datadg rmdisk a b --yes": ("dg.rmdisk", {"group": "datadg", "disks": ["a", "b"]}),
    "vxdg destroy datadg --yes": ("dg.destroy", {"group": "datadg"}),
    "vxassist -g datadg make vol01 10g": ("volume.make", MAKE),
    "vxassist make vol01 10g -g datadg layout=concat": ("volume.make", MAKE),
    "vx volume make -g datadg vol01 10g a b": ("volume.make", {**MAKE, "disks": ["a", "b"]}),
    "vxassist -g datadg make vol01 0": ("volume.make", {**MAKE, "length_sectors": 0}),
    "vxassist -g datadg growby vol01 2048s": (
        "volume.growby",
        {"group": "datadg", "name": "vol01", "length_sectors": 2048},
    ),
    "vxassist -g datadg remove volume vol01 --yes": (
        "volume.remove",
        {"group": "datadg", "name": "vol01"},
    ),
    "vxassist -g datadg remove vol01 --yes": (
        "volume.remove",
        {"group": "datadg", "name": "vol01"},
    ),
    "vx volume remove -g datadg volume --yes": (
        "volume.remove",
        {"group": "datadg", "name": "volume"},
    ),
}

V = {"group": "datadg", "name": "vol01"}
SENT |= {
    "vxassist -g datadg make vol01 10g layout=mirror nmirror=3 a b": (
        "volume.make",
        {**MAKE, "disks": ["a", "b"], "layout": "mirror", "mirrors": 3},
    ),
    "vxassist -g datadg make vol01 10g layout=stripe ncol=4 stripeunit=64k": (
        "volume.make",
        {**MAKE, "layout": "stripe", "columns": 4, "stripe": 128},
    ),
    "vxassist -g datadg make vol01 10g layout=stripe,mirror stwid=2m alloc=a,b": (
        "volume.make",
        {**MAKE, "layout": "mirror-stripe", "stripe": 4096, "disks": ["a", "b"]},
    ),
    "vxassist -g datadg make vol01 10g init=none layout=raid5": (
        "volume.make",
        {**MAKE, "layout": "raid5", "start": False},
    ),
    "vxassist -g datadg growto vol01 2048s": ("volume.growto", {**V, "length_sectors": 2048}),
    "vxassist -g datadg shrinkto vol01 1m --yes": (
        "volume.shrinkto",
        {**V, "length_sectors": 2048},
    ),
    "vxassist -g datadg shrinkby vol01 1m --yes": (
        "volume.shrinkby",
        {**V, "length_sectors": 2048},
    ),
    "vxdg -g datadg recover": ("dg.recover", {"group": "datadg", "how": ""}),
    "vxdg -g datadg -o clean recover": ("dg.recover", {"group": "datadg", "how": "clean"}),
    "vxdg -g datadg -o remove recover --yes": (
        "dg.recover",
        {"group": "datadg", "how": "remove"},
    ),
    "vxassist -g datadg addlog vol01": ("volume.addlog", {**V, "disks": []}),
    "vxassist -g datadg addlog vol01 logtype=drl loglen=1m b": (
        "volume.addlog",
        {**V, "disks": ["b"], "length_sectors": 2048},
    ),
    "vxassist -g datadg remove log vol01 --yes": ("volume.remove.log", V),
    "vxassist -g datadg mirror vol01 b": ("volume.mirror", {**V, "disks": ["b"]}),
    "vxvol -g datadg start vol01 vol02": (
        "volume.start",
        {"group": "datadg", "names": ["vol01", "vol02"]},
    ),
    "vxvol -g datadg stop vol01": ("volume.stop", {"group": "datadg", "names": ["vol01"]}),
    "vxvol -g datadg startall": ("volume.start", {"group": "datadg", "names": []}),
    "vxvol -g datadg stopall": ("volume.stop", {"group": "datadg", "names": []}),
    "vx volume init -g datadg active vol01": ("volume.init", {**V, "how": "active"}),
    "vxplex -g datadg att vol01 vol01-02": (
        "plex.att",
        {"group": "datadg", "volume": "vol01", "plex": "vol01-02"},
    ),
    "vxplex -g datadg dis vol01-02": (
        "plex.dis",
        {"group": "datadg", "plex": "vol01-02", "remove": False},
    ),
    "vxplex -g datadg -o rm dis vol01-02 --yes": (
        "plex.dis",
        {"group": "datadg", "plex": "vol01-02", "remove": True},
    ),
    "vxdg -s init datadg datadg01=loop0 loop1": (
        "dg.init",
        {"group": "datadg", "disks": DISKS, "shared": True},
    ),
    "vxdg -s -t import datadg": (
        "dg.import",
        {
            "group": "datadg",
            "new_name": None,
            "force": False,
            "clear": False,
            "shared": True,
            "temporary": True,
        },
    ),
    "vxdg -g datadg set activation=sw": (
        "dg.set",
        {"group": "datadg", "values": {"activation": "sw"}},
    ),
    "vx cluster add node4": ("cluster.add", {"node": "node4"}),
    "vx cluster remove node3 --yes": ("cluster.remove", {"node": "node3"}),
    "vxdg deport datadg": ("dg.deport", {"group": "datadg", "host": None}),
    "vxdg --host node7 deport datadg": ("dg.deport", {"group": "datadg", "host": "node7"}),
    "vxdg -C import datadg": (
        "dg.import",
        {"group": "datadg", "new_name": None, "force": False, "clear": True},
    ),
    "vxdg -f -n payroll import datadg": (
        "dg.import",
        {"group": "datadg", "new_name": "payroll", "force": True, "clear": False},
    ),
    "vxdg rename datadg payroll": ("dg.rename", {"group": "datadg", "new_name": "payroll"}),
    "vxdg -g datadg rename disk a b": (
        "disk.rename",
        {"group": "datadg", "disk": "a", "new_name": "b"},
    ),
    "vxdg -g datadg set diskdetpolicy=local dgfailpolicy=leave": (
        "dg.set",
        {"group": "datadg", "values": {"diskdetpolicy": "local", "dgfailpolicy": "leave"}},
    ),
    "vxdisk online loop0": ("disk.online", {"device": "loop0"}),
    "vxdisk offline loop0": ("disk.offline", {"device": "loop0"}),
    "vxdisk rm loop0": ("disk.rm", {"device": "loop0"}),
    "vxdisk set loop0 clone=on": ("disk.set", {"device": "loop0", "clone": True}),
    "vxdg -T 200 upgrade datadg": ("dg.upgrade", {"group": "datadg", "version": 200}),
    "vxassist -g datadg move vol01 !a b": ("volume.move", {**V, "off": ["a"], "disks": ["b"]}),
    "vxvol -g datadg set len=1m vol01": (
        "volume.set",
        {"group": "datadg", "names": ["vol01"], "length_sectors": 2048},
    ),
    "vxvol -g datadg rdpol prefer vol01 vol01-02": (
        "volume.rdpol",
        {**V, "policy": "prefer", "plex": "vol01-02"},
    ),
    "vxvol -g datadg maint vol01": ("volume.maint", {"group": "datadg", "names": ["vol01"]}),
    "vxvol -g datadg resync vol01": ("volume.resync", {"group": "datadg", "names": ["vol01"]}),
    "vxplex -g datadg det vol01-02": ("plex.det", {"group": "datadg", "plex": "vol01-02"}),
    "vxplex -g datadg cp vol01 vol01-02": (
        "plex.cp",
        {"group": "datadg", "volume": "vol01", "plex": "vol01-02"},
    ),
    "vxplex -g datadg -o rm mv vol01-01 vol01-02 --yes": (
        "plex.mv",
        {"group": "datadg", "old": "vol01-01", "new": "vol01-02", "remove": True},
    ),
    "vxedit -g datadg set comment=c spare=on vol01 vol02": (
        "edit.set",
        {
            "group": "datadg",
            "names": ["vol01", "vol02"],
            "values": {"comment": "c", "spare": "on"},
        },
    ),
    "vxedit -g datadg cc c vol01": (
        "edit.set",
        {"group": "datadg", "names": ["vol01"], "values": {"comment": "c"}},
    ),
    "vxedit -g datadg rename vol01 vol02": ("edit.rename", {**V, "new_name": "vol02"}),
    "vxedit -g datadg -rf rm vol01 --yes": (
        "edit.rm",
        {"group": "datadg", "names": ["vol01"], "recursive": True, "force": True},
    ),
}

USAGE = {
    "vxassist -g datadg shrinkby vol01 1m": "--yes",
    "vxassist -g datadg make vol01 10g nmirror=many": "nmirror=2",
    "vxassist -g datadg make vol01 10g usetype=gen": "layout=",
    "vxassist -g datadg start vol01": "vxassist --help",
    "vxplex -g datadg -o rm dis vol01-02": "--yes",
    "vxdg rename datadg": "OLD NEW",
    "vxdg -g datadg set nothing": "ATTRIBUTE=VALUE",
    "vxdg -g datadg rmdisk a": "--yes",
    "vxdg destroy datadg": "--yes",
    "vx quarantine set-aside": "--yes",
    "vxassist -g datadg remove volume vol01": "--yes",
    "vxassist make vol01 10g": "-g DG",
    "vxassist -g datadg make vol01 10x": "10g",
    "vxassist -g datadg make vol01": "LENGTH",
    "vxassist -g datadg remove a b --yes": "one at a time",
    "vxdg init datadg": "DEVICE",
    "vxdg init datadg =loop0": "NAME=DEVICE",
    "vxdg init datadg cds=on loop0": "cds=",
    "vxdisk init loop0 format=simple": "privlen",
    "vxdg init datadg loop0 --at @3": "--expect",
    "vxdg init datadg loop0 --log /x": "--log",
    "vx state --current --at @3": "--current",
    "vx state --current --log /x": "--current",
    "vxdg init datadg loop0 --expect last": "@1204",
    "vxdg init datadg loop0 --id 'a b'": "--id",
    "vxdg init datadg loop0 --timeout 0": "seconds",
    "vxdg init datadg loop0 -o xml": "ndjson",
    "vxdg init datadg loop0 -o commands": "for reads",
    "vxdg frobnicate": "vxdg --help",
}


@pytest.fixture(autouse=True)
def nobody_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))


@pytest.mark.parametrize("line", SENT)
def test_a_change_is_sent_as_the_daemon_understands_it(line: str, run: Runner) -> None:
    done = run(line)
    assert (done.out, done.err, done.code) == ("committed @1205\n", "", 0)
    assert (run.asked["verb"], run.asked["args"]) == SENT[line]


@pytest.mark.parametrize("line", USAGE)
def test_a_line_that_makes_no_sense_is_refused_before_anybody_is_asked(
    line: str, run: Runner
) -> None:
    done = run(line)
    assert (done.out, done.code) == ("", 2)
    assert USAGE[line] in done.err
    assert run.daemon.requests == []


def test_what_every_change_may_carry_is_carried(run: Runner) -> None:
    line = "vxdg init datadg loop0 --expect @12 --id ticket-7 -m 'for the payroll' --timeout 2.5"
    run(line)
    wanted = {"expect": 12, "id": "ticket-7", "message": "for the payroll", "timeout_ms": 2500}
    assert {key: run.asked[key] for key in wanted} == wanted
    assert run.asked["program"] == "vxdg"
    assert run.asked["cmdline"].startswith("vxdg init datadg loop0 --expect @12 --id ticket-7 -m")


def test_a_request_without_a_name_is_given_one(run: Runner) -> None:
    run("vxdg init datadg loop0")
    first = run.asked["id"]
    run("vxdg init datadg loop0")
    assert control.is_id(first)
    assert first != run.asked["id"]


def test_a_dry_run_shows_events_and_difference_and_needs_no_yes(run: Runner) -> None:
    done = run("vxdg destroy datadg --dry-run")
    assert run.asked["dry_run"] is True
    assert done.code == 0
    assert done.out == (
        "nothing was appended; this would be\n"
        "events:\n"
        "  volume-made v1\n"
        "    rid: 9\n"
        "    object_name: vol02\n"
        "\n"
        "diff:\n"
        "  + v  datadg/vol02\n"
        "       name: vol02\n"
        "       length_sectors: 2048\n"
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [("--yes", "@6 to @7 set aside; the log ends at @5"), ("-n", "@6 to @7 would be set aside")],
)
def test_a_log_is_set_aside_or_it_is_told_what_would_be(
    option: str, said: str, run: Runner
) -> None:
    done = run(f"vx quarantine set-aside {option}")
    assert (done.out, done.err, done.code) == (f"{said}\n", "", 0)
    assert run.asked["verb"] == "quarantine.set-aside"
    assert run.asked["dry_run"] == (option == "-n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("", 1)])
def test_on_a_terminal_it_asks_before_it_destroys(
    typed: str, code: int, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    done = run("vxdg destroy datadg")
    assert done.code == code
    assert done.err.startswith("Destroy disk group datadg and all that is in it? [y/N] ")
    assert len(run.daemon.requests) == (code == 0)


@pytest.mark.parametrize("code", [1, 3, 4, 69, 70, 75, 77])
def test_the_exit_code_is_the_one_that_the_daemon_chose(
    code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_daemon(lambda _: refusal(exit=code, cause="that", fix="this", rule="M1")) as daemon:
        done = Runner(capsys, daemon)("vxdg init x loop0")
    assert (done.out, done.code) == ("", code)
    assert done.err == (
        "VxVM vxdg ERROR V-5-1-582 Disk group x: No such disk group (rule M1)\n"
        "  cause: that\n"
        "  fix: this\n"
    )


def test_a_change_whose_answer_does_not_come_is_pending(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with fake_daemon(lambda _: None) as daemon:
        done = Runner(capsys, daemon)("vxdg init x loop0 --id ticket-7")
    assert done.code == 5
    assert "fix: vx outcome ticket-7" in done.err


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("done", 0), ("failed", 1), ("rejected", 1), ("unknown", 3), ("pending", 5)],
)
def test_the_outcome_of_a_request_is_its_exit_code(
    outcome: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    data: dict[str, Any] = {"id": "x", "outcome": outcome, "position": None, "message": None}
    with fake_daemon(lambda _: answer(data)) as daemon:
        done = Runner(capsys, daemon)("vx outcome x")
    assert (done.out, done.code) == (f"x {outcome}\n", code)


@pytest.mark.parametrize(("verdict", "code"), [(VERIFIED, 0), (DAMAGED, 6)])
def test_verify_says_by_its_exit_code_whether_the_log_holds(
    verdict: dict[str, Any], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_daemon(lambda _: answer(verdict)) as daemon:
        assert Runner(capsys, daemon)("vx verify").code == code


def test_the_first_position_that_does_not_hold_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with fake_daemon(lambda _: answer(DAMAGED)) as daemon:
        done = Runner(capsys, daemon)("vx verify")
    assert done.out == (
        "node/node1: the first position that does not hold is @7\n"
        "  its payload is not what was hashed\n"
    )


def test_each_log_that_was_checked_has_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    shared = {**VERIFIED, "log": "shared", "commits": 0}
    with fake_daemon(lambda _: answer({**DAMAGED, "logs": [shared, DAMAGED]})) as daemon:
        done = Runner(capsys, daemon)("vx verify")
    assert done.out.splitlines()[:2] == [
        "shared: no commits",
        "node/node1: the first position that does not hold is @7",
    ]


def test_what_the_daemon_notes_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_daemon(lambda _: answer([], notes=["nothing was observed then"])) as daemon:
        done = Runner(capsys, daemon)("vx log")
    assert done.err == "nothing was observed then\n"


def test_a_position_that_was_meant_as_a_time_is_told_how_to_be_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with fake_daemon(lambda _: refusal(message="no commit @1764000000")) as daemon:
        done = Runner(capsys, daemon)("vx state --at 1764000000")
    assert done.code == 3
    assert "write epoch:1764000000" in done.err
