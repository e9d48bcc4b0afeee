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
