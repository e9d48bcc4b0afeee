"""Old versions of events, and how each is lifted to the next.

An event that gains a version gets a new class in `events`; the class it had moves here, keeps its
stored name, and gets one pure function to its successor. Nothing here is ever edited or removed:
the logs of every release replay for ever (`tests/golden`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventstore.model.events import AnyEvent, Event

OLD_EVENTS: tuple[type[Event], ...] = ()
"""Superseded classes; the decoder knows them beside those in `AnyEvent`."""

UPCASTERS: dict[type, Callable[[Any], Event]] = {}
"""Superseded class -> function to the version after it."""

assert set(UPCASTERS) == set(OLD_EVENTS), "every superseded event needs an upcaster"


def lift(event: Event) -> AnyEvent:
    """Return an event in its present version."""
    while (upcaster := UPCASTERS.get(type(event))) is not None:
        event = upcaster(event)
    return event  # type: ignore[return-value]
