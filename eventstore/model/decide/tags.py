"""Whether a commit may have a name."""

from __future__ import annotations

from re import ASCII, compile as pattern
from typing import Literal

from eventstore.errors import NotFound, Rejected
from eventstore.model import events as ev, tags
from eventstore.model.cluster import configured
from eventstore.model.decide.moment import Moment
from eventstore.model.objects import OWN_HEADER, Node
from eventstore.model.state import State

TAGS_MAX = 1024
"""Tags of one log: each that is set or taken away costs what all cost together."""

NAME = pattern(r"[A-Za-z][A-Za-z0-9._-]{0,63}", ASCII)
RESERVED = (
    *("head", "now", "today", "yesterday", "ago", "epoch", "shared", "node"),
    *("list", "set", "delete"),
)
"""Words that mean something else where a tag may stand."""
_SHORTENED = 3
"""Letters from which on the beginning of such a word is taken for the word."""


def reads_as_tag(name: str) -> bool:
    """Tell whether a word can name a commit: no other form of a moment, and no part of one."""
    word = name.lower()
    if NAME.fullmatch(name) is None or word in RESERVED:
        return False
    return len(word) < _SHORTENED or not any(other.startswith(word) for other in RESERVED)


def set_tag(state: State, command: tags.SetTag, moment: Moment) -> list[ev.AnyEvent]:
    """Name a commit that is there; a name that is taken stays where it is."""
    _check_log(state, command.log)
    _check_name(command.name)
    known = {tag.name: tag.position for tag in tags.tags(state)}
    if command.name in known:
        raise Rejected(
            "V-5-1-9221",
            f"Tag {command.name} names @{known[command.name]} already",
            cause="what a tag names does not change",
            fix=f"choose another name, or 'vx tag delete {command.name}' first",
        )
    if len(known) >= TAGS_MAX:
        raise Rejected(
            "V-5-1-9222",
            f"Tag {command.name} cannot be set: the log has {len(known)} tags",
            cause=f"a log has at most {TAGS_MAX}",
            fix="'vx tag list' shows them, 'vx tag delete NAME' takes one away",
        )
    position = moment.head if command.position is None else command.position
    if not 1 <= position <= moment.head:
        raise NotFound(
            "V-5-1-7841",
            f"there is no commit @{position} to name",
            cause=f"the log has commits @1 to @{moment.head}",
            fix="'vx log' lists them",
        )
    return [tags.TagSet(command.name, position)]


def remove(state: State, command: tags.RemoveTag) -> list[ev.AnyEvent]:
    """Take a name away; what it named is in the log for ever."""
    _check_log(state, command.log)
    if command.name not in {tag.name for tag in tags.tags(state)}:
        raise NotFound(
            "V-5-1-9223",
            f"there is no tag {command.name}",
            fix="'vx tag list' shows the tags that there are",
        )
    return [tags.TagRemoved(command.name)]


def home_of(shared: State, own: State, command: tags.AnyTagCommand) -> Literal["shared", "node"]:
    """Return the log to which a command on a tag belongs, ``shared`` or ``node``.

    A name that is to be taken away is looked for, where its log is not said.
    """
    if command.log is not None:
        return "shared" if command.log == "shared" else "node"
    default: Literal["shared", "node"] = "shared" if len(configured(shared)) > 1 else "node"
    if isinstance(command, tags.SetTag):
        return default
    has_shared, has_own = (_has(state, command.name) for state in (shared, own))
    if has_shared == has_own:
        return default
    return "shared" if has_shared else "node"


def _has(state: State, name: str) -> bool:
    return any(tag.name == name for tag in tags.tags(state))


def _check_name(name: str) -> None:
    if not reads_as_tag(name):
        raise Rejected(
            "V-5-1-9220",
            f"{name!r} cannot name a commit",
            cause="a tag is a letter and up to 63 letters, digits and . _ -, and no word that "
            "means another moment, or begins one: " + ", ".join(RESERVED),
            fix="choose another name",
        )


def _check_log(state: State, log: str | None) -> None:
    """Refuse the log of another node: it is that node's to write."""
    header = state.get(OWN_HEADER)
    if log is None or not isinstance(header, Node) or log == f"node/{header.name}":
        return
    if not log.startswith("node/"):
        raise Rejected(
            "V-5-1-7845", f"there is no log {log}", fix="a log is 'shared' or 'node/NAME'"
        )
    raise Rejected(
        "V-5-1-9224",
        f"{log} is not this node's log",
        cause=f"this is {header.name}; a node's own log is written by its own daemon",
        fix=f"ask the daemon on {log.removeprefix('node/')}",
    )
