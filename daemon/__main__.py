"""``vxconfigd``: run the daemon in the foreground, or make a home for one."""

from __future__ import annotations

import argparse
import sys

from daemon import commands
from daemon.config import (
    ClusterSettings,
    KernelSettings,
    NodeSettings,
    Settings,
    home_path,
    load,
)
from daemon.shell import home as homes
from daemon.shell.logs import configure
from daemon.shell.repeat import repeat
from daemon.shell.run import run_daemon
from daemon.version import VERSION
from eventstore.errors import StoreError

EXIT_DIFFERS = 6

if not __debug__:
    # Assertions guard the log; without them a defect would be written down as history.
    raise SystemExit("vxconfigd does not run under python -O")


def main() -> None:
    """Run the command line."""
    arguments = _parser().parse_args()
    try:
        if arguments.action == "init":
            _init(arguments)
        elif arguments.action == "repeat":
            _repeat(arguments)
        elif arguments.action in commands.NAMES:
            print(commands.run(arguments))
        else:
            _run(arguments)
    except StoreError as error:
        print(f"VxVM vxconfigd ERROR {error.id} {error.message}", file=sys.stderr)
        for name, text in (("cause", error.cause), ("fix", error.fix)):
            if text:
                print(f"  {name}: {text}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vxconfigd",
        description="The configuration daemon of one node, in the foreground.",
        epilog="examples:\n"
        "  vxconfigd init --home /var/lib/vxconfigd --cluster lab --node node1\n"
        "  vxconfigd init --cluster prod --node a --nodes a,b,c\n"
        "  vxconfigd init --cluster prod --node b --nodes a,b,c --cluster-id ID\n"
        "  vxconfigd --home /var/lib/vxconfigd\n"
        "  vxconfigd --home /var/lib/vxconfigd --set log.level=debug\n"
        "  vxconfigd ca init --dir /root/lab-ca --cluster ID\n"
        "  vxconfigd node-cert --ca /root/lab-ca --node node1 --home /var/lib/vxconfigd\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vxconfigd {VERSION}")
    parser.add_argument("--home", help="the node's directory (VX_HOME, else /var/lib/vxconfigd)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override a setting of config.toml; VX_SECTION_KEY in the environment does too",
    )
    actions = parser.add_subparsers(dest="action", metavar="")
    init = actions.add_parser("init", help="make a home for a node of a new cluster")
    init.add_argument("--home", default=argparse.SUPPRESS, help="the directory to make")
    init.add_argument("--cluster", required=True, help="the cluster's name")
    init.add_argument("--node", required=True, help="this node's name")
    init.add_argument(
        "--nodes", default="", metavar="A,B,...", help="all nodes of the cluster, in this order"
    )
    init.add_argument(
        "--cluster-id", help="as printed by the first 'init'; the same for all of its nodes"
    )
    init.add_argument("--kernel", choices=("monitor", "linux"), default="linux")
    init.add_argument("--monitor", default="../monitor/monitor.sock", help="the monitor's socket")
    init.add_argument(
        "--device", action="append", default=[], help="pattern of disks to watch, e.g. sd*"
    )
    repeated = actions.add_parser(
        "repeat", help="repeat what the daemon recorded of its inputs, and compare each decision"
    )
    repeated.add_argument("--home", default=argparse.SUPPRESS, help="the node's directory")
    commands.add_to(actions)
    return parser


def _repeat(arguments: argparse.Namespace) -> None:
    found = repeat(home_path(arguments.home))
    for one in found:
        print(f"run {one.run}: {one.steps} steps gave the same decisions")
        if one.differs is not None:
            print(f"run {one.run}: {one.differs}")
    if any(one.differs for one in found):
        raise SystemExit(EXIT_DIFFERS)


def _init(arguments: argparse.Namespace) -> None:
    kernel = KernelSettings(
        arguments.kernel, arguments.monitor, tuple(arguments.device) or KernelSettings().devices
    )
    settings = Settings(ClusterSettings(arguments.cluster), NodeSettings(arguments.node), kernel)
    home = home_path(arguments.home)
    nodes = tuple(filter(None, arguments.nodes.split(",")))
    cluster_id = homes.found(home, settings, nodes, arguments.cluster_id)
    print(f"home of {arguments.node} in cluster {arguments.cluster} made: {home}")
    if len(nodes) > 1:
        print(f"cluster ID: {cluster_id}")


def _run(arguments: argparse.Namespace) -> None:
    home = home_path(arguments.home)
    flags = dict(item.partition("=")[::2] for item in arguments.set)
    settings = load(home, flags)
    logger = configure(settings.log.level, node=settings.node.name)
    with homes.locked(home):
        run_daemon(home, settings, logger)


if __name__ == "__main__":
    main()
