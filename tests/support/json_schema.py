"""As much of JSON Schema as our schemas use: a word that is not known here is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import cli

SCHEMAS = Path(cli.__file__).parent / "schemas"

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "type", "required", "properties"),
    *("items", "enum", "const", "anyOf", "minItems", "maxItems", "minimum", "pattern", "format"),
    "additionalProperties",
}


def schema_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a document names itself."""
    name, _, version = document["schema"].rpartition("/")
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.{version}.json").read_text())
    return schema


def problems(document: dict[str, Any]) -> list[str]:
    """Return where a document is not what its schema says."""
    schema = schema_of(document)
    return _check(document, schema, schema, "")


def _check(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        return _check(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, path)
    if "anyOf" in schema:
        tried = [_check(value, one, root, path) for one in schema["anyOf"]]
        return [] if [] in tried else [f"{path}: none of the choices: {tried}"]
    found = [f"{path}: {value!r} {why}" for why in _wrong(value, schema)]
    if isinstance(value, dict):
        found += _check_object(value, schema, root, path)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found += _check(item, schema["items"], root, f"{path}[{i}]")
    return found


def _check_object(
    value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: str
) -> list[str]:
    found = [f"{path}: no {key}" for key in schema.get("required", ()) if key not in value]
    properties = schema.get("properties", {})
    for key, part in value.items():
        inner = properties.get(key, schema.get("additionalProperties"))
        if inner is not None:
            found += _check(part, inner, root, f"{path}.{key}")
    return found


def _wrong(value: Any, schema: dict[str, Any]) -> list[str]:
    """Return what is wrong with a value itself."""
    rules: dict[str, Callable[[Any], bool]] = {
        "type": lambda names: _is_one_of(value, [names] if isinstance(names, str) else names),
        "const": lambda wanted: value == wanted,
        "enum": lambda wanted: value in wanted,
        "pattern": lambda pattern: re.search(pattern, value) is not None,
        "minimum": lambda least: value is None or value >= least,
        "minItems": lambda least: len(value) >= least,
        "maxItems": lambda most: len(value) <= most,
        "format": lambda _: value is None or _is_time(value),
    }
    return [
        f"is not {rule} {schema[rule]}"
        for rule, holds in rules.items()
        if rule in schema and not holds(schema[rule])
    ]


def _is_one_of(value: Any, names: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return value.endswith("Z")
