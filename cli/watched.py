"""What `vx watch` prints: commits on stdout, one a line; on stderr what is about following."""

from __future__ import annotations

import json
import sys
from typing import Any

from cli import cloud, follow, output
from cli.render import history
from eventstore import cloudevents

Row = dict[str, Any]


class Printer:
    """Prints what a follower is told, each at once: whoever reads a stream waits for it."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._cluster: str | None = None
        self._log = ""

    def show(self, told: follow.Told) -> None:
        """Print one thing."""
        match told:
            case follow.Connected():
                self._cluster, self._log = told.cluster, told.log
                _say(_connected(told))
            case follow.Disconnected():
                _say("disconnected")
            case follow.Gap():
                _say(_gap(told))
            case follow.Heartbeat():
                self._heartbeat(told)
            case follow.Committed():
                self._commit(told)
            case follow.Quiet():
                pass

    def _commit(self, told: follow.Committed) -> None:
        row = told.row
        if self._form == "cloudevents":
            _line(cloud.line(self._cluster, told.log, row).rstrip())
        elif self._form in ("json", "ndjson"):
            _line(self._document("watch", told.log, row["position"], row["time"], row))
        else:
            listed = {**row, "events": [event["name"] for event in row["events"]]}
            cells = history.log_rows([listed])[1]
            _line(("\t" if self._form == "tsv" else "  ").join(cells))

    def _heartbeat(self, told: follow.Heartbeat) -> None:
        beat = {"time": told.time, "role": told.role, "places": list(told.places)}
        first = told.places[0]
        log = str(first["log"])
        if self._form == "cloudevents":
            _line(json.dumps(cloudevents.heartbeat(self._cluster, log, beat), ensure_ascii=False))
        elif self._form in ("json", "ndjson"):
            _line(self._document("watch.heartbeat", log, first["position"], told.time, beat))
        else:
            _say(f"{told.time}  {_nothing(told)}")

    def _document(self, schema: str, log: str, position: int, time: str, data: Row) -> str:
        about: dict[str, object] = {"cluster": self._cluster, "log": log}
        about |= {"position": position, "at": time, "data": data}
        return json.dumps(output.envelope(schema, about), ensure_ascii=False)


def _connected(told: follow.Connected) -> str:
    ahead = [_ahead(place) for place in told.places if place.get("ahead")]
    return "\n".join([f"connected, after {_where(told.places)}", *ahead])


def _ahead(place: Row) -> str:
    return (
        f"waiting: {place['log']} ends at @{place['head']} here, before the cursor at "
        f"@{place['position']}"
    )


def _nothing(told: follow.Heartbeat) -> str:
    ahead = [_ahead(place) for place in told.places if place.get("ahead")]
    if ahead:
        return "; ".join(ahead)
    if told.role not in follow.TAKES_PART:
        return f"nothing known after {_where(told.places)}: this node takes no part ({told.role})"
    return f"nothing after {_where(told.places)}"


def _gap(told: follow.Gap) -> str:
    if told.since is None:
        return f"gap: {told.log} @{told.position}: commits are missing ({told.reason})"
    return (
        f"gap: {told.log} @{told.position}: from {told.since} to {told.until} nothing was "
        f"observed ({told.reason})"
    )


def _where(places: tuple[Row, ...]) -> str:
    return ", ".join(f"{place['log']} @{place['position']}" for place in places)


def _line(text: str) -> None:
    print(text, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
