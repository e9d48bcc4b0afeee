"""The quick path and the full parser read the same line alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from cli import app, print_request, quick
from cli.failure import UsageError
from cli.print_request import PrintRequest
from cli.source import Source

words = st.sampled_from(["datadg", "vol01", "x=y", "-", "--", "", "h", "@12", "ä"])
letters = st.lists(st.sampled_from("htvpsdlAgrmnqG"), min_size=1, max_size=4).map(
    lambda chosen: "-" + "".join(chosen)
)
options = st.sampled_from(
    [
        *(
            "-g",
            "-gdatadg",
            "-htg",
            "-o",
            "-ojson",
            "-o=tsv",
            "--json",
            "--output",
            "--output=tsv",
        ),
        *("--home", "--home=/h", "--socket=/s", "--log", "--at", "--at=@3", "--at=", "--json=1"),
        *("table", "yaml", "--help", "--hom", "-Z", "--version", "--timeout=3", "--no-such"),
    ]
)
lines = st.lists(words | letters | options, max_size=7)


def parsed_in_full(program: str, args: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    asked: list[PrintRequest] = []
    monkeypatch.setattr(print_request, "run", asked.append)
    app.run(program, args)
    return asked[0] if asked else None


@given(st.sampled_from(["vxprint", "vx"]), lines)
def test_what_the_quick_path_reads_the_full_parser_reads_alike(
    program: str, line: list[str]
) -> None:
    args = ["print", *line] if program == "vx" else line
    quickly = quick.parse(program, args)
    if quickly is None:
        return
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert parsed_in_full(program, args, monkeypatch) == quickly


@pytest.mark.parametrize("output", ["table", "plain", "tsv", "json", "ndjson"])
@pytest.mark.parametrize(
    "flags", ["-ht", "-htr", "-htv", "-A", "-m", "-nqG", "-h -t", "-v vol01 vol02", "-spd", "-l"]
)
def test_the_plain_cases_take_the_quick_path(flags: str, output: str) -> None:
    assert quick.parse("vxprint", [*flags.split(), "--home", "/h", "-o", output]) is not None


def test_the_letters_mean_what_they_mean_in_the_original() -> None:
    assert quick.parse("vxprint", ["-htvg", "datadg", "vol01"]) == PrintRequest(
        Source("vxprint"),
        group="datadg",
        hierarchy=True,
        typed=True,
        kinds=("v",),
        names=("vol01",),
    )


@pytest.mark.parametrize("line", ["--help", "-g", "-Z", "-o yaml", "-A -g x", "-- x", "--at="])
def test_help_and_mistakes_are_left_to_the_full_parser(line: str) -> None:
    assert quick.parse("vxprint", line.split()) is None


def test_other_commands_are_left_to_the_full_parser() -> None:
    assert quick.parse("vx", ["log"]) is None
    assert quick.parse("vxdg", ["print"]) is None


def test_all_groups_and_one_group_exclude_each_other() -> None:
    with pytest.raises(UsageError):
        PrintRequest(Source("vxprint"), group="x", all_groups=True)
