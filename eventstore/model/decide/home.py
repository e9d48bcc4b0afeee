"""Which of a node's two logs a command belongs to."""

from __future__ import annotations

from typing import Literal

from eventstore.model import commands as cmd, tags as tg
from eventstore.model.cluster import configured
from eventstore.model.decide import tags, wayback
from eventstore.model.decide.limits import is_deported
from eventstore.model.state import State


def home_of(shared: State, own: State, command: cmd.AnyCommand) -> Literal["shared", "node"]:
    """Return the log to which a command belongs: that of the disk group that it names.

    The nodes of the cluster are in the shared one.

    A group that this node does not know may be one of the cluster's, of which it has not heard.
    """
    if isinstance(command, (cmd.AddNode, cmd.RemoveNode, cmd.SetRetention)):
        return "shared"
    if isinstance(command, cmd.Transaction):
        return _home_of_all(shared, own, command)
    if isinstance(command, (tg.SetTag, tg.RemoveTag)):
        return tags.home_of(shared, own, command)
    if isinstance(command, (cmd.RestoreRecords, cmd.RedactContext)):
        return command.log
    if isinstance(command, (cmd.ConfirmChange, cmd.TakeBack)):
        known = any(one.name == command.request for one in wayback.waiting(own))
        return "node" if known or len(configured(shared)) == 1 else "shared"
    if isinstance(command, cmd.CreateDiskGroup):
        return "shared" if command.shared else "node"
    if isinstance(command, cmd.ImportDiskGroup):
        if command.shared or is_deported(own, command.group):
            return "shared" if command.shared else "node"
        return "shared" if is_deported(shared, command.group) else "node"
    name = getattr(command, "group", None)
    if name is None or own.group(name) is not None:
        return "node"
    alone = len(configured(shared)) == 1
    return "node" if alone and shared.group(name) is None else "shared"


def _home_of_all(shared: State, own: State, command: cmd.Transaction) -> Literal["shared", "node"]:
    """Return the log of the first command; those of the other log are refused where it decides."""
    return home_of(shared, own, command.commands[0])
