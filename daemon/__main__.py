"""``vxconfigd``: run the daemon in the foreground, or make a home for one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from daemon import commands
from daemon.config import (
    ClusterSettings,
    KernelSettings,
    LogSettings,
    NodeSettings,
    Settings,
    home_path,
    load,
)
from daemon.shell import home as homes
from daemon.shell.logs import configure
from daemon.shell.place import point
from daemon.shell.repeat import repeat
from daemon.shell.reset import reset
from daemon.shell.restart import end_running
from daemon.shell.run import run_daemon
from daemon.version import VERSION
from eventstore.errors import Rejected, StoreError
from eventstore.model.decide.daemon import MODES

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
        "  vxconfigd init --cluster prod --node d --nodes a,b,c --cluster-id ID --join\n"
        "  vxconfigd init --cluster lab --node a --database postgresql://vx@db1/vx\n"
        "  vxconfigd --home /var/lib/vxconfigd\n"
        "  vxconfigd --home /var/lib/vxconfigd --set log.level=debug\n"
        "  vxconfigd --archive postgresql://db.example/fleet\n"
        "  vxconfigd ca init --dir /root/lab-ca --cluster ID\n"
        "  vxconfigd node-cert --ca /root/lab-ca --node node1 --home /var/lib/vxconfigd\n"
        "  vxconfigd -k -x logfile=/var/log/vxconfigd.log   in the place of the one that runs\n"
        "  vxconfigd -m disable                             refuse changes until vxdctl enable\n"
        "  vxconfigd -k -r reset                            begin both logs anew\n",
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
    parser.add_argument(
        "--archive",
        metavar="URL",
        help="ship both logs to this archive of many clusters, as --set archive.url=URL does",
    )
    _start_options(parser)
    actions = parser.add_subparsers(dest="action", metavar="")
    _add_init(actions)
    repeated = actions.add_parser(
        "repeat", help="repeat what the daemon recorded of its inputs, and compare each decision"
    )
    repeated.add_argument("--home", default=argparse.SUPPRESS, help="the node's directory")
    commands.add_to(actions)
    return parser


def _add_init(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = actions.add_parser("init", help="make a home for a node of a new cluster")
    init.add_argument("--home", default=argparse.SUPPRESS, help="the directory to make")
    init.add_argument("--cluster", required=True, help="the cluster's name")
    init.add_argument("--node", required=True, help="this node's name")
    init.add_argument(
        "--nodes", default="", metavar="A,B,...", help="all nodes of the cluster, in this order"
    )
    init.add_argument(
        "--join",
        action="store_true",
        help="this node is none of them: it comes later, after 'vx cluster add NODE'",
    )
    init.add_argument(
        "--cluster-id",
        metavar="ID",
        help="as printed by the first 'init'; without it a new cluster is founded",
    )
    init.add_argument(
        "--database",
        default="",
        metavar="URL",
        help="keep the log there and not in the home: postgresql://USER@HOST/DB?schema=NAME; "
        "the schema is the node's name, where none is named",
    )
    init.add_argument("--kernel", choices=("monitor", "linux"), default="linux")
    init.add_argument("--monitor", default="../monitor/monitor.sock", help="the monitor's socket")
    init.add_argument(
        "--device", action="append", default=[], help="pattern of disks to watch, e.g. sd*"
    )


def _repeat(arguments: argparse.Namespace) -> None:
    found = repeat(home_path(arguments.home))
    for one in found:
        print(f"run {one.run}: {one.steps} steps gave the same decisions")
        if one.differs is not None:
            print(f"run {one.run}: {one.differs}")
    if any(one.differs for one in found):
        raise SystemExit(EXIT_DIFFERS)


def _start_options(parser: argparse.ArgumentParser) -> None:
    """Add what the original's daemon is told at its start."""
    parser.add_argument(
        "-k", action="store_true", dest="restart", help="end the daemon of this home first"
    )
    parser.add_argument(
        "-r",
        choices=("reset",),
        dest="reset",
        help="begin both logs anew; the ones before are kept beside them. Not while a volume is "
        "in use, nor on a node of a cluster with others",
    )
    parser.add_argument(
        "-m",
        choices=tuple(MODES),
        default="enable",
        dest="mode",
        help="disable: refuse changes until 'vxdctl enable'; boot: the same, and the mode is "
        "called booted. Questions are answered, and the kernel is heard, in every mode",
    )
    parser.add_argument(
        "-d", action="store_const", const="disable", dest="mode", help="short for -m disable"
    )
    parser.add_argument(
        "-f", action="store_true", help="stay in the foreground, which it always does"
    )
    parser.add_argument(
        "-x",
        action="append",
        default=[],
        dest="debug",
        metavar="ARG",
        help="a level from 1 to 9: say what is done, as --set log.level=debug; "
        "logfile=FILE: append messages to a file; log: to HOME/vxconfigd.log. What stderr "
        "takes goes to the journal under systemd, so there is no syslog",
    )


def _debugging(arguments: argparse.Namespace, home: Path) -> dict[str, str]:
    """Do what -x asks for, and return the settings that it means.

    Raises:
        Rejected: it is none of what is known.
    """
    flags: dict[str, str] = {}
    for word in arguments.debug:
        key, _mark, value = word.partition("=")
        if len(word) == 1 and word in "123456789":
            flags["log.level"] = "debug"
        elif word == "log" or (key == "logfile" and value):
            _append_stderr_to(Path(value) if value else home / "vxconfigd.log")
        else:
            raise Rejected(
                "V-5-1-7936",
                f"-x {word} is not known",
                cause="known are a level from 1 to 9, log, and logfile=FILE",
                fix="messages are on stderr, which systemd takes to its journal",
            )
    return flags


def _append_stderr_to(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    except OSError as error:
        raise Rejected(
            "V-5-1-7937",
            f"{path} cannot be written",
            cause=error.strerror,
            fix="name another file",
        ) from error
    os.dup2(handle, sys.stderr.fileno())
    os.close(handle)


def _init(arguments: argparse.Namespace) -> None:
    kernel = KernelSettings(
        arguments.kernel, arguments.monitor, tuple(arguments.device) or KernelSettings().devices
    )
    settings = Settings(
        ClusterSettings(arguments.cluster),
        NodeSettings(arguments.node),
        kernel,
        log=LogSettings(database=arguments.database),
    )
    home = home_path(arguments.home)
    nodes = tuple(filter(None, arguments.nodes.split(",")))
    if arguments.join and not (nodes and arguments.cluster_id):
        raise SystemExit(
            "vxconfigd init: --join needs the cluster's first --nodes and --cluster-id"
        )
    cluster_id = homes.found(home, settings, nodes, arguments.cluster_id, joins=arguments.join)
    print(f"home of {arguments.node} in cluster {arguments.cluster} made: {home}")
    if len(nodes) > 1:
        print(f"cluster ID: {cluster_id}")
    others = [name for name in nodes if name != arguments.node]
    if others and arguments.cluster_id is None:
        print(
            f"on {' and '.join(others)}: vxconfigd init --cluster {arguments.cluster} --node NODE "
            f"--nodes {','.join(nodes)} --cluster-id {cluster_id}"
        )


def _flags(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the settings that the command line says, by their names."""
    flags = dict(item.partition("=")[::2] for item in arguments.set)
    if arguments.archive is not None:
        flags["archive.url"] = arguments.archive
    return flags


def _run(arguments: argparse.Namespace) -> None:
    home = home_path(arguments.home)
    flags = _flags(arguments)
    settings = load(home, _debugging(arguments, home) | flags)
    logger = configure(settings.log.level, node=settings.node.name)
    if arguments.restart and (ended := end_running(home)) is not None:
        logger.info("-k -> the daemon before was ended", pid=ended)
    with homes.locked(home):
        point(home, settings)
        if arguments.reset is not None:
            kept = reset(home, settings)
            logger.warning("-r reset -> began anew, the logs before are kept", kept=str(kept))
        run_daemon(home, settings, logger, MODES[arguments.mode])


if __name__ == "__main__":
    main()
