"""The moments that a user can name, and nothing else: WHEN.

::

    WHEN  = [LOG "@"] POINT           LOG   = "shared" | "node/" NAME
    POINT = "1204" | "@1204"          a position
          | "@-3"                     three before the newest     (after LOG@ also without its @)
          | "head" | "now"            the newest; this moment
          | "tx:ID"                   the commit of a request
          | "today" | "yesterday"     midnight, here
          | "10:15[:30[.5]]"          today, here
          | DATE | DATE("T"|" ")TIME["Z"|OFFSET]                  ISO 8601; here, if no offset
          | "2h30m ago"               w d h m s, in this order, each at most once
          | "epoch:1764000000[.5]"    seconds since 1970
          | TAG                       a name that `vx tag` gave to a commit

A time means the last commit at or before it: the daemon, which knows the log, finds that. What a
command prints of times and positions can be given back here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from cli.failure import UsageError

FORMS = (
    "1204 or @1204 (position), @-3, head, tx:ID, 2026-11-22T10:15:00Z (ISO 8601 with or without "
    "T, Z or offset), 2026-11-22, 10:15, now, today, yesterday, '2h30m ago', epoch:1764000000, "
    "a tag; "
    "each may follow a log: shared@1204, node/NAME@1204, node/NAME@10:15"
)
# A position as large as this is taken for a time that somebody pasted (2001-09-09).
LOOKS_LIKE_EPOCH = 1_000_000_000
MAX_POSITION = (1 << 63) - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LOG = re.compile(r"(shared|node/[A-Za-z0-9][A-Za-z0-9._-]{0,63})@(.+)", re.ASCII | re.DOTALL)
_POSITION = re.compile(r"@?([0-9]{1,19})", re.ASCII)
_RELATIVE = re.compile(r"@-([0-9]{1,19})", re.ASCII)
_TX = re.compile(r"tx:([A-Za-z0-9._:-]{1,64})", re.ASCII)
_EPOCH_SECONDS = re.compile(r"epoch:([0-9]{1,11})(?:\.([0-9]{1,6}))?", re.ASCII)
_AGO = re.compile(
    r"(?=[0-9])(?:([0-9]{1,9})w)?(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?"
    r"(?:([0-9]{1,9})s)? ago",
    re.ASCII,
)
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}", re.ASCII)
_RESERVED = (
    *("head", "now", "today", "yesterday", "ago", "epoch", "shared", "node"),
    *("list", "set", "delete"),
)
"""No tags, nor are beginnings of them of three letters or more: eventstore.model.decide.tags."""
_SHORTENED = 3
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
_CLOCK = re.compile(_TIME, re.ASCII)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]" + _TIME + r" ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)


def parse(text: str, now_us: int, zone: tzinfo | None = None) -> dict[str, object]:
    """Return a moment as the map that a request carries; `zone` None is the machine's own.

    Raises:
        UsageError: none of the forms, which it lists.

    """
    log, point = None, text
    prefixed = _LOG.fullmatch(text)
    if prefixed:
        log, point = prefixed[1], prefixed[2]
        if re.fullmatch(r"-[0-9]+", point):
            point = "@" + point
    kind, value = _point(point, now_us, zone) or (None, None)
    if kind is None:
        raise UsageError(
            f"{text!r} names no moment", cause="it is none of the forms", fix=f"write {FORMS}"
        )
    return {"log": log, "kind": kind, "value": value}


def suggestion(at: dict[str, object]) -> str | None:
    """Return what to write instead, if a position that is not there looks like a time."""
    value = at["value"]
    if at["kind"] == "position" and isinstance(value, int) and value >= LOOKS_LIKE_EPOCH:
        return f"for a time in seconds since 1970 write epoch:{value}"
    return None


def iso(epoch_us: int) -> str:
    """Return a time as it is printed: UTC, microseconds, Z."""
    moment = _EPOCH + epoch_us * _MICROSECOND
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _point(text: str, now_us: int, zone: tzinfo | None) -> tuple[str, int | str | None] | None:
    if text == "head":
        return "head", None
    if text == "now":
        return "time", now_us
    if found := _POSITION.fullmatch(text):
        position = int(found[1])
        return ("position", position) if position <= MAX_POSITION else None
    if found := _RELATIVE.fullmatch(text):
        back = int(found[1])
        return ("relative", -back) if back <= MAX_POSITION else None
    if found := _TX.fullmatch(text):
        return "tx", found[1]
    try:
        epoch_us = _time(text, now_us, zone)
    except (ValueError, OverflowError):
        # The 30th of February, 25:00, the year 0, ten million weeks ago.
        return None
    if epoch_us is not None:
        return "time", epoch_us
    return ("tag", text) if reads_as_tag(text) else None


def reads_as_tag(name: str) -> bool:
    """Tell whether a word can name a commit: no other form of a moment, and no part of one."""
    word = name.lower()
    if _TAG.fullmatch(name) is None or word in _RESERVED:
        return False
    return len(word) < _SHORTENED or not any(other.startswith(word) for other in _RESERVED)


def _time(text: str, now_us: int, zone: tzinfo | None) -> int | None:
    if found := _EPOCH_SECONDS.fullmatch(text):
        return int(found[1]) * 1_000_000 + _fraction_us(found[2])
    if found := _AGO.fullmatch(text):
        weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
        ago = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        return _us(_EPOCH + now_us * _MICROSECOND - ago)
    if found := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, fraction, offset = found.groups()
        moment = datetime(int(year), int(month), int(day), tzinfo=_zone(offset) or zone)
        return _us(_at(moment, hour, minute, second, fraction))
    today = (_EPOCH + now_us * _MICROSECOND).astimezone(zone).date()
    if text == "today":
        return _us(_midnight(today, zone))
    if text == "yesterday":
        return _us(_midnight(today - timedelta(days=1), zone))
    if found := _CLOCK.fullmatch(text):
        return _us(_at(_midnight(today, zone), *found.groups()))
    return None


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _at(
    day: datetime, hour: str | None, minute: str | None, second: str | None, fraction: str | None
) -> datetime:
    return day.replace(
        hour=int(hour or 0),
        minute=int(minute or 0),
        second=int(second or 0),
        microsecond=_fraction_us(fraction),
    )


def _zone(offset: str | None) -> tzinfo | None:
    if offset is None:
        return None
    if offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[2:])
    if minutes > 59:  # noqa: PLR2004 an hour's last minute
        raise ValueError(offset)
    away = timedelta(hours=int(digits[:2]), minutes=minutes)
    return timezone(-away if offset[0] == "-" else away)


def _fraction_us(digits: str | None) -> int:
    return int((digits or "0").ljust(6, "0"))


def _us(moment: datetime) -> int:
    """Microseconds since 1970; a moment without a zone is the machine's own time."""
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
