"""JSON is what its schema says: the shapes that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import main
from tests.support.commands import Runner
from tests.support.json_schema import SCHEMAS, problems

CHANGES_FILE = Path(__file__).parent / "changes.txt"
READS = {
    "vx print": "vx.print/v1",
    "vx volume list": "vx.volume.list/v1",
    "vx tree": "vx.tree/v1",
    "vxdg free": "vx.dg.free/v1",
    "vx ctl mode": "vx.ctl.mode/v1",
    "vxdctl list": "vx.ctl.list/v1",
    "vxclustadm nidmap": "vx.cluster.nidmap/v1",
    "vxclustadm -v nodestate": "vx.cluster.nodestate/v1",
    "vxdctl protocolversion": "vx.ctl.protocolversion/v1",
    "vxdctl protocolrange": "vx.ctl.protocolrange/v1",
    "vxdctl support": "vx.ctl.support/v1",
    "vx explain": "vx.explain/v1",
    "vxprint -htg datadg vol01": "vx.print/v1",
    "vx dg list": "vx.dg.list/v1",
    "vx disk list": "vx.disk.list/v1",
    "vx get datadg/vol01": "vx.get/v1",
    "vx state": "vx.state/v1",
    "vx state --current": "vx.state/v1",
    "vx status": "vx.status/v1",
    "vx log": "vx.log/v1",
    "vx show @11": "vx.show/v1",
    "vx diff @11 @12": "vx.diff/v1",
    "vx blame datadg/vol01": "vx.blame/v1",
    "vx verify": "vx.verify/v1",
    "vx head": "vx.head/v1",
    "vx outcome 01JD": "vx.outcome/v1",
    "vx knew": "vx.knew/v1",
    "vx trace @11": "vx.trace/v1",
    "vx tag list": "vx.tag.list/v1",
    "vx tag": "vx.tag.list/v1",
    "vx bisect @3 @12 --run true": "vx.bisect/v1",
    "vx quarantine list": "vx.quarantine.list/v1",
    "vx what-if vxassist -g datadg make vol01 1g": "vx.what-if/v1",
    "vx retention show": "vx.retention.show/v1",
    "vx archive list": "vx.archive.list/v1",
    "vx archive verify": "vx.archive.verify/v1",
    "vxassist -g datadg maxsize": "vx.volume.maxsize/v1",
    "vxassist -g datadg maxgrow vol01": "vx.volume.maxgrow/v1",
}
CHANGES = {
    "vxdisk init loop0": "vx.disk.init/v1",
    "vxdg init datadg loop0": "vx.dg.init/v1",
    "vxdg -g datadg adddisk loop0": "vx.dg.adddisk/v1",
    "vxdg -g datadg rmdisk a --yes": "vx.dg.rmdisk/v1",
    "vxdg destroy datadg --yes": "vx.dg.destroy/v1",
    "vxassist -g datadg make vol01 1g": "vx.volume.make/v1",
    "vxassist -g datadg growby vol01 1g": "vx.volume.growby/v1",
    "vxassist -g datadg growto vol01 1g": "vx.volume.growto/v1",
    "vxassist -g datadg shrinkby vol01 1g --yes": "vx.volume.shrinkby/v1",
    "vxassist -g datadg shrinkto vol01 1g --yes": "vx.volume.shrinkto/v1",
    "vxassist -g datadg mirror vol01": "vx.volume.mirror/v1",
    "vxvol -g datadg startall": "vx.volume.start/v1",
    "vxvol -g datadg stop vol01": "vx.volume.stop/v1",
    "vxvol -g datadg init active vol01": "vx.volume.init/v1",
    "vxplex -g datadg att vol01 vol01-02": "vx.plex.att/v1",
    "vxplex -g datadg dis vol01-02": "vx.plex.dis/v1",
    "vxdg deport datadg": "vx.dg.deport/v1",
    "vxdg import datadg": "vx.dg.import/v1",
    "vxdg rename datadg payroll": "vx.dg.rename/v1",
    "vxdg -g datadg set dgfailpolicy=leave": "vx.dg.set/v1",
    "vxdg -g datadg rename disk a b": "vx.disk.rename/v1",
    "vxdisk online loop0": "vx.disk.online/v1",
    "vxdisk offline loop0": "vx.disk.offline/v1",
    "vxdisk rm loop0": "vx.disk.rm/v1",
    "vxassist -g datadg remove vol01 --yes": "vx.volume.remove/v1",
    "vxassist -g datadg move vol01 !a": "vx.volume.move/v1",
    "vxvol -g datadg set len=1g vol01": "vx.volume.set/v1",
    "vxvol -g datadg rdpol round vol01": "vx.volume.rdpol/v1",
    "vxvol -g datadg maint vol01": "vx.volume.maint/v1",
    "vxvol -g datadg resync vol01": "vx.volume.resync/v1",
    "vxplex -g datadg det vol01-02": "vx.plex.det/v1",
    "vxplex -g datadg cp vol01 vol01-02": "vx.plex.cp/v1",
    "vxplex -g datadg mv vol01-01 vol01-02": "vx.plex.mv/v1",
    "vxedit -g datadg set comment=c vol01": "vx.edit.set/v1",
    "vxedit -g datadg cc c vol01": "vx.edit.set/v1",
    "vxedit -g datadg rename vol01 vol02": "vx.edit.rename/v1",
    "vxedit -g datadg -rf rm vol01 --yes": "vx.edit.rm/v1",
    "vxdg upgrade datadg": "vx.dg.upgrade/v1",
    "vxdisk set loop0 clone=on": "vx.disk.set/v1",
    "vx cluster add node4": "vx.cluster.add/v1",
    "vx cluster remove node3 --yes": "vx.cluster.remove/v1",
    "vxdisk scandisks": "vx.disk.scandisks/v1",
    "vxdg -g datadg -o clean recover": "vx.dg.recover/v1",
    "vxassist -g datadg addlog vol01": "vx.volume.addlog/v1",
    "vxassist -g datadg remove log vol01 --yes": "vx.volume.remove.log/v1",
    "vxdisk clearimport loop0": "vx.disk.clearimport/v1",
    "vxdctl enable": "vx.ctl.enable/v1",
    "vxdctl disable": "vx.ctl.disable/v1",
    "vx archive --keep 100": "vx.archive/v1",
    "vx redact @11 --yes": "vx.log.redact/v1",
    "vx retention set --keep 1000": "vx.retention.set/v1",
    "vx quarantine set-aside --yes": "vx.quarantine.set-aside/v1",
    "vx tag before-upgrade": "vx.tag.set/v1",
    "vx tag before-upgrade @3": "vx.tag.set/v1",
    "vx tag delete before-upgrade": "vx.tag.delete/v1",
    "vx revert @11 --yes": "vx.revert/v1",
    "vx restore --to @11 datadg/vol01 --yes": "vx.restore/v1",
    "vx undo 2 --yes": "vx.undo/v1",
    "vx redo --yes": "vx.redo/v1",
    "vx confirm grow-1": "vx.confirm/v1",
    f"vx plan {CHANGES_FILE}": "vx.plan/v1",
    f"vx apply {CHANGES_FILE} --yes": "vx.apply/v1",
}
SHAPES = {**READS, **CHANGES, **{f"{line} --dry-run": name for line, name in CHANGES.items()}}


@pytest.mark.parametrize("line", SHAPES)
def test_a_document_is_what_its_schema_says(line: str, run: Runner) -> None:
    document = run(f"{line} --json").document
    assert document["schema"] == SHAPES[line]
    assert problems(document) == []


def test_every_shape_has_a_schema_and_every_schema_a_shape() -> None:
    shapes = {f"{name.replace('/', '.')}.json" for name in SHAPES.values()}
    names = {path.name for path in SCHEMAS.iterdir()}
    # tests/integration/lab: what is asked of a monitor
    asked = ("startnode", "stopnode", "abortnode", "setmaster", "reinit")
    lab = {name for name in names if name.startswith("vx.lab.")}
    lab |= {f"vx.cluster.{verb}.v1.json" for verb in asked}
    # tests/integration/cli: what follows a log, or looks at a home
    real = {f"vx.{name}.v1.json" for name in ("backup", "backup.restore", "config.show")}
    # tests/integration/postgres: what copies and makes stores
    real |= {f"vx.store.{verb}.v1.json" for verb in ("copy", "migrate")}
    real |= {f"vx.bundle.{verb}.v1.json" for verb in ("create", "open", "verify")}
    real |= {f"vx.{name}.v1.json" for name in ("doctor", "export", "import.vxprint", "watch")}
    # tests/cli/test_sites.py: what is said of a whole log
    real |= {f"vx.{name}.v1.json" for name in ("rehearse", "report.html")}
    real.add("vx.watch.heartbeat.v1.json")
    # tests/integration/archive: what an archive of many clusters says
    real |= {f"vx.archive.{verb}.v1.json" for verb in ("to", "status", "detach")}
    real.add("vx.find.v1.json")
    assert names - lab - real == shapes | {"vx.error.v1.json"}


@pytest.mark.parametrize("line", ["vx frob", "vx state", "vxdg init", "vxprint"])
def test_an_error_is_what_its_schema_says(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VX_HOME", "/nonexistent")
    code = main([*line.split(), "--json"])
    captured = capsys.readouterr()
    document = json.loads(captured.err)
    assert (captured.out, document["exit"]) == ("", code)
    assert problems(document) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"position": "12"}, "is not type"),
        ({"at": "yesterday"}, "is not format"),
        ({"data": [{"name": "datadg"}]}, "no dgid"),
        ({"data": None}, "is not type"),
    ],
)
def test_a_document_of_another_shape_is_found(
    change: dict[str, object], problem: str, run: Runner
) -> None:
    document = run("vx dg list --json").document | change
    assert any(problem in found for found in problems(document))


@pytest.mark.parametrize("line", ["vx print", "vx log", "vx disk list", "vx diff @1 @2"])
def test_ndjson_has_one_object_a_line(line: str, run: Runner) -> None:
    lines = run(f"{line} -o ndjson").out.splitlines()
    assert len(lines) > 1
    assert all(isinstance(json.loads(one), dict) for one in lines)


@pytest.mark.parametrize("line", READS)
def test_every_read_has_every_form_of_output(line: str, run: Runner) -> None:
    for form in ("table", "plain", "tsv", "json", "ndjson", "yaml"):
        done = run(f"{line} -o {form}")
        assert done.code == 0
        assert done.out.endswith("\n")
