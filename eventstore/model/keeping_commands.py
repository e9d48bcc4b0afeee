"""Commands about the logs themselves: what is kept of them, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from eventstore.model.command import Command, Text

AGE_MAX_S = 100 * 366 * 86_400
KEEP_MAX = 2**53


class RedactContext(Command, frozen=True, tag="log.redact"):
    """Take the context of a commit, which is named by its hash, out of a log on every node."""

    log: Literal["shared", "node"]
    position: Annotated[int, Meta(ge=1)]
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    reason: Text = ""


class SetRetention(Command, frozen=True, tag="retention.set"):
    """Let nodes archive what is older than so much, all but so many commits; 0, 0: nothing."""

    archive_after_s: Annotated[int, Meta(ge=0, le=AGE_MAX_S)] = 0
    keep: Annotated[int, Meta(ge=0, le=KEEP_MAX)] = 0
