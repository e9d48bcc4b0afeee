"""Run the embedded monitor in the foreground: `python -m daemon.kernel.monitor --dir DIR`."""

import argparse
import asyncio
import signal
import sys
import uuid
from pathlib import Path

from daemon.kernel.monitor import disks, store
from daemon.kernel.monitor.server import Server
from eventstore.errors import StoreError

GIB_SECTORS = 2 * 1024 * 1024


def main() -> int:
    """Serve until SIGTERM, SIGINT or a stop request; return the exit code."""
    if not __debug__:
        raise SystemExit("the monitor does not run under python -O: assertions state invariants")
    options = _parser().parse_args()
    directory: Path = options.dir
    try:
        directory.mkdir(parents=True, exist_ok=True)
        store.lock(directory)
        monitor = store.load(directory)
        if monitor is None:
            boot = str(uuid.uuid4())
            monitor = disks.found(
                options.cluster,
                options.node or ["node1"],
                options.disks,
                options.disk_sectors,
                boot,
                options.cluster_id,
            )
            store.save(directory, monitor)
        asyncio.run(_serve(Server(directory, monitor)))
    except StoreError as error:
        cause = f"\n  cause: {error.cause}" if error.cause else ""
        sys.stderr.write(f"monitor: {error.id} {error.message}{cause}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"monitor: {error}\n")
        return 69
    return 0


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopped.set)
    await server.run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m daemon.kernel.monitor", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where monitor.json is kept")
    made = parser.add_argument_group("for a directory without monitor.json")
    made.add_argument("--cluster", default="lab", help="the cluster's name")
    made.add_argument("--cluster-id", default="", help="its ID; else the first daemon's counts")
    made.add_argument("--node", action="append", help="a node; may be repeated")
    made.add_argument("--disks", type=int, default=0, help="how many shared disks: vxd0, ...")
    made.add_argument("--disk-sectors", type=int, default=GIB_SECTORS, help="size of each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
