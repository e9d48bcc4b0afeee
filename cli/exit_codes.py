"""What the shell is told: the one table. Never 0 on failure."""

from __future__ import annotations

DONE = 0
REJECTED = 1
USAGE = 2
NOT_FOUND = 3
EXPECT_FAILED = 4
PENDING = 5
ANSWERED_NO = 6
UNAVAILABLE = 69
DAMAGED = 70
TRY_AGAIN = 75
NOT_PERMITTED = 77
INTERRUPTED = 130

MEANING = {
    DONE: "done",
    REJECTED: "rejected or failed; nothing was changed",
    USAGE: "usage",
    NOT_FOUND: "no such object or position",
    EXPECT_FAILED: "--expect did not hold",
    PENDING: "the outcome is not known yet",
    ANSWERED_NO: "a question was answered no",
    UNAVAILABLE: "unavailable: no daemon",
    DAMAGED: "damaged log, or a fault of the program",
    TRY_AGAIN: "try again",
    NOT_PERMITTED: "not permitted",
    INTERRUPTED: "interrupted",
}
