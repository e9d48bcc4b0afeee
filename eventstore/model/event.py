"""What all events share: their stored form, and what kind of record each is about."""

from __future__ import annotations

from msgspec import Struct

UNKNOWN_INTERVALS = "event/interval-unknown"
"""The word under which every `IntervalUnknown` is indexed."""


class Event(Struct, frozen=True, omit_defaults=True, tag_field="e"):
    """What all events share: nothing but being one."""

    def index_terms(self) -> tuple[str, ...]:
        """Return words, beside the objects touched, under which the commit is found."""
        return ()


class Notice(Struct, frozen=True, omit_defaults=True):
    """What a kernel notification said of itself; `at_us` is the source's clock."""

    action: str
    seqnum: int = 0
    at_us: int = 0
    boot_id: str = ""


class OfNode(Event, frozen=True):
    """An event about a record of the node's own space."""

    rid: int


class OfGroup(Event, frozen=True):
    """An event about a record of a disk group."""

    dgid: str
    rid: int


class OfGroupItself(Event, frozen=True):
    """An event about a disk group as a whole."""

    dgid: str
