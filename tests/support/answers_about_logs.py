"""... and to questions about the logs themselves: tags, traces, heads, segments."""

from __future__ import annotations

from tests.support.fake_daemon import TIME

HEADS = {
    "heads": [
        {
            "cluster": "c1",
            "log": "node/node1",
            "lineage": "ab" * 16,
            "position": 12,
            "hash": "cd" * 32,
            "digest": "01" + 16 * "ee",
            "time": TIME,
            "node": "node1",
            "key": "ef" * 32,
            "signature": "12" * 64,
            "endorsement": None,
            "witnesses": [
                {
                    "node": "node2",
                    "head": "34" * 32,
                    "found": "kept",
                    "time": TIME,
                    "key": "56" * 32,
                    "signature": "78" * 64,
                    "endorsement": None,
                }
            ],
        }
    ]
}
TAGS = [
    {
        "tag": "before-upgrade",
        "log": "node/node1",
        "position": 11,
        "time": TIME,
        "set_at": 12,
        "set_time": TIME,
        "actor": "root",
        "message": "for the payroll",
    }
]
STEP = {"log": "node/node1", "position": 11, "tx": "01JD", "node": "node1", "time": TIME}
TRACE = {
    "log": "node/node1",
    "position": 11,
    "tx": "01JD",
    "time": TIME,
    "summary": "volume datadg/vol01 created, 204800 sectors",
    "steps": [
        {
            **STEP,
            "step": "asked",
            "clock": "node1",
            "text": "vxassist -g datadg make vol01 100m",
            "actor": "root",
            "uid": 0,
            "pid": 7,
            "program": "vxassist",
            "command": "vxassist -g datadg make vol01 100m",
            "message": "for the payroll",
            "traceparent": None,
        },
        {
            **STEP,
            "step": "rejected",
            "clock": "node1",
            "text": "no space",
            "id": "V-5-1-15809",
            "rule": "D2",
        },
        {**STEP, "step": "held", "clock": None, "time": None, "node": None, "text": "held"}
        | {"objects": ["datadg/vol01"]},
        {**STEP, "step": "applied", "clock": "node1", "text": "node1 had it"},
    ],
}
MOMENTS = {
    "log": "node/node1",
    "moments": [
        {"position": position, "time": TIME, "time_us": 1763806498120000} for position in (3, 12)
    ],
}

SEGMENT = {
    "log": "node/node1",
    "first": 1,
    "last": 300,
    "from": TIME,
    "until": TIME,
    "commits": 300,
    "bytes": 20000,
    "file": "log.db.archive/node1.node.1-300.segment",
    "seal": "ab" * 32,
    "redactions": 0,
    "state": "ok",
    "problem": None,
}
ARCHIVED = {
    "outcome": "done",
    "planned": [{"log": "node/node1", "first": 1, "last": 300, "commits": 300, "segments": 1}],
    "segments": [{**SEGMENT, "live_bytes": 140000}],
}
