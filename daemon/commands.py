"""``vxconfigd ca`` and ``vxconfigd node-cert``: the cluster's own authority (G1).

They work on directories, ask no daemon, and are not to be mistaken for utilities: who makes
certificates decides who is a node of the cluster.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from daemon.config import home_path

_RAW = argparse.RawDescriptionHelpFormatter

NAMES = ("ca", "node-cert")


def add_to(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the two commands to the parser of ``vxconfigd``."""
    ca = actions.add_parser(
        "ca",
        help="make the cluster's authority, and say which authorities a home trusts",
        formatter_class=_RAW,
        epilog="examples:\n"
        "  vxconfigd ca init --dir /root/lab-ca --cluster 6ab3...\n"
        "to go over to another authority, on every node each step before the next:\n"
        "  vxconfigd ca trust --ca /root/new-ca --home /var/lib/vxconfigd\n"
        "  vxconfigd node-cert --ca /root/new-ca --node node1 --home /var/lib/vxconfigd\n"
        "  vxconfigd ca distrust --ca /root/lab-ca --home /var/lib/vxconfigd\n",
    )
    steps = ca.add_subparsers(dest="step", metavar="", required=True)
    init = steps.add_parser("init", help="make an authority")
    init.add_argument(
        "--dir", required=True, type=Path, help="the directory to make; keep it safe"
    )
    init.add_argument("--cluster", required=True, metavar="ID", help="the cluster's ID")
    for step, text in (("trust", "let a home trust an authority too"),
                       ("distrust", "let a home trust an authority no more")):  # fmt: skip
        one = steps.add_parser(step, help=text)
        one.add_argument("--ca", required=True, type=Path, metavar="DIR", help="the authority")
        one.add_argument("--home", default=argparse.SUPPRESS, help="the node's directory")
    node = actions.add_parser("node-cert", help="give a home the certificate of its node")
    node.add_argument("--ca", required=True, type=Path, metavar="DIR", help="the authority")
    node.add_argument("--node", required=True, help="the node's name")
    node.add_argument("--home", default=argparse.SUPPRESS, help="the node's directory")
    node.add_argument("--days", type=int, default=365, help="how long it is good (365)")


def run(arguments: argparse.Namespace) -> str:
    """Do what was asked for; return what there is to say.

    Raises:
        StoreError: it cannot be done; nothing was changed.
    """
    # Imported late: it takes as long to load as all the rest of the daemon.
    from daemon.shell import authority  # noqa: PLC0415

    home = home_path(arguments.home)
    if arguments.action == "node-cert":
        made = authority.issue(arguments.ca, arguments.node, home, arguments.days)
        assert made.identity is not None
        return (
            f"certificate of {made.identity.node} in cluster {made.identity.cluster_id}, good for "
            f"{arguments.days} days: {home / authority.TLS}"
        )
    match arguments.step:
        case "init":
            authority.create(arguments.dir, arguments.cluster)
            return f"authority of cluster {arguments.cluster} made: {arguments.dir}"
        case "trust":
            authority.trust(arguments.ca, home)
            return f"{home} trusts {arguments.ca} too"
        case _:
            authority.distrust(arguments.ca, home)
            return f"{home} trusts {arguments.ca} no more"
