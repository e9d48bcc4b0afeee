"""What a daemon answers to each question, small and fixed: for tests of what is printed."""

from __future__ import annotations

from typing import Any

from tests.support import records
from tests.support.answers_about_logs import ARCHIVED, HEADS, MOMENTS, SEGMENT, TAGS, TRACE
from tests.support.fake_daemon import TIME, Request, answer

DEVICES: list[dict[str, Any]] = [
    {
        "device": "loop0",
        "type": "auto:cdsdisk",
        "disk": "datadg01",
        "group": "datadg",
        "status": "online",
        "identity": "loop:7a",
        "size_sectors": 2097152,
        "disk_id": "1790000000.2.node1",
        "rid": "node#1",
    },
    {
        "device": "loop1",
        "type": "auto:none",
        "disk": None,
        "group": None,
        "status": "online invalid",
        "identity": "loop:7b",
        "size_sectors": 2097152,
        "disk_id": None,
        "rid": "node#2",
    },
    {
        "device": None,
        "type": None,
        "disk": "datadg02",
        "group": "datadg",
        "status": "failed was:loop2",
        "identity": "loop:7c",
        "size_sectors": None,
        "disk_id": "1790000000.3.node1",
        "rid": "node#3",
    },
]
GROUPS = [
    {
        "name": "datadg",
        "states": ["enabled", "cds"],
        "dgid": "1790000000.1.node1",
        "version": 1,
        "disks": 2,
        "volumes": 2,
        "free_sectors": 1826816,
        "detach_policy": "global",
        "fail_policy": "dgdisable",
        "nconfig": None,
        "nlog": None,
    }
]
VOLUME = {
    "object": "datadg/vol01",
    "type": "v",
    "rid": "1790000000.1.node1#2",
    "name": "vol01",
    "length_sectors": 204800,
}
STATE = {"state": {"node#0": {"name": "node1"}}, "digest": "ab" * 16}
LOG = [
    {
        "position": 11,
        "tx": "01JD",
        "time": TIME,
        "node": "node1",
        "actor": "root",
        "command": "vxassist -g datadg make vol01 100m",
        "events": ["volume-made", "plex-made", "subdisk-made"],
        "objects": ["datadg/vol01", "datadg/vol01-01", "datadg/datadg01-01"],
        "summary": "made datadg/vol01",
        "message": "for the payroll",
    },
    {
        "position": 12,
        "tx": "d-12",
        "time": TIME,
        "node": "node1",
        "actor": None,
        "command": None,
        "events": ["device-went"],
        "objects": ["loop2"],
        "summary": "loop2 went",
        "message": None,
    },
]
CHANGES = [
    {
        "op": "~",
        "object": "datadg/vol01",
        "type": "v",
        "rid": "1790000000.1.node1#2",
        "fields": {"length_sectors": [204800, 409600]},
    },
    {
        "op": "+",
        "object": "datadg/vol02",
        "type": "v",
        "rid": "1790000000.1.node1#9",
        "fields": {"name": [None, "vol02"], "length_sectors": [None, 2048]},
    },
    {
        "op": "-",
        "object": "datadg/old",
        "type": "v",
        "rid": "1790000000.1.node1#5",
        "fields": {"name": ["old", None]},
    },
]
COMMIT = {
    "position": 11,
    "tx": "01JD",
    "time": TIME,
    "applied": TIME,
    "node": "node1",
    "term": 1,
    "shared_position": 1,
    "lineage": "aa" * 8,
    "hash": "bb" * 8,
    "previous_hash": "cc" * 8,
    "digest": "dd" * 8,
    "context": {
        "redacted": False,
        "redacted_by": None,
        "actor": {"uid": 0, "user": "root", "pid": 7, "program": "vxassist"},
        "command": "vxassist -g datadg growby vol01 100m",
        "message": "for the payroll",
        "cause": None,
        "clock": TIME,
        "traceparent": None,
    },
    "events": [
        {
            "name": "volume-resized",
            "version": 1,
            "rid": 2,
            "length": 409600,
        }
    ],
    "diff": CHANGES[:1],
}
BLAME = [
    {
        "field": "length_sectors",
        "value": 204800,
        "position": 11,
        "time": TIME,
        "actor": "root",
        "command": "vxassist -g datadg make vol01 100m",
        "tx": "01JD",
    },
    {
        "field": "state",
        "value": "ACTIVE",
        "position": 12,
        "time": TIME,
        "actor": None,
        "command": None,
        "tx": "d-12",
    },
]
VERIFIED = {
    "ok": True,
    "log": "node/node1",
    "commits": 12,
    "head_hash": "ee" * 8,
    "first_bad": None,
    "problem": None,
    "checked": ["chain", "content"],
}
DAMAGED = {
    **VERIFIED,
    "ok": False,
    "commits": 6,
    "first_bad": 7,
    "problem": "its payload is not what was hashed",
}
OUTCOME = {
    "id": "01JD",
    "outcome": "done",
    "log": "node/node1",
    "position": 11,
    "message": None,
}
KNEW = {
    "node": "node1",
    "time": "2026-11-22T10:14:58.120000Z",
    "own": 11,
    "shared": 3,
    "applied": "2026-11-22T10:14:58.120000Z",
    "digest": "01" + 16 * "ee",
}
STATUS = {
    "node": "node1",
    "cluster": "test",
    "role": "master",
    "term": 1,
    "state": "serving",
    "daemon": {
        "pid": 7,
        "version": "0.1.0",
        "protocol": 1,
        "sqlite": "3.53.4",
        "home": "/h",
        "since": TIME,
    },
    "logs": [
        {"log": "node/node1", "position": 12, "time": TIME, "hash": "ee" * 8, "digest": "dd" * 8}
    ],
    "nodes": [{"node": "node1", "role": "master", "position": 12, "lag": 0}],
    "inflight": 0,
    "in_doubt": 0,
    "problems": [
        {"severity": "warning", "text": "disk loop2 is gone", "fix": "attach it again"},
        {"severity": "error", "text": "volume old is DISABLED", "fix": None},
    ],
    "unknown_intervals": [{"since": TIME, "until": TIME, "reason": "daemon down", "position": 9}],
    "unconfirmed": [{"id": "grow-1", "until": TIME, "failed": None}],
    "devices": 2,
    "groups": 1,
    "volumes": 2,
}

DONE = {"position": 1205, "outcome": "done", "events": [], "diff": []}
DRY_RUN = {
    "position": 1206,
    "outcome": "dry-run",
    "events": [{"name": "volume-made", "version": 1, "rid": 9, "object_name": "vol02"}],
    "diff": CHANGES[1:2],
}

FREE = [
    {
        "dg": "bigedg",
        "disk": "bigedg_00",
        "device": "c5t0d13s2",
        "tag": "c5t0d13",
        "offset_sectors": 53140416,
        "length_sectors": 1296,
        "flags": None,
    }
]

CLUSTER: dict[str, Any] = {
    "here": "node1",
    "cluster_id": "c0",
    "master": "node1",
    "quorate": True,
    "number": 17,
    "term": 3,
    "protocol": 1,
    "state": "cluster member",
    "reconfig": None,
    "nodes": [
        {"name": name, "nid": nid, "role": role, "member": True, "joined": True, "position": 6}
        for nid, (name, role) in enumerate([("node1", "master"), ("node2", "slave")])
    ],
}
DATA: dict[str, Any] = {
    "tags": TAGS,
    "trace": TRACE,
    "moments": MOMENTS,
    "cluster": CLUSTER,
    "dg.free": FREE,
    "volume.maxsize": {"group": "datadg", "length_sectors": 15349760},
    "volume.maxgrow": {
        "group": "datadg",
        "volume": "vol01",
        "by_sectors": 366592,
        "length_sectors": 1677312,
    },
    "print": {"groups": [records.group()]},
    "dg.list": GROUPS,
    "disk.list": DEVICES,
    "get": VOLUME,
    "state": STATE,
    "status": STATUS,
    "log": LOG,
    "show": COMMIT,
    "diff": {"from": 11, "to": 12, "changes": CHANGES},
    "blame": BLAME,
    "verify": VERIFIED,
    "head": HEADS,
    "outcome": OUTCOME,
    "knew": KNEW,
    "way-back": {"log": "node", "how": "undo", "undoes": ["@11"], "steps": [], "seen": 12},
    "what-if": DRY_RUN,
    "archive.list": [SEGMENT],
    "retention": {"on": True, "archive_after_s": 7776000, "keep": 1000, "since": 9},
    "quarantine.list": {
        "node": "node1",
        "quarantined": 6,
        "head": 7,
        "aside": [{"file": "aside/shared-@4-1.db", "bytes": 4096}],
    },
}
SET_ASIDE = {"outcome": "set-aside", "position": 5, "from": 6, "through": 7}


def by_question(request: Request) -> dict[str, Any]:
    """Answer any question or change."""
    if request["op"] == "command":
        if request["verb"] == "quarantine.set-aside":
            outcome = "dry-run" if request["dry_run"] else "set-aside"
            return answer({**SET_ASIDE, "outcome": outcome})
        if request["verb"] == "log.archive":
            would = {**ARCHIVED, "outcome": "dry-run", "segments": []}
            return answer(would if request["dry_run"] else ARCHIVED)
        return answer(DRY_RUN if request["dry_run"] else DONE)
    resolved = f"at @1204 ({TIME})" if request["at"] else None
    return answer(DATA[request["question"]], resolved=resolved)
