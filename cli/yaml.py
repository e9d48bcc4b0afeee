"""A JSON document as YAML; every string is quoted, so that none is taken for a number."""

from __future__ import annotations

import json
from collections.abc import Iterator


def text(document: object) -> str:
    """Return a document of maps, lists, strings, numbers, booleans and None as YAML."""
    return "".join(line + "\n" for line in _lines(document))


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _entry(_key(str(key)) + ":", part, "  ")
    elif isinstance(value, list) and value:
        for part in value:
            yield from _item(part)
    else:
        yield json.dumps(value, ensure_ascii=False)


def _entry(label: str, part: object, indent: str) -> Iterator[str]:
    if isinstance(part, (dict, list)) and part:
        yield label
        yield from (indent + line for line in _lines(part))
    else:
        yield f"{label} {json.dumps(part, ensure_ascii=False)}"


def _item(part: object) -> Iterator[str]:
    first, *rest = _lines(part)
    yield f"- {first}"
    yield from (f"  {line}" for line in rest)


def _key(key: str) -> str:
    plain = key.replace("_", "").isalnum() and key.isascii() and key[:1].isalpha()
    is_word = key.lower() in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    return key if plain and not is_word else json.dumps(key, ensure_ascii=False)
