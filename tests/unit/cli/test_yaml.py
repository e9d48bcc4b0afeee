"""YAML: what is in the document, and nothing that could be read as something else."""

from __future__ import annotations

from cli import yaml

DOCUMENT = {
    "schema": "vx.dg.list/v1",
    "position": 12,
    "at": None,
    "no": True,
    "data": [{"name": "0x10", "states": ["enabled"], "disks": []}, {"name": "a: b # c"}, []],
}


def test_a_document_is_nested_by_two_blanks_and_strings_are_quoted() -> None:
    assert yaml.text(DOCUMENT) == (
        'schema: "vx.dg.list/v1"\n'
        "position: 12\n"
        "at: null\n"
        '"no": true\n'
        "data:\n"
        '  - name: "0x10"\n'
        "    states:\n"
        '      - "enabled"\n'
        "    disks: []\n"
        '  - name: "a: b # c"\n'
        "  - []\n"
    )
