"""The attributes of `vxassist make`: words as the original has them, and what travels."""

from __future__ import annotations

from cli import units
from cli.failure import UsageError

# Words that mean the layout that is made when nothing is said.
_PLAIN = ("concat", "nostripe", "nomirror", "span")
_COLUMNS = ("ncol", "ncols", "ncolumn", "ncolumns")
_STRIPE_UNIT = ("stripeunit", "stripewidth", "stwid", "stwidth")
_MIRRORS = ("nmirror", "nmirrors")
_STARTED = {"active": True, "none": False}


def attributes(words: list[str]) -> dict[str, object]:
    """Return what a volume's words ask for: disks, and what differs from one plain plex.

    Raises:
        UsageError: a word is no attribute, or its value makes no sense.

    """
    disks: list[str] = []
    asked: dict[str, object] = {"disks": disks}
    for word in words:
        key, mark, value = word.partition("=")
        if not mark:
            disks.append(word)
        elif key == "alloc":
            disks += [name for name in value.split(",") if name]
        elif key == "layout":
            asked |= _layout(value)
        elif key in _MIRRORS:
            asked["mirrors"] = _count(word, value)
        elif key in _COLUMNS:
            asked["columns"] = _count(word, value)
        elif key in _STRIPE_UNIT:
            asked["stripe"] = units.sectors(value)
        elif key == "init" and value in _STARTED:
            asked |= {} if _STARTED[value] else {"start": False}
        else:
            raise UsageError(
                f"{word!r} is no attribute of a volume",
                fix="use layout=, nmirror=, ncol=, stripeunit=, alloc= or init=none",
            )
    return asked


def _layout(value: str) -> dict[str, object]:
    """Return a layout by the name of the model; what none has, the daemon refuses."""
    words = [word for word in value.split(",") if word not in _PLAIN]
    if not words:
        return {}
    if set(words) == {"mirror", "stripe"}:
        return {"layout": "mirror-stripe"}
    return {"layout": ",".join(words)}


def _count(word: str, value: str) -> int:
    most_digits = 4
    if value.isascii() and value.isdigit() and len(value) <= most_digits:
        return int(value)
    raise UsageError(f"{word!r} is not a number", fix="for example nmirror=2")
