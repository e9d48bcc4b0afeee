"""A node's core as a value: a copy that can be stepped, and a key by which equal ones are known.

Both walk the whole object graph, so that an attribute that is added to the core is in them without
a word here; an object of an unknown kind is an error. What is left out of the key, and why two
cores that differ only in it go on alike:

- the node's own log and `Private`: no message, promise or shared commit rests on them, as long as
  a scope has no private disk groups and no devices;
- the shared state: it is what the log before `head` makes of it (I10, checked for every core);
- clocks: each timer is in the key as the time that is left; of the times of sending only the
  latest counts (`Office.wake_at`);
- what members said of themselves, once it is settled, and catch-up that is over: both are dead;
- the order of plain dictionaries: nothing that decides may rest on it (`State`).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from copy import copy
from enum import Enum
from hashlib import blake2b
from types import FunctionType, MethodType
from typing import Any

import msgspec

from daemon.core.catchup import CatchUp
from daemon.core.node import Node
from daemon.core.office import Office
from daemon.core.phase import Phase
from daemon.core.sharedlog import SharedLog

_ATOMS = frozenset({int, str, bytes, bool, type(None), float})
_OURS = ("daemon.core.", "eventstore.model.state")
_UNSAID = frozenset({"work", "now_ms", "wall_us", "private", "own", "_own", "sent_at", "_sent_at"})
_TIMERS = frozenset({"restart_at", "remind_at", "resend_at"})
_BEFORE_SETTLED = (Phase.COLLECTING, Phase.FETCHING, Phase.EQUALIZING, Phase.SETTLING)
_encode = msgspec.msgpack.Encoder().encode


def copied(node: Node) -> Node:
    """A node that goes its own way from here."""
    found: Node = _copy(node, {})
    return found


def _copy(item: Any, memo: dict[int, Any]) -> Any:
    kind = type(item)
    if kind in _ATOMS or isinstance(item, (Enum, type, FunctionType)):
        return item
    known = memo.get(id(item))
    if known is not None:
        return known
    if isinstance(item, msgspec.Struct):
        return item if kind.__struct_config__.frozen else _copy_struct(item, memo)
    if isinstance(item, MethodType):
        return MethodType(item.__func__, _copy(item.__self__, memo))
    if isinstance(item, tuple):
        is_plain = kind is tuple and not all(type(one) in _ATOMS for one in item)
        return tuple(_copy(one, memo) for one in item) if is_plain else item
    if isinstance(item, (list, set)):
        return kind(_copy(one, memo) for one in item)
    if isinstance(item, deque):
        return deque((_copy(one, memo) for one in item), item.maxlen)
    if isinstance(item, dict):
        return kind((key, _copy(value, memo)) for key, value in item.items())
    return _copy_object(item, memo)


def _copy_struct(item: msgspec.Struct, memo: dict[int, Any]) -> Any:
    made = memo[id(item)] = copy(item)
    for name in item.__struct_fields__:
        setattr(made, name, _copy(getattr(item, name), memo))
    return made


def _copy_object(item: Any, memo: dict[int, Any]) -> Any:
    _must_be_ours(item)
    kind: Any = type(item)
    made = memo[id(item)] = kind.__new__(kind)
    for name, value in _attributes(item):
        setattr(made, name, _copy(value, memo))
    return made


def _must_be_ours(item: Any) -> None:
    if not type(item).__module__.startswith(_OURS):
        raise TypeError(
            f"the core holds a {type(item)}: is it to be copied, and is it in the key?"
        )


def _attributes(item: Any) -> list[tuple[str, Any]]:
    slots = getattr(type(item), "__slots__", None)
    if slots is not None:
        return [(name, getattr(item, name)) for name in slots]
    return list(vars(item).items())


def key_of(node: Node) -> bytes:
    """What tells whether two cores go on alike."""
    walk = _Walk(node.member.now_ms)
    return blake2b(_encode(walk.told(node)), digest_size=16).digest()


class _Walk:
    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.seen: dict[int, int] = {}

    def told(self, item: Any) -> Any:
        kind = type(item)
        if kind in _ATOMS:
            return item
        if isinstance(item, Enum):
            return item.name
        if isinstance(item, msgspec.Struct) and kind.__struct_config__.frozen:
            return item
        if isinstance(item, (MethodType, FunctionType)):
            return None
        if isinstance(item, (tuple, list, deque)):
            return [self.told(one) for one in item]
        if isinstance(item, (set, frozenset)):
            return sorted(self.told(one) for one in item)
        if isinstance(item, dict):
            pairs = [[self.told(key), self.told(value)] for key, value in item.items()]
            return pairs if kind is OrderedDict else sorted(pairs, key=lambda pair: repr(pair[0]))
        return self._object(item)

    def _object(self, item: Any) -> Any:
        if id(item) in self.seen:
            return self.seen[id(item)]
        self.seen[id(item)] = len(self.seen)
        if isinstance(item, msgspec.Struct):
            return [self.told(getattr(item, name)) for name in item.__struct_fields__]
        _must_be_ours(item)
        if isinstance(item, SharedLog):
            recent = sorted((key, _encode(found)) for key, found in item.recent.items())
            return [item.head.hash, item.regular_through, item.forgotten_through, recent]
        if isinstance(item, CatchUp) and item.is_over:
            return "over"
        told = [self._named(name, value) for name, value in sorted(_attributes(item))]
        if isinstance(item, Office):
            if item.phase not in _BEFORE_SETTLED:
                told = [pair for pair in told if pair[0] not in ("states", "source")]
            told.append(["wake", self._left(item.wake_at())])
        return told

    def _named(self, name: str, value: Any) -> list[Any]:
        if name in _UNSAID:
            return [name, None]
        if name in _TIMERS:
            return [name, self._left(value)]
        if name == "reads_until":
            return [name, sorted([key, self._left(until)] for key, until in value.items())]
        return [name, self.told(value)]

    def _left(self, at: int | None) -> int | None:
        return None if at is None else max(at - self.now_ms, 0)
