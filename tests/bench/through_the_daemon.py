"""What a user waits for: requests through the socket, and a whole `vxprint`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from time import perf_counter

from daemon.client import Client
from daemon.wire import control
from tests.bench.appending import CALLERS, Appender
from tests.bench.ground import WARM, Scale, check_warm, open_store
from tests.bench.measure import Goal, Row, Turns, percentile
from tests.support.lab import BIN, RunningLab, running_lab

REQUESTS = 300
SHARED_REQUESTS = 4000
DISKS = 4
OBJECTS = 1000
_EACH = 3
"""Records of a volume: itself, its plex, its subdisk."""

_GENERATORS = 2
_UNWANTED = frozenset({"alembic", "msgspec", "pydantic", "rich", "sqlalchemy"})


def _ask(client: Client, verb: str, number: int, **args: object) -> None:
    client.ask(
        control.command(
            verb,
            args,
            request_id=f"bench-{os.getpid()}-{number}",
            cmdline="vxassist -g datadg growby vol0001 1m",
            program="vxassist",
        )
    )


def _grow(client: Client, number: int) -> None:
    _ask(client, "volume.growby", number, group="datadg", name="vol0001", length_sectors=1)


def furnish(client: Client, volumes: int, *, shared: bool = False) -> None:
    """Make a group with volumes in it; the first one has room to grow."""
    numbers = count()
    disks = [f"vxd{i}" for i in range(DISKS)]
    for disk in disks:
        _ask(client, "disk.init", next(numbers), device=disk)
    specs = [[None, disk] for disk in disks]
    _ask(client, "dg.init", next(numbers), group="datadg", disks=specs, shared=shared)
    for volume in range(volumes, 0, -1):
        name, size = f"vol{volume:04d}", {"length_sectors": 2048, "disks": []}
        _ask(client, "volume.make", next(numbers), group="datadg", name=name, **size)


def _request_times(client: Client, numbers: Sequence[int]) -> list[float]:
    waits = []
    for number in numbers:
        begin = perf_counter()
        _grow(client, number)
        waits.append(perf_counter() - begin)
    return waits


def requests(directory: Path, scale: Scale) -> list[Row]:
    """Compare a change through the socket with the same commit on the bare store."""
    calls = scale.count(REQUESTS)
    with (
        open_store(directory / "bare.db") as store,
        running_lab(directory / "requests", disks=DISKS) as lab,
        lab.client() as client,
    ):
        appender, numbers = Appender(store), count(10_000)
        furnish(client, 3)
        _request_times(client, [next(numbers) for _ in range(WARM)])
        check_warm(lab.home / "log.db")

        def through() -> float:
            waits = _request_times(client, [next(numbers) for _ in range(calls)])
            return 1e6 * percentile(waits, 0.5)

        turns = Turns(socket=through, store=lambda: appender.one_p50_us(calls))
        turns.run(scale.rounds)
        shared = [_from_generators(lab, scale) for _ in range(min(3, scale.rounds))]
    row = turns.row(
        "a change through the socket, p50",
        "socket",
        "store",
        unit="us",
        goal=Goal(2, at_most=True),
        base_is="p50 of the bare store's append of such a commit, in turns",
    )
    return [row, Row(f"  changes from {CALLERS} clients", percentile(shared, 0.5), "changes/s")]


def _from_generators(lab: RunningLab, scale: Scale) -> float:
    """Let clients in processes of their own ask, and return the answers in a second."""
    clients, each = CALLERS // _GENERATORS, max(1, scale.count(SHARED_REQUESTS) // CALLERS)
    command = [
        sys.executable,
        "-m",
        "tests.bench.generator",
        str(lab.home),
        str(clients),
        str(each),
    ]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(_GENERATORS)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    begin = perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
    elapsed = perf_counter() - begin
    for process in started:
        process.communicate()
        assert process.returncode == 0
    return _GENERATORS * clients * each / elapsed


def printing(directory: Path, scale: Scale) -> list[Row]:
    """Compare the CPU of a whole `vxprint` of a full group with that of an empty program."""
    volumes = (OBJECTS - DISKS - 1) // _EACH + 1
    with running_lab(directory / "printing", disks=DISKS) as lab, lab.client() as client:
        furnish(client, volumes)
        home = ("--home", str(lab.home))
        ask = [str(BIN / "vxprint"), "-g", "datadg", "-ht", *home]
        rows = len(lab.ok("vxprint", "-g", "datadg", "-ht").splitlines())
        assert rows >= OBJECTS, f"{rows} rows only"
        empty = [sys.executable, "-c", "pass"]
        turns = Turns(vxprint=lambda: _cpu_ms(ask), empty=lambda: _cpu_ms(empty))
        turns.run(scale.rounds * 4)
        loaded = _loaded_by(ask)
    return [
        turns.row(
            f"vxprint -g DG -ht of {OBJECTS:,} objects, CPU",
            "vxprint",
            "empty",
            unit="ms",
            goal=Goal(6, at_most=True),
            base_is="python3 -c pass, the same interpreter",
            checks={f"{name} is not imported": name not in loaded for name in sorted(_UNWANTED)},
            details={"rows": rows, "packages": sorted(loaded)},
        )
    ]


def _cpu_ms(command: Sequence[str]) -> float:
    """Run a program to its end, and return its user and system time."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 the null device
        process = subprocess.Popen(command, stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    return 1e3 * (usage.ru_utime + usage.ru_stime)


def _loaded_by(command: Sequence[str]) -> set[str]:
    """Return the top-level packages that a program imports."""
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines[1:]}
