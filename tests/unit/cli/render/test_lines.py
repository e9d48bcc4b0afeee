"""`vxprint -F`: fields in a line, as wide as they are wanted."""

from __future__ import annotations

import pytest

from cli.failure import UsageError
from cli.render import lines
from cli.render.vxprint import Layout
from tests.support import records

VOL01 = Layout(named=("vol01", "vol01-01", "datadg01-01"))


def text(*formats: str, layout: Layout = VOL01) -> list[str]:
    group = records.group()
    group["records"] = group["records"][:-3]
    return lines.text([group], layout, tuple(map(lines.parse, formats))).splitlines()


SHOWN = {
    "%name": ["vol01", "vol01-01", "datadg01-01"],
    "%type=%len": ["v=204800", "pl=204800", "sd=204800"],
    "%{name:-12}|%{len:8}|": [
        "vol01       |  204800|",
        "vol01-01    |  204800|",
        "datadg01-01 |  204800|",
    ],
    "%assoc %kstate": ["fsgen ENABLED", "vol01 ENABLED", "vol01-01 -"],
    "%v_name %pl_name %dm_name": [
        "vol01 - -",
        "vol01 vol01-01 -",
        "vol01 vol01-01 datadg01",
    ],
    "%dm_pub_len %dgname": ["- datadg", "- datadg", "2031616 datadg"],
    r"100%%\t%readpol": ["100%\tSELECT", "100%\t-", "100%\t-"],
    "v:%name": ["vol01"],
    "sd,pl:%name": ["vol01-01", "datadg01-01"],
}


@pytest.mark.parametrize("form", SHOWN)
def test_a_field_stands_where_its_name_stood(form: str) -> None:
    assert text(form) == SHOWN[form]


def test_each_kind_takes_the_first_format_that_is_for_it() -> None:
    assert text("v:volume %name", "%name") == ["volume vol01", "vol01-01", "datadg01-01"]


@pytest.mark.parametrize("form", ["%", "%nothing", "%{name", "%{name:x}", "%v_pub_len", "a % b"])
def test_what_names_no_field_is_a_usage_error(form: str) -> None:
    with pytest.raises(UsageError):
        lines.parse(form)
