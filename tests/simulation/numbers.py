"""The table of nemeses: each number, what it is, and what brings it about.

A nemesis (`faults.NEMESES`) names its numbers itself. What is drawn for a whole run is in
`weather`; what utilities do is in `clients`. The rest is not the core's: it is tested elsewhere.
"""

from __future__ import annotations

TITLES = {
    1: "a crash at every step of disk and messages",
    2: "a restart, and again at once",
    3: "master and first successor together",
    4: "all nodes at once",
    5: "a crash during recovery and catch-up",
    6: "a pause, before or after each phase",
    7: "a slow node",
    8: "loss",
    9: "frames doubled, and replayed, also of older views",
    10: "frames out of order, and clogged for seconds",
    11: "one isolated, halves, a ring of majorities, the master isolated",
    12: "a cut in one direction",
    13: "a cut between two that a third hears both",
    14: "flapping links",
    15: "links that stop one by one, and come back in another order",
    16: "frames cut short, or with other bits",
    17: "views late, lost, doubled, in another order on each node",
    18: "eviction for no reason, and instant rejoin",
    19: "churn faster than recovery",
    20: "views whose number goes back",
    21: "two monitors that disagree",
    22: "what was not flushed is lost",
    23: "a torn write",
    24: "bits that rot in log and hard state",
    25: "an old copy of a disk",
    26: "a blank disk on a node of the same name",
    27: "a full disk, refused flushes, a disk out of reach",
    28: "slow flushes",
    29: "a database that is busy",
    31: "wall clocks that are set, monotonic ones that drift or stand",
    32: "versions that differ",
    34: "members added and removed while in doubt",
    35: "a restored backup",
    36: "a utility that asks again after *pending*",
}

DRAWN = {
    8: "weather.loss",
    9: "weather.doubled",
    10: "weather.delay, weather.clog",
    17: "weather.late_views",
    28: "weather.flush",
    36: "clients: the same identifier again, on any node",
}
"""What a run draws once, or utilities do by themselves."""

ELSEWHERE = {
    29: "the store waits, and fails like any refused flush (27): tests of eventstore.storage",
}
"""What no life can show, and why."""
