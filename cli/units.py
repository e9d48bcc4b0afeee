"""Sizes as the original writes them: `10g`, `512m`, `2048s`; a bare number counts sectors."""

from __future__ import annotations

from cli.failure import UsageError

SECTOR_BYTES = 512
_SECTORS = {
    "s": 1,
    "k": 1024 // SECTOR_BYTES,
    "m": 1024**2 // SECTOR_BYTES,
    "g": 1024**3 // SECTOR_BYTES,
    "t": 1024**4 // SECTOR_BYTES,
}
# What a 64-bit device can hold; more is a slip of the finger.
MAX_SECTORS = (1 << 63) // SECTOR_BYTES
# Its digits: a longer number is refused before it is computed.
_MAX_DIGITS = 19


def sectors(text: str) -> int:
    """Return a size in sectors. Zero passes: the rule that refuses it is the model's.

    Raises:
        UsageError: not a whole number with at most one of the letters s, k, m, g, t.

    """
    number, unit = (text[:-1], text[-1:].lower()) if text[-1:].isalpha() else (text, "s")
    if not (number.isascii() and number.isdigit() and unit in _SECTORS):
        raise _bad(text)
    if len(number.lstrip("0")) > _MAX_DIGITS:
        raise _bad(text)
    size = int(number) * _SECTORS[unit]
    if size > MAX_SECTORS:
        raise _bad(text)
    return size


def _bad(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is not a size",
        cause="a size is a whole number of 512-byte sectors, or has a unit: s, k, m, g, t",
        fix="for example 10g, 512m, 2048s or 20971520",
    )


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_S = 30 * 86_400


def seconds(option: str, text: str) -> int:
    """Return a time to wait in seconds: `90s`, `10m`, `2h`, `1d`; a bare number is minutes.

    Raises:
        UsageError: it is none, or longer than anybody waits.

    """
    number, unit = (text[:-1], text[-1:].lower()) if text[-1:].isalpha() else (text, "m")
    digits = number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS
    found = int(number) * _SECONDS[unit] if digits and unit in _SECONDS else 0
    if not 1 <= found <= _LONGEST_S:
        raise UsageError(
            f"{option} {text!r} is no time to wait",
            cause="it is a whole number with s, m, h or d, from a second to 30 days",
            fix="for example 90s, 10m or 2h; a bare number is minutes",
        )
    return found
