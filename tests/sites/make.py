"""Make a site's log with the product itself: ``python -m tests.sites.make soak|single DIRECTORY``.

What is kept of a home: its log, and the recording of what went into its core.
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from daemon.shell import recorder
from eventstore.source import DATABASE
from tests.soak.ground import Ground
from tests.soak.nemeses import Nemesis
from tests.support.clusters import running_cluster
from tests.support.lab import running_lab

SEED = 20
ROUNDS = 2
LOAD_S = 0.05


def soak(where: Path) -> Path:
    """Three nodes under load and nemeses; the home of one of them."""
    with running_cluster(where, disks=2) as cluster:
        ground = Ground(cluster, SEED)
        ground.make_group(2)
        for number in range(ROUNDS):
            ground.strike(Nemesis(cluster.lab, random.Random(f"{SEED}/{number}")), LOAD_S)
            ground.rest()
        home = cluster.lab.home("node2")
        cluster.lab.down()
        return home


def single(where: Path) -> Path:
    """One node, whose disks go, come back, fail and change, with a daemon killed in between."""
    with running_lab(where, disks=3) as lab:
        for number in range(3):
            lab.ok("vxdisk", "init", f"vxd{number}")
        lab.ok("vxdg", "init", "datadg", "d0=vxd0", "d1=vxd1", "d2=vxd2")
        lab.ok("vxassist", "-g", "datadg", "make", "vol01", "100m", "layout=mirror")
        lab.ok("vxassist", "-g", "datadg", "make", "vol02", "64m")
        lab.pull("vxd1")
        lab.add("vxd1")
        lab.run("vxassist", "-g", "datadg", "growby", "vol01", "10g")
        lab.ok("vxassist", "-g", "datadg", "growby", "vol02", "32m")
        lab.fail("vxd2")
        lab.heal("vxd2")
        lab.kill()
        lab.pull("vxd0")
        lab.start()
        lab.add("vxd0")
        lab.ok("vxassist", "-g", "datadg", "remove", "vol02", "--yes")
        lab.lab.down()
        return lab.home


def marked_as_earlier(recording: Path) -> None:
    """Let runs say that another version recorded them, as they will be once this one is released.

    Their commits are compared then, and not every word of what else was decided.
    """
    for path in recording.iterdir():
        data = path.read_bytes()
        end = 4 + int.from_bytes(data[:4])
        began = msgspec.msgpack.decode(data[4:end], type=recorder.Began)
        changed = msgspec.structs.replace(began, version=f"before {began.version}")
        body = msgspec.msgpack.encode(changed)
        path.write_bytes(len(body).to_bytes(4) + body + data[end:])


MAKERS = {"soak": soak, "single": single}


def main(kind: str, directory: Path) -> None:
    with TemporaryDirectory() as where:
        home = MAKERS[kind](Path(where))
        directory.mkdir(parents=True)
        shutil.copyfile(home / DATABASE, directory / DATABASE)
        shutil.copytree(home / recorder.DIRECTORY, directory / recorder.DIRECTORY)
        marked_as_earlier(directory / recorder.DIRECTORY)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
