"""Commands of ours that ask the daemon, against etcdctl that asks its server: the time in all."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

from tests.bench import etcd
from tests.bench.against_etcd import bytes_of_a_change, ours, theirs
from tests.bench.ground import Scale
from tests.bench.load import GROUP, VOLUMES
from tests.bench.measure import Goal, Row, Turns
from tests.support.lab import BIN, NODE

_EACH = 4


def commands(directory: Path, scale: Scale) -> list[Row]:
    """Compare `vxprint` and `vx log` with `etcdctl get`."""
    if etcd.is_missing():
        return []
    place = directory / "commands"
    place.mkdir()
    with ours(place, 1) as (lab, _), theirs(place, 1, bytes_of_a_change(lab)) as peer:
        home = ("--home", str(lab.home(NODE)))
        ctl = [etcd.program("etcdctl") or "", f"--endpoints={peer.place}", "get"]
        volume, key = f"vol{VOLUMES:04d}", etcd.key(1).decode()
        asked = {
            "one": [str(BIN / "vxprint"), "-g", GROUP, volume, *home],
            "log": [str(BIN / "vx"), "log", "-n", "20", *home],
            "all": [str(BIN / "vxprint"), "-g", GROUP, "-ht", *home],
            "get": [*ctl, key],
            "get_all": [*ctl, "--prefix", f"/{GROUP}/"],
        }
        lengths = {name: _lines(command) for name, command in asked.items()}
        turns = Turns(**{name: partial(_ms, command) for name, command in asked.items()})
        turns.run(_EACH * scale.rounds)
    single, whole = (
        f"etcdctl {etcd.version()} get of one key",
        "etcdctl get --prefix of 1,000 keys",
    )
    return [
        _row(turns, f"vxprint -g DG VOLUME of {VOLUMES:,}, wall", "one", "get", single),
        _row(turns, "vx log -n 20, wall", "log", "get", single),
        turns.row(
            "  vxprint -g DG -ht of 1,000 objects, wall",
            "all",
            "get_all",
            unit="ms",
            base_is=whole,
            details={"lines": lengths},
        ),
    ]


def _row(turns: Turns, name: str, ours: str, base: str, base_is: str) -> Row:
    return turns.row(name, ours, base, unit="ms", goal=Goal(6, at_most=True), base_is=base_is)


def _lines(command: Sequence[str]) -> int:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return len(done.stdout.splitlines())


def _ms(command: Sequence[str]) -> float:
    """Run a program to its end, and return the time that took."""
    begin = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1e3 * (perf_counter() - begin)
