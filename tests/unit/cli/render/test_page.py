"""A page is one file: well formed, without scripts, and what a log says is never markup."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from cli.render.page import page

NASTY = "<script>alert('x')</script>&\x1b[2J\u202e"
VOID = {"meta"}


class Tags(HTMLParser):
    """What tags a page has, each closed; and what of it would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.fetched += [name for name, _value in attrs if name in ("src", "href", "action")]
        self.fetched += [name for name, _value in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def kept(*rows: dict[str, Any], count: int | None = None) -> dict[str, Any]:
    return {"count": len(rows) if count is None else count, "rows": list(rows)}


def a_log(text: str = "plain") -> dict[str, Any]:
    row = {"position": 7, "time": "2026-11-22T10:14:58Z", "node": text, "actor": text}
    row |= {"command": text, "summary": text, "message": text}
    gap = {"position": 8, "since": "a", "until": "b", "reason": text}
    verdict = {"ok": True, "first_bad": None, "checked": ["rows"], "problem": None}
    return {
        "log": text,
        "low": 1,
        "high": 9,
        "verdict": {**verdict, "head_hash": "ab"},
        "changes": [
            {"op": "~", "type": "v", "object": text, "rid": "1", "fields": {"len": [1, text]}},
            {"op": "+", "type": "v", "object": text, "rid": "2", "fields": {"name": [None, text]}},
        ],
        "people": {text: kept(row)},
        "notifications": kept(row, count=5),
        "unknown": kept(gap),
        "refused": kept(row),
        "daemons": kept(),
    }


def a_report(text: str = "plain", **more: Any) -> dict[str, Any]:
    names = ("cluster", "since", "until", "written", "version", "asked", "groups", "devices")
    return {
        **dict.fromkeys((*names, "repeat"), text),
        "notes": [text],
        "logs": [a_log(text)],
        **more,
    }


@pytest.mark.parametrize("text", ["plain", NASTY])
def test_a_page_is_well_formed_and_fetches_and_runs_nothing(text: str) -> None:
    tags = Tags(page(a_report(text)))
    assert tags.open == []
    assert tags.fetched == []
    assert tags.seen.isdisjoint({"script", "link", "iframe", "img", "object", "form"})


def test_what_a_log_says_can_neither_be_markup_nor_steer_who_reads_it() -> None:
    written = page(a_report(NASTY))
    assert "&lt;script&gt;" in written
    assert not {"\x1b", "\u202e"} & set(written)


def test_each_kind_of_thing_that_happened_is_told_with_its_position() -> None:
    written = page(a_report())
    for title in (
        "Changes by plain (1)",
        "Notifications of the kernel (5)",
        "Unknown intervals (1)",
        "Refused requests (1)",
        "Nodes and daemons (0)",
    ):
        assert title in written
    assert "and 4 more" in written
    assert written.count("<td>@7</td>") == 3


def test_a_log_that_does_not_hold_is_said_at_the_top() -> None:
    log = a_log()
    log["verdict"] |= {"ok": False, "first_bad": 5, "problem": "not what was written"}
    written = page(a_report(logs=[log]))
    assert "does not hold from @5 on" in written
    assert written.index("does not hold") < written.index("State at the end")
