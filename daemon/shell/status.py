"""One screen about this node and its cluster: what `vx status` and `vxclustadm` show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from daemon.core.node import Node
from daemon.core.phase import Phase
from daemon.core.waiting import quarantined
from daemon.shell import shipping, tls
from daemon.shell.service import Service
from eventstore.codec import Head
from eventstore.errors import StoreError
from eventstore.model import digest
from eventstore.model.cluster import joined_nodes
from eventstore.model.decide.daemon import mode as daemon_mode
from eventstore.model.decide.wayback import waiting
from eventstore.model.objects import ENABLED, NODE_SPACE, Awaited, Device, Volume
from eventstore.source import DATABASE
from eventstore.storage.aside import kept
from eventstore.text import iso

Answer = dict[str, Any]

PROBLEMS_MAX = 100
"""Records in trouble that a status names; it says how many more there are."""


def screen(service: Service) -> Answer:
    """Return one screen about this node, also while it recovers."""
    problem = service.problem
    daemon = {"pid": os.getpid(), "since": iso(service.started_us), **service.facts()}
    data: Answer = {
        "node": service.settings.node.name,
        "cluster": service.settings.cluster.name,
        "role": "unknown",
        "term": None,
        "state": "serving" if service.serving else "recovering",
        "mode": None,
        "daemon": daemon,
        "logs": [],
        "nodes": [],
        "inflight": 0,
        "in_doubt": 0,
        "problems": [] if problem is None else [_problem(problem)],
        "unknown_intervals": [],
    }
    if not service.serving:
        return data
    node = service.driver().node
    found = _of_node(node, service.positions())
    found["inflight"] = service.driver().waiting
    found["problems"] = [
        *map(_problem, service.damage.values()),
        *_of_certificate(service),
        *_deaf(node, service.settings.peers.listen),
        *found["problems"],
    ]
    if service.shipments is not None:
        standing = found["archive"] = service.shipments.standing(service.driver().store)
        found["problems"] += shipping.problems(standing)
    verified = {} if service.background is None else service.background.verified
    for log, row in zip(("shared", "node"), found["logs"], strict=True):
        row["verified"] = verified.get(log)
    return {**data, **found}


def _of_node(node: Node, positions: Mapping[str, int]) -> Answer:
    state, head = node.own.state, node.own.head
    troubled = [state.get(key) for key in sorted(islice(state.troubled, PROBLEMS_MAX))]
    lost = [record for record in troubled if isinstance(record, Device)]
    bad = [record for record in troubled if isinstance(record, Volume)]
    mode = daemon_mode(state)
    more = len(state.troubled) - len(troubled)
    gone = sum(1 for space, _rid in state.troubled if space == NODE_SPACE)
    states = (node.own.state, node.shared.state)
    return {
        "role": role_of(node, node.name),
        "term": node.hard_state.term,
        "mode": mode,
        "logs": [
            _log_row("shared", node.shared.head, node.shared.digest),
            _log_row(f"node/{node.name}", head, node.own.digest),
        ],
        "nodes": _node_rows(node, positions),
        "in_doubt": 0 if node.hard_state.doubt is None else len(node.hard_state.doubt.commits),
        "problems": [
            *(*_takes_none(mode), *_of_cluster(node, positions)),
            *(_not_undone(one) for each in states for one in waiting(each) if one.failed),
            *map(_disabled, bad),
            *map(_missing, lost),
            *([_more(more)] if more else ()),
        ],
        "unknown_intervals": [
            {
                "since": iso(interval.since_us),
                "until": iso(interval.until_us),
                "reason": interval.reason,
                "position": position,
            }
            for position, interval in node.private.intervals
        ],
        "unconfirmed": [_unconfirmed(each) for one in states for each in waiting(one)],
        "devices": state.counts.get(Device, 0) - gone,
        "groups": sum(len(each.group_names) for each in states),
        "volumes": sum(each.counts.get(Volume, 0) for each in states),
    }


def role_of(node: Node, name: str) -> str:
    """Return what a node is, as far as this one knows.

    One of ``master``, ``slave``, ``joining``, ``no daemon`` and ``out``.
    """
    view = node.member.view
    seen = None if view is None else view.node(name)
    if view is None or seen is None:
        return "out"
    if not seen.daemon:
        return "no daemon"
    if not node.member.is_elected or name not in joined_nodes(node.shared.state):
        return "joining"
    if not node.member.is_connected:  # what it knew before its daemon started proves nothing (E3)
        return "joining"
    return "master" if name == view.master else "slave"


def _node_rows(node: Node, positions: Mapping[str, int]) -> list[Answer]:
    """Return a row for each configured node; of one that is not heard nothing is said."""
    if len(node.shared.configured) <= 1:
        position = node.own.head.position
        return [{"node": node.name, "role": "master", "position": position, "lag": 0}]
    known = {**positions, node.name: node.shared.head.position}
    newest = max(known.values())
    return [
        {
            "node": name,
            "role": role_of(node, name),
            "position": known.get(name),
            "lag": None if name not in known else newest - known[name],
        }
        for name in node.shared.configured
    ]


def cluster_rows(node: Node, positions: Mapping[str, int]) -> Answer:
    """Return the membership, as this node's kernel and its shared log have it."""
    view, office = node.member.view, node.member.office
    names = node.shared.configured
    return {
        "here": node.name,
        "cluster_id": node.member.cluster_id,
        "master": None if view is None else view.master,
        "quorate": view is not None and view.quorate,
        "number": None if view is None else view.number,
        "term": node.hard_state.term,
        "protocol": 1,
        "state": _part(node),
        "reconfig": None if office is None or office.phase is Phase.ACTIVE else office.phase.value,
        "nodes": [
            {
                "name": name,
                "nid": number,
                "role": role_of(node, name),
                "member": view is not None and name in view.names,
                "joined": name in joined_nodes(node.shared.state),
                "position": positions.get(name),
            }
            for number, name in enumerate(names)
        ],
    }


def quarantine_rows(home: Path, node: Node) -> Answer:
    """Return from where on the shared log is another one, and what was set aside before (B3)."""
    return {
        "node": node.name,
        "quarantined": node.hard_state.quarantined or None,
        "head": node.shared.head.position,
        "aside": [
            {"file": str(path), "bytes": path.stat().st_size} for path in kept(home / DATABASE)
        ],
    }


def _part(node: Node) -> str:
    view = node.member.view
    if view is None or node.name not in view.members:
        return "out of cluster"
    return "cluster member" if node.member.is_elected else "joining"


def _deaf(node: Node, listen: str) -> list[Answer]:
    """Return that the daemons of other nodes cannot reach this one, where that is so."""
    if listen or len(node.shared.configured) <= 1:
        return []
    text = "the daemons of other nodes cannot connect: config.toml names no [peers] listen"
    fix = 'name it, such as listen = "HOST:PORT" under [peers], and start the daemon again'
    return [_row("error", text, fix)]


def _of_cluster(node: Node, positions: Mapping[str, int]) -> list[Answer]:
    """Return what keeps the shared configuration from being changed, worst first."""
    view, found = node.member.view, []
    if node.hard_state.quarantined:
        found.append(_problem(quarantined(node.hard_state.quarantined)))
    elif not node.hard_state.intact:
        found.append(
            _row("error", "the shared log here counts as damaged", "it is caught up by a master")
        )
    if node.member.office is not None and node.member.office.changes.halted is not None:
        found.append(_problem(node.member.office.changes.halted))
    if view is None or len(node.shared.configured) <= 1:
        return found
    if node.name not in view.names:
        text = "this node is out of the cluster: shared changes are refused"
        found.append(_row("error", text, "let it join: 'vxclustadm startnode'"))
    elif not view.quorate:
        found.append(
            _row(
                "error", "the nodes that are here are not in quorum", "see 'vx cluster nodestate'"
            )
        )
    elif not node.member.is_elected:
        found.append(_row("warning", _unelected(node, positions), None))
    for name in view.without_daemon:
        text = f"the daemon of {name} does not run: shared changes are refused (D1)"
        found.append(_row("error", text, f"start it on {name}"))
    return found


def _unelected(node: Node, positions: Mapping[str, int]) -> str:
    view, text = node.member.view, "no master is elected in this view yet"
    names = () if view is None else view.names
    silent = [name for name in names if name != node.name and name not in positions]
    return f"{text}: nothing is heard of {', '.join(silent)}" if silent else text


def _log_row(name: str, head: Head, log_digest: int) -> Answer:
    return {
        "log": name,
        "position": head.position,
        "time": iso(head.time_us),
        "hash": head.hash.hex(),
        "digest": digest.stored(log_digest).hex(),
    }


def _of_certificate(service: Service) -> list[Answer]:
    """Return what is to be said of this node's certificate: does it end soon? (G1)."""
    around = service.surroundings
    days = None if around is None else around.certificate_days
    if days is None or days >= tls.WARN_DAYS:
        return []
    name = service.settings.node.name
    fix = f"issue another: 'vxconfigd node-cert --ca DIR --node {name} --home {service.home}'"
    if days < 0:
        return [_row("error", "this node's certificate has expired", fix)]
    return [_row("warning", f"this node's certificate ends in {days} days", fix)]


def _row(severity: str, text: str, fix: str | None) -> Answer:
    return {"severity": severity, "text": text, "fix": fix}


def _problem(error: StoreError) -> Answer:
    text = error.message if error.cause is None else f"{error.message}: {error.cause}"
    return {"severity": "error", "text": text, "fix": error.fix}


def _takes_none(mode: str) -> list[Answer]:
    text = f"vxconfigd is {mode}: changes are refused"
    return [] if mode == ENABLED else [_row("warning", text, "'vxdctl enable' lets it take them")]


def _unconfirmed(one: Awaited) -> Answer:
    return {"id": one.name, "until": iso(one.until_us), "failed": one.failed or None}


def _not_undone(one: Awaited) -> Answer:
    text = f"{one.name} was not confirmed in time and cannot be undone: {one.failed}"
    fix = f"let it stay: 'vx confirm {one.name}'; or take back what rests on it, then add --undo"
    return _row("error", text, fix)


def _disabled(volume: Volume) -> Answer:
    return {
        "severity": "error",
        "text": f"volume {volume.name} is {volume.kstate}",
        "fix": "bring its disks back: 'vxdisk list' shows which are missing",
    }


def _more(count: int) -> Answer:
    text = f"{count} more volumes and disks are in trouble"
    return _row("error", text, "'vxprint' and 'vxdisk list' show them all")


def _missing(device: Device) -> Answer:
    return {
        "severity": "warning",
        "text": f"disk {device.name} ({device.disk_id}) is gone",
        "fix": "attach it again, or take it out of its group",
    }
