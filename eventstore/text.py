"""Times as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(time_us: int) -> str:
    """Return microseconds since the epoch as ISO 8601 in UTC, to the microsecond.

    A time that no calendar has, as somebody may ask for, is told as the number it is.
    """
    try:
        moment = datetime.fromtimestamp(time_us // 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{time_us} us"
    return f"{moment.isoformat()[:19]}.{time_us % 1_000_000:06d}Z"


def microseconds(text: str) -> int:
    """Return a time as `iso` writes it in microseconds since the epoch.

    Raises:
        ValueError: it is none.
    """
    since = datetime.fromisoformat(text) - datetime.fromtimestamp(0, UTC)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
